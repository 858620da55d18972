"""HttpSink: a real HTTP/1.1 server on loopback that records what it is sent and misbehaves on request.

with HttpSink() as sink:
    sink.answer(503, headers={"Retry-After": "7"}, times=1)   # once, then 200 again
    ...post to sink.url...
    assert sink.wait_for(2)[1].json()["type"] == "page"
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from fakes.loop import LoopThread, close_server

WAIT_S = 30.0  # machines are shared
HEAD_BYTES_MAX = 65536


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came over the wire; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int  # which connection of this sink it came over, from 1
    at_s: float  # when, on the clock that nobody can set

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to do with one request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    drop: bool = False  # close without a word
    raw: bytes | None = None  # written as it is instead of an answer, then the connection is closed
    drip_s: float = 0.0  # between one byte of the body and the next
    claim_bytes: int | None = None  # a Content-Length that is not true


class HttpSink:
    """Answers 200 to everything until told otherwise."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.concurrent_max = 0
        self._tls = tls
        self._script: deque[Answer] = deque()
        self._standing = Answer()
        self._by_path: dict[str, Answer] = {}
        self._arrived = threading.Condition()
        self._open = 0
        self._thread = LoopThread("http-sink")
        self._server: asyncio.Server | None = self._thread.call(self._listen(0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where to send to: http://127.0.0.1:port, or https://localhost:port with TLS."""
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    def answer(
        self,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        times: int | None = None,
        delay_s: float = 0.0,
    ) -> None:
        """Answer the next `times` requests so, or all from now on; several calls with `times` form a sequence."""
        self.plan(Answer(status=status, headers=headers or {}, body=body, delay_s=delay_s), times=times)

    def drop(self, *, times: int | None = None, delay_s: float = 0.0) -> None:
        """Take the request and close the connection without an answer."""
        self.plan(Answer(drop=True, delay_s=delay_s), times=times)

    def garbage(self, raw: bytes = b"\x16\x03\x01 not http at all\r\n\r\n", *, times: int | None = None) -> None:
        """Answer with bytes that are not HTTP."""
        self.plan(Answer(raw=raw), times=times)

    def drip(self, body: bytes, *, every_s: float, times: int | None = None) -> None:
        """Send the status at once and the body byte by byte."""
        self.plan(Answer(body=body, drip_s=every_s), times=times)

    def redirect(self, to: str, *, status: int = 302, times: int | None = None) -> None:
        """Point somewhere else."""
        self.answer(status, {"Location": to}, times=times)

    def plan(self, answer: Answer, *, times: int | None = None) -> None:
        """Any answer, for the next `times` requests or from now on."""
        if times is None:
            self._script.clear()
            self._standing = answer
        else:
            self._script.extend([answer] * times)

    def at_path(self, path: str, answer: Answer) -> None:
        """Answer requests to this path so, always."""
        self._by_path[path] = answer

    def refuse(self) -> None:
        """Stop listening: connections are refused until `listen`."""
        self._thread.call(self._stop())

    def listen(self) -> None:
        """Listen again on the same port."""
        self._server = self._thread.call(self._listen(self.port))

    def wait_for(self, count: int, within_s: float = WAIT_S) -> list[Received]:
        """The requests so far, once there are `count`; fails if there are fewer in time."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.requests) >= count, within_s)
        assert enough, f"{len(self.requests)} of {count} requests came within {within_s} s"
        return list(self.requests)

    def close(self) -> None:
        """Stop serving."""
        self._thread.call(self._stop())
        self._thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(
            self._serve, "127.0.0.1", port, ssl=self._tls, limit=HEAD_BYTES_MAX, backlog=1024
        )

    async def _stop(self) -> None:
        if self._server is not None:
            await close_server(self._server)
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while await self._one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client went away, as it may
        except asyncio.CancelledError:
            pass  # the sink is closed; asyncio's streams would log a cancellation as an accident
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        received = await _read(reader, number)
        answer = self._next(received)
        self._open += 1
        self.concurrent_max = max(self.concurrent_max, self._open)
        try:
            with self._arrived:
                self.requests.append(received)
                self._arrived.notify_all()
            await asyncio.sleep(answer.delay_s)
            return await _write(writer, answer)
        finally:
            self._open -= 1

    def _next(self, received: Received) -> Answer:
        fixed = self._by_path.get(received.path)
        if fixed is not None:
            return fixed
        return self._script.popleft() if self._script else self._standing


async def _read(reader: asyncio.StreamReader, number: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, path=path, headers=headers, body=body, connection=number, at_s=time.monotonic())


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Whether the connection stays open."""
    if answer.drop:
        return False
    if answer.raw is not None:
        writer.write(answer.raw)
        await writer.drain()
        return False
    length = len(answer.body) if answer.claim_bytes is None else answer.claim_bytes
    headers = {"Content-Length": str(length), **answer.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} Said\r\n{head}\r\n".encode("latin-1"))
    if answer.drip_s:
        for byte in answer.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(answer.drip_s)
    else:
        writer.write(answer.body)
    await writer.drain()
    return answer.claim_bytes is None
