"""Reading pages, escalations and inboxes for the interface."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec

from tocsin.kit import clock
from tocsin.kit.db import Reader, Row
from tocsin.paging.actions import ACKNOWLEDGEMENT_EXPIRES, CLIMB
from tocsin.paging.domain import Plan
from tocsin.paging.outlook import Climbing

NOTES_SHOWN_MAX = 50
TROUBLES_SHOWN_MAX = 20
PAGES_LOOKED_AT_MAX = 50
PLANS_KEPT_MAX = 512
_plan = msgspec.json.Decoder(Plan)
_NOTE = "note.id, note.at, note.kind, note.subject, note.text, note.read_at, page.group_id, alerts_group.status"
_NOTE_FROM = (
    " FROM paging_inbox_note note LEFT JOIN paging_page page ON page.id = note.page_id"
    " LEFT JOIN alerts_group ON alerts_group.id = page.group_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    """One message of an inbox; `group` and its status if it is about one."""

    id: int
    at: datetime
    kind: str
    subject: str
    text: str
    group: int | None
    group_status: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPage:
    """The page a link belongs to, with the state of its group."""

    page: int
    person: str
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingLine:
    """A message that does not get through."""

    channel: str
    contact: str
    person: str
    since: datetime
    attempts: int
    reason: str
    mail: str = ""  # the address, where it is one of mail


def climbing(reader: Reader, group_ids: Iterable[int]) -> dict[int, Climbing]:
    """The escalations that run for these groups, by group."""
    rows = reader.rows(
        "SELECT running.group_id, running.id, running.plan, running.position, running.turn, running.started_at,"
        " engine_timer.due_at FROM paging_escalation running"
        " LEFT JOIN engine_timer ON engine_timer.kind = %s AND engine_timer.ref = running.id"
        f" WHERE running.status = 'running' AND {reader.among('running.group_id')}",
        (CLIMB, reader.listed(group_ids)),
    )
    return {row[0]: _climbing(row) for row in rows}


def concerns(person: str) -> tuple[str, tuple[object, ...]]:
    """The condition on a group that somebody has it, ended it, or was paged for it."""
    by = f"person:{person}"
    return (
        "(acknowledged_by = %s OR resolved_by = %s OR id IN (SELECT group_id FROM paging_page WHERE person = %s))",
        (by, by, person),
    )


def acknowledgement_expires_at(reader: Reader, group_id: int) -> datetime | None:
    """When the group pages again unless it is resolved."""
    due = reader.value(
        "SELECT due_at FROM engine_timer WHERE kind = %s AND ref = %s", (ACKNOWLEDGEMENT_EXPIRES, group_id)
    )
    return clock.from_us_or_none(due)


def asked_pages(reader: Reader, page_ids: Iterable[int]) -> list[AskedPage]:
    """The pages with these numbers, oldest first."""
    rows = reader.rows(
        f"SELECT id, person, group_id FROM paging_page WHERE {reader.among('id')} ORDER BY id",
        (reader.listed(page_ids),),
    )
    return [AskedPage(page=row[0], person=row[1], group=row[2]) for row in rows]


def inbox(reader: Reader, person: str, *, before: int | None = None, limit: int = NOTES_SHOWN_MAX) -> list[NoteLine]:
    """Somebody's messages, newest first."""
    condition, params = (" AND note.id < %s", [before]) if before is not None else ("", [])
    rows = reader.rows(
        f"SELECT {_NOTE}{_NOTE_FROM} WHERE note.person = %s{condition} ORDER BY note.id DESC LIMIT %s",
        (person, *params, limit),
    )
    return [_note(row) for row in rows]


def unread(reader: Reader, person: str, *, up_to: int = 100) -> int:
    """How many messages somebody has not seen yet; counted no further than `up_to`."""
    return int(
        reader.value(
            "SELECT count(*) FROM (SELECT 1 FROM paging_inbox_note WHERE person = %s AND read_at IS NULL LIMIT %s) few",
            (person, up_to),
        )
    )


def waiting_for(reader: Reader, person: str) -> tuple[int, int]:
    """How many urgent groups in nobody's hands somebody is paged for, among the latest they were; and the newest."""
    (row,) = reader.rows(
        "SELECT count(DISTINCT alerts_group.id), coalesce(max(alerts_group.id), 0)"
        " FROM (SELECT group_id FROM paging_page WHERE person = %s ORDER BY id DESC LIMIT %s) latest JOIN alerts_group ON alerts_group.id = latest.group_id"
        " WHERE alerts_group.status = 'open' AND alerts_group.urgency = 'high'",
        (person, PAGES_LOOKED_AT_MAX),
    )
    return row[0], row[1]


def failing(reader: Reader) -> list[FailingLine]:
    """Messages that wait because they do not get through."""
    rows = reader.rows(
        "SELECT channel, address, created_at, attempts, reason FROM engine_delivery"
        " WHERE state = 'waiting' AND failing = %s ORDER BY id DESC LIMIT %s",
        (True, TROUBLES_SHOWN_MAX),
    )
    return [_failing(row) for row in rows]


def late_pages(reader: Reader, before: datetime) -> int:
    """How many messages of pages should have gone out before this instant and have not been tried."""
    return int(
        reader.value(
            "SELECT count(*) FROM engine_delivery WHERE state = 'waiting' AND lane = 0 AND attempts = 0 AND due_at < %s",
            (clock.to_us(before),),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadContact:
    """An address that was found dead."""

    person: str
    channel: str
    since: datetime
    reason: str


def dead_contacts(reader: Reader) -> list[DeadContact]:
    """Addresses to which nothing is sent any more, because what was sent came back; the latest first."""
    rows = reader.rows(
        "SELECT person, address_key, disabled_at, reason FROM paging_contact_state WHERE disabled_at IS NOT NULL"
        " ORDER BY disabled_at DESC LIMIT %s",
        (TROUBLES_SHOWN_MAX,),
    )
    return [
        DeadContact(person=row[0], channel=row[1].partition(":")[0], since=clock.from_us(row[2]), reason=row[3])
        for row in rows
    ]


def missed_heartbeats(reader: Reader) -> list[tuple[str, datetime | None]]:
    """Integrations whose sign of life did not come, with when it last did."""
    rows = reader.rows(
        "SELECT integration, last_at FROM alerts_heartbeat WHERE missed = %s ORDER BY integration LIMIT %s",
        (True, TROUBLES_SHOWN_MAX),
    )
    return [(name, clock.from_us_or_none(last)) for name, last in rows]


@lru_cache(maxsize=PLANS_KEPT_MAX)
def _decoded(plan: str) -> Plan:
    return _plan.decode(plan)


def _climbing(row: Row) -> Climbing:
    group_id, id_, plan, position, turn, started_at, due_at = row
    return Climbing(
        group_id=group_id,
        escalation_id=id_,
        plan=_decoded(plan),
        position=position,
        turn=turn,
        started_at=clock.from_us(started_at),
        due_at=clock.from_us_or_none(due_at),
    )


def _note(row: Row) -> NoteLine:
    return NoteLine(
        id=row[0],
        at=clock.from_us(row[1]),
        kind=row[2],
        subject=row[3],
        text=row[4],
        is_new=row[5] is None,
        group=row[6],
        group_status=row[7] or "",
    )


def _failing(row: Row) -> FailingLine:
    address = msgspec.json.decode(row[1])
    options = address.get("options", {})
    return FailingLine(
        channel=row[0],
        contact=options.get("contact", ""),
        person=options.get("person", ""),
        since=clock.from_us(row[2]),
        attempts=row[3],
        reason=row[4],
        mail=address.get("target", "") if row[0] == "email" else "",
    )
