"""Receivers throw away what comes with an id they have seen: only a repeated attempt may have the same one."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.channels.domain import Message, MessageKind
from tocsin.engine.domain import Parcel
from tocsin.paging.carrier import identified
from world import World, disk_full, wake

GIVE_UP_AT = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def test_a_reminder_is_no_duplicate_and_a_second_attempt_is_one(world: World) -> None:
    """The page that comes again by the same contact has another id, the attempt after a failure has the same."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("5m", "webhook")])
    world.break_("webhook", "ann", status=503)
    world.receive(disk_full).at("2s")
    world.mend("webhook").expect("ann", webhook="disk full").within("1m")
    world.at("5m").expect("ann", webhook="disk full").within("1m")
    ids = [request.headers["webhook-id"] for request in world.http.requests]
    assert len(set(ids[:-1])) == 1
    assert len(ids) > 2
    assert ids[-1] != ids[0]
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_bundle_with_one_more_in_it_is_another_message() -> None:
    """What was sent alone, perhaps in vain, and then together with others, is not thrown away as a repeat."""
    said = Message(kind=MessageKind.PAGE, id="page-8", to="Ann")
    alone = identified(said, [_parcel(8)])
    assert alone == identified(said, [_parcel(8, attempt=3)])
    assert alone.id != identified(said, [_parcel(3), _parcel(8)]).id
    assert identified(said, [_parcel(3), _parcel(8)]) == identified(said, [_parcel(8), _parcel(3)])


def test_what_a_restored_database_numbers_anew_is_another_message() -> None:
    """After a restore numbers are given out a second time; a page of today is not taken for one of yesterday."""
    said = Message(kind=MessageKind.PAGE, id="page-8", to="Ann")
    today = GIVE_UP_AT.replace(microsecond=1)
    assert identified(said, [_parcel(8)]).id != identified(said, [_parcel(8, give_up_at=today)]).id


def _parcel(number: int, *, attempt: int = 1, give_up_at: datetime = GIVE_UP_AT) -> Parcel:
    return Parcel(
        id=number,
        lane=0,
        channel="email",
        address="",
        address_key="",
        bucket="",
        body="",
        subject=f"page:{number}",
        due_at=give_up_at,
        give_up_at=give_up_at,
        attempt=attempt,
        claimed_at=give_up_at,
    )
