"""A load generator that speaks just enough HTTP/1.1 to keep one core ahead of the server on the other.

Closed loop: each connection sends its next request when the last was answered. Open loop: requests leave at a fixed
rate whatever comes back, so latency includes the time a request had to wait for a free connection (no coordinated
omission).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

TICK_S = 0.001
"""What the event loop's timers can tell apart; less is a busy wait, which takes the core from what is measured."""


@dataclass(slots=True)
class Figures:
    """What came of a run. Latencies in seconds, one per answer."""

    answered: int = 0
    failed: int = 0
    took_s: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return self.answered / self.took_s if self.took_s else 0.0

    def percentile_ms(self, share: float) -> float:
        """The latency that this share of answers did not exceed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("nan")


class Connection(asyncio.Protocol):
    """One kept-alive connection; answers are recognised by their Content-Length."""

    def __init__(self, figures: Figures, ready: Callable[[Connection], None]) -> None:
        self._figures = figures
        self._ready = ready
        self._buffer = b""
        self._sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's

    def send(self, request: bytes, sent_at: float) -> None:
        """Send one request; `sent_at` is when it should have left."""
        self._sent_at = sent_at
        assert self.transport is not None
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        at = self._buffer.lower().find(b"content-length: ", 0, head_end)
        length = int(self._buffer[at + 16 : self._buffer.index(b"\r", at)]) if at >= 0 else 0
        if len(self._buffer) < head_end + 4 + length:
            return
        if self._buffer[9:10] == b"2":
            self._figures.answered += 1
            self._figures.latencies.append(time.perf_counter() - self._sent_at)
        else:
            self._figures.failed += 1
        self._buffer = b""
        self._ready(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._figures.failed += exc is not None


async def closed_loop(
    host: str, port: int, requests: Iterator[bytes], *, connections: int, seconds: float, count: int = 0
) -> Figures:
    """As fast as the server answers, over this many connections, for a time or for `count` requests."""
    figures = Figures()
    done = asyncio.Event()
    started = time.perf_counter()
    left = [count or 10**12]
    in_flight = [0]

    def ready(connection: Connection) -> None:
        in_flight[0] -= 1
        send(connection)

    def send(connection: Connection) -> None:
        now = time.perf_counter()
        if left[0] <= 0 or now - started >= seconds:
            if in_flight[0] == 0:
                done.set()
            return
        left[0] -= 1
        in_flight[0] += 1
        connection.send(next(requests), now)

    opened = await _open(host, port, connections, figures, ready)
    started = time.perf_counter()
    for connection in opened:
        send(connection)
    await asyncio.wait_for(done.wait(), seconds + 30)
    figures.took_s = time.perf_counter() - started
    _close(opened)
    return figures


async def open_loop(
    host: str, port: int, requests: Iterator[bytes], *, per_s: float, seconds: float, connections: int = 64
) -> Figures:
    """At a fixed rate, spread evenly."""
    figures = Figures()
    free: deque[Connection] = deque()
    waiting: deque[float] = deque()

    def ready(connection: Connection) -> None:
        if waiting:
            connection.send(next(requests), waiting.popleft())
        else:
            free.append(connection)

    opened = await _open(host, port, connections, figures, ready)
    free.extend(opened)
    started = time.perf_counter()
    sent, total = 0, int(per_s * seconds)
    while sent < total:
        due = min(total, int((time.perf_counter() - started) * per_s) + 1)
        for number in range(sent, due):
            at = started + number / per_s
            if free:
                free.popleft().send(next(requests), at)
            else:
                waiting.append(at)
        sent = due
        await asyncio.sleep(max(TICK_S, started + sent / per_s - time.perf_counter()))
    for _ in range(3000):
        if figures.answered + figures.failed >= total:
            break
        await asyncio.sleep(0.01)
    figures.took_s = time.perf_counter() - started
    _close(opened)
    return figures


async def _open(
    host: str, port: int, count: int, figures: Figures, ready: Callable[[Connection], None]
) -> list[Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: Connection(figures, ready), host, port))[1] for _ in range(count)]


def _close(opened: list[Connection]) -> None:
    for connection in opened:
        if connection.transport is not None:
            connection.transport.close()


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A request's bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
