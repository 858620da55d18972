"""The only writes to the intake's and the alerts' tables, and the loads that deciding needs. Plain SQL, in bulk."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tocsin.alerts.domain import Alert, AlertStatus, Group, GroupId, GroupStatus, Silence
from tocsin.kit import clock, matchers
from tocsin.kit.db import Reader, Row, Tx
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity, Signal

_json = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode

_ALERT = (
    "id, integration, dedup_key, service, group_id, severity, urgency, crc, signal_count, opened_at, started_at,"
    " last_signal_at, expires_at, silence_id, status"
)
_GROUP_COLUMNS = (
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
)
LIVE = "NOT (status = 'resolved')"  # to the letter as the partial index has it, or SQLite does not use that index
_GROUP = "id, " + ", ".join(_GROUP_COLUMNS)


def identity(*parts: str) -> str:
    """Several names as one key; the separator is a control character that no part holds."""
    return "\x1f".join(parts)


def firing_alerts(tx: Tx, identities: Iterable[str]) -> dict[str, Alert]:
    """The firing alerts among these identities."""
    rows = tx.rows(
        f"SELECT {_ALERT}, identity FROM alerts_alert WHERE status = 'firing' AND {tx.among('identity')}",
        (tx.listed(identities),),
    )
    return {row[-1]: _alert(row) for row in rows}


def alerts_by_id(reader: Reader, ids: Iterable[int]) -> dict[int, Alert]:
    """Alerts by their ids, whatever their status."""
    rows = reader.rows(f"SELECT {_ALERT} FROM alerts_alert WHERE {reader.among('id')}", (reader.listed(ids),))
    return {row[0]: _alert(row) for row in rows}


def firing_of_groups(tx: Tx, group_ids: Iterable[int]) -> list[Alert]:
    """The firing alerts of these groups."""
    rows = tx.rows(
        f"SELECT {_ALERT} FROM alerts_alert WHERE status = 'firing' AND {tx.among('group_id')}", (tx.listed(group_ids),)
    )
    return [_alert(row) for row in rows]


def silence_of_group(reader: Reader, group_id: int) -> int | None:
    """The newest silence of its firing alerts if each of them has one, else None."""
    row = reader.row(
        "SELECT max(silence_id) FROM alerts_alert WHERE status = 'firing' AND group_id = %s"
        " HAVING count(*) = count(silence_id)",
        (group_id,),
    )
    return None if row is None else row[0]


def expired_alerts(tx: Tx, limit: int) -> list[Alert]:
    """Firing alerts whose end has passed."""
    rows = tx.rows(
        f"SELECT {_ALERT} FROM alerts_alert WHERE status = 'firing' AND expires_at <= %s ORDER BY expires_at LIMIT %s"
        + tx.for_update,
        (clock.to_us(tx.now), limit),
    )
    return [_alert(row) for row in rows]


def next_expiry(reader: Reader) -> datetime | None:
    """When the next firing alert ends by itself."""
    found = reader.value("SELECT min(expires_at) FROM alerts_alert WHERE status = 'firing' AND expires_at IS NOT NULL")
    return None if found is None else clock.from_us(found)


def labels_of_firing(reader: Reader, where: str, params: Sequence[object]) -> list[tuple[Alert, dict[str, str]]]:
    """Firing alerts with what matchers see of them."""
    rows = reader.rows(f"SELECT {_ALERT}, labels FROM alerts_alert WHERE status = 'firing' AND {where}", params)
    return [(_alert(row), msgspec.json.decode(row[-1])) for row in rows]


def groups(tx: Reader, ids: Iterable[int]) -> dict[int, Group]:
    """Groups by id, locked if this is a transaction."""
    lock = tx.for_update if isinstance(tx, Tx) else ""
    rows = tx.rows(f"SELECT {_GROUP} FROM alerts_group WHERE {tx.among('id')} ORDER BY id{lock}", (tx.listed(ids),))
    return {row[0]: _group(row) for row in rows}


def lock(tx: Tx, group_id: GroupId) -> Group | None:
    """One group, held until the commit."""
    return groups(tx, [group_id]).get(group_id)


def candidate_groups(tx: Tx, identities: Iterable[str]) -> dict[str, list[Group]]:
    """Groups a new alert may come into, by identity: the unresolved and the reopenable, oldest first."""
    listed = tx.listed(identities)
    live = f"SELECT {_GROUP}, identity FROM alerts_group WHERE {LIVE} AND {tx.among('identity')}"
    reopenable = (
        f"SELECT {_GROUP}, identity FROM alerts_group WHERE reopen_until IS NOT NULL AND +reopen_until > %s"
        f" AND {tx.among('identity')}"
    )
    rows = tx.rows(live + tx.for_update, (listed,))
    rows += tx.rows(reopenable + tx.for_update, (clock.to_us(tx.now), listed))
    found: dict[str, list[Group]] = {}
    for row in sorted(rows, key=lambda row: int(row[0])):
        found.setdefault(row[-1], []).append(_group(row))
    return found


def new_groups_since(tx: Tx, service: str, storm_key: str, since: datetime) -> int:
    """How many groups would have been opened for a service: those opened, and what its storm group took in."""
    at = clock.to_us(since)
    opened = tx.value("SELECT count(*) FROM alerts_group WHERE service = %s AND opened_at > %s", (service, at))
    stormed = tx.value(
        "SELECT count(*) FROM alerts_alert WHERE opened_at > %s AND group_id IN"
        f" (SELECT id FROM alerts_group WHERE {LIVE} AND identity = %s)",
        (at, identity(service, storm_key)),
    )
    return int(opened) + int(stormed)


def put_groups(tx: Tx, new: Sequence[Group]) -> None:
    """Give new groups their ids and write them."""
    for group, id_ in zip(new, tx.next_ids("alerts_group", len(new)), strict=True):
        group.id = id_
    tx.insert_many("alerts_group", ("id", "identity", *_GROUP_COLUMNS), [_group_row(group) for group in new])


def save_groups(tx: Tx, changed: Sequence[Group]) -> None:
    """Write groups that were there."""
    tx.update_many("alerts_group", ("identity", *_GROUP_COLUMNS), [_group_row(group) for group in changed])


def put_alerts(tx: Tx, new: Sequence[tuple[Alert, Signal, Mapping[str, str]]]) -> None:
    """Give new alerts their ids and write them with what was said about them."""
    for (alert, _, _), id_ in zip(new, tx.next_ids("alerts_alert", len(new)), strict=True):
        alert.id = id_
    tx.insert_many(
        "alerts_alert",
        (
            "id",
            "identity",
            "integration",
            "dedup_key",
            "service",
            "group_id",
            "status",
            "severity",
            "urgency",
            "crc",
            "title",
            "description",
            "labels",
            "details",
            "links",
            "images",
            "signal_count",
            "opened_at",
            "started_at",
            "last_signal_at",
            "expires_at",
            "resolved_at",
            "silence_id",
        ),
        [_alert_row(tx, alert, signal, labels) for alert, signal, labels in new],
    )


def save_repeats(tx: Tx, alerts: Sequence[Alert]) -> None:
    """Write how often and when firing alerts were last heard of."""
    tx.update_many(
        "alerts_alert",
        ("signal_count", "last_signal_at", "expires_at"),
        [(one.id, one.signal_count, clock.to_us(one.last_signal_at), _us(one.expires_at)) for one in alerts],
    )


def save_status(tx: Tx, alerts: Sequence[Alert]) -> None:
    """Write the status and what goes with it."""
    tx.update_many(
        "alerts_alert",
        ("status", "signal_count", "last_signal_at", "resolved_at", "silence_id"),
        [
            (
                one.id,
                one.status.value,
                one.signal_count,
                clock.to_us(one.last_signal_at),
                clock.to_us(tx.now) if one.status is AlertStatus.RESOLVED else None,
                one.silence_id,
            )
            for one in alerts
        ],
    )


def save_news(tx: Tx, news: Sequence[tuple[Alert, Signal, Mapping[str, str]]]) -> None:
    """Write what a repeat said that is new."""
    tx.update_many(
        "alerts_alert",
        ("severity", "urgency", "crc", "title", "description", "labels", "details", "links", "images"),
        [
            (alert.id, alert.severity.value, alert.urgency.value, alert.crc, *_said(signal, labels))
            for alert, signal, labels in news
        ],
    )


def put_changes(tx: Tx, changes: Sequence[tuple[str, str, datetime, Signal]]) -> None:
    """Store changes given as (integration, service, received at, signal)."""
    tx.insert_many(
        "alerts_change",
        ("integration", "service", "at", "summary", "labels", "details", "links"),
        [
            (
                integration,
                service,
                clock.to_us(signal.started_at or at),
                signal.title,
                _json(signal.labels).decode(),
                _json(signal.details).decode(),
                _json(signal.links).decode(),
            )
            for integration, service, at, signal in changes
        ],
    )


def put_silence(tx: Tx, silence: Silence) -> int:
    """Write a silence; its id."""
    (id_,) = tx.next_ids("alerts_silence", 1)
    row = (
        id_,
        _json([str(one) for one in silence.matchers]).decode(),
        clock.to_us(silence.starts_at),
        clock.to_us(silence.ends_at),
        silence.author,
        silence.comment,
        clock.to_us(tx.now),
    )
    columns = ("id", "matchers", "starts_at", "ends_at", "author", "comment", "created_at")
    tx.insert_many("alerts_silence", columns, [row])
    return id_


def end_silence(tx: Tx, silence_id: int) -> None:
    """It ends now."""
    tx.execute("UPDATE alerts_silence SET ends_at = %s WHERE id = %s", (clock.to_us(tx.now), silence_id))


def silences(reader: Reader, *, ended_too: bool = False, limit: int = 1000) -> list[Silence]:
    """Silences that are active or to come, or all, newest first."""
    where, params = ("", []) if ended_too else ("WHERE ends_at > %s ", [clock.to_us(reader.now)])
    rows = reader.rows(
        f"SELECT id, matchers, starts_at, ends_at, author, comment FROM alerts_silence {where}ORDER BY id DESC LIMIT %s",
        [*params, limit],
    )
    return [
        Silence(
            id=row[0],
            matchers=tuple(matchers.parse(one) for one in msgspec.json.decode(row[1])),
            starts_at=clock.from_us(row[2]),
            ends_at=clock.from_us(row[3]),
            author=row[4],
            comment=row[5],
        )
        for row in rows
    ]


def content_crc(signal: Signal) -> int:
    """A number that differs when what people read about an alert differs."""
    return zlib.crc32(_pack((signal.title, signal.severity, signal.description, signal.labels, signal.details)))


def _said(signal: Signal, labels: Mapping[str, str]) -> tuple[str, ...]:
    return (
        signal.title,
        signal.description,
        _json(labels).decode(),
        _json(signal.details).decode(),
        _json(signal.links).decode() if signal.links else "[]",
        _json(signal.images).decode() if signal.images else "[]",
    )


def _alert_row(tx: Tx, alert: Alert, signal: Signal, labels: Mapping[str, str]) -> Row:
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
        *_said(signal, labels),
        alert.signal_count,
        clock.to_us(alert.opened_at),
        clock.to_us(alert.started_at),
        clock.to_us(alert.last_signal_at),
        _us(alert.expires_at),
        clock.to_us(tx.now) if alert.status is AlertStatus.RESOLVED else None,
        alert.silence_id,
    )


def _alert(row: Row) -> Alert:
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
        expires_at=_at(row[12]),
        silence_id=row[13],
        status=AlertStatus(row[14]),
    )


def _group_row(group: Group) -> Row:
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
        _us(group.window_until),
        _us(group.reopen_until),
        group.alert_count,
        group.firing_count,
        group.route,
        group.storm,
        group.suppressed_by,
        _us(group.resolving_at),
        group.acknowledged_by,
        _us(group.acknowledged_at),
        _us(group.snoozed_until),
        _us(group.resolved_at),
        group.resolved_by,
        group.resolve_after.total_seconds(),
        group.reopen_within.total_seconds(),
    )


def _group(row: Row) -> Group:
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
        window_until=_at(row[9]),
        reopen_until=_at(row[10]),
        alert_count=row[11],
        firing_count=row[12],
        route=row[13],
        storm=bool(row[14]),
        suppressed_by=row[15],
        resolving_at=_at(row[16]),
        acknowledged_by=row[17],
        acknowledged_at=_at(row[18]),
        snoozed_until=_at(row[19]),
        resolved_at=_at(row[20]),
        resolved_by=row[21],
        resolve_after=timedelta(seconds=row[22]),
        reopen_within=timedelta(seconds=row[23]),
    )


def _us(instant: datetime | None) -> int | None:
    return None if instant is None else clock.to_us(instant)


def _at(microseconds: Any) -> datetime | None:
    return None if microseconds is None else clock.from_us(microseconds)
