"""How alerts and groups lie in their tables: columns, and values out of rows and back. Only the store needs it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from tocsin.alerts.domain import Alert, AlertStatus, Group, GroupStatus
from tocsin.kit import clock
from tocsin.kit.db import Row, Tx
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Severity, Signal

_json = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode

ALERT = (
    "id, integration, dedup_key, service, group_id, severity, urgency, crc, signal_count, opened_at, started_at,"
    " last_signal_at, expires_at, silence_id, status"
)
GROUP_COLUMNS = (
    "service",
    "integration",
    "key",
    "title",
    "status",
    "urgency",
    "severity",
    "opened_at",
    "window_until",
    "reopen_until",
    "alert_count",
    "firing_count",
    "route",
    "storm",
    "suppressed_by",
    "resolving_at",
    "acknowledged_by",
    "acknowledged_at",
    "snoozed_until",
    "resolved_at",
    "resolved_by",
    "resolve_after_s",
    "reopen_within_s",
    "snoozed_alerts",
)
LIVE = "NOT (status = 'resolved')"  # to the letter as the partial index has it, or SQLite does not use that index
GROUP = "id, " + ", ".join(GROUP_COLUMNS)


IDENTITY_CHARS_MAX = 640  # of up to 4 bytes; an index of PostgreSQL holds 2,704


def identity(*parts: str) -> str:
    """Several names as one key; the separator is a control character that no part holds.

    What is too long for an index, as a group of long labels is, ends in its digest instead.
    """
    whole = "\x1f".join(parts)
    if len(whole) <= IDENTITY_CHARS_MAX:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return f"{whole[: IDENTITY_CHARS_MAX - len(digest) - 1]}\x1f{digest}"


def content_crc(signal: Signal) -> int:
    """A number that differs when what people read about an alert differs."""
    read = (signal.title, signal.severity, signal.description, signal.labels, signal.details)
    return zlib.crc32(_pack((*read, signal.lost) if signal.lost else read))


SAYING = "id, dedup_key, severity, labels, description, details"


def saying(row: Row) -> Signal:
    """What an alert says, as the signal that would say it; of its labels also those that matchers see beside them."""
    _, dedup_key, severity, labels, description, details = row
    return as_said(
        dedup_key, Severity(severity), msgspec.json.decode(labels), description, msgspec.json.decode(details)
    )


def as_said(
    dedup_key: str, severity: Severity, labels: dict[str, str], description: str, details: dict[str, object]
) -> Signal:
    """The same; the severity is what the sender said, also where a route gave the alert another."""
    stated = labels.get("severity", "")
    return Signal(
        action=Action.TRIGGER,
        dedup_key=dedup_key,
        severity=Severity(stated) if stated in set(Severity) else severity,
        labels=labels,
        description=description,
        details=details,
    )


def said(signal: Signal, labels: Mapping[str, str]) -> tuple[str, ...]:
    return (
        signal.title,
        signal.description,
        _json(labels).decode(),
        _json(signal.details).decode(),
        _json(signal.links).decode() if signal.links else "[]",
        _json(signal.images).decode() if signal.images else "[]",
    )


def alert_row(tx: Tx, alert: Alert, signal: Signal, labels: Mapping[str, str]) -> Row:
    return (
        alert.id,
        identity(alert.integration, alert.dedup_key),
        alert.integration,
        alert.dedup_key,
        alert.service,
        alert.group_id,
        alert.status.value,
        alert.severity.value,
        alert.urgency.value,
        alert.crc,
        *said(signal, labels),
        alert.signal_count,
        clock.to_us(alert.opened_at),
        clock.to_us(alert.started_at),
        clock.to_us(alert.last_signal_at),
        clock.to_us_or_none(alert.expires_at),
        clock.to_us(tx.now) if alert.status is AlertStatus.RESOLVED else None,
        alert.silence_id,
    )


def alert(row: Row) -> Alert:
    return Alert(
        id=row[0],
        integration=row[1],
        dedup_key=row[2],
        service=row[3],
        group_id=row[4],
        severity=Severity(row[5]),
        urgency=Urgency(row[6]),
        crc=row[7],
        signal_count=row[8],
        opened_at=clock.from_us(row[9]),
        started_at=clock.from_us(row[10]),
        last_signal_at=clock.from_us(row[11]),
        expires_at=clock.from_us_or_none(row[12]),
        silence_id=row[13],
        status=AlertStatus(row[14]),
    )


def group_row(group: Group) -> Row:
    return (
        group.id,
        identity(group.service, group.key),
        group.service,
        group.integration,
        group.key,
        group.title,
        group.status.value,
        group.urgency.value,
        group.severity.value,
        clock.to_us(group.opened_at),
        clock.to_us_or_none(group.window_until),
        clock.to_us_or_none(group.reopen_until),
        group.alert_count,
        group.firing_count,
        group.route,
        group.storm,
        group.suppressed_by,
        clock.to_us_or_none(group.resolving_at),
        group.acknowledged_by,
        clock.to_us_or_none(group.acknowledged_at),
        clock.to_us_or_none(group.snoozed_until),
        clock.to_us_or_none(group.resolved_at),
        group.resolved_by,
        group.resolve_after.total_seconds(),
        group.reopen_within.total_seconds(),
        group.snoozed_alerts,
    )


def group(row: Row) -> Group:
    return Group(
        id=row[0],
        service=row[1],
        integration=row[2],
        key=row[3],
        title=row[4],
        status=GroupStatus(row[5]),
        urgency=Urgency(row[6]),
        severity=Severity(row[7]),
        opened_at=clock.from_us(row[8]),
        window_until=clock.from_us_or_none(row[9]),
        reopen_until=clock.from_us_or_none(row[10]),
        alert_count=row[11],
        firing_count=row[12],
        route=row[13],
        storm=bool(row[14]),
        suppressed_by=row[15],
        resolving_at=clock.from_us_or_none(row[16]),
        acknowledged_by=row[17],
        acknowledged_at=clock.from_us_or_none(row[18]),
        snoozed_until=clock.from_us_or_none(row[19]),
        resolved_at=clock.from_us_or_none(row[20]),
        resolved_by=row[21],
        resolve_after=timedelta(seconds=row[22]),
        reopen_within=timedelta(seconds=row[23]),
        snoozed_alerts=row[24],
    )
