"""The only writes to the intake's and the alerts' tables, and the loads that deciding needs. Plain SQL, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.alerts import columns
from tocsin.alerts.domain import Alert, AlertStatus, Group, GroupId, Silence
from tocsin.kit import clock, matchers
from tocsin.kit.db import Reader, Tx
from tocsin.sources import times
from tocsin.sources.domain import Signal

_json = msgspec.json.Encoder().encode


def firing_alerts(tx: Tx, identities: Iterable[str]) -> dict[str, Alert]:
    """The firing alerts among these identities."""
    rows = tx.rows(
        f"SELECT {columns.ALERT}, identity FROM alerts_alert WHERE status = 'firing' AND {tx.among('identity')}",
        (tx.listed(identities),),
    )
    return {row[-1]: columns.alert(row) for row in rows}


def alerts_by_id(reader: Reader, ids: Iterable[int]) -> dict[int, Alert]:
    """Alerts by their ids, whatever their status."""
    rows = reader.rows(f"SELECT {columns.ALERT} FROM alerts_alert WHERE {reader.among('id')}", (reader.listed(ids),))
    return {row[0]: columns.alert(row) for row in rows}


def saying(tx: Tx, ids: Iterable[int]) -> dict[int, Signal]:
    """What these alerts say."""
    rows = tx.rows(f"SELECT {columns.SAYING} FROM alerts_alert WHERE {tx.among('id')}", (tx.listed(ids),))
    return {row[0]: columns.saying(row) for row in rows}


def firing_of_groups(tx: Tx, group_ids: Iterable[int]) -> list[Alert]:
    """The firing alerts of these groups."""
    rows = tx.rows(
        f"SELECT {columns.ALERT} FROM alerts_alert WHERE status = 'firing' AND {tx.among('group_id')}",
        (tx.listed(group_ids),),
    )
    return [columns.alert(row) for row in rows]


def silence_of_group(reader: Reader, group_id: int) -> int | None:
    """The newest silence of its firing alerts if each of them has one, else None."""
    row = reader.row(
        "SELECT max(silence_id) FROM alerts_alert WHERE status = 'firing' AND group_id = %s"
        " HAVING count(*) = count(silence_id)",
        (group_id,),
    )
    return None if row is None else row[0]


def expired_alerts(tx: Tx, by: datetime, limit: int) -> list[Alert]:
    """Firing alerts whose end had passed by then."""
    rows = tx.rows(
        f"SELECT {columns.ALERT} FROM alerts_alert WHERE status = 'firing' AND expires_at <= %s ORDER BY expires_at LIMIT %s"
        + tx.for_update,
        (clock.to_us(by), limit),
    )
    return [columns.alert(row) for row in rows]


def put_off_expiries(tx: Tx, heard_by: datetime, span: timedelta) -> None:
    """Firing alerts last heard of by then end so much later; one that ends with all days still does."""
    span_us = span // timedelta(microseconds=1)
    tx.execute(
        "UPDATE alerts_alert SET expires_at = expires_at + %s"
        " WHERE status = 'firing' AND expires_at <= %s AND last_signal_at <= %s",
        (span_us, clock.to_us(times.LATEST) - span_us, clock.to_us(heard_by)),
    )


def next_expiry(reader: Reader) -> datetime | None:
    """When the next firing alert ends by itself."""
    found = reader.value("SELECT min(expires_at) FROM alerts_alert WHERE status = 'firing' AND expires_at IS NOT NULL")
    return clock.from_us_or_none(found)


def labels_of_firing(reader: Reader, where: str, params: Sequence[object]) -> list[tuple[Alert, dict[str, str]]]:
    """Firing alerts with what matchers see of them."""
    rows = reader.rows(f"SELECT {columns.ALERT}, labels FROM alerts_alert WHERE status = 'firing' AND {where}", params)
    return [(columns.alert(row), msgspec.json.decode(row[-1])) for row in rows]


def labels_of(reader: Reader, alert_id: int) -> dict[str, str] | None:
    """What matchers see of one alert."""
    found = reader.value("SELECT labels FROM alerts_alert WHERE id = %s", (alert_id,))
    return None if found is None else msgspec.json.decode(found, type=dict[str, str])


def was_in_group(reader: Reader, group_id: int, identity: str) -> bool:
    """Whether a group has ever had an alert with this identity."""
    sql = "SELECT 1 FROM alerts_alert WHERE identity = %s AND group_id = %s LIMIT 1"
    return reader.row(sql, (identity, group_id)) is not None


def groups(tx: Reader, ids: Iterable[int]) -> dict[int, Group]:
    """Groups by id, locked if this is a transaction."""
    lock = tx.for_update if isinstance(tx, Tx) else ""
    rows = tx.rows(
        f"SELECT {columns.GROUP} FROM alerts_group WHERE {tx.among('id')} ORDER BY id{lock}", (tx.listed(ids),)
    )
    return {row[0]: columns.group(row) for row in rows}


def lock(tx: Tx, group_id: GroupId) -> Group | None:
    """One group, held until the commit."""
    return groups(tx, [group_id]).get(group_id)


def candidate_groups(tx: Tx, identities: Iterable[str]) -> dict[str, list[Group]]:
    """Groups a new alert may come into, by identity: the unresolved and the reopenable, oldest first."""
    listed = tx.listed(identities)
    live = f"SELECT {columns.GROUP}, identity FROM alerts_group WHERE {columns.LIVE} AND {tx.among('identity')}"
    reopenable = (
        f"SELECT {columns.GROUP}, identity FROM alerts_group WHERE reopen_until IS NOT NULL AND +reopen_until > %s"
        f" AND {tx.among('identity')}"
    )
    rows = tx.rows(live + tx.for_update, (listed,))
    rows += tx.rows(reopenable + tx.for_update, (clock.to_us(tx.now), listed))
    found: dict[str, list[Group]] = {}
    for row in sorted(rows, key=lambda row: int(row[0])):
        found.setdefault(row[-1], []).append(columns.group(row))
    return found


def new_groups_since(tx: Tx, service: str, storm_key: str, since: datetime) -> int:
    """How many groups would have been opened for a service: those opened, and what its storm group took in."""
    at = clock.to_us(since)
    opened = tx.value("SELECT count(*) FROM alerts_group WHERE service = %s AND opened_at > %s", (service, at))
    stormed = tx.value(
        "SELECT count(*) FROM alerts_alert WHERE opened_at > %s AND group_id IN"
        f" (SELECT id FROM alerts_group WHERE {columns.LIVE} AND identity = %s)",
        (at, columns.identity(service, storm_key)),
    )
    return int(opened) + int(stormed)


def put_groups(tx: Tx, new: Sequence[Group]) -> None:
    """Give new groups their ids and write them."""
    for group, id_ in zip(new, tx.next_ids("alerts_group", len(new)), strict=True):
        group.id = id_
    tx.insert_many(
        "alerts_group", ("id", "identity", *columns.GROUP_COLUMNS), [columns.group_row(group) for group in new]
    )


def save_groups(tx: Tx, changed: Sequence[Group]) -> None:
    """Write groups that were there."""
    tx.update_many(
        "alerts_group", ("identity", *columns.GROUP_COLUMNS), [columns.group_row(group) for group in changed]
    )


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
        [columns.alert_row(tx, alert, signal, labels) for alert, signal, labels in new],
    )


def save_repeats(tx: Tx, alerts: Sequence[Alert]) -> None:
    """Write how often and when firing alerts were last heard of."""
    tx.update_many(
        "alerts_alert",
        ("signal_count", "last_signal_at", "expires_at"),
        [
            (alert.id, alert.signal_count, clock.to_us(alert.last_signal_at), clock.to_us_or_none(alert.expires_at))
            for alert in alerts
        ],
    )


def save_status(tx: Tx, alerts: Sequence[Alert]) -> None:
    """Write the status and what goes with it."""
    tx.update_many(
        "alerts_alert",
        ("status", "signal_count", "last_signal_at", "resolved_at", "silence_id"),
        [
            (
                alert.id,
                alert.status.value,
                alert.signal_count,
                clock.to_us(alert.last_signal_at),
                clock.to_us(tx.now) if alert.status is AlertStatus.RESOLVED else None,
                alert.silence_id,
            )
            for alert in alerts
        ],
    )


def save_news(tx: Tx, news: Sequence[tuple[Alert, Signal, Mapping[str, str]]]) -> None:
    """Write what a repeat said that is new."""
    tx.update_many(
        "alerts_alert",
        ("severity", "urgency", "crc", "silence_id", "title", "description", "labels", "details", "links", "images"),
        [
            (
                alert.id,
                alert.severity.value,
                alert.urgency.value,
                alert.crc,
                alert.silence_id,
                *columns.said(signal, labels),
            )
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
    names = ("id", "matchers", "starts_at", "ends_at", "author", "comment", "created_at")
    tx.insert_many("alerts_silence", names, [row])
    return id_


def end_silence(tx: Tx, silence_id: int) -> None:
    """Write that the silence ends now."""
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
