"""Telling people what can wait a minute: by their ways for low urgency, after all pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from tocsin.channels.domain import Message, MessageKind
from tocsin.engine import outbox
from tocsin.engine.domain import NewDelivery
from tocsin.journal.domain import Fact
from tocsin.kit.db import Tx
from tocsin.kit.installation import installation
from tocsin.oncall.notices import Clerk, Notice
from tocsin.paging import devices, messages, ways
from tocsin.paging.domain import DeviceGone
from tocsin.paging.standing import Standing, standing
from tocsin.people.domain import Urgency

TRIED_FOR = timedelta(hours=6)  # news of yesterday helps nobody
TEAM_PREFIX = "team:"  # before a team's name where a person's could stand
TEAM_CONTACT = "channel"


def of_facts(tx: Tx, facts: Sequence[Fact]) -> None:
    """Tell everybody what these facts mean for them."""
    current = standing(tx)
    clerk = Clerk(current.snapshot, installation().base_url)
    tell(tx, current, [notice for fact in facts for notice in clerk.notices(fact, tx.now)])


def of_devices(tx: Tx, facts: Sequence[DeviceGone]) -> None:
    """Tell people, by their other ways, which of their devices have left."""
    tell(tx, standing(tx), devices.gone_notices(facts))


def tell(tx: Tx, current: Standing, notices: Iterable[Notice], urgency: Urgency = Urgency.LOW) -> None:
    """Put these into the outbox; who cannot be reached is not told, and nothing waits for them."""
    known = [one for one in notices if one.person in current.people]
    if not known:
        return
    current.know_contacts(tx, {one.person for one in known})
    outbox.put(tx, [delivery for one in known for delivery in _deliveries(tx, current, one, urgency)])


def tell_team(tx: Tx, current: Standing, team: str, notice: Notice) -> None:
    """Post into the place where a team reads together, if it has one."""
    document = current.teams.get(team)
    if document is None or document.channel is None:
        return
    way = ways.way_to(f"{TEAM_PREFIX}{team}", TEAM_CONTACT, document.channel, tx.now)
    outbox.put(tx, [_delivery(tx, notice, document.name, way)])


def _deliveries(tx: Tx, current: Standing, notice: Notice, urgency: Urgency) -> list[NewDelivery]:
    """By the ways that come first: a notice does not climb."""
    document = current.people[notice.person]
    planned = current.ways(notice.person, urgency, tx.now)
    first = min((way.at for way in planned), default=tx.now)
    return [_delivery(tx, notice, document.name, way) for way in planned if way.at == first]


def _delivery(tx: Tx, notice: Notice, to: str, way: ways.Way) -> NewDelivery:
    message = Message(
        kind=MessageKind.NOTICE,
        id=f"notice-{notice.about}",
        to=to,
        subject=notice.subject,
        text=notice.text,
        reason=notice.reason,
        sent_at=tx.now,
    )
    return messages.notice(message, way, subject=f"notice:{notice.about}", due_at=way.at, tried_for=TRIED_FOR)
