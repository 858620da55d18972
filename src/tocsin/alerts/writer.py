"""The writer: accepted requests become durable, all that have gathered in one commit.

On PostgreSQL the event loop itself hands what has gathered to the database (`Appender`), `COMMIT_EVERY_S` apart. A
thread does it on SQLite, and wherever a connection of the loop's fails or does not answer: it tries again, and finds the
one request that cannot be written. Once it gets through, the loop has connections again.

A sender has its answer within `DATABASE_PATIENCE_S`, whatever the database does. If it takes nothing (it is away, its
disk is full), the same is tried again until then. If it does not even answer, the sender is told to come again while
the writer still waits: what is made durable all the same is a repeat of what comes again.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

import structlog

from tocsin.alerts import ledger
from tocsin.alerts.ledger import Accepted
from tocsin.engine import bell
from tocsin.kit import appends, clock, db, troubles
from tocsin.kit.appends import Appending
from tocsin.kit.db import Tx
from tocsin.kit.postgres.appender import Appender

log = structlog.get_logger()
ENVELOPES_PER_COMMIT_MAX = 500  # more at once make the first wait without making the disk faster
LINES = 2  # connections of the loop's: while the disk is slow, what comes meanwhile need not wait for two commits
COMMIT_EVERY_S = 0.001  # on PostgreSQL: more commits of less each take its processor from absorbing
QUEUE_ENVELOPES_MAX = 20_000
QUEUE_BYTES_MAX = 256 * 1024 * 1024  # of bodies that wait for the disk; beyond it senders are told to come again
DATABASE_PATIENCE_S = 8.0  # how long a sender waits while the database is away, before it is asked to come back
DATABASE_PAUSE_S = 0.2
ANSWER_SOON_S = 2.0  # while one commit takes longer, the thread tries the next on another connection
REOPEN_AFTER_S = 1.0  # at the earliest, so that a connection that breaks every time costs little
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
    """Makes envelopes durable.

    A sender that waits for its answer before it says more is heard in order, whichever way its envelopes go.
    """

    def __init__(self) -> None:
        self.put_off = 0  # how many senders were told to come again
        self._queue: deque[Waiting] = deque()
        self._bytes_in = self._bytes_out = 0  # of all times
        self._in_hand: dict[object, list[Waiting]] = {}  # by who has it: what is being made durable
        self._wake = threading.Event()
        self._stopping = False
        self._gathering = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="tocsin-intake", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._may_have_lines = db.reader(clock.now()).postgres
        self._lines: list[Appender] = []  # for the next commit; without one the thread does it
        self._lines_rest = asyncio.Event()  # no line waits for its answer
        self._lines_rest.set()
        self._is_due = False  # the next commit on a line
        self._not_before_s = 0.0
        self._reopening = False
        self._opening: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; answers are given on this loop."""
        self._loop = loop
        loop.call_later(LOOK_EVERY_S, self._look)
        self._thread.start()

    def stop(self) -> None:
        """Make durable what waits, then end. For a thread beside the loop, which goes on."""
        if self._loop is not None and self._may_have_lines:
            try:
                asyncio.run_coroutine_threadsafe(self._leave_lines(), self._loop).result(DATABASE_PATIENCE_S + 5)
            except TimeoutError:
                log.warning("intake.stopped_without_answer", hint="the senders were told to come again")
        self._stopping = True
        self._wake.set()
        self._thread.join(DATABASE_PATIENCE_S + 5)

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

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
        self._see_to_queue()
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
        """Answer those whose time is up, whatever the writer is waiting for; what was not begun is left alone."""
        if self._loop is None or self._loop.is_closed() or (self._stopping and not self._queue and not self._in_hand):
            return
        self._loop.call_later(LOOK_EVERY_S, self._look)
        now_s = clock.monotonic()
        if self._queue and self._queue[0].since_s < now_s - ANSWER_SOON_S:
            self._to_thread()
        too_old = now_s - DATABASE_PATIENCE_S
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

    def _see_to_queue(self) -> None:
        """Somebody will take what waits."""
        if not self._lines:
            if not self._wake.is_set():
                self._wake.set()
        elif not self._is_due:
            if any(line.is_free for line in self._lines):
                self._plan()
            elif not all(line.is_open for line in self._lines):  # one broke, perhaps while nobody used it
                self._to_thread()

    def _plan(self) -> None:
        """The next commit on a line: now, which is after all that has come in by now, or as soon as it may be."""
        assert self._loop is not None
        self._is_due = True
        wait_s = self._not_before_s - clock.monotonic()
        if wait_s > 0:
            self._loop.call_later(wait_s, self._send)
        else:
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        self._is_due = False
        line = next((one for one in self._lines if one.is_free), None)
        if line is None:  # the one it was planned for broke
            self._see_to_queue()
            return
        batch = self._gather()
        if not batch:
            return
        self._not_before_s = clock.monotonic() + COMMIT_EVERY_S
        self._in_hand[line] = batch
        self._lines_rest.clear()
        tx = appends.appending(clock.now())
        try:
            _put(tx, batch)
            statement = tx.packed()
        except Exception:  # the thread finds out which of them it is
            log.exception("intake.not_packed", envelopes=len(batch))
            line.close()
            self._sent(line, tx, False)
            return
        line.send(statement, partial(self._sent, line, tx))

    def _sent(self, line: Appender, tx: Appending, is_durable: bool) -> None:
        batch = self._in_hand.pop(line)
        if not self._in_hand.keys() - {self._thread}:
            self._lines_rest.set()
        if is_durable:
            troubles.writes.went_well()
            self._answer(batch, is_durable=True)
            tx.committed()
        else:
            self._give_back(batch)
        if line not in self._lines:  # its answer came too late, and others are used by now
            line.close()
        elif not line.is_open:
            self._to_thread()
        if self._queue:
            self._see_to_queue()

    def _to_thread(self) -> None:
        """What waits, and what comes until lines are open again. One that still waits for its answer closes with it."""
        lines, self._lines = self._lines, []
        for line in lines:
            if line not in self._in_hand:
                line.close()
        self._wake.set()

    def _give_back(self, batch: list[Waiting]) -> None:
        """To the thread, those whose senders still wait."""
        waiting = [one for one in batch if one.done is not None]
        with self._gathering:
            self._queue.extendleft(reversed(waiting))
            self._bytes_out -= sum(len(one.accepted.body) for one in waiting)

    def _reopen(self) -> None:
        """The thread gets through: the loop may have lines again."""
        if not self._lines and self._may_have_lines and not self._reopening and self._loop is not None:
            self._reopening = True
            self._opening = self._loop.create_task(self._open_lines(self._loop))

    async def _open_lines(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for _ in range(LINES):
                line = await loop.run_in_executor(None, appends.appender, loop)
                if self._may_have_lines:
                    self._lines.append(line)
                else:
                    line.close()
        except db.DatabaseGone as error:
            log.warning("intake.line_not_opened", error=troubles.first_line(error))
        finally:
            loop.call_later(REOPEN_AFTER_S, self._may_reopen)

    def _may_reopen(self) -> None:
        self._reopening = False

    async def _leave_lines(self) -> None:
        """Wait for the answers that are due; what comes from now on is the thread's."""
        self._may_have_lines = False
        self._to_thread()
        if self._opening is not None:  # or a connection would be open that nobody knows of
            await asyncio.wait({self._opening})
        await self._lines_rest.wait()

    # --- in the thread

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while batch := self._gather():
                self._in_hand[self._thread] = batch
                self._write(batch)
                self._in_hand.pop(self._thread)
            if self._stopping:
                db.drop_connection()
                return

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
            if self._may_have_lines and error is None:
                self._loop.call_soon_threadsafe(self._reopen)

    def _commit(self, batch: list[Waiting]) -> Exception | None:
        patience_ends = batch[0].since_s + DATABASE_PATIENCE_S
        while True:
            try:
                with appends.append(clock.now()) as tx:
                    _put(tx, batch)
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


def _put(tx: Tx, batch: list[Waiting]) -> None:
    ledger.put_envelopes(tx, [one.accepted for one in batch])
    bell.ring(tx, bell.SIGNALS, near=True)
