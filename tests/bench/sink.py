"""A webhook receiver that costs next to nothing: answers 200 and notes when each page arrived."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import cast

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """Counts requests; `times` holds (arrival, reference of the first group in the body)."""

    def __init__(self) -> None:
        self.count = 0
        self.first = 0.0
        self.last = 0.0
        self.arrivals: dict[bytes, float] = {}
        self._wanted = 0
        self._reached = asyncio.Event()

    def arrived(self, body: bytes) -> None:
        """Note one request."""
        now = time.perf_counter()
        self.first = self.first or now
        self.last = now
        self.count += 1
        if self._wanted and self.count >= self._wanted:
            self._reached.set()
        at = body.find(b"bench-")
        if at >= 0:
            self.arrivals[body[at : body.index(b" ", at)]] = now

    async def wait(self, count: int, seconds: float) -> None:
        """Until this many requests have come, or the time is up."""
        self._wanted = count
        if self.count < count:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reached.wait(), seconds)


class _Protocol(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head_end := self._buffer.find(b"\r\n\r\n")) >= 0:
            at = self._buffer.lower().find(b"content-length: ", 0, head_end)
            length = int(self._buffer[at + 16 : self._buffer.index(b"\r", at)]) if at >= 0 else 0
            end = head_end + 4 + length
            if len(self._buffer) < end:
                return
            self._sink.arrived(self._buffer[head_end + 4 : end])
            self._buffer = self._buffer[end:]
            self._transport.write(ANSWER)


async def listen(sink: Sink, port: int = 0) -> tuple[asyncio.Server, int]:
    """Serve on loopback; the server and its port."""
    server = await asyncio.get_running_loop().create_server(lambda: _Protocol(sink), "127.0.0.1", port)
    return server, server.sockets[0].getsockname()[1]
