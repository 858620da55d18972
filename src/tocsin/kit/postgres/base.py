"""The Django database backend `tocsin.kit.postgres`: Django's own, on connections that do not wait for ever.

TCP notices a machine that vanished, and the server's own limits (limits.py) end what takes too long. Neither helps when
somebody in between acknowledges and passes nothing on, or the server hangs on its disk: whoever waits for an answer then
waits for as long as that lasts. So a connection whose answer does not come is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen

from tocsin.kit.postgres import limits
from tocsin.kit.postgres.appender import Appender

T = TypeVar("T")
_LOOK_EVERY_S = 0.1  # for signals like Ctrl-C


class Line(psycopg.Connection[Any]):
    """A connection that is given up when an answer does not come."""

    answer_s_max: float | None = limits.ANSWER_S_MAX

    def wait(self, gen: PQGen[T], interval: float = _LOOK_EVERY_S, timeout: float | None = None) -> T:
        if timeout is not None:  # a wait for notifications, which need not be interrupted
            return super().wait(gen, max(interval, timeout), timeout)
        if self.answer_s_max is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_s_max)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001  there is no other name for it
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server has not answered for {self.answer_s_max:.0f} s") from None


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, whose pool makes such connections."""

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        pool = settings_dict["OPTIONS"].get("pool")
        if isinstance(pool, dict):
            pool["connection_class"] = Line

    def appender(self, loop: asyncio.AbstractEventLoop) -> Appender:
        """A connection for this event loop, held to the same limits, outside the pool. Raises as connecting does."""
        with self.wrap_database_errors:
            return Appender(loop, psycopg.connect(**self.get_connection_params(), autocommit=True))

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """For what may take its time, like a change of the tables."""
        self.ensure_connection()
        line: Any = self.connection
        held = getattr(line, "answer_s_max", None)
        line.answer_s_max = None
        self._run("SET {} = '0'")
        try:
            yield
        finally:
            self._run("RESET {}")
            line.answer_s_max = held

    def _run(self, what: str) -> None:
        with self.cursor() as cursor:
            for name in (*limits.SESSION_MS, "application_name"):  # under another name nobody takes it for abandoned
                cursor.execute(what.format(name))
