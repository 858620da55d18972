"""Repeats of pages while others have their hands on the same page, on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tocsin.channels.domain import Entry, Message, MessageKind
from tocsin.engine.domain import LANE_PAGE, Parcel, Settled, Verdict, VerdictKind
from tocsin.kit import db
from tocsin.paging import repeats, store
from tocsin.paging.domain import Page, PageStatus

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ABOUT = Entry(
    reference="AG-7",
    title="disk full",
    public_title="Web",
    service="Web",
    severity="critical",
    urgency="high",
    url="https://tocsin.test/groups/7",
    opened_at=NOW,
)
BODY = msgspec.json.encode(Message(kind=MessageKind.PAGE, id="page-1", to="Ann Lee", entries=(ABOUT,))).decode()

pytestmark = pytest.mark.usefixtures("postgres")


def page() -> Page:
    """Ann is being paged for a group."""
    made = Page(
        id=0,
        escalation_id=3,
        group_id=7,
        person="ann",
        position=0,
        status=PageStatus.ACTIVE,
        reason="on call",
        created_at=NOW,
    )
    with db.transact(NOW) as tx:
        store.put_pages(tx, [made])
    return made


def taken(of: Page, device: int) -> Settled:
    """A device of hers has taken it."""
    parcel = Parcel(
        id=device,
        lane=LANE_PAGE,
        channel="push",
        address="{}",
        address_key=f"push:device-{device}",
        bucket="push",
        body=BODY,
        subject=f"page:{of.id}",
        due_at=NOW,
        give_up_at=NOW + timedelta(hours=1),
        attempt=1,
        claimed_at=NOW,
    )
    return Settled(parcel=parcel, verdict=Verdict(kind=VerdictKind.DELIVERED), at=NOW, failing=False, final=True)


def plan_elsewhere(one: Settled) -> None:
    """In another engine, at this moment."""

    def plan() -> None:
        with db.transact(NOW) as tx:
            repeats.plan(tx, [one])
        db.drop_connection()

    other = threading.Thread(target=plan)
    other.start()
    other.join()


def waiting() -> set[str]:
    """Where it will be said again."""
    rows = db.reader(NOW).rows("SELECT address_key FROM engine_delivery WHERE state = 'waiting'")
    return {row[0] for row in rows}


def test_two_engines_that_hear_of_two_devices_at_once_repeat_on_both() -> None:
    """What the phone has taken and what the laptop has taken are planned at the same moment, and neither is left out."""
    asked = page()
    with db.transact(NOW) as tx:
        repeats.plan(tx, [taken(asked, 1)])
        plan_elsewhere(taken(asked, 2))
    assert waiting() == {"push:device-1", "push:device-2"}


def test_what_is_being_answered_is_not_repeated() -> None:
    """Whoever answers holds the page, and nothing is planned behind their back."""
    asked = page()
    with db.transact(NOW) as tx:
        store.live_pages(tx, [asked.group_id])
        plan_elsewhere(taken(asked, 1))
    assert waiting() == set()
