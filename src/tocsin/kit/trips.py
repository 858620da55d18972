"""Which writes travel to PostgreSQL together.

What is sent before anything of the answer is read must fit into the connection's buffer: the driver hands the statements
of one trip over without waiting until they are gone, and then waits for an answer that nobody gives as long as the rest
of them is not sent. So a trip is small, and whatever is larger goes alone, which the driver sees through to its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from typing import Any

Statement = tuple[str, Sequence[Any] | Mapping[str, Any]]
BYTES_MAX = 12 * 1024  # of a trip; with one statement more it fits the smallest buffer a connection begins with
SCALAR_BYTES = 8  # of a number, and of what goes with each value


def go(connection: Any, statements: Sequence[Statement], stack: ExitStack) -> None:
    """Send them in order, in as few round trips as can be; the last is under way until the stack is closed."""
    *ahead, last = split(statements)
    if is_alone(last):
        ahead, last = [*ahead, last], []
    for trip in ahead:
        with nullcontext() if is_alone(trip) else connection.connection.pipeline():
            _run(connection, trip)
    if last:
        stack.enter_context(connection.connection.pipeline())
        _run(connection, last)


def split(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Statements that can be sent together, in their order; a large one goes alone. At least one trip."""
    found: list[list[Statement]] = [[]]
    room = BYTES_MAX
    for statement in statements:
        size = _size(statement)
        if size > room and found[-1]:
            found.append([])
            room = BYTES_MAX
        found[-1].append(statement)
        room -= size
    return found


def is_alone(trip: Sequence[Statement]) -> bool:
    """Whether this is one statement that is larger than a trip may be."""
    return len(trip) == 1 and _size(trip[0]) > BYTES_MAX


def _run(connection: Any, trip: Sequence[Statement]) -> None:
    driver = connection.Database  # psycopg, imported only where it is used
    for sql, params in trip:
        driver.Cursor(connection.connection).execute(sql, params)


def _size(statement: Statement) -> int:
    """About how many bytes it takes, or more than one trip may have as soon as that is known."""
    sql, params = statement
    size = len(sql)
    for column in params.values() if isinstance(params, Mapping) else params:
        for value in column if isinstance(column, list) else (column,):
            length = len(value) if isinstance(value, (str, bytes)) else SCALAR_BYTES
            size += SCALAR_BYTES + (length if not isinstance(value, str) or value.isascii() else length * 4)
            if size > BYTES_MAX:
                return size
    return size
