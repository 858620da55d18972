"""Open pages: how soon they show what changed, and what a thousand of them cost."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from dataclasses import dataclass, field

from bench import load, messages
from bench.installation import Installation

STREAMS = 1_000
ROUNDS = 40
PAUSE_S = 0.6
IDLE_S = 15.0
FILES_MIN = STREAMS * 2 + 200
OPENING_AT_ONCE = 50


@dataclass(slots=True)
class Watcher:
    """One open page's stream."""

    port: int
    cookie: str
    about: str = "group:"
    told: asyncio.Event = field(default_factory=asyncio.Event)
    told_at: float = 0.0
    _writer: asyncio.StreamWriter | None = None
    _task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and wait until the server has said hello."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        request = (
            f"GET /live?about={self.about}&since=999999999 HTTP/1.1\r\nHost: x\r\nCookie: tocsin={self.cookie}\r\n\r\n"
        )
        self._writer.write(request.encode())
        heard = b""
        while b"event: hello" not in heard:
            piece = await reader.read(4096)
            assert piece, heard
            heard += piece
        self._task = asyncio.create_task(self._listen(reader))

    async def close(self) -> None:
        """Leave."""
        if self._task is not None:
            self._task.cancel()
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(4096):
            if b"event: changed" in piece:
                self.told_at = time.perf_counter()
                self.told.set()


async def shows(server: Installation, cookie: str) -> list[float]:
    """Seconds from the moment a sender's request leaves until an open page has fetched what it says, sorted."""
    watcher = Watcher(server.port, cookie)
    await watcher.open()
    took = []
    for number, request in enumerate(messages.fresh(ROUNDS, "shows")):
        watcher.told.clear()
        title = f"bench-shows{number} ".encode()
        started = time.perf_counter()
        await send(server.port, request)
        while True:
            await asyncio.wait_for(watcher.told.wait(), 10)
            watcher.told.clear()
            if title in await _fetch(server.port, cookie):
                break
        took.append(time.perf_counter() - started)
        await asyncio.sleep(PAUSE_S)
    await watcher.close()
    return sorted(took)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the server uses, and how fast it answers, at one time."""

    cpu_percent: float
    memory_mb: float
    p50_ms: float
    p99_ms: float


async def cost(server: Installation) -> Cost:
    """Doing nothing for a while; then taking signals in at a steady rate."""
    before, at = server.cpu_s(), time.perf_counter()
    await asyncio.sleep(IDLE_S)
    cpu = (server.cpu_s() - before) / (time.perf_counter() - at) * 100
    figures = await load.open_loop("127.0.0.1", server.port, messages.repeats(), per_s=300, seconds=8)
    server.wait_absorbed()
    return Cost(
        cpu_percent=cpu,
        memory_mb=server.memory_mb(),
        p50_ms=figures.percentile_ms(0.5),
        p99_ms=figures.percentile_ms(0.99),
    )


async def crowd(server: Installation, cookie: str) -> list[Watcher]:
    """A thousand open pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_MIN:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_MIN, hard), hard))
    watchers = [Watcher(server.port, cookie) for _ in range(STREAMS)]
    for start in range(0, STREAMS, OPENING_AT_ONCE):
        await asyncio.gather(*(one.open() for one in watchers[start : start + OPENING_AT_ONCE]))
    return watchers


async def all_told(server: Installation, watchers: list[Watcher]) -> float:
    """Seconds from one signal until the last of the open pages has been told."""
    for one in watchers:
        one.told.clear()
    (request,) = messages.fresh(1, "told")
    started = time.perf_counter()
    await send(server.port, request)
    await asyncio.wait_for(asyncio.gather(*(one.told.wait() for one in watchers)), 30)
    return max(one.told_at for one in watchers) - started


async def send(port: int, request: bytes) -> None:
    """One sender's request, to its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await reader.readline()
    writer.close()


async def _fetch(port: int, cookie: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nCookie: tocsin={cookie}\r\nConnection: close\r\n\r\n".encode())
    body = await reader.read(-1)
    writer.close()
    return body
