"""Append and read facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from tocsin.journal.domain import Entry, Fact
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx

_COLUMNS = ("at", "name", "subject", "actor", "body", "audited")
_encode = msgspec.json.Encoder().encode
READ_MAX = 1000
LATE_IDS_MAX = 500  # so far below the newest fact, one with a lower number may still become visible,
LATE_MAX = timedelta(minutes=1)  # for so long: no transaction lasts longer


def append(tx: Tx, facts: Sequence[Fact]) -> None:
    """Write facts in their order, all at the transaction's instant."""
    at = clock.to_us(tx.now)
    tx.insert_many(
        "journal_fact",
        _COLUMNS,
        [(at, type(fact).__name__, fact.subject, fact.actor, _encode(fact).decode(), fact.audited) for fact in facts],
    )


def of_subject(reader: Reader, subject: str, *, limit: int = READ_MAX) -> list[Entry]:
    """The newest `limit` facts of one story, oldest first."""
    found = reader.rows(
        "SELECT id, at, name, subject, actor, body FROM journal_fact WHERE subject = %s ORDER BY id DESC LIMIT %s",
        (subject, limit),
    )
    return [_entry(row) for row in reversed(found)]


def after(reader: Reader, fact_id: int, *, limit: int = READ_MAX) -> list[Entry]:
    """Facts newer than `fact_id`, oldest first."""
    found = reader.rows(
        "SELECT id, at, name, subject, actor, body FROM journal_fact WHERE id > %s ORDER BY id LIMIT %s",
        (fact_id, limit),
    )
    return [_entry(row) for row in found]


def subjects_after(reader: Reader, fact_id: int, limit: int) -> list[tuple[int, str]]:
    """Number and subject of facts newer than `fact_id`, oldest first."""
    found = reader.rows("SELECT id, subject FROM journal_fact WHERE id > %s ORDER BY id LIMIT %s", (fact_id, limit))
    return [(number, subject) for number, subject in found]


def named(reader: Reader, names: Sequence[str], *, limit: int = READ_MAX) -> list[Entry]:
    """The newest `limit` facts with one of these names, newest first."""
    found = reader.rows(
        f"SELECT id, at, name, subject, actor, body FROM journal_fact WHERE {reader.among('name')}"
        " ORDER BY id DESC LIMIT %s",
        (reader.listed(names), limit),
    )
    return [_entry(row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """Which entries of the audit are wanted; what is empty does not matter. `subjects` are searched beside the text."""

    names: tuple[str, ...] = ()
    actor: str = ""
    text: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def audit(reader: Reader, search: AuditSearch, *, limit: int = READ_MAX) -> list[Entry]:
    """The newest `limit` entries of the audit that fit, newest first."""
    conditions, params = _conditions(reader, search)
    found = reader.rows(
        "SELECT id, at, name, subject, actor, body FROM journal_fact"
        f" WHERE {' AND '.join(('audited', *conditions))} ORDER BY id DESC LIMIT %s",
        (*params, limit),
    )
    return [_entry(row) for row in found]


def _conditions(reader: Reader, search: AuditSearch) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    params: list[object] = []

    def add(condition: str, *values: object) -> None:
        conditions.append(condition)
        params.extend(values)

    if search.names:
        add(reader.among("name"), reader.listed(search.names))
    if search.actor:
        add("actor = %s", search.actor)
    if search.since is not None:
        add("at >= %s", clock.to_us(search.since))
    if search.until is not None:
        add("at < %s", clock.to_us(search.until))
    if search.before is not None:
        add("id < %s", search.before)
    if search.text:
        wanted = f"%{_plainly(search.text.lower())}%"
        words = "lower(body) LIKE %s ESCAPE '!' OR lower(actor) LIKE %s ESCAPE '!' OR lower(subject) LIKE %s ESCAPE '!'"
        add(f"({words} OR {reader.among('subject')})", wanted, wanted, wanted, reader.listed(search.subjects))
    return conditions, params


def _plainly(written: str) -> str:
    """For LIKE: nothing in it means more than itself."""
    return "".join(f"!{one}" if one in "!%_" else one for one in written)


def complete_to(reader: Reader) -> int:
    """A fact's id up to which nothing more will come to light, 0 if there is none.

    On PostgreSQL transactions do not commit in the order of their facts' ids: a missing id below a fresh fact may
    belong to one that is still under way (or to one that was undone, which is not to be told apart).
    """
    if not reader.postgres:
        return int(reader.value("SELECT max(id) FROM journal_fact") or 0)
    found = reader.value(
        "WITH late AS (SELECT id, at, lag(id) OVER (ORDER BY id) AS before FROM journal_fact"
        " WHERE id > (SELECT max(id) FROM journal_fact) - %s)"
        " SELECT coalesce(min(before) FILTER (WHERE before < id - 1 AND at > %s), max(id)) FROM late",
        (LATE_IDS_MAX, clock.to_us(reader.now - LATE_MAX)),
    )
    return int(found or 0)


def _entry(row: tuple[int, int, str, str, str, str]) -> Entry:
    return Entry(id=row[0], at_us=row[1], name=row[2], subject=row[3], actor=row[4], body=msgspec.json.decode(row[5]))
