"""The writer: accepted requests become durable, all that have gathered in one commit.

What gathers is what comes during the commit before, and on PostgreSQL within `COMMIT_EVERY_S` of its start.

A sender has its answer within `DATABASE_PATIENCE_S`, whatever the database does. If it takes nothing (it is away, its
disk is full), the same is tried again until then. If it does not even answer, the sender is told to come again while
the thread still waits: what is made durable all the same is a repeat of what comes again.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

import structlog

from tocsin.alerts import ledger
from tocsin.alerts.ledger import Accepted
from tocsin.engine import bell
from tocsin.kit import clock, db, troubles

log = structlog.get_logger()
ENVELOPES_PER_COMMIT_MAX = 500  # more at once make the first wait without making the disk faster
WRITERS = 2  # on PostgreSQL: while one waits for the disk, the other gathers; SQLite has one writer anyway
COMMIT_EVERY_S = 0.003  # on PostgreSQL, of one thread: more commits of less each take its processor from absorbing
QUEUE_ENVELOPES_MAX = 20_000
QUEUE_BYTES_MAX = 256 * 1024 * 1024  # of bodies that wait for the disk; beyond it senders are told to come again
DATABASE_PATIENCE_S = 8.0  # how long a sender waits while the database is away, before it is asked to come back
DATABASE_PAUSE_S = 0.2
LOOK_EVERY_S = 0.5  # for senders whose time is up

Done = Callable[[bool], None]  # told whether it is durable; if not, the sender should try again


class Waiting:
    """One request whose sender waits."""

    __slots__ = ("accepted", "done", "since_s")

    def __init__(self, accepted: Accepted, done: Done, since_s: float) -> None:
        self.accepted = accepted
        self.done: Done | None = done  # None once the sender has its answer; touched on the loop alone
        self.since_s = since_s


class Writer:
    """The threads that make envelopes durable.

    A sender that waits for its answer before it says more is heard in order, whichever thread writes.
    """

    def __init__(self) -> None:
        self.put_off = 0  # how many senders were told to come again
        self._queue: deque[Waiting] = deque()
        self._bytes_in = self._bytes_out = 0  # of all times
        self._in_hand: dict[int, list[Waiting]] = {}  # by thread: what it is making durable
        self._wake = threading.Event()
        self._stopping = False
        self._gathering = threading.Lock()
        is_postgres = db.reader(clock.now()).postgres
        self._commit_every_s = COMMIT_EVERY_S if is_postgres else 0.0
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"tocsin-intake-{number}", daemon=True)
            for number in range(WRITERS if is_postgres else 1)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; answers are given on this loop."""
        self._loop = loop
        loop.call_later(LOOK_EVERY_S, self._look)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Make durable what waits, then end."""
        self._stopping = True
        self._wake.set()
        for thread in self._threads:
            thread.join(DATABASE_PATIENCE_S + 5)

    def is_alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def submit(self, accepted: Accepted, done: Done) -> bool:
        """Have this made durable; `done` is called on the loop afterwards. False if too much waits already."""
        if (
            len(self._queue) >= QUEUE_ENVELOPES_MAX
            or self._bytes_in - self._bytes_out >= QUEUE_BYTES_MAX
            or self._loop is None
        ):
            self.put_off += 1
            return False
        self._bytes_in += len(accepted.body)
        self._queue.append(Waiting(accepted, done, clock.monotonic()))
        if not self._wake.is_set():
            self._wake.set()
        return True

    # --- on the loop

    def _answer(self, waiting: list[Waiting], *, is_durable: bool) -> None:
        for one in waiting:
            done, one.done = one.done, None
            if done is None:
                continue
            self.put_off += not is_durable
            try:
                done(is_durable)
            except Exception:  # one that cannot be answered must not cost the others their answers
                log.exception("intake.answer_failed")

    def _look(self) -> None:
        """Answer those whose time is up, whatever the threads are waiting for; what was not begun is left alone."""
        if self._loop is None or self._loop.is_closed() or (self._stopping and not self._queue and not self._in_hand):
            return
        self._loop.call_later(LOOK_EVERY_S, self._look)
        too_old = clock.monotonic() - DATABASE_PATIENCE_S
        late = [one for batch in tuple(self._in_hand.values()) for one in batch if one.since_s < too_old and one.done]
        if self._queue and self._queue[0].since_s < too_old:
            with self._gathering:
                while self._queue and self._queue[0].since_s < too_old:
                    late.append(self._queue.popleft())
                    self._bytes_out += len(late[-1].accepted.body)
        if late:
            log.warning("intake.database_does_not_answer", envelopes=len(late))
            troubles.writes.failed(f"no answer for {DATABASE_PATIENCE_S:.0f} s")
            self._answer(late, is_durable=False)

    # --- in the threads

    def _run(self, number: int) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while batch := self._gather():
                self._in_hand[number] = batch
                began = clock.monotonic()
                self._write(batch)
                self._in_hand.pop(number)
                self._rest(self._commit_every_s - (clock.monotonic() - began))
            if self._stopping:
                self._wake.set()
                db.drop_connection()
                return

    def _rest(self, left_s: float) -> None:
        if left_s > 0 and not self._stopping:
            self._pause.wait(left_s)

    def _gather(self) -> list[Waiting]:
        with self._gathering:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), ENVELOPES_PER_COMMIT_MAX))]
            self._bytes_out += sum(len(one.accepted.body) for one in batch)
        return batch

    def _write(self, batch: list[Waiting]) -> None:
        error = self._commit(batch)
        if error is not None and len(batch) > 1 and not isinstance(error, db.DatabaseGone):
            for one in batch:  # one bad neighbour must not cost the others
                self._write([one])
            return
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._answer(batch, is_durable=error is None))

    def _commit(self, batch: list[Waiting]) -> Exception | None:
        patience_ends = batch[0].since_s + DATABASE_PATIENCE_S
        while True:
            try:
                with db.append(clock.now()) as tx:
                    ledger.put_envelopes(tx, [one.accepted for one in batch])
                    bell.ring(tx, bell.SIGNALS, near=True)
            except db.DatabaseGone as error:
                db.drop_connection()
                if clock.monotonic() >= patience_ends or self._stopping:
                    log.warning("intake.database_gone", envelopes=len(batch), error=troubles.first_line(error))
                    return error
                self._pause.wait(DATABASE_PAUSE_S)
            except Exception as error:
                log.exception("intake.write_failed", envelopes=len(batch))
                db.drop_connection()
                return error
            else:
                return None

    _pause = threading.Event()  # never set: a wait that a test's clock need not know of
