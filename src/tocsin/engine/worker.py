"""The outbox worker: claims parcels, has the carrier send them, settles what became of them.

Sends run side by side on one event loop; the database is used from one thread of its own, settling what has come
back and claiming what is next in one transaction. A receiver that is slow or silent can fill its own bucket, never
the whole house.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import structlog

from tocsin.engine import bell, claims, outbox
from tocsin.engine.domain import (
    PARCELS_IN_FLIGHT_MAX,
    PARCELS_PER_CLAIM_MAX,
    REASON_CHARS_MAX,
    RETRY_AFTER_MAX_S,
    SEND_TIMEOUT_S,
    Carrier,
    Parcel,
    Settled,
    SettledHandler,
    Verdict,
    VerdictKind,
)
from tocsin.kit import clock, db, text, troubles
from tocsin.kit.db import Tx

log = structlog.get_logger()
POLL_S = 0.5  # a backstop: the bell rings when there is something to send
DATABASE_PAUSE_S = 0.5  # between tries while the database is away


class OutboxWorker:
    """One per engine process. `run` returns when `stop` has been called and what was in flight is settled."""

    def __init__(self, owner: str, carrier: Carrier, on_settled: SettledHandler) -> None:
        self._owner = owner
        self._carrier = carrier
        self._on_settled = on_settled
        self._results: list[tuple[Parcel, Verdict]] = []
        self._in_flight: Counter[str] = Counter()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None  # until it runs
        self._wake = asyncio.Event()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="tocsin-outbox-db")

    async def run(self) -> None:
        """Work until stopped."""
        self._loop = loop = asyncio.get_running_loop()
        stop_listening = bell.listen(bell.OUTBOX, self._ring)
        sends: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping or sends or self._has_to_write():
                busy = await self._turn(loop, sends)
                if not busy:
                    await self._rest()
        finally:
            stop_listening()
            await self._carrier.close()
            await loop.run_in_executor(self._database, db.drop_connection)
            self._database.shutdown()

    def stop(self) -> None:
        """From any thread, also before `run` begins: claim nothing more."""
        self._stopping = True
        self._ring()

    def _has_to_write(self) -> bool:
        """Whether what has come back can still be written down; in a damaged database it never will be."""
        return bool(self._results) and not troubles.writes.is_distrusted()

    async def _turn(self, loop: asyncio.AbstractEventLoop, sends: set[asyncio.Task[None]]) -> bool:
        """One transaction's worth; whether there is more to do at once."""
        results, self._results = self._results, []
        room = 0 if self._stopping else PARCELS_IN_FLIGHT_MAX - self._in_flight.total()
        try:
            bundles = await loop.run_in_executor(
                self._database, self._settle_and_claim, results, room, dict(self._in_flight)
            )
        except db.DatabaseGone as error:
            log.warning("outbox.database_gone", results_kept=len(results), error=troubles.first_line(error))
            return await self._pause(results)
        except Exception:
            log.exception("outbox.database_failed", results_kept=len(results))
            return await self._pause(results)
        for bundle in bundles:
            self._in_flight[bundle[0].bucket] += 1
            task = asyncio.create_task(self._send(bundle))
            sends.add(task)
            task.add_done_callback(sends.discard)
        return bool(bundles) and self._in_flight.total() < PARCELS_IN_FLIGHT_MAX

    async def _pause(self, results: list[tuple[Parcel, Verdict]]) -> bool:
        """What has come back is kept until it can be written down."""
        self._results = results + self._results
        await asyncio.sleep(DATABASE_PAUSE_S)
        return False

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _send(self, bundle: list[Parcel]) -> None:
        verdicts: list[Verdict] = []
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._carry(bundle, verdicts)
        except TimeoutError:
            late = Verdict(kind=VerdictKind.RETRY, reason=f"no answer within {SEND_TIMEOUT_S:.0f} s")
            verdicts += [late] * (len(bundle) - len(verdicts))
        self._in_flight[bundle[0].bucket] -= 1
        if not self._in_flight[bundle[0].bucket]:
            del self._in_flight[bundle[0].bucket]
        self._results.extend(zip(bundle, verdicts, strict=True))
        self._wake.set()

    async def _carry(self, bundle: Sequence[Parcel], verdicts: list[Verdict]) -> None:
        """Add what became of each. One that cannot be composed does not cost those it was to travel with their message."""
        try:
            verdict = _writable(await self._carrier.carry(bundle))
        except Exception as error:
            log.exception("outbox.carrier_failed", channel=bundle[0].channel, delivery=bundle[0].id)
            if len(bundle) > 1:
                for parcel in bundle:
                    await self._carry([parcel], verdicts)
                return
            verdict = Verdict(kind=VerdictKind.RETRY, reason=f"a bug in the channel: {type(error).__name__}")
        if len(bundle) > 1 and verdict.kind is VerdictKind.DELIVERED:
            verdict = msgspec.structs.replace(verdict, reason=_together(len(bundle)))
        verdicts += [verdict] * len(bundle)

    def _settle_and_claim(
        self, results: Sequence[tuple[Parcel, Verdict]], room: int, in_flight: Mapping[str, int]
    ) -> list[list[Parcel]]:
        now = clock.now()
        try:
            if not results and (room <= 0 or not outbox.has_work(db.reader(now))):
                return []
            with db.transact(now) as tx:
                self._settle(tx, results)
                if room <= 0:
                    return []
                outbox.take_over(tx)
                self._carrier.learn(tx)
                limit = min(room, PARCELS_PER_CLAIM_MAX)
                return claims.claim(tx, self._owner, in_flight, self._carrier, limit=limit)
        except db.DatabaseGone:
            db.drop_connection()
            raise
        except Exception:
            if not results:
                raise
            log.exception("outbox.batch_failed", hint="each result of the batch is now written alone")
        self._settle_singly(results)
        return []

    def _settle_singly(self, results: Sequence[tuple[Parcel, Verdict]]) -> None:
        for result in results:
            try:
                with db.transact(clock.now()) as tx:
                    self._settle(tx, [result])
            except db.DatabaseGone:
                db.drop_connection()
                raise
            except Exception:
                log.exception("outbox.reaction_failed", delivery=result[0].id, channel=result[0].channel)
                self._settle_alone(result)

    def _settle_alone(self, result: tuple[Parcel, Verdict]) -> None:
        """Write it down although what should follow from it cannot: else it would be sent again with every lease."""
        try:
            with db.transact(clock.now()) as tx:
                outbox.settle(tx, self._owner, [result], _nothing_follows, outbox.random_jitter)
        except db.DatabaseGone:
            db.drop_connection()
            raise
        except Exception:  # its lease runs out, and it is sent again
            log.exception("outbox.settle_failed", delivery=result[0].id, channel=result[0].channel)

    def _settle(self, tx: Tx, results: Sequence[tuple[Parcel, Verdict]]) -> None:
        if results:
            outbox.settle(tx, self._owner, results, self._on_settled, outbox.random_jitter)

    def _ring(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)


def _nothing_follows(_tx: Tx, _settled: Sequence[Settled]) -> None:
    """What is written down without consequences."""


def _writable(verdict: Verdict) -> Verdict:
    """As the database can hold it, whatever words and numbers the other side found."""
    wait_s = verdict.after_s
    if wait_s is not None and not 0 <= wait_s <= RETRY_AFTER_MAX_S:
        wait_s = RETRY_AFTER_MAX_S if wait_s > 0 else None
    return msgspec.structs.replace(
        verdict,
        reason=text.storable(text.cut(verdict.reason, REASON_CHARS_MAX)),
        receipt=text.storable(text.cut(verdict.receipt, REASON_CHARS_MAX)),
        after_s=wait_s,
    )


def _together(count: int) -> str:
    """What the receipt of each says when several were told at once."""
    return f"in one message with {text.plural(count - 1, 'other')}"
