"""Transactions that only insert: one statement on PostgreSQL, every second turn on SQLite.

On PostgreSQL there are two ways to send one. `append` sends it and waits, in any thread. `appending` only writes it
down, and an `Appender` has it run while the event loop goes on.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, NoReturn

from django.db import connections

from tocsin.kit import pipeline, troubles
from tocsin.kit.db import Row, Tx, transact
from tocsin.kit.postgres import arrays
from tocsin.kit.postgres.appender import Appender
from tocsin.kit.postgres.arrays import Statement

_MARK = re.compile(r"%b::(\w+)\[\]|%s")


class Appending(Tx):
    """A transaction of nothing but rows inserted in bulk and rings: nothing is read or recorded, no count is asked for."""

    def record(self, fact: Any) -> NoReturn:
        raise TypeError(f"rows are only inserted here: nothing would follow from {fact}")

    def execute(self, sql: str, params: Sequence[Any] = ()) -> NoReturn:
        raise TypeError(f"rows are only inserted here: {sql} with {len(params)} values is not")

    write = execute

    def savepoint(self) -> NoReturn:
        raise TypeError("rows are only inserted here, and stand or fall together")

    def _put_and_copy(self, insert: str, copy_from: str, rows: Sequence[Row]) -> None:
        """As two parts of the one statement: a part that writes can have no WITH of its own."""
        put = f"put{len(self._unsent)}"
        self._in_arrays(insert, rows)
        self._unsent.append((f"{copy_from} {put}", ()))

    def send(self) -> None:
        """All of it is one statement, so that the driver waits once."""
        if self._unsent:
            sql, values = self._joined()
            with self._connection.wrap_database_errors:
                self._connection.ensure_connection()
                pipeline.execute(self._connection, sql, values)

    def packed(self) -> Statement:
        """All of it as an `Appender` sends it. Asks the database for the types of tables that no append has met yet."""
        sql, values = self._joined()
        numbered, kinds = _numbered(sql)
        pairs = zip(kinds, values, strict=True)
        return Statement(numbered, [arrays.packed(kind, value) if kind else value.encode() for kind, value in pairs])

    def _joined(self) -> tuple[str, list[Any]]:
        unsent, self._unsent = self._unsent, []
        inserts = [(number, one) for number, one in enumerate(unsent) if one[0].startswith("INSERT ")]
        calls = [one for one in unsent if not one[0].startswith("INSERT ")]
        parts = ", ".join(f"put{number} AS ({sql})" for number, (sql, _) in inserts)
        sql = f"{'WITH ' if parts else ''}{parts} SELECT {', '.join(sql.removeprefix('SELECT ') for sql, _ in calls) or 1}"
        return sql, [value for _, params in (*(one for _, one in inserts), *calls) for value in params]


@cache
def _numbered(sql: str) -> tuple[str, list[str]]:
    """The statement with $1, $2, … for its marks, and of each the type of its array's elements, or "" for a text."""
    count = itertools.count(1)
    kinds = [found[1] or "" for found in _MARK.finditer(sql)]
    return _MARK.sub(lambda found: f"${next(count)}{found[0][2:]}", sql), kinds


def appending(now: datetime) -> Appending:
    """What an `Appender` is to send: it is written down here, `packed`, and `committed` once it is durable."""
    return Appending(connections["default"], now)


def appender(loop: asyncio.AbstractEventLoop) -> Appender:
    """A connection of its own for appends on this loop, on PostgreSQL alone. May block; raises DatabaseGone."""
    connection: Any = connections["default"]
    made: Appender = connection.appender(loop)
    return made


@contextmanager
def append(now: datetime) -> Iterator[Tx]:
    """A transaction that only inserts: one statement on PostgreSQL, every second turn on SQLite. Raises as `transact`."""
    connection: Any = connections["default"]
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        connection.is_brief = True  # SQLite's write lock asks
        try:
            with transact(now) as tx:
                yield tx
        finally:
            connection.is_brief = False
        return
    tx = Appending(connection, now)
    with troubles.writing():
        yield tx
        tx.send()
    tx.committed()
