"""Reading the configuration and its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tocsin.config import store
from tocsin.config.domain import Document, Snapshot, State
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row

VERSIONS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInfo:
    """One accepted change: when, by whom, why, and what it changed (as `plan.as_values` says it)."""

    number: int
    at: datetime
    by: str
    message: str
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One document through one stretch of versions; `until` is the first version that has it no more."""

    since: int
    until: int | None
    managed_by: str
    file: str


def current(reader: Reader) -> Snapshot:
    """The configuration as it is now; the same object as long as it is the same version."""
    return store.current(reader).snapshot


def state(reader: Reader) -> State:
    """The same, with who manages which document."""
    return store.current(reader)


def at_version(reader: Reader, number: int) -> State | None:
    """The configuration as it was at a version; None if there was none of this number."""
    return store.at_version(reader, number)


def last_seen() -> Snapshot | None:
    """What `current` found last in this process, without asking the database; None before the first time."""
    return store.last_seen()


def versions(reader: Reader, *, before: int | None = None, limit: int = VERSIONS_SHOWN_MAX) -> list[VersionInfo]:
    """The newest versions, newest first; those before a number on demand."""
    condition, params = ("WHERE number < %s", [before]) if before is not None else ("", [])
    rows = reader.rows(
        f"SELECT number, at, by, message, changes FROM config_version {condition} ORDER BY number DESC LIMIT %s",
        (*params, min(limit, VERSIONS_SHOWN_MAX)),
    )
    return [_info(row) for row in rows]


def version(reader: Reader, number: int) -> VersionInfo | None:
    """One version."""
    found = reader.row("SELECT number, at, by, message, changes FROM config_version WHERE number = %s", (number,))
    return None if found is None else _info(found)


def held_since(reader: Reader, section: str) -> datetime | None:
    """Since when the documents of a section stand as they do; None if there are none."""
    at = reader.value(
        "SELECT at FROM config_version WHERE number ="
        " (SELECT max(since) FROM config_document WHERE section = %s AND until IS NULL)",
        (section,),
    )
    return clock.from_us_or_none(at)


def lives(reader: Reader, section: str, name: str, *, limit: int = VERSIONS_SHOWN_MAX) -> list[Life]:
    """How one document went through the versions, newest first."""
    rows = reader.rows(
        "SELECT since, until, managed_by, source_file FROM config_document WHERE section = %s AND name = %s"
        " ORDER BY since DESC LIMIT %s",
        (section, name, limit),
    )
    return [Life(since=since, until=until, managed_by=managed_by, file=file) for since, until, managed_by, file in rows]


def history_of(reader: Reader, section: str, name: str, since: datetime) -> list[tuple[datetime, Document | None]]:
    """One document at each of its changes, oldest first, from the one that held at `since` on; None for not there.

    At most VERSIONS_SHOWN_MAX changes, the newest.
    """
    return store.history_of(reader, section, name, since, VERSIONS_SHOWN_MAX)


def _info(row: Row) -> VersionInfo:
    number, at, by, message, changes = row
    return VersionInfo(
        number=number,
        at=clock.from_us(at),
        by=by,
        message=message,
        changes=tuple(msgspec.json.decode(changes)),
    )
