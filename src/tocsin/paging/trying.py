"""One message through one contact, to see whether it arrives: not a page, nobody has to answer."""

from __future__ import annotations

import secrets
from datetime import timedelta

import msgspec

from tocsin.channels.domain import Message, MessageKind
from tocsin.config import queries as configuration
from tocsin.engine import outbox
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx
from tocsin.paging import devices, messages, ways
from tocsin.people.domain import PersonDocument

TRIED_FOR = timedelta(minutes=10)  # whoever presses the button waits for it and does not look again tomorrow
TRIES_MAX = 5  # within the time below, for each address
TRIES_WITHIN = timedelta(minutes=10)


class TooOften(Exception):
    """A contact has been tried often enough."""


class LastTry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the newest test message to a contact."""

    state: str
    reason: str
    at_us: int


def send(tx: Tx, person: str, name: str) -> int:
    """Send a test message through this contact; to how many addresses. Raises TooOften."""
    document = configuration.current(tx).all("people", PersonDocument)[person]
    since = clock.to_us(tx.now - TRIES_WITHIN)
    recent = tx.value(
        "SELECT count(*) FROM engine_delivery WHERE subject = %s AND created_at > %s", (_subject(person, name), since)
    )
    theirs = devices.of_people(tx, [person]).get(person, ())
    planned = ways.ways_to(person, name, document.contacts[name], tx.now, theirs)
    if recent >= TRIES_MAX * max(1, len(planned)):
        raise TooOften(f"{TRIES_MAX} test messages were sent a moment ago")
    message = Message(
        kind=MessageKind.TEST,
        id=f"test-{secrets.token_hex(8)}",
        to=document.name,
        text="This contact works. Nobody has to answer this.",
        reason=f"somebody tried your contact {name}",
        sent_at=tx.now,
    )
    deliveries = [
        messages.notice(message, way, subject=_subject(person, name), due_at=tx.now, tried_for=TRIED_FOR)
        for way in planned
    ]
    outbox.put(tx, deliveries)
    return len(deliveries)


def last(reader: Reader, person: str, name: str) -> LastTry | None:
    """What became of the newest one."""
    row = reader.row(
        "SELECT state, reason, coalesce(settled_at, created_at) FROM engine_delivery WHERE subject = %s"
        " ORDER BY id DESC LIMIT 1",
        (_subject(person, name),),
    )
    return None if row is None else LastTry(state=row[0], reason=row[1], at_us=row[2])


def _subject(person: str, name: str) -> str:
    return f"test:{person}:{name}"
