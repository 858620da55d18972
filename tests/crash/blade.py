"""A blade that kills the process, as far as the database can tell, at one statement or commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections


class Crash(BaseException):
    """The process is gone. Not an Exception, so that nothing in the application can answer it."""


class Blade:
    """Counts what is asked of this thread's connection, and falls at the n-th: before a statement, before or after a commit.

    When it falls the connection is dropped, so what was not committed is lost; from then on it does nothing.
    """

    def __init__(self, falls_at: int | None = None) -> None:
        self.count = 0
        self.fell_before = ""
        self._falls_at = falls_at

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Count as long as this lasts."""
        connection: Any = connections["default"]
        commit = connection._commit

        def counted_commit() -> None:
            self._pass("COMMIT")
            commit()
            self._pass("what follows a COMMIT")

        connection._commit = counted_commit
        connection.execute_wrappers.append(self._statement)
        try:
            yield
        finally:
            connection.execute_wrappers.remove(self._statement)
            del connection._commit

    def _statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self._pass(sql)
        return execute(sql, params, many, context)

    def _pass(self, what: str) -> None:
        if self.fell_before:
            return
        self.count += 1
        if self.count == self._falls_at:
            self.fell_before = what
            connections["default"].close()
            raise Crash(what)
