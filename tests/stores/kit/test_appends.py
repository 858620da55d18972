"""Inserts that the event loop hands to PostgreSQL itself: they arrive as they were, or whoever sent them is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import pytest
import uvloop
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import Database
from tocsin.engine import bell
from tocsin.kit import appends, db
from tocsin.kit.postgres import arrays
from tocsin.kit.postgres.appender import Appender

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
T = TypeVar("T")
TABLE, COLUMNS = "engine_address_use", ("address_key", "sent")
SMALL, LARGE = -(2**31), 2**63 - 1

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
columns = st.one_of(
    st.tuples(st.just("text"), st.lists(texts, min_size=1)),
    st.tuples(st.just("bytea"), st.lists(st.binary(), min_size=1)),
    st.tuples(st.just("int4"), st.lists(st.integers(SMALL, -SMALL - 1), min_size=1)),
    st.tuples(st.just("int8"), st.lists(st.integers(-LARGE - 1, LARGE), min_size=1)),
)


def kept() -> dict[str, str]:
    """What is in the table now, as somebody else sees it."""
    return dict(db.reader(NOW).rows(f"SELECT address_key, sent FROM {TABLE} ORDER BY address_key"))


@pytest.fixture
def server(postgres: Database) -> Database:
    """A PostgreSQL of whose table a thread has written a row before, as it is wherever a loop gets a line."""
    with appends.append(NOW) as tx:
        tx.insert_many(TABLE, COLUMNS, [("first", "[]")])
    assert set(kept()) == {"first"}  # and so `cut` can tell the thread's connection from a line
    return postgres


async def aside(call: Callable[[], T]) -> T:
    """What a thread finds while the loop goes on."""

    def alone() -> T:
        try:
            return call()
        finally:
            db.drop_connection()

    return await asyncio.to_thread(alone)


async def sent(line: Appender, *keys: str, text: str = "[]") -> bool:
    """Whether these rows are durable, once the line has said so."""
    tx = appends.appending(NOW)
    tx.insert_many(TABLE, COLUMNS, [(key, text) for key in keys])
    bell.ring(tx, "nobody")
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    line.send(tx.packed(), answer.set_result)
    assert not line.is_free
    return await answer


def on_line(steps: Callable[[Appender], Awaitable[None]]) -> None:
    """Take the steps with a fresh line."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        line = await aside(lambda: appends.appender(loop))
        try:
            await steps(line)
        finally:
            line.close()

    uvloop.run(run())


def cut() -> None:
    """End the lines of others that do nothing but insert."""
    db.reader(NOW).rows(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND query LIKE 'WITH put0%%'"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(column=columns)
def test_a_packed_column_is_what_the_server_reads(postgres: Database, column: tuple[str, Sequence[object]]) -> None:
    """Whatever its values are, an array packed here is the same array when the server sends it back."""
    kind, values = column
    db.reader(NOW).value("SELECT 1")
    line = connections["default"].connection
    found = line.pgconn.exec_params(
        f"SELECT $1::{kind}[]".encode(), [arrays.packed(kind, values)], param_formats=[1], result_format=1
    )
    assert found.get_value(0, 0) == arrays.packed(kind, values)
    shown = line.execute(f"SELECT %b::{kind}[]", [list(values)]).fetchone()[0]
    assert [bytes(one) if kind == "bytea" else one for one in shown] == list(values)
    assert found.get_value(0, 0) == line.pgconn.exec_params(
        f"SELECT array_agg(one) FROM unnest($1::{kind}[]) one".encode(),
        [arrays.packed(kind, values)],
        param_formats=[1],
        result_format=1,
    ).get_value(0, 0)


def test_one_statement_after_another_arrives_as_it_was(server: Database) -> None:
    """Rows are durable when the line says so, and as they were, quotes, signs of ours and other scripts included."""
    strange = "%s $1 %b::text[] '\"\\ \n ü 漢"

    async def steps(line: Appender) -> None:
        assert await sent(line, "a", "b", text=strange)
        assert set(await aside(kept)) == {"first", "a", "b"}
        assert await sent(line, "c", text="")
        assert line.is_free

    on_line(steps)
    assert kept() == {"first": "[]", "a": strange, "b": strange, "c": ""}


def test_what_is_larger_than_the_connection_s_buffer_arrives(server: Database) -> None:
    """Many megabytes go out as there is room for them, while the loop goes on."""
    large = "x" * 8_000_000

    async def steps(line: Appender) -> None:
        turns = 0
        under_way = asyncio.ensure_future(sent(line, "large", "larger", text=large))
        while not under_way.done():
            await asyncio.sleep(0)
            turns += 1
        assert under_way.result()
        assert turns > 5
        assert await sent(line, "small")

    on_line(steps)
    size = len(large)
    assert {key: len(text) for key, text in kept().items()} == {"first": 2, "large": size, "larger": size, "small": 2}


def test_a_statement_that_is_refused_is_not_durable(server: Database) -> None:
    """Nothing of it stays, and the line is of no more use."""

    async def steps(line: Appender) -> None:
        assert await sent(line, "here")
        assert not await sent(line, "new", "here")
        assert not line.is_open

    on_line(steps)
    assert set(kept()) == {"first", "here"}


def test_a_line_that_breaks_while_idle_says_so(server: Database) -> None:
    """What is sent on it next is not durable, and nobody waits for ever."""

    async def steps(line: Appender) -> None:
        assert await sent(line, "before")
        await aside(cut)
        assert not await sent(line, "after")
        assert not line.is_open

    on_line(steps)
    assert set(kept()) == {"first", "before"}


def test_a_line_that_breaks_at_work_says_so(server: Database) -> None:
    """A statement that was under way is told as not durable."""

    async def steps(line: Appender) -> None:
        assert await sent(line, "before")
        loop = asyncio.get_running_loop()

        def while_locked() -> None:
            with db.transact(NOW) as tx:
                tx.execute(f"LOCK TABLE {TABLE}")
                waiting = asyncio.run_coroutine_threadsafe(sent(line, "waits for the lock"), loop)
                while tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0:
                    pass
                cut()
                assert not waiting.result(10)

        await aside(while_locked)
        assert not line.is_open

    on_line(steps)
    assert set(kept()) == {"first", "before"}
