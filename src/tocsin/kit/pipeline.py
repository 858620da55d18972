"""Writes that travel to PostgreSQL together: one round trip for many statements.

The driver hands statements of a pipeline over without waiting until they are gone, and then waits for an answer. What is
larger than the connection's buffer is not gone by then, nobody sends the rest, and both sides wait for ever. So here
everything is seen out before anybody waits.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

Statement = tuple[str, Sequence[Any] | Mapping[str, Any]]
READABLE, WRITABLE = 1, 2  # as psycopg.waiting names them; it is imported only where it is used


def send(connection: Any, statements: Sequence[Statement], stack: ExitStack) -> None:
    """Send them in order; they, and what is run before the stack is closed, have taken place when it is."""
    line = connection.connection
    stack.enter_context(line.pipeline())
    stack.callback(flush, line)
    for sql, params in statements:
        execute(connection, sql, params)
    flush(line)


def execute(connection: Any, sql: str, params: Sequence[Any] | Mapping[str, Any]) -> None:
    """Send one statement with its values beside it, not written into it as Django's own cursor does."""
    connection.Database.Cursor(connection.connection).execute(sql, params)


def flush(line: Any) -> None:
    """Wait until all that was handed over is on its way. Raises as the driver does when the server is gone."""
    if not line.closed:
        line.wait(_until_gone(line.pgconn))


def _until_gone(connection: Any) -> Generator[int, int, None]:
    while connection.flush():
        if (yield READABLE | WRITABLE) & READABLE:
            connection.consume_input()  # a server whose answers nobody takes reads no further
