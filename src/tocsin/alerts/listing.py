"""Groups, alerts, signals and silences as lists for programs: bounded, filtered, newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tocsin.alerts import ledger, store
from tocsin.alerts.domain import SIGNAL_BITS, AlertStatus, GroupStatus, Outcome, Silence
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity, Signal

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
ALERTS_SHOWN_MAX = 200
SIGNALS_SHOWN_MAX = 200
BODY_BYTES_MAX = 5 * 1024 * 1024
_GROUP = (
    "id, title, service, integration, status, urgency, severity, opened_at, alert_count, firing_count, storm,"
    " suppressed_by, acknowledged_by, acknowledged_at, snoozed_until, resolving_at, resolved_at, resolved_by, route"
)
ALERT_COLUMNS = (
    *("id", "integration", "dedup_key", "status", "severity", "urgency", "title", "description", "labels", "details"),
    *("links", "images", "signal_count", "opened_at", "started_at", "last_signal_at", "expires_at", "resolved_at"),
    "silence_id",
)
_ALERT = ", ".join(ALERT_COLUMNS)
_SIGNAL = "id, integration, at, action, dedup_key, outcome, reason, alert_id, group_id"
_SILENCE = "id, matchers, starts_at, ends_at, author, comment, created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """Which groups; an empty part filters nothing."""

    status: Collection[GroupStatus] = ()
    services: Collection[str] | None = None
    urgency: str = ""
    severity: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None  # groups with a smaller number
    also: tuple[tuple[str, tuple[object, ...]], ...] = ()  # conditions that only later slices know, with their values
    limit: int = LIMIT_DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """One group of a list."""

    id: int
    reference: str
    title: str
    service: str
    integration: str
    status: GroupStatus
    urgency: Urgency
    severity: Severity
    opened_at: datetime
    alert_count: int
    firing_count: int
    storm: bool
    suppressed_by: str
    acknowledged_by: str
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    resolving_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str
    route: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One alert with what was said about it."""

    id: int
    integration: str
    dedup_key: str
    status: AlertStatus
    severity: Severity
    urgency: Urgency
    title: str
    description: str
    labels: dict[str, str]
    details: dict[str, Any]
    links: list[dict[str, str]]
    images: list[dict[str, str]]
    signal_count: int
    opened_at: datetime
    started_at: datetime
    last_signal_at: datetime
    expires_at: datetime | None
    resolved_at: datetime | None
    silence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """What became of one signal, and why."""

    id: int
    integration: str
    at: datetime
    action: str
    dedup_key: str
    outcome: Outcome
    reason: str
    alert: int | None
    group: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """The request a signal came in."""

    source: str
    received_at: datetime
    body: bytes
    problems: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLine:
    """One silence of a list."""

    id: int
    matchers: list[str]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    created_at: datetime
    active: bool


def groups(reader: Reader, asked: GroupFilter) -> list[GroupLine]:
    """The groups asked for, newest first."""
    where, params = _conditions(reader, asked)
    # Those that are not resolved are few and have an index of their own; `+id` keeps the planner from walking all.
    order = "+id" if asked.status and GroupStatus.RESOLVED not in asked.status else "id"
    rows = reader.rows(
        f"SELECT {_GROUP} FROM alerts_group{where} ORDER BY {order} DESC LIMIT %s",
        [*params, min(max(asked.limit, 1), LIMIT_MAX)],
    )
    return [_group(row) for row in rows]


def group(reader: Reader, group_id: int) -> GroupLine | None:
    """One group."""
    row = reader.row(f"SELECT {_GROUP} FROM alerts_group WHERE id = %s", (group_id,))
    return None if row is None else _group(row)


def alerts_of(reader: Reader, group_id: int) -> list[AlertLine]:
    """The newest alerts of a group."""
    rows = reader.rows(
        f"SELECT {_ALERT} FROM alerts_alert WHERE group_id = %s ORDER BY id DESC LIMIT %s",
        (group_id, ALERTS_SHOWN_MAX),
    )
    return [alert_line(row) for row in rows]


def signals(
    reader: Reader,
    *,
    integration: str = "",
    outcome: Outcome | None = None,
    group_id: int | None = None,
    before: int | None = None,
    limit: int = LIMIT_DEFAULT,
) -> list[SignalLine]:
    """Signals, newest first."""
    clauses: list[str] = []
    params: list[object] = []
    if integration:
        clauses.append("integration = %s")
        params.append(integration)
    if outcome is not None:
        clauses.append("outcome = %s")
        params.append(outcome.value)
    if group_id is not None:
        clauses.append("(alert_id IN (SELECT id FROM alerts_alert WHERE group_id = %s))")
        params.append(group_id)
    if before is not None:
        clauses.append("id < %s")
        params.append(before)
    rows = reader.rows(
        f"SELECT {_SIGNAL} FROM alerts_signal{_where(clauses)} ORDER BY id DESC LIMIT %s",
        [*params, min(max(limit, 1), LIMIT_MAX)],
    )
    return [_signal(row) for row in rows]


def signal(reader: Reader, signal_id: int) -> SignalLine | None:
    """One signal."""
    row = reader.row(f"SELECT {_SIGNAL} FROM alerts_signal WHERE id = %s", (signal_id,))
    return None if row is None else _signal(row)


def raw_of(reader: Reader, signal_id: int) -> tuple[Raw, Signal | None] | None:
    """The request a signal came in and what was read from it; None when it is not kept any more."""
    row = reader.row(
        "SELECT source, received_at, body, problems, reference, signals FROM alerts_envelope WHERE id = %s",
        (signal_id >> SIGNAL_BITS,),
    )
    if row is None:
        return None
    signals, _ = ledger.unpacked(row[5])
    place = signal_id & ((1 << SIGNAL_BITS) - 1)
    raw = Raw(
        source=row[0],
        received_at=clock.from_us(row[1]),
        body=bytes(row[2]),
        problems=tuple(row[3].splitlines()),
        reference=row[4],
    )
    return raw, signals[place] if place < len(signals) else None


def silences(reader: Reader, *, ended_too: bool, limit: int = LIMIT_MAX) -> list[SilenceLine]:
    """Silences in force or to come, or all, newest first."""
    where, params = ("", []) if ended_too else (" WHERE ends_at > %s", [clock.to_us(reader.now)])
    rows = reader.rows(
        f"SELECT {_SILENCE} FROM alerts_silence{where} ORDER BY id DESC LIMIT %s",
        [*params, min(max(limit, 1), LIMIT_MAX)],
    )
    return [_silence(row, reader.now) for row in rows]


def silences_at(reader: Reader, at: datetime) -> list[Silence]:
    """Silences that hold at a moment or begin after it, as rules take them."""
    return [one for one in store.silences(reader, ended_too=at < reader.now) if one.ends_at > at]


def silence(reader: Reader, silence_id: int) -> SilenceLine | None:
    """One silence."""
    row = reader.row(f"SELECT {_SILENCE} FROM alerts_silence WHERE id = %s", (silence_id,))
    return None if row is None else _silence(row, reader.now)


def alert_line(row: Row) -> AlertLine:
    """An alert from a row that begins with `ALERT_COLUMNS`."""
    return AlertLine(
        id=row[0],
        integration=row[1],
        dedup_key=row[2],
        status=AlertStatus(row[3]),
        severity=Severity(row[4]),
        urgency=Urgency(row[5]),
        title=row[6],
        description=row[7],
        labels=msgspec.json.decode(row[8]),
        details=msgspec.json.decode(row[9]),
        links=[{"href": one[0], "text": one[1]} for one in msgspec.json.decode(row[10])],
        images=[{"src": one[0], "href": one[1], "alt": one[2]} for one in msgspec.json.decode(row[11])],
        signal_count=row[12],
        opened_at=clock.from_us(row[13]),
        started_at=clock.from_us(row[14]),
        last_signal_at=clock.from_us(row[15]),
        expires_at=clock.from_us_or_none(row[16]),
        resolved_at=clock.from_us_or_none(row[17]),
        silence=row[18],
    )


def _conditions(reader: Reader, asked: GroupFilter) -> tuple[str, list[object]]:
    clauses: list[str] = []
    params: list[object] = []
    if asked.status:
        clauses.append(f"status IN ({', '.join(['%s'] * len(asked.status))})")
        params += [one.value for one in asked.status]
    if asked.services is not None and len(asked.services) == 1:  # the planner knows what to do with an equality
        clauses.append("service = %s")
        params += asked.services
    elif asked.services is not None:
        clauses.append(reader.among("service"))
        params.append(reader.listed(asked.services))
    for column, value in (("urgency", asked.urgency), ("severity", asked.severity)):
        if value:
            clauses.append(f"{column} = %s")
            params.append(value)
    if asked.text:
        clauses.append("(lower(title) LIKE %s ESCAPE '!' OR lower(service) LIKE %s ESCAPE '!')")
        params += [_like(asked.text)] * 2
    if asked.since is not None:
        clauses.append("opened_at >= %s")
        params.append(clock.to_us(asked.since))
    if asked.until is not None:
        clauses.append("opened_at < %s")
        params.append(clock.to_us(asked.until))
    if asked.before is not None:
        clauses.append("id < %s")
        params.append(asked.before)
    for clause, values in asked.also:
        clauses.append(clause)
        params += values
    return _where(clauses), params


def _where(clauses: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(clauses)}" if clauses else ""


def _like(text: str) -> str:
    escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _group(row: Row) -> GroupLine:
    return GroupLine(
        id=row[0],
        reference=f"AG-{row[0]}",
        title=row[1],
        service=row[2],
        integration=row[3],
        status=GroupStatus(row[4]),
        urgency=Urgency(row[5]),
        severity=Severity(row[6]),
        opened_at=clock.from_us(row[7]),
        alert_count=row[8],
        firing_count=row[9],
        storm=bool(row[10]),
        suppressed_by=row[11],
        acknowledged_by=row[12],
        acknowledged_at=clock.from_us_or_none(row[13]),
        snoozed_until=clock.from_us_or_none(row[14]),
        resolving_at=clock.from_us_or_none(row[15]),
        resolved_at=clock.from_us_or_none(row[16]),
        resolved_by=row[17],
        route=row[18],
    )


def _signal(row: Row) -> SignalLine:
    return SignalLine(
        id=row[0],
        integration=row[1],
        at=clock.from_us(row[2]),
        action=row[3],
        dedup_key=row[4],
        outcome=Outcome(row[5]),
        reason=row[6],
        alert=row[7],
        group=row[8],
    )


def _silence(row: Row, now: datetime) -> SilenceLine:
    starts_at, ends_at = clock.from_us(row[2]), clock.from_us(row[3])
    return SilenceLine(
        id=row[0],
        matchers=msgspec.json.decode(row[1]),
        starts_at=starts_at,
        ends_at=ends_at,
        author=row[4],
        comment=row[5],
        created_at=clock.from_us(row[6]),
        active=starts_at <= now < ends_at,
    )
