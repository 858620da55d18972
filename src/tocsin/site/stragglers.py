"""Connections whose client never finishes what it began, ended: a sender that hangs costs a socket, and not for ever.

uvicorn ends a connection that is idle after an answer, but waits without end for a first request, for the rest of a
head and for the rest of a body. They are looked at from outside every few seconds, so that a request costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tocsin.site.connection import Connection

REQUEST_S_MAX = 60.0  # for a whole request; five megabytes then need 85 kB/s
LOOK_EVERY_S = 5.0
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Stragglers:
    """Remembers since when each connection has been waiting for the same thing."""

    def __init__(self) -> None:
        self._waiting: dict[Connection, tuple[object, float]] = {}

    def end(self, connections: Iterable[object], now_s: float) -> int:
        """End those that have waited too long for their client; how many."""
        waiting = {}
        ended = 0
        for connection in connections:
            if not isinstance(connection, Connection) or not _waits_for_client(connection):
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


def _waits_for_client(connection: Connection) -> bool:
    """Whether it is the client's turn, and the timer of idle connections does not see to it."""
    cycle = _cycle(connection)
    if cycle is None:
        return True
    return not connection.is_idle if cycle.response_complete else bool(cycle.more_body)


def _end(connection: Connection) -> None:
    cycle = _cycle(connection)
    if cycle is None or cycle.response_complete or not cycle.response_started:
        connection.transport.write(_TOO_SLOW)
    connection.transport.close()


def _cycle(connection: Connection) -> RequestResponseCycle | None:
    return cast("RequestResponseCycle | None", connection.cycle)  # None before the first head is complete
