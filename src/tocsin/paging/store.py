"""The only writes to paging's tables, and the loads that deciding needs. Plain SQL, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from tocsin.alerts.domain import BY_HAND
from tocsin.alerts.manual_pages import TEST_LABEL
from tocsin.channels import words
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row, Tx
from tocsin.paging.domain import Escalation, EscalationStatus, Page, PageStatus, Plan
from tocsin.people.domain import Urgency

_plan = msgspec.json.Decoder(Plan)
_encode = msgspec.json.Encoder().encode
_ESCALATION = "id, group_id, plan, urgency, status, position, turn, started_at"
_PAGE = "id, escalation_id, group_id, person, position, status, reason, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBrief:
    """What a message says about a group."""

    id: int
    service: str
    integration: str
    title: str
    status: str
    urgency: Urgency
    severity: str
    opened_at: datetime
    alert_count: int
    summary: str
    is_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A message for somebody's inbox."""

    person: str
    kind: str
    subject: str
    text: str
    url: str
    acknowledge_url: str
    page_id: int | None


def put_escalations(tx: Tx, new: Sequence[tuple[Escalation, str, str]]) -> None:
    """Write new escalations given as (escalation, service, plan as JSON), and give them their ids."""
    ids = tx.next_ids("paging_escalation", len(new))
    rows = []
    for id_, (one, service, plan) in zip(ids, new, strict=True):
        one.id = id_
        rows.append(
            (
                id_,
                one.group_id,
                service,
                plan,
                one.urgency.value,
                one.status.value,
                one.position,
                one.turn,
                "",
                clock.to_us(one.started_at),
            )
        )
    columns = (
        "id",
        "group_id",
        "service",
        "plan",
        "urgency",
        "status",
        "position",
        "turn",
        "reason",
        "started_at",
    )
    tx.insert_many("paging_escalation", columns, rows)


def escalations(tx: Tx, ids: Iterable[int]) -> dict[int, Escalation]:
    """Escalations by id, locked."""
    rows = tx.rows(
        f"SELECT {_ESCALATION} FROM paging_escalation WHERE {tx.among('id')} ORDER BY id{tx.for_update}",
        (tx.listed(ids),),
    )
    return {row[0]: _escalation(row) for row in rows}


def running(tx: Tx, group_ids: Iterable[int]) -> list[Escalation]:
    """Running escalations of these groups, locked."""
    rows = tx.rows(
        f"SELECT {_ESCALATION} FROM paging_escalation WHERE status = 'running' AND {tx.among('group_id')}"
        f" ORDER BY id{tx.for_update}",
        (tx.listed(group_ids),),
    )
    return [_escalation(row) for row in rows]


def latest(reader: Reader, group_id: int) -> Escalation | None:
    """The newest escalation of a group."""
    row = reader.row(
        f"SELECT {_ESCALATION} FROM paging_escalation WHERE group_id = %s ORDER BY id DESC LIMIT 1", (group_id,)
    )
    return None if row is None else _escalation(row)


def exhausted_groups(reader: Reader, group_ids: Iterable[int]) -> list[int]:
    """Those of these groups that an escalation ran out for."""
    rows = reader.rows(
        f"SELECT DISTINCT group_id FROM paging_escalation WHERE status = 'exhausted' AND {reader.among('group_id')}"
        " ORDER BY group_id",
        (reader.listed(group_ids),),
    )
    return [row[0] for row in rows]


def given_up(reader: Reader, group_ids: Iterable[int]) -> list[int]:
    """Those of these groups that are open although everybody has been tried; but for storms."""
    rows = reader.rows(
        f"SELECT id FROM alerts_group held WHERE {reader.among('id')} AND status = 'open' AND storm = %s AND 'exhausted' ="
        " (SELECT status FROM paging_escalation WHERE group_id = held.id ORDER BY id DESC LIMIT 1) ORDER BY id",
        (reader.listed(group_ids), False),
    )
    return [row[0] for row in rows]


def never_there(reader: Reader, alert_ids: Iterable[int]) -> set[int]:
    """The groups of those of these alerts whose problem had never been in its group before."""
    rows = reader.rows(
        f"SELECT group_id FROM alerts_alert now WHERE {reader.among('id')} AND NOT EXISTS (SELECT 1 FROM alerts_alert"
        " WHERE identity = now.identity AND group_id = now.group_id AND id < now.id)",
        (reader.listed(alert_ids),),
    )
    return {row[0] for row in rows}


def move(tx: Tx, moved: Sequence[tuple[int, int]]) -> None:
    """Set the next position, given as (escalation, position)."""
    tx.update_many("paging_escalation", ("position",), moved)


def end(tx: Tx, ended: Sequence[tuple[int, EscalationStatus, str]]) -> None:
    """End escalations, given as (escalation, status, reason)."""
    now = clock.to_us(tx.now)
    tx.update_many(
        "paging_escalation",
        ("status", "reason", "ended_at"),
        [(id_, status.value, reason, now) for id_, status, reason in ended],
    )


def next_turns(tx: Tx, counts: dict[str, int]) -> dict[str, int]:
    """Count escalations per service for round robins: the turn before these."""
    before: dict[str, int] = {}
    for service, count in sorted(counts.items()):
        after = tx.value(
            "INSERT INTO paging_round_robin (service, turn) VALUES (%s, %s)"
            " ON CONFLICT (service) DO UPDATE SET turn = paging_round_robin.turn + excluded.turn RETURNING turn",
            (service, count),
        )
        before[service] = int(after) - count
    return before


def put_pages(tx: Tx, new: Sequence[Page]) -> None:
    """Write new pages and give them their ids."""
    for page, id_ in zip(new, tx.next_ids("paging_page", len(new)), strict=True):
        page.id = id_
    columns = ("id", "escalation_id", "group_id", "person", "position", "status", "reason", "created_at")
    tx.insert_many(
        "paging_page",
        columns,
        [
            (
                page.id,
                page.escalation_id,
                page.group_id,
                page.person,
                page.position,
                page.status.value,
                page.reason,
                clock.to_us(page.created_at),
            )
            for page in new
        ],
    )


def pages(reader: Reader, ids: Iterable[int]) -> dict[int, Page]:
    """Pages by id."""
    rows = reader.rows(f"SELECT {_PAGE} FROM paging_page WHERE {reader.among('id')}", (reader.listed(ids),))
    return {row[0]: _page(row) for row in rows}


def live_pages(tx: Tx, group_ids: Iterable[int]) -> list[Page]:
    """Pages of these groups that have not ended."""
    rows = tx.rows(
        f"SELECT {_PAGE} FROM paging_page WHERE status IN ('active', 'unreachable') AND {tx.among('group_id')}"
        f" ORDER BY id{tx.for_update}",
        (tx.listed(group_ids),),
    )
    return [_page(row) for row in rows]


def pages_of_rung(reader: Reader, page: Page) -> list[Page]:
    """The pages that were made together with this one, and itself."""
    rows = reader.rows(
        f"SELECT {_PAGE} FROM paging_page WHERE group_id = %s AND escalation_id = %s AND position = %s",
        (page.group_id, page.escalation_id, page.position),
    )
    return [_page(row) for row in rows]


def pages_of_escalation(reader: Reader, escalation: Escalation) -> list[int]:
    """The ids of every page an escalation made."""
    rows = reader.rows(
        "SELECT id FROM paging_page WHERE group_id = %s AND escalation_id = %s ORDER BY id",
        (escalation.group_id, escalation.id),
    )
    return [row[0] for row in rows]


def set_page_status(tx: Tx, changed: Sequence[tuple[int, PageStatus]]) -> None:
    """Set statuses given as (page, status)."""
    now = clock.to_us(tx.now)
    rows = [(id_, status.value, None if status is PageStatus.ACTIVE else now) for id_, status in changed]
    tx.update_many("paging_page", ("status", "ended_at"), rows)


def briefs(reader: Reader, group_ids: Iterable[int]) -> dict[int, GroupBrief]:
    """What messages say about groups, with the first alert's text."""
    listed = reader.listed(group_ids)
    groups = reader.rows(
        "SELECT id, service, integration, title, status, urgency, severity, opened_at, alert_count"
        f" FROM alerts_group WHERE {reader.among('id')}",
        (listed,),
    )
    texts = reader.rows(
        "SELECT group_id, description, labels FROM alerts_alert WHERE id IN"
        f" (SELECT min(id) FROM alerts_alert WHERE {reader.among('group_id')} GROUP BY group_id)",
        (listed,),
    )
    summaries = {row[0]: _summary(row[1], row[2]) for row in texts}
    tests = {row[0] for row in texts if TEST_LABEL in row[2] and TEST_LABEL in msgspec.json.decode(row[2])}
    return {
        row[0]: GroupBrief(
            id=row[0],
            service=row[1],
            integration=row[2],
            title=row[3],
            status=row[4],
            urgency=Urgency(row[5]),
            severity=row[6],
            opened_at=clock.from_us(row[7]),
            alert_count=row[8],
            summary=summaries.get(row[0], ""),
            is_test=row[2] == BY_HAND and row[0] in tests,
        )
        for row in groups
    }


def labels_of_groups(reader: Reader, group_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The labels of each group's first alert."""
    rows = reader.rows(
        "SELECT group_id, labels FROM alerts_alert WHERE id IN"
        f" (SELECT min(id) FROM alerts_alert WHERE {reader.among('group_id')} GROUP BY group_id)",
        (reader.listed(group_ids),),
    )
    return {row[0]: msgspec.json.decode(row[1], type=dict[str, str]) for row in rows}


def put_notes(tx: Tx, notes: Sequence[Note]) -> None:
    """Write into inboxes."""
    at = clock.to_us(tx.now)
    tx.insert_many(
        "paging_inbox_note",
        ("person", "at", "kind", "subject", "text", "url", "acknowledge_url", "page_id"),
        [(one.person, at, one.kind, one.subject, one.text, one.url, one.acknowledge_url, one.page_id) for one in notes],
    )


def mark_read(tx: Tx, person: str, up_to: int) -> None:
    """What is in somebody's inbox up to this message has been read."""
    tx.execute(
        "UPDATE paging_inbox_note SET read_at = %s WHERE person = %s AND id <= %s AND read_at IS NULL",
        (clock.to_us(tx.now), person, up_to),
    )


def contact_states(reader: Reader, persons: Iterable[str]) -> dict[tuple[str, str], tuple[bool, bool]]:
    """For (person, address key): whether it is proven, and whether it is dead."""
    rows = reader.rows(
        "SELECT person, address_key, verified_at, disabled_at FROM paging_contact_state"
        f" WHERE {reader.among('person')}",
        (reader.listed(persons),),
    )
    return {(row[0], row[1]): (row[2] is not None, row[3] is not None) for row in rows}


def set_contact_state(tx: Tx, person: str, address_key: str, *, verified: bool, reason: str = "") -> None:
    """Remember that an address is proven, or dead."""
    column = "verified_at" if verified else "disabled_at"
    other = "disabled_at" if verified else "verified_at"
    tx.execute(
        f"INSERT INTO paging_contact_state (person, address_key, {column}, reason) VALUES (%s, %s, %s, %s)"
        f" ON CONFLICT (person, address_key) DO UPDATE SET {column} = excluded.{column}, {other} = NULL,"
        " reason = excluded.reason",
        (person, address_key, clock.to_us(tx.now), reason),
    )


def encode_plan(plan: Plan) -> str:
    """The plan as it is frozen."""
    return _encode(plan).decode()


def _summary(description: str, labels: str) -> str:
    if description:
        return description
    if labels == "{}":
        return labels
    said = ", ".join(f"{key}={value}" for key, value in msgspec.json.decode(labels).items())
    return words.one_line(said, words.SUMMARY_CHARS_MAX)


def _escalation(row: Row) -> Escalation:
    return Escalation(
        id=row[0],
        group_id=row[1],
        plan=_plan.decode(row[2]),
        urgency=Urgency(row[3]),
        status=EscalationStatus(row[4]),
        position=row[5],
        turn=row[6],
        started_at=clock.from_us(row[7]),
    )


def _page(row: Row) -> Page:
    return Page(
        id=row[0],
        escalation_id=row[1],
        group_id=row[2],
        person=row[3],
        position=row[4],
        status=PageStatus(row[5]),
        reason=row[6],
        created_at=clock.from_us(row[7]),
    )
