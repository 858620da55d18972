"""The only writes to calendars: those kept elsewhere that we read, and ours behind secret addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from tocsin.kit import clock
from tocsin.kit.db import Row, Tx
from tocsin.oncall.desk import Booked, CalendarKind, CalendarLine, FeedLine

CALENDAR = "id, kind, owner, read_at, tried_at, failing_since, error, problems, booked, revision"
BOOKED_MAX = 256  # calendars whose turns are remembered
FEED = "id, person, schedule, made_by, made_at, used_at, revoked_at"
_encode = msgspec.json.Encoder().encode
_booked = lru_cache(maxsize=BOOKED_MAX)(msgspec.json.Decoder(tuple[Booked, ...]).decode)
_texts = msgspec.json.Decoder(tuple[str, ...])


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar taken to be read now, with all that is known of it."""

    id: int
    kind: CalendarKind
    owner: str
    url: str
    etag: str
    modified: str
    body: str
    booked: tuple[Booked, ...]
    read_at: datetime | None
    expanded_at: datetime | None
    failing_since: datetime | None
    failures: int
    revision: int


def link_calendar(tx: Tx, kind: CalendarKind, owner: str, sealed_url: str) -> int | None:
    """Read it from now on; None if one is read for them already."""
    (id_,) = tx.next_ids("oncall_calendar", 1)
    now = clock.to_us(tx.now)
    columns = ("id", "kind", "owner", "url", "made_at", "next_at", "failures", "error", "etag", "modified", "body")
    rest = ("booked", "problems", "revision")
    row = (id_, kind.value, owner, sealed_url, now, now, 0, "", "", "", "", "[]", "[]", 0)
    tx.insert_many("oncall_calendar", (*columns, *rest), [row], ignore=True)
    found = tx.value("SELECT id FROM oncall_calendar WHERE id = %s", (id_,))
    return None if found is None else id_


def end_calendar(tx: Tx, id_: int, booked: Sequence[Booked]) -> None:
    """It is not read any more; `booked` is what stays of it."""
    tx.execute(
        "UPDATE oncall_calendar SET ended_at = %s, url = '', body = '', booked = %s, revision = revision + 1"
        " WHERE id = %s",
        (clock.to_us(tx.now), _encode(booked).decode(), id_),
    )


def read_again(tx: Tx, id_: int, address: str) -> None:
    """Read it now and work out anew what it means; `address` marks where, so that another one is read from scratch."""
    tx.execute(
        "UPDATE oncall_calendar SET next_at = %s, expanded_at = NULL, etag = CASE url WHEN %s THEN etag ELSE '' END,"
        " modified = CASE url WHEN %s THEN modified ELSE '' END, url = %s WHERE id = %s",
        (clock.to_us(tx.now), address, address, address, id_),
    )


def take_calendar(tx: Tx, leased_until: datetime) -> Kept | None:
    """The calendar whose reading is most overdue, out of the others' way until then; None if none is due."""
    row = tx.row(
        "SELECT id, kind, owner, url, etag, modified, body, booked, read_at, expanded_at, failing_since, failures,"
        " revision FROM oncall_calendar WHERE next_at <= %s AND ended_at IS NULL ORDER BY next_at, id LIMIT 1"
        f"{tx.skip_locked}",
        (clock.to_us(tx.now),),
    )
    if row is None:
        return None
    tx.execute("UPDATE oncall_calendar SET next_at = %s WHERE id = %s", (clock.to_us(leased_until), row[0]))
    return Kept(
        id=row[0],
        kind=CalendarKind(row[1]),
        owner=row[2],
        url=row[3],
        etag=row[4],
        modified=row[5],
        body=row[6],
        booked=_booked(row[7]),
        read_at=clock.from_us_or_none(row[8]),
        expanded_at=clock.from_us_or_none(row[9]),
        failing_since=clock.from_us_or_none(row[10]),
        failures=row[11],
        revision=row[12],
    )


def calendar_failed(tx: Tx, kept: Kept, error: str, next_at: datetime) -> None:
    """It could not be read; what was read before stays."""
    now = clock.to_us(tx.now)
    tx.execute(
        "UPDATE oncall_calendar SET tried_at = %s, next_at = %s, error = %s, failures = failures + 1,"
        " failing_since = coalesce(failing_since, %s) WHERE id = %s AND ended_at IS NULL",
        (now, clock.to_us(next_at), error, now, kept.id),
    )


def calendar_unchanged(tx: Tx, kept: Kept, next_at: datetime) -> None:
    """It says what it said."""
    now = clock.to_us(tx.now)
    tx.execute(
        "UPDATE oncall_calendar SET tried_at = %s, read_at = %s, next_at = %s, error = '', failures = 0,"
        " failing_since = NULL WHERE id = %s AND ended_at IS NULL",
        (now, now, clock.to_us(next_at), kept.id),
    )


def calendar_read(
    tx: Tx,
    kept: Kept,
    *,
    before: Sequence[Booked],
    booked: Sequence[Booked],
    problems: Sequence[str],
    next_at: datetime,
) -> None:
    """It was read: `kept` holds the body and its marks, `booked` what it means."""
    now = clock.to_us(tx.now)
    changed = tuple(booked) != tuple(before)
    tx.execute(
        "UPDATE oncall_calendar SET tried_at = %s, read_at = %s, expanded_at = %s, next_at = %s, error = '',"
        " failures = 0, failing_since = NULL, etag = %s, modified = %s, body = %s, booked = %s, problems = %s,"
        " revision = revision + %s WHERE id = %s AND ended_at IS NULL",
        (
            now,
            now,
            now,
            clock.to_us(next_at),
            kept.etag,
            kept.modified,
            kept.body,
            _encode(booked).decode(),
            _encode(problems).decode(),
            int(changed),
            kept.id,
        ),
    )


def calendar_of(row: Row) -> CalendarLine:
    """A row of CALENDAR."""
    return CalendarLine(
        id=row[0],
        kind=CalendarKind(row[1]),
        owner=row[2],
        read_at=clock.from_us_or_none(row[3]),
        tried_at=clock.from_us_or_none(row[4]),
        failing_since=clock.from_us_or_none(row[5]),
        error=row[6],
        problems=_texts.decode(row[7]),
        booked=_booked(row[8]),
        revision=row[9],
    )


# --- calendars of ours


def put_feed(tx: Tx, hash_: str, person: str | None, schedule: str | None, by: str) -> int:
    """A new address, by its digest."""
    (id_,) = tx.next_ids("oncall_feed", 1)
    row = (id_, hash_, person, schedule, by, clock.to_us(tx.now))
    tx.insert_many("oncall_feed", ("id", "hash", "person", "schedule", "made_by", "made_at"), [row])
    return id_


def revoke_feed(tx: Tx, id_: int) -> bool:
    """False if it is not there or was revoked before."""
    sql = "UPDATE oncall_feed SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL"
    return tx.execute(sql, (clock.to_us(tx.now), id_)) == 1


def feed_used(tx: Tx, id_: int) -> None:
    """Remember that somebody read it now."""
    tx.execute("UPDATE oncall_feed SET used_at = %s WHERE id = %s", (clock.to_us(tx.now), id_))


def feed_of(row: Row) -> FeedLine:
    """A row of FEED."""
    return FeedLine(
        id=row[0],
        person=row[1],
        schedule=row[2],
        made_by=row[3],
        made_at=clock.from_us(row[4]),
        used_at=clock.from_us_or_none(row[5]),
        revoked_at=clock.from_us_or_none(row[6]),
    )
