"""Pages with every attempt to deliver them, and escalations as they run, for programs: bounded, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from tocsin.engine import timers
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row
from tocsin.paging import rules
from tocsin.paging.actions import CLIMB, subject
from tocsin.paging.domain import EscalationStatus, PageStatus, Plan
from tocsin.paging.rules import Rung
from tocsin.people.words import by_contact

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
DELIVERIES_SHOWN_MAX = 1000
ESCALATIONS_SHOWN_MAX = 20
_PAGE = "id, group_id, escalation_id, person, position, status, reason, created_at, ended_at"
_plan = msgspec.json.Decoder(Plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """The receipt of one attempt."""

    at: datetime
    attempt: int
    outcome: str
    reason: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One message through one channel, without its address's secrets."""

    id: int
    channel: str
    contact: str
    state: str
    created_at: datetime
    due_at: datetime
    attempts: int
    takeovers: int
    reason: str
    receipt: str
    settled_at: datetime | None
    receipts: list[AttemptLine]

    @property
    def by(self) -> str:
        """Which way it goes, in words."""
        return by_contact(self.channel, self.contact)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLine:
    """One person's attention asked, with every attempt to reach them."""

    id: int
    group: int
    escalation: int
    person: str
    position: int
    status: PageStatus
    reason: str
    created_at: datetime
    ended_at: datetime | None
    deliveries: list[DeliveryLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungLine:
    """The step an escalation takes next if nobody answers."""

    policy: str
    step: int
    cycle: int
    targets: list[str]
    last_resort: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLine:
    """A policy that runs or ran for a group, as it was frozen when it started."""

    id: int
    status: str
    reason: str
    why: str
    policies: list[str]
    urgency: str
    position: int
    rungs: int
    started_at: datetime
    ended_at: datetime | None
    next_at: datetime | None
    next: RungLine | None


def pages(
    reader: Reader,
    *,
    group_id: int | None = None,
    person: str = "",
    status: str = "",
    before: int | None = None,
    limit: int = LIMIT_DEFAULT,
) -> list[PageLine]:
    """Pages with their deliveries, newest first."""
    given = [("group_id = %s", group_id), ("person = %s", person), ("status = %s", status), ("id < %s", before)]
    clauses = [(clause, value) for clause, value in given if value not in (None, "")]
    where = f" WHERE {' AND '.join(clause for clause, _ in clauses)}" if clauses else ""
    rows = reader.rows(
        f"SELECT {_PAGE} FROM paging_page{where} ORDER BY id DESC LIMIT %s",
        [*(value for _, value in clauses), min(max(limit, 1), LIMIT_MAX)],
    )
    deliveries = _deliveries(reader, [row[0] for row in rows])
    return [_page(row, deliveries.get(row[0], [])) for row in rows]


def escalations(reader: Reader, group_id: int) -> list[EscalationLine]:
    """The escalations of a group, newest first, with what happens next."""
    rows = reader.rows(
        "SELECT id, status, reason, plan, urgency, position, started_at, ended_at FROM paging_escalation"
        " WHERE group_id = %s ORDER BY id DESC LIMIT %s",
        (group_id, ESCALATIONS_SHOWN_MAX),
    )
    return [_escalation(reader, row) for row in rows]


def _escalation(reader: Reader, row: Row) -> EscalationLine:
    plan = _plan.decode(row[3])
    rung = rules.rung_at(plan, row[5]) if row[1] == EscalationStatus.RUNNING else None
    return EscalationLine(
        id=row[0],
        status=row[1],
        reason=row[2],
        why=plan.why,
        policies=[policy.name for policy in plan.policies],
        urgency=row[4],
        position=row[5],
        rungs=sum(len(policy.steps) * (policy.repeat + 1) for policy in plan.policies) + bool(plan.last_resort),
        started_at=clock.from_us(row[6]),
        ended_at=clock.from_us_or_none(row[7]),
        next_at=timers.due_of(reader, CLIMB, row[0]),
        next=_rung(rung) if rung is not None else None,
    )


def _rung(rung: Rung) -> RungLine:
    return RungLine(
        policy=rung.policy,
        step=rung.step,
        cycle=rung.cycle,
        targets=list(rung.targets),
        last_resort=rung.last_resort,
    )


def _deliveries(reader: Reader, page_ids: Sequence[int]) -> dict[int, list[DeliveryLine]]:
    if not page_ids:
        return {}
    by_subject = {subject(id_): id_ for id_ in page_ids}
    rows = reader.rows(
        "SELECT id, subject, channel, address, state, created_at, due_at, attempts, takeovers, reason, receipt,"
        f" settled_at FROM engine_delivery WHERE {reader.among('subject')} ORDER BY id LIMIT %s",
        (reader.listed(by_subject), DELIVERIES_SHOWN_MAX),
    )
    receipts = _receipts(reader, [row[0] for row in rows])
    found: dict[int, list[DeliveryLine]] = defaultdict(list)
    for row in rows:
        found[by_subject[row[1]]].append(_delivery(row, receipts.get(row[0], [])))
    return found


def _receipts(reader: Reader, delivery_ids: Sequence[int]) -> dict[int, list[AttemptLine]]:
    rows = reader.rows(
        "SELECT delivery_id, at, attempt, outcome, reason, receipt FROM engine_attempt"
        f" WHERE {reader.among('delivery_id')} ORDER BY id LIMIT %s",
        (reader.listed(delivery_ids), DELIVERIES_SHOWN_MAX),
    )
    found: dict[int, list[AttemptLine]] = defaultdict(list)
    for delivery_id, at, attempt, outcome, reason, receipt in rows:
        line = AttemptLine(at=clock.from_us(at), attempt=attempt, outcome=outcome, reason=reason, receipt=receipt)
        found[delivery_id].append(line)
    return found


def _delivery(row: Row, receipts: list[AttemptLine]) -> DeliveryLine:
    options = msgspec.json.decode(row[3]).get("options", {})
    return DeliveryLine(
        id=row[0],
        channel=row[2],
        contact=options.get("contact", ""),
        state=row[4],
        created_at=clock.from_us(row[5]),
        due_at=clock.from_us(row[6]),
        attempts=row[7],
        takeovers=row[8],
        reason=row[9],
        receipt=row[10],
        settled_at=clock.from_us_or_none(row[11]),
        receipts=receipts,
    )


def _page(row: Row, deliveries: list[DeliveryLine]) -> PageLine:
    return PageLine(
        id=row[0],
        group=row[1],
        escalation=row[2],
        person=row[3],
        position=row[4],
        status=PageStatus(row[5]),
        reason=row[6],
        created_at=clock.from_us(row[7]),
        ended_at=clock.from_us_or_none(row[8]),
        deliveries=deliveries,
    )
