"""A connection on the event loop that inserts: the loop sends, goes on, and hears the answer as it hears everybody.

No thread waits, so nothing has to change hands on the way there and back; under load that is most of what a small commit
costs. It runs one statement at a time, each in a transaction of its own. It does not judge errors: after the first it is
of no more use, and whoever sent tries again elsewhere.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from tocsin.kit.postgres import limits
from tocsin.kit.postgres.arrays import Statement

log = structlog.get_logger()
_GOOD, _PIPELINE_SYNC = (1, 2), 10  # as psycopg.pq names them; it is imported only where it is used

Done = Callable[[bool], None]
"""Told on the loop whether it is durable; if not, nobody knows."""


class Appender:
    """Made in any thread; all the rest on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, line: Any) -> None:
        """`line` is a fresh connection of psycopg's that commits each statement."""
        self._loop = loop
        self._line = line
        self._names: dict[str, bytes] = {}  # of the statements the server has prepared
        self._done: Done | None = None
        self._error = ""
        self._limit: asyncio.TimerHandle | None = None
        self._socket: int | None = (
            None  # a number of our own for it: the driver gives its own away when the line breaks
        )
        self.is_open = True

    @property
    def is_free(self) -> bool:
        """Whether it can be sent to."""
        return self.is_open and self._done is None

    def send(self, statement: Statement, done: Done) -> None:
        """Have it run; only when it is free. `done` is called later, never from in here."""
        self._done = done
        self._limit = self._loop.call_later(limits.ANSWER_S_MAX, self._fail, "no answer")
        self._try(partial(self._send, statement))

    def close(self) -> None:
        """Whatever it was doing."""
        if self.is_open:
            self.is_open = False
            if self._socket is not None:
                self._loop.remove_reader(self._socket)
                self._loop.remove_writer(self._socket)
                os.close(self._socket)
            self._line.close()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001  whatever it is, somebody waits to hear of it
            self._loop.call_soon(self._fail, str(error))

    def _send(self, statement: Statement) -> None:
        socket, server = self._attached(), self._line.pgconn
        name = self._names.get(statement.sql)
        if name is None:
            name = self._names[statement.sql] = b"append%d" % len(self._names)
            server.send_prepare(name, statement.sql.encode())
        formats = [1] * len(statement.values)
        server.send_query_prepared(name, statement.values, param_formats=formats, result_format=1)
        server.pipeline_sync()
        self._flush(socket)

    def _attached(self) -> int:
        """The socket, which the loop watches from the first use on."""
        if self._socket is None:
            self._socket = os.dup(self._line.fileno())
            self._line.pgconn.nonblocking = 1
            self._line.pgconn.enter_pipeline_mode()
            self._loop.add_reader(self._socket, self._try, self._read)
        return self._socket

    def _flush(self, socket: int) -> None:
        """Send what the connection's buffer takes, and the rest when there is room."""
        if self._line.pgconn.flush():
            self._loop.add_writer(socket, self._try, partial(self._flush, socket))
        else:
            self._loop.remove_writer(socket)

    def _read(self) -> None:
        self._line.pgconn.consume_input()
        if self._done is not None and self._is_answered():
            if self._error:
                self._fail(self._error)
            else:
                self._end(is_durable=True)

    def _is_answered(self) -> bool:
        """Whether all of it is there: the results of each step, a None after each, and the mark that ends them."""
        server, was_none = self._line.pgconn, False
        while not server.is_busy():
            result = server.get_result()
            if result is None:
                if was_none:
                    return False
                was_none = True
                continue
            was_none = False
            if result.status == _PIPELINE_SYNC:
                return True
            if result.status not in _GOOD:
                self._error = self._error or result.error_message.decode("utf-8", "replace") or "aborted"
        return False

    def _fail(self, why: str) -> None:
        log.warning("appender.given_up", error=(why.strip().splitlines() or [""])[0], hint="another is opened")
        self.close()
        self._end(is_durable=False)

    def _end(self, *, is_durable: bool) -> None:
        done, self._done = self._done, None
        if self._limit is not None:
            self._limit.cancel()
        if done is not None:
            done(is_durable)
