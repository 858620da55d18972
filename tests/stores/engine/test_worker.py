"""The worker's one transaction: results that cannot be written do not keep others from being."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from tocsin.engine import outbox
from tocsin.engine.domain import LANE_PAGE, AddressLimit, NewDelivery, Parcel, Settled, Verdict, VerdictKind
from tocsin.engine.worker import OutboxWorker
from tocsin.kit import clock, db
from tocsin.kit.db import Reader, Tx

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DELIVERED = Verdict(kind=VerdictKind.DELIVERED)

pytestmark = pytest.mark.usefixtures("database")


class Free:
    """A carrier without limits."""

    def limits(self, channel: str) -> Sequence[AddressLimit]:
        """None."""
        return ()

    def bundles(self, channel: str) -> bool:
        """No."""
        return False

    def learn(self, reader: Reader) -> None:
        """Nothing to learn."""

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """Nothing is sent here."""
        raise AssertionError(parcels)


def _breaks_for_two(tx: Tx, settled: Sequence[Settled]) -> None:
    if any(one.parcel.subject == "page:2" for one in settled):
        raise ValueError("a bug")


def test_a_result_that_cannot_be_written_costs_only_itself() -> None:
    """Its neighbours are written down; it is tried again when its lease has run out."""
    worker = OutboxWorker("me", Free(), _breaks_for_two)
    with clock.use(clock.VirtualClock(NOW)), structlog.testing.capture_logs() as logs:
        with db.transact(NOW) as tx:
            outbox.put(tx, [_message(number) for number in (1, 2, 3)])
        parcels = [one for bundle in worker._settle_and_claim([], 10, {}) for one in bundle]
        worker._settle_and_claim([(one, DELIVERED) for one in parcels], 10, {})
    worker._database.shutdown()
    found = dict(db.reader(NOW).rows("SELECT subject, state FROM engine_delivery"))
    assert found == {"page:1": "delivered", "page:2": "leased", "page:3": "delivered"}
    assert [one["event"] for one in logs] == ["outbox.batch_failed", "outbox.settle_failed"]


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
