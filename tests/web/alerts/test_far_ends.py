"""Ends that no calendar has: a sender's "for good" is the year 9999."""

from __future__ import annotations

from datetime import timedelta

from msgspec import structs

from house import House
from tocsin.alerts import store
from tocsin.kit import clock, db
from tocsin.sources import times
from tocsin.sources.domain import Action, Signal
from world import disk_full

FOR_GOOD = structs.replace(disk_full, expires_at=times.LATEST)
SNOOZE = Signal(action=Action.SNOOZE, dedup_key=disk_full.dedup_key, until=times.LATEST)


def test_an_alert_for_good_and_its_snooze_are_shown_and_last(house: House) -> None:
    """Pages and lists show it, time that nobody lived through moves no end beyond what can be kept."""
    house.world.receive(FOR_GOOD)
    house.world.receive(SNOOZE)
    for path in ("/", "/groups", "/groups/1", "/api/v1/groups/1"):
        assert house.client("ann").get(path).status_code == 200, path
    with db.transact(clock.now()) as tx:
        store.put_off_expiries(tx, tx.now, timedelta(days=1000))
        assert store.next_expiry(tx) == times.LATEST
        store.put_off_expiries(tx, tx.now, timedelta(days=-1000))
        assert store.next_expiry(tx) == times.LATEST - timedelta(days=1000)
