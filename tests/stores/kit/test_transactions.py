"""One transaction at a time, on both databases: what is written together stands together, and in order."""

# ruff: noqa: PT012  a transaction ends with its block, so what raises is the whole of it
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, Error, IntegrityError, connections

from databases import Database, point_at
from tocsin.engine import bell
from tocsin.kit import appends, db
from tocsin.kit.db import Tx

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLE, COLUMNS = "engine_address_use", ("address_key", "sent")
ENVELOPE = ("integration", "source", "received_at", "body", "signals", "signal_count", "reference", "problems")


def put(tx: Tx, *keys: str, sent: str = "[]") -> None:
    """Write rows in bulk."""
    tx.insert_many(TABLE, COLUMNS, [(key, sent) for key in keys])


def kept() -> dict[str, str]:
    """What is in the table now, as somebody else sees it."""
    return dict(db.reader(NOW).rows(f"SELECT address_key, sent FROM {TABLE} ORDER BY address_key"))


@pytest.mark.usefixtures("database")
class TestOnBothDatabases:
    """What holds wherever Tocsin keeps its rows."""

    def test_a_statement_sees_what_was_written_before_it(self) -> None:
        """Writes in bulk, single statements and reads take effect in the order they are written down."""
        with db.transact(NOW) as tx:
            put(tx, "a", "b")
            assert [row[0] for row in tx.rows(f"SELECT address_key FROM {TABLE} ORDER BY 1")] == ["a", "b"]
            put(tx, "c")
            tx.update_many(TABLE, ("sent",), [("a", "[1]"), ("c", "[3]")], key="address_key")
            assert tx.execute(f"UPDATE {TABLE} SET sent = '[9]' WHERE sent = '[3]'") == 1
            assert tx.delete_many(TABLE, ["b"], key="address_key") == 1
            put(tx, "b", sent="[again]")
        assert kept() == {"a": "[1]", "b": "[again]", "c": "[9]"}

    @pytest.mark.parametrize("replayable", [False, True])
    def test_a_write_that_is_refused_at_the_end_undoes_all(self, *, replayable: bool) -> None:
        """The last write of a transaction is not lost quietly: it raises, the connection is fit for use, nothing stays."""
        with db.transact(NOW) as tx:
            put(tx, "here")
        with pytest.raises(IntegrityError), db.transact(NOW, replayable=replayable) as tx:
            put(tx, "new")
            put(tx, "here")
            bell.ring(tx, "nobody")
        assert kept() == {"here": "[]"}
        with db.transact(NOW, replayable=replayable) as tx:
            put(tx, "new")
        assert kept() == {"here": "[]", "new": "[]"}

    def test_what_is_appended_stands_or_falls_together(self) -> None:
        """Of several inserts of which one is refused none stays, nobody is told, and the next append goes through."""
        rung: list[str] = []
        stop = bell.listen("kit", lambda: rung.append("kit"))
        with pytest.raises(IntegrityError), appends.append(NOW) as tx:
            put(tx, "a", "b")
            put(tx, "a")
            bell.ring(tx, "kit")
        with pytest.raises(ZeroDivisionError), appends.append(NOW) as tx:
            put(tx, "a")
            raise ZeroDivisionError
        assert (kept(), rung) == ({}, [])
        with appends.append(NOW) as tx:
            put(tx, "a")
            put(tx, "b")
            bell.ring(tx, "kit")
        assert (set(kept()), rung) == ({"a", "b"}, ["kit"])
        stop()

    @pytest.mark.parametrize("open_one", [db.transact, appends.append])
    def test_what_is_copied_carries_the_ids_of_what_it_comes_from(
        self, open_one: Callable[[datetime], AbstractContextManager[Tx]]
    ) -> None:
        """Rows and their copies arrive together, each under the number of its own; and neither without the other."""

        def rows(*counts: int) -> list[tuple[object, ...]]:
            return [("i", "generic", 0, b"", b"", count, "", "") for count in counts]

        def put_copied(tx: Tx, *counts: int) -> None:
            tx.insert_copied("alerts_envelope", ENVELOPE, rows(*counts), into="alerts_waiting", copied="signal_count")

        with open_one(NOW) as tx:
            put_copied(tx, 7, 5, 6)
            put_copied(tx, 9)
            put(tx, "beside")
        with pytest.raises((Error, TypeError)), open_one(NOW) as tx:
            put_copied(tx, 8)
            put(tx, "beside")
        reader = db.reader(NOW)
        made = reader.rows("SELECT id, signal_count FROM alerts_envelope ORDER BY id")
        assert sorted(count for _, count in made) == [5, 6, 7, 9]
        assert reader.rows("SELECT id, signal_count FROM alerts_waiting ORDER BY id") == made

    @pytest.mark.parametrize("open_one", [db.transact, appends.append])
    def test_a_value_that_cannot_be_written_leaves_the_connection_fit(
        self, open_one: Callable[[datetime], AbstractContextManager[Tx]]
    ) -> None:
        """What the driver refuses to send undoes all of its transaction, and only that."""
        unfit = object()
        with pytest.raises((Error, TypeError)), open_one(NOW) as tx:
            put(tx, "a")
            tx.insert_many(TABLE, COLUMNS, [("b", unfit)])
        assert kept() == {}
        with open_one(NOW) as tx:
            put(tx, "a")
        assert set(kept()) == {"a"}

    def test_a_refused_write_tells_nobody(self) -> None:
        """Whoever waits for a commit is not woken by a transaction that was undone."""
        rung: list[str] = []
        stop = bell.listen("kit", lambda: rung.append("kit"))
        with pytest.raises(IntegrityError), db.transact(NOW) as tx:
            put(tx, "twice", "twice")
            bell.ring(tx, "kit")
        assert rung == []
        with db.transact(NOW) as tx:
            bell.ring(tx, "kit")
            bell.ring(tx, "kit")
        assert rung == ["kit"]
        stop()

    def test_a_savepoint_undoes_its_own_alone(self) -> None:
        """What was written before it stays, what was written in it goes, whether its last write raises or its code."""
        with db.transact(NOW) as tx:
            put(tx, "before")
            with pytest.raises(ZeroDivisionError), tx.savepoint():
                put(tx, "inside")
                raise ZeroDivisionError
            with pytest.raises(IntegrityError), tx.savepoint():
                put(tx, "also")
                put(tx, "before")
            with tx.savepoint():
                put(tx, "good")
            put(tx, "after")
        assert set(kept()) == {"before", "good", "after"}

    def test_a_transaction_within_another_ends_with_it(self) -> None:
        """A verb called in a transaction of somebody else's is undone with that."""
        with pytest.raises(ZeroDivisionError), db.transact(NOW) as outer:
            put(outer, "outer")
            with db.transact(NOW) as inner:
                put(inner, "inner")
            assert len(outer.rows(f"SELECT 1 FROM {TABLE}")) == 2
            raise ZeroDivisionError
        assert kept() == {}
        with pytest.raises(IntegrityError), db.transact(NOW) as outer:
            put(outer, "outer")
            with db.transact(NOW) as inner:
                put(inner, "outer")
        assert kept() == {}


def test_only_what_can_be_replayed_does_not_wait_for_the_disk(postgres: Database) -> None:
    """On PostgreSQL a replayable transaction commits at once; the next one of the same connection is durable again."""
    asked = "SHOW synchronous_commit"
    point_at({**postgres.settings, "OPTIONS": {"options": "-c synchronous_commit=on"}})  # the cluster's is off
    with pytest.raises(DatabaseError), db.transact(NOW, replayable=True) as tx:
        assert tx.value(asked) == "off"
        put(tx, "twice", "twice")
    with db.transact(NOW, replayable=True) as tx:
        assert tx.value(asked) == "off"
    with db.transact(NOW) as tx:
        assert tx.value(asked) == "on"


def test_an_append_does_nothing_but_insert(postgres: Database) -> None:
    """What would not stand or fall with the rest is refused."""
    with pytest.raises(TypeError, match="only inserted"), appends.append(NOW) as tx:
        tx.execute("DELETE FROM engine_address_use")
    with pytest.raises(TypeError, match="nothing would follow"), appends.append(NOW) as tx:
        tx.record("a fact")
    with pytest.raises(TypeError), appends.append(NOW) as tx, tx.savepoint():
        put(tx, "a")
    with db.transact(NOW), appends.append(NOW) as tx:
        put(tx, "b")
    assert set(kept()) == {"b"}


def test_a_row_that_cannot_be_held_is_not_taken_for_a_broken_connection(postgres: Database) -> None:
    """It is no use to try again with what is too long for an index; an append says so as a transaction does."""
    key = "".join(chr(0x4E00 + number % 20000) for number in range(20_000))  # too long even compressed
    for open_one in (db.transact, appends.append):
        with pytest.raises(db.TooMuch), open_one(NOW) as tx:
            put(tx, key)
    assert kept() == {}


@pytest.mark.parametrize("open_one", [db.transact, appends.append])
def test_a_connection_that_breaks_says_so(
    postgres: Database, open_one: Callable[[datetime], AbstractContextManager[Tx]]
) -> None:
    """A connection cut before the commit raises DatabaseGone, nothing is kept, and the next transaction has a new one."""
    pid = db.reader(NOW).value("SELECT pg_backend_pid()")
    with pytest.raises(db.DatabaseGone), open_one(NOW) as tx:
        put(tx, "lost")
        _end(pid)
        put(tx, "lost too")
    db.drop_connection()
    with open_one(NOW) as tx:
        put(tx, "kept")
    assert set(kept()) == {"kept"}


def _end(pid: int) -> None:
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    finally:
        other.close()


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("rows", [1, 3, 400])
def test_what_is_larger_than_a_connection_s_buffer_arrives(rows: int) -> None:
    """Megabytes are written whole, in one row or many, at the end of a transaction or before a further statement."""
    large = "x" * (6_000_000 // rows)
    for further in (False, True):
        with db.transact(NOW) as tx:
            for table in range(3):
                put(tx, *(f"{further}-{table}-{row}" for row in range(rows)), sent=large)
            put(tx, f"{further}-small")
            if further:
                assert tx.value(f"SELECT count(*) FROM {TABLE}") == 2 * (3 * rows + 1)
    assert db.reader(NOW).value(f"SELECT sum(length(sent)) FROM {TABLE}") == 2 * (3 * rows * len(large) + 2)


def test_an_append_without_a_server_says_that_it_is_gone(postgres: Database) -> None:
    """So the intake waits for it, and neither refuses its senders at once nor tries each of them alone."""
    db.drop_connection()
    point_at({**postgres.settings, "HOST": "127.0.0.1", "PORT": "1"})
    try:
        with pytest.raises(db.DatabaseGone), appends.append(NOW) as tx:
            tx.insert_many("engine_address_use", COLUMNS, [("key", "[]")])
    finally:
        postgres.connect()
