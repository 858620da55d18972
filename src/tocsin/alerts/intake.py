"""The intake: a small ASGI application in front of Django that takes signals in at full speed.

Promise: a sender gets its success answer only after its signals are durable, and a bad payload gets its vendor's own
error, never a 5xx. Requests wait for the writer (writer.py), which makes all that has gathered durable in one commit.
Nothing is decided here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import structlog

from tocsin.alerts import received
from tocsin.alerts.keys import Door, Keys
from tocsin.alerts.ledger import Accepted
from tocsin.alerts.refusals import Kind, Refusals
from tocsin.alerts.writer import Done, Writer
from tocsin.engine import bell
from tocsin.kit import clock, db, troubles
from tocsin.sources import registry
from tocsin.sources.domain import Reading, Refusal, RefusalKind, Reply, Request, Settings, Source

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BUSY_RETRY_AFTER_S = 5  # a full queue is written within a second or two
READ_INLINE_BYTES_MAX = 64 * 1024  # a larger body is read in a thread, so that nobody waits for it
KEYS_POLL_S = 1.0
_DEFAULTS = Settings()

Answer = Callable[[Reply], None]


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, decoded when asked for: most sources never look at one."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        wanted = name.encode("latin-1", "replace")
        for held, value in self._raw:
            if held == wanted:
                return value.decode("latin-1")
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name, _ in self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class BrokenOff(Exception):
    """The client went away in the middle of its request. It got no answer, so nothing was promised."""


def to_keep(door: Door, request: Request, reading: Reading) -> Accepted:
    """What is made durable of a request: what was read from it, and it as received, without the key."""
    return Accepted(
        door.integration,
        door.source,
        received.without_key(
            request.body or request.query.encode(),
            door.key,
            may_hide=not request.body or request.tail in registry.SOURCES[door.source].key_in_body,
        ),
        reading.signals,
        reading.reference,
        "\n".join(reading.problems),
    )


class Intake:
    """The ASGI application for every address a source answers on."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.writer = Writer()
        self.refusals = Refusals()
        self._poll: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._next_look: asyncio.Task[None] | None = None  # at the configuration, not begun yet

    async def start(self) -> None:
        """Load the keys and start the writer."""
        self._loop = loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _in_thread, self.keys.refresh)
        self.writer.start(loop)
        self._stop_listening = bell.listen(bell.CONFIG, self._ring)
        self._poll = asyncio.create_task(self._follow_configuration())

    async def stop(self) -> None:
        """Make durable what waits, then end."""
        self._stop_listening()
        if self._poll is not None:
            self._poll.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self.writer.stop)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer the request if its address is one for signals; False leaves it to others."""
        found = registry.find(scope["method"], scope["path"])
        if found is None:
            return False
        if isinstance(found, registry.MethodNotAllowed):
            request = Request(method=scope["method"], path=scope["path"])
            refusal = Refusal(kind=RefusalKind.METHOD, allow=found.allow)
            await _reply(send, found.source.refuse(request, refusal))
            return True
        try:
            reply = await self._take(scope, receive, found)
        except BrokenOff:
            return True
        await _reply(send, reply)
        return True

    def take(
        self, found: registry.Found, path: str, headers: Sequence[tuple[bytes, bytes]], body: bytes, answer: Answer
    ) -> bool:
        """The short way for a whole, small request: `answer` is called on the loop, at once or when it is durable.

        False if more must be asked about it first, or other words found: then nothing is done, and `handle` is to
        take it.
        """
        source = found.source
        request = Request(method="POST", path=path, headers=Headers(headers), body=body, key=found.key, tail=found.tail)
        key = source.key(request)
        door = self.keys.find(key) if key is not None and len(body) <= source.body_bytes_max else None
        if door is None or door.source != source.name or door.bucket.take() is not None:
            return False
        reading = source.read(request, door.settings, clock.now())
        if not reading.signals:
            self._note_refusal(door, reading)
            answer(reading.reply)
            return True

        def done(is_durable: bool) -> None:
            answer(reading.reply if is_durable else _busy(source, request))

        if not self._submit(to_keep(door, request, reading), done):
            answer(_busy(source, request))
        return True

    async def _take(self, scope: Scope, receive: Receive, found: registry.Found) -> Reply:
        source = found.source
        body = await _body(receive, source.body_bytes_max)
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=Headers(scope["headers"]),
            body=body if body is not None else b"",
            key=found.key,
            tail=found.tail,
        )
        if body is None:
            door = self.keys.find(source.key(request) or "")
            if door is not None and door.source == source.name:
                self.refusals.count(door.integration, Kind.TOO_LARGE)
            too_large = Refusal(kind=RefusalKind.TOO_LARGE, body_bytes_max=source.body_bytes_max)
            return source.refuse(request, too_large)
        return await self._accept(source, request)

    async def _accept(self, source: Source, request: Request) -> Reply:
        key = source.key(request)
        if key is None and request.tail not in source.key_in_body:
            return source.refuse(request, Refusal(kind=RefusalKind.UNKNOWN_KEY))
        if key is None:  # perhaps because the body cannot be read, which the sender is to hear then
            reading = await _read(source, request, _DEFAULTS)
            is_refused = reading.reply.status >= 400 and not reading.signals
            return reading.reply if is_refused else source.refuse(request, Refusal(kind=RefusalKind.UNKNOWN_KEY))
        door = await self._door(source, key)
        if door is None:
            return source.refuse(request, Refusal(kind=RefusalKind.UNKNOWN_KEY))
        wait_s = door.bucket.take()
        if wait_s is not None:
            self.refusals.count(door.integration, Kind.LIMIT)
            return source.refuse(request, Refusal(kind=RefusalKind.RATE_LIMITED, retry_after_s=wait_s))
        if len(request.body) <= READ_INLINE_BYTES_MAX:
            reading = source.read(request, door.settings, clock.now())
        else:
            reading = await _read(source, request, door.settings)
        if not reading.signals:
            self._note_refusal(door, reading)
            return reading.reply
        return await self._make_durable(source, request, door, reading)

    def _note_refusal(self, door: Door, reading: Reading) -> None:
        if reading.reply.status >= 400:
            why = "; ".join(reading.problems) or f"answered {reading.reply.status}"
            self.refusals.count(door.integration, Kind.UNREADABLE, why)

    async def _make_durable(self, source: Source, request: Request, door: Door, reading: Reading) -> Reply:
        future: asyncio.Future[bool] = self._loop.create_future()

        def done(is_durable: bool) -> None:
            if not future.done():
                future.set_result(is_durable)

        if not self._submit(to_keep(door, request, reading), done) or not await future:
            return _busy(source, request)
        return reading.reply

    def _submit(self, accepted: Accepted, done: Done) -> bool:
        """Have it made durable, unless the database is damaged: it may take what nobody finds again."""
        if troubles.writes.is_distrusted():
            self.writer.put_off += 1
            return False
        return self.writer.submit(accepted, done)

    async def _door(self, source: Source, key: str) -> Door | None:
        door = self.keys.find(key)
        if door is None:
            await self._recheck()
            door = self.keys.find(key)
        return door if door is not None and door.source == source.name else None

    async def _recheck(self) -> None:
        """Look again at the configuration, as it is from now on: a key may have been given out a moment ago.

        Whoever comes before the look begins shares it, so that wrong keys cost one look in KEYS_RECHECK_S at most.
        """
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_soon())
        await asyncio.shield(self._next_look)

    async def _look_soon(self) -> None:
        await asyncio.sleep(self.keys.recheck_in_s())
        self._next_look = None
        await self._refresh_keys()

    def _ring(self) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)

    async def _refresh_keys(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, _in_thread, self.keys.refresh)
        except db.DatabaseGone:
            log.warning("intake.keys_not_refreshed", hint="the database is away; the keys last known go on working")

    async def _follow_configuration(self) -> None:
        while True:
            try:
                async with asyncio.timeout(KEYS_POLL_S):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            await self._refresh_keys()
            if self.refusals.are_untold():
                await asyncio.get_running_loop().run_in_executor(None, _in_thread, self._tell_refusals)

    def _tell_refusals(self) -> None:
        try:
            self.refusals.tell(clock.now())
        except Exception:
            log.exception("intake.refusals_not_told", hint="the next are told again")


def _in_thread(call: Callable[[], None]) -> None:
    """Use the database in a pool's thread, leaving no connection behind."""
    try:
        call()
    finally:
        db.drop_connection()


async def _read(source: Source, request: Request, settings: Settings) -> Reading:
    """What the request says, read in a thread so that nobody waits for a large one."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, source.read, request, settings, clock.now())


def _busy(source: Source, request: Request) -> Reply:
    return source.refuse(request, Refusal(kind=RefusalKind.UNAVAILABLE, retry_after_s=BUSY_RETRY_AFTER_S))


async def _body(receive: Receive, bytes_max: int) -> bytes | None:
    """The whole body, None if it is larger than allowed. Raises BrokenOff: half a text can say the opposite."""
    message = await receive()  # a client that calls and hangs up at once is gone already, but has said all it had to
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= bytes_max else None
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BrokenOff
        part = message.get("body", b"")
        size += len(part)
        if size > bytes_max:
            return None
        parts.append(part)
    return b"".join(parts)


async def _reply(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode("latin-1")),
        (b"content-length", str(len(reply.body)).encode("latin-1")),
    ]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
