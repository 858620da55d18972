"""One way to the database for every slice: a `Tx`.

A verb runs inside one transaction: `with db.transact(clock.now()) as tx`. It reads and writes through `tx`, and what
it records with `tx.record` is written, together with everything that follows from it, in the same transaction just
before the commit (story.py decides what follows; `site` plugs it in with `settle_with`). Nothing in a transaction
waits on the network.

Differences between SQLite and PostgreSQL live here and nowhere else. SQL is written with `%s` placeholders; bulk
verbs cost one statement whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

import msgspec
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tocsin.kit import clock, pipeline, troubles

Row = tuple[Any, ...]
Settle = Callable[["Tx"], None]
SETTLE_ROUNDS_MAX = 20  # facts that follow from facts are a few rounds deep; more is a circle
CLOCK_LOOK_EVERY_S = 2.0
_CHUNKS = (256, 64, 16, 4, 1)  # 256 rows of 30 columns stay well under SQLite's 32,766 parameters

DatabaseGone = troubles.DatabaseGone
TooMuch = troubles.TooMuch

_settle: Settle | None = None
_udt_names: dict[str, dict[str, str]] = {}
_sequences: dict[str, str] = {}


def settle_with(settle: Settle | None) -> None:
    """Plug in what happens to recorded facts before a commit (done once, by `site`)."""
    global _settle  # noqa: PLW0603  composition happens once per process
    _settle = settle


def checkpointer() -> Any | None:
    """Who copies SQLite's log into the database beside the work (`start`, `stop`); PostgreSQL has its own."""
    connection: Any = connections["default"]
    return connection.checkpointer() if connection.vendor == "sqlite" else None


def follow_clock() -> None:
    """On PostgreSQL tell the database's time from now on; whoever lives long calls this every few seconds."""
    connection = connections["default"]
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        _look_at_clock(connection)


def _on_connected(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Nobody tells a time of his own on PostgreSQL, not even in the first transaction."""
    ago_s = clock.system.looked_ago_s()
    if connection.vendor == "postgresql" and (ago_s is None or ago_s > CLOCK_LOOK_EVERY_S):
        _look_at_clock(connection)


def _look_at_clock(connection: Any) -> None:
    clock.system.sync(connection.connection.execute("SELECT clock_timestamp()").fetchone()[0])


connection_created.connect(_on_connected)


class Reader:
    """Reads without a transaction. On SQLite it never waits for a writer."""

    def __init__(self, connection: BaseDatabaseWrapper, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.postgres = connection.vendor == "postgresql"

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()  # type: ignore[no-any-return]  # drivers say Any

    def row(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchone()  # type: ignore[no-any-return]  # as above

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, params)
        return None if found is None else found[0]

    def among(self, column: str) -> str:
        """SQL for "column is one of the list that `listed` passes as the parameter"."""
        return f"{column} = ANY(%s)" if self.postgres else f"{column} IN (SELECT value FROM json_each(%s))"

    def listed(self, values: Iterable[object]) -> object:
        """The parameter that belongs to `among`."""
        held = list(values)
        return held if self.postgres else msgspec.json.encode(held).decode()


class Tx(Reader):
    """One transaction; see the module's head."""

    def __init__(self, connection: BaseDatabaseWrapper, now: datetime) -> None:
        super().__init__(connection, now)
        self.facts: list[Any] = []
        self._after_commit: list[Callable[[], None]] = []
        self._reserved: dict[str, int] = {}
        self._unsent: list[pipeline.Statement] = []  # PostgreSQL: writes that wait for the next round trip

    def record(self, fact: Any) -> None:
        """Say that something happened; it and its consequences are written before this transaction commits."""
        self.facts.append(fact)

    def after_commit(self, call: Callable[[], None]) -> bool:
        """Run this once when the transaction is durable; only for waking up whoever waits. It must not raise.

        False if the same call is already waiting.
        """
        if call in self._after_commit:
            return False
        self._after_commit.append(call)
        return True

    def notify(self, channel: str, payload: str) -> None:
        """On PostgreSQL, tell every node once this is committed; elsewhere there is one process, which knows."""
        if self.postgres:
            self._unsent.append(("SELECT pg_notify(%s, %s)", (channel, payload)))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement; the number of rows it touched."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)

    def write(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run one statement whose result nobody asks for; on PostgreSQL it travels with the next one or the commit."""
        if self.postgres:
            self._unsent.append((sql, params))
        else:
            self.execute(sql, params)

    @property
    def for_update(self) -> str:
        """Ends a SELECT whose rows are to be changed; SQLite's transactions hold the write lock anyway."""
        return " FOR UPDATE" if self.postgres else ""

    @property
    def skip_locked(self) -> str:
        """Ends a SELECT that claims rows other nodes may be claiming at this moment."""
        return " FOR UPDATE SKIP LOCKED" if self.postgres else ""

    def lock(self, number: int) -> None:
        """Hold an installation-wide lock until the commit, after whoever holds it. SQLite has one writer anyway."""
        if self.postgres:
            self._unsent.append(("SELECT pg_advisory_xact_lock(%s::bigint)", (number,)))

    def try_lock(self, number: int) -> bool:
        """Hold an installation-wide lock until the commit, if nobody else does. SQLite has one writer anyway."""
        return bool(self.value("SELECT pg_try_advisory_xact_lock(%s)", (number,))) if self.postgres else True

    def next_ids(self, table: str, count: int) -> list[int]:
        """Fresh ids for rows about to be inserted, rising, never used before."""
        if count <= 0:
            return []
        if self.postgres:
            sequence = _sequences.get(table)
            if sequence is None:  # asked once, not once for each id
                sequence = _sequences[table] = str(self.value("SELECT pg_get_serial_sequence(%s, 'id')", (table,)))
            found = self.rows("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", (sequence, count))
            return sorted(int(row[0]) for row in found)
        last = self._reserved.get(table)
        if last is None:
            last = int(self.value("SELECT seq FROM sqlite_sequence WHERE name = %s", (table,)) or 0)
        self._reserved[table] = last + count
        return list(range(last + 1, last + count + 1))

    def insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, ignore: bool = False) -> None:
        """Insert all rows; with `ignore`, a row whose key exists is left as it is."""
        if not rows:
            return
        names = ", ".join(columns)
        end = " ON CONFLICT DO NOTHING" if ignore else ""
        if self.postgres:
            self._in_arrays(self._insert(table, columns) + end, rows)
        else:
            self._in_chunks(lambda values: f"INSERT INTO {table} ({names}) VALUES {values}{end}", rows)

    def insert_copied(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, into: str, copied: str) -> None:
        """Insert all rows under fresh ids, and the id and the column `copied` of each into the table `into` as well."""
        if not rows:
            return
        if self.postgres:
            insert = f"{self._insert(table, columns)} RETURNING id, {copied}"
            self._put_and_copy(insert, f"INSERT INTO {into} (id, {copied}) SELECT id, {copied} FROM", rows)
        else:
            names = ("id", *columns)
            place = names.index(copied)
            numbered = [(id_, *row) for id_, row in zip(self.next_ids(table, len(rows)), rows, strict=True)]
            self.insert_many(table, names, numbered)
            self.insert_many(into, ("id", copied), [(row[0], row[place]) for row in numbered])

    def _insert(self, table: str, columns: Sequence[str]) -> str:
        arrays = ", ".join(f"%b::{self._type(table, column)}[]" for column in columns)
        return f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"

    def _put_and_copy(self, insert: str, copy_from: str, rows: Sequence[Row]) -> None:
        self._in_arrays(f"WITH fresh AS ({insert}) {copy_from} fresh", rows)

    def update_many(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, key: str = "id") -> None:
        """Set `columns` for each row; a row is (key, value, value, …) and a key stands in `rows` at most once."""
        if not rows:
            return
        if self.postgres:
            arrays = ", ".join(f"%b::{self._type(table, column)}[]" for column in (key, *columns))
            sets = ", ".join(f"{column} = fresh.{column}" for column in columns)
            names = ", ".join((key, *columns))
            sql = f"UPDATE {table} SET {sets} FROM unnest({arrays}) AS fresh({names}) WHERE {table}.{key} = fresh.{key}"
            self._in_arrays(sql, rows)
        else:
            sets = ", ".join(f"{column} = fresh.column{place}" for place, column in enumerate(columns, start=2))
            where = f"{table}.{key} = fresh.column1"
            self._in_chunks(
                lambda values: f"UPDATE {table} SET {sets} FROM (VALUES {values}) AS fresh WHERE {where}", rows
            )

    def _in_arrays(self, sql: str, rows: Sequence[Row]) -> None:
        """Many rows in one statement, on PostgreSQL: a binary array for each column.

        Django's own cursor would write every value into the statement's text, which costs several times as much. Nobody
        asks for its result, so it is sent with whatever comes next (`send`).
        """
        self._unsent.append((sql, [list(column) for column in zip(*rows, strict=True)]))

    def send(self) -> None:
        """Run the writes that wait, in order, in one round trip."""
        with self._connection.wrap_database_errors, self.sending():
            pass

    def sending(self) -> ExitStack:
        """Send the writes that wait: they, and whatever is run in this context, have taken place when it ends."""
        unsent, self._unsent = self._unsent, []
        with self._connection.wrap_database_errors, ExitStack() as stack:
            if unsent:
                self._connection.ensure_connection()
                pipeline.send(self._connection, unsent, stack)
            return stack.pop_all()

    def send_first(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Around every statement of Django's cursors: what was written before it goes first, in the same round trip."""
        with self._connection.wrap_database_errors, self.sending():
            return execute(sql, params, many, context)

    def _in_chunks(self, sql: Callable[[str], str], rows: Sequence[Row]) -> None:
        """Many rows in few statements, on SQLite.

        Its library gives Python's lock away at each statement; with another thread busy, getting it back costs up to
        a switch interval, so a statement per row would make a batch hundreds of times slower under load. Chunks have
        a few fixed sizes, so that the statements stay prepared.
        """
        width = len(rows[0])
        mark = f"({','.join('?' * width)})"
        at = 0
        with self._connection.wrap_database_errors:
            self._connection.ensure_connection()
            execute = self._connection.connection.execute
            for size in _CHUNKS:
                while len(rows) - at >= size:
                    chunk = rows[at : at + size]
                    execute(sql(",".join([mark] * size)), [value for row in chunk for value in row])
                    at += size

    def delete_many(self, table: str, keys: Sequence[object], *, key: str = "id") -> int:
        """Delete the rows with these keys; how many there were."""
        if not keys:
            return 0
        return self.execute(f"DELETE FROM {table} WHERE {self.among(key)}", (self.listed(keys),))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is written inside is undone if it raises, and so are the facts recorded there."""
        facts = len(self.facts)
        try:
            with troubles.told(), transaction.atomic(using=self._connection.alias):
                try:
                    yield
                    self.send()
                except BaseException:
                    self._unsent.clear()  # all of it was written inside: a savepoint is itself a statement
                    raise
        except BaseException:
            del self.facts[facts:]
            raise

    def _type(self, table: str, column: str) -> str:
        known = _udt_names.get(table)
        if known is None:
            found = self.rows(
                "SELECT column_name, udt_name FROM information_schema.columns"
                " WHERE table_schema = current_schema() AND table_name = %s",
                (table,),
            )
            known = _udt_names[table] = dict(found)
        return known[column]

    def settle(self) -> None:
        """Write the recorded facts and what follows from them. `transact` does it; a long job may do it earlier."""
        rounds = 0
        while self.facts:
            rounds += 1
            if rounds > SETTLE_ROUNDS_MAX:
                raise RuntimeError(f"facts still follow from facts after {SETTLE_ROUNDS_MAX} rounds: {self.facts[:3]}")
            if _settle is None:
                raise RuntimeError("no story is plugged in: call tocsin.site.wiring first")
            _settle(self)

    def committed(self) -> None:
        """Run what waits for the commit; `transact` calls it."""
        for call in self._after_commit:
            call()


@contextmanager
def transact(now: datetime, *, using: str = "default", replayable: bool = False) -> Iterator[Tx]:
    """One transaction: commits at the end, rolls everything back if anything raises.

    `replayable` says that all of it would be done again if it were undone, because what it comes from is durable. On
    PostgreSQL its commit then does not wait for the disk. PostgreSQL makes commits durable in their order, so
    everybody who sends something outside, or answers somebody, on the strength of it commits durably after it.
    """
    connection = connections[using]
    is_outermost = not connection.in_atomic_block
    noting = troubles.writing() if is_outermost else troubles.told()
    with noting, ExitStack() as sending, transaction.atomic(using=using):
        tx = Tx(connection, now)
        if tx.postgres:
            sending.enter_context(connection.execute_wrapper(tx.send_first))
        if tx.postgres and replayable:
            tx.write("SET LOCAL synchronous_commit TO off")
        yield tx
        tx.settle()
        if is_outermost:
            sending.enter_context(tx.sending())
        else:
            tx.send()
    tx.committed()


def reader(now: datetime, *, using: str = "default") -> Reader:
    """Read outside a transaction."""
    return Reader(connections[using], now)


def drop_connection(*, using: str = "default") -> None:
    """Close this thread's connection; the next use opens a fresh one. For after `DatabaseGone`, and at a thread's end."""
    connections[using].close()
