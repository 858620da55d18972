"""Connections whose client never finishes what it began, ended: a sender that hangs costs a socket, and not for ever.

uvicorn ends a connection that is idle after an answer, but waits without end for a first request, for the rest of a
head and for the rest of a body. They are looked at from outside every few seconds, so that a request costs nothing.
Nor has a head a bound there, while what comes of it is held in memory; here it has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

REQUEST_S_MAX = 60.0  # for a whole request; five megabytes then need 85 kB/s
LOOK_EVERY_S = 5.0
HEAD_BYTES_MAX = 64 * 1024
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """uvicorn's, with a bound on the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        self._in_head = False
        self._head_bytes = 0
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()


class Stragglers:
    """Remembers since when each connection has been waiting for the same thing."""

    def __init__(self) -> None:
        self._waiting: dict[HttpToolsProtocol, tuple[object, float]] = {}

    def end(self, connections: Iterable[object], now_s: float) -> int:
        """End those that have waited too long for their client; how many."""
        waiting = {}
        ended = 0
        for connection in connections:
            if not isinstance(connection, HttpToolsProtocol) or not _waits_for_client(connection):
                continue
            since = self._waiting.get(connection, (None, now_s))
            if since[0] is not connection.cycle:
                since = (connection.cycle, now_s)
            if now_s - since[1] >= REQUEST_S_MAX:
                _end(connection)
                ended += 1
            else:
                waiting[connection] = since
        self._waiting = waiting
        return ended


def _waits_for_client(connection: HttpToolsProtocol) -> bool:
    """Whether it is the client's turn, and no timer of uvicorn's own is running."""
    cycle = _cycle(connection)
    if cycle is None:
        return True
    return connection.timeout_keep_alive_task is None if cycle.response_complete else bool(cycle.more_body)


def _end(connection: HttpToolsProtocol) -> None:
    cycle = _cycle(connection)
    if cycle is None or cycle.response_complete or not cycle.response_started:
        connection.transport.write(_TOO_SLOW)
    connection.transport.close()


def _cycle(connection: HttpToolsProtocol) -> RequestResponseCycle | None:
    return cast("RequestResponseCycle | None", connection.cycle)  # None before the first head is complete
