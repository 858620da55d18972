"""The worker's one transaction: results that cannot be written do not keep others from being."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from msgspec.structs import replace

from fakes.carrier import NoLimits
from tocsin.engine import outbox
from tocsin.engine.domain import LANE_PAGE, AddressLimit, NewDelivery, Parcel, Settled, Verdict, VerdictKind
from tocsin.engine.worker import OutboxWorker
from tocsin.kit import clock, db
from tocsin.kit.db import Tx

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DELIVERED = Verdict(kind=VerdictKind.DELIVERED)

pytestmark = pytest.mark.usefixtures("database")


def _breaks_for_two(tx: Tx, settled: Sequence[Settled]) -> None:
    if any(one.parcel.subject == "page:2" for one in settled):
        raise ValueError("a bug")


def test_a_result_that_cannot_be_written_costs_only_itself() -> None:
    """Its neighbours are written down, and it is too, without what should follow: it is not sent again with each lease."""
    worker = OutboxWorker("me", NoLimits(), _breaks_for_two)
    with clock.use(clock.VirtualClock(NOW)), structlog.testing.capture_logs() as logs:
        with db.transact(NOW) as tx:
            outbox.put(tx, [_message(number) for number in (1, 2, 3)])
        parcels = [one for bundle in worker._settle_and_claim([], 10, {}) for one in bundle]
        worker._settle_and_claim([(one, DELIVERED) for one in parcels], 10, {})
    worker._database.shutdown()
    found = dict(db.reader(NOW).rows("SELECT subject, state FROM engine_delivery"))
    assert found == {"page:1": "delivered", "page:2": "delivered", "page:3": "delivered"}
    assert [one["event"] for one in logs] == ["outbox.batch_failed", "outbox.reaction_failed"]


def test_one_that_is_stopped_before_it_began_ends_at_once() -> None:
    """Whoever stops an engine in the moment in which it starts waits for nothing, and nothing is claimed."""
    worker = OutboxWorker("me", NoLimits(), _breaks_for_two)
    with clock.use(clock.VirtualClock(NOW)):
        with db.transact(NOW) as tx:
            outbox.put(tx, [_message(1)])
        worker.stop()
        asyncio.run(asyncio.wait_for(worker.run(), 30))
    assert db.reader(NOW).value("SELECT state FROM engine_delivery") == "waiting"


def _message(number: int) -> NewDelivery:
    return NewDelivery(
        lane=LANE_PAGE,
        channel="webhook",
        address="{}",
        address_key=str(number),
        bucket="b",
        body="{}",
        subject=f"page:{number}",
        due_at=NOW,
        give_up_at=NOW + timedelta(hours=1),
    )


class Bundler(NoLimits):
    """A carrier that sends all that is due for one address as one message, if its limit allows."""

    def limits(self, channel: str) -> Sequence[AddressLimit]:
        """A limit that does not matter here."""
        return (AddressLimit(count=10, per=timedelta(minutes=1)),)

    def bundles(self, channel: str) -> bool:
        """Yes."""
        return True

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """The other side takes it."""
        return DELIVERED


def test_what_is_told_together_says_so_in_each_receipt() -> None:
    """Three pages in one message are three deliveries, and each says that it came with two others."""
    worker = OutboxWorker("me", Bundler(), lambda _tx, _settled: None)
    _send_three_to_one(worker)
    found = db.reader(NOW).rows("SELECT state, reason FROM engine_delivery")
    assert found == [("delivered", "in one message with 2 others")] * 3
    assert db.reader(NOW).rows("SELECT DISTINCT reason FROM engine_attempt") == [("in one message with 2 others",)]


class Picky(Bundler):
    """A carrier that a bug keeps from composing one of the messages, and whose receivers say strange things."""

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """It breaks for the second."""
        if any(one.subject == "page:2" for one in parcels):
            raise ValueError("a bug")
        return Verdict(kind=VerdictKind.RETRY, reason="NUL \x00, half a pair \ud800", after_s=float("inf"))


def test_one_that_cannot_be_composed_costs_only_itself() -> None:
    """Those that were to travel in the same message are sent, and whatever the receiver says can be written down."""
    worker = OutboxWorker("me", Picky(), lambda _tx, _settled: None)
    with structlog.testing.capture_logs():
        _send_three_to_one(worker)
    found = dict(db.reader(NOW).rows("SELECT subject, reason FROM engine_delivery"))
    assert found["page:2"] == "a bug in the channel: ValueError"
    assert found["page:1"] == found["page:3"] == "NUL , half a pair ?"


def _send_three_to_one(worker: OutboxWorker) -> None:
    with clock.use(clock.VirtualClock(NOW)):
        with db.transact(NOW) as tx:
            outbox.put(tx, [replace(_message(number), address_key="one") for number in (1, 2, 3)])
        (bundle,) = worker._settle_and_claim([], 10, {})
        asyncio.run(_send(worker, bundle))
        worker._settle_and_claim(worker._results, 10, {})
    worker._database.shutdown()


async def _send(worker: OutboxWorker, bundle: list[Parcel]) -> None:
    worker._wake = asyncio.Event()
    worker._in_flight[bundle[0].bucket] += 1
    await worker._send(bundle)
