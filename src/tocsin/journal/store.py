"""Append and read facts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.journal.domain import Entry, Fact
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx

_COLUMNS = ("at", "name", "subject", "actor", "body")
_encode = msgspec.json.Encoder().encode
READ_MAX = 1000


def append(tx: Tx, facts: Sequence[Fact]) -> None:
    """Write facts in their order, all at the transaction's instant."""
    at = clock.to_us(tx.now)
    tx.insert_many(
        "journal_fact",
        _COLUMNS,
        [(at, type(fact).__name__, fact.subject, fact.actor, _encode(fact).decode()) for fact in facts],
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


def last_id(reader: Reader) -> int:
    """The newest fact's id, 0 if there is none."""
    return int(reader.value("SELECT max(id) FROM journal_fact") or 0)


def _entry(row: tuple[int, int, str, str, str, str]) -> Entry:
    return Entry(id=row[0], at_us=row[1], name=row[2], subject=row[3], actor=row[4], body=msgspec.json.decode(row[5]))
