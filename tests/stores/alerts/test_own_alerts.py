"""What Tocsin says of itself does not feed on itself."""

from __future__ import annotations

import pytest

from databases import Database
from tocsin.alerts.domain import OWN, SignalSetAside
from tocsin.kit import clock, db


@pytest.mark.parametrize(("integration", "told"), [("disks", 1), (OWN, 0)])
def test_a_set_aside_signal_is_told_unless_it_is_our_own(sqlite: Database, integration: str, told: int) -> None:
    """Trouble with telling of trouble opens no further trouble, which would go round until the disk is full."""
    with db.transact(clock.now()) as tx:
        tx.record(SignalSetAside(signal=1, integration=integration, error="it broke"))
    assert db.reader(clock.now()).value("SELECT count(*) FROM alerts_envelope") == told
