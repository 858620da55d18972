"""The live stream: tells open pages that something changed, never what. They then fetch what they show.

One watcher per process reads the journal when a bell rings (and every few seconds without one, for the facts of other
processes) and wakes the streams that are about what changed; a stream costs a task and a queue of one, no thread and
no connection to the database. It is served in front of Django for that reason.

GET /live?about=group:12&since=345 answers with server-sent events: `hello` at once, `changed` with the newest fact's
number whenever a fact of that story is newer than `since` (or than Last-Event-ID after a reconnect), a comment every
15 seconds so that proxies keep the line open. When a change concerns a crowd of pages, they are told one after the
other: each fetches what it shows at once, and the server has pages to send and signals to take in. `about` names subjects, separated by commas; one that ends with a colon means all that begin so.
A stream ends after half an hour and the browser comes back: whoever lost the right in the meantime is not let in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import structlog

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
News = tuple[int, str]
"""A fact's number and its subject."""
Topics = tuple[str, ...]

PATH = "/live"
STREAMS_MAX = 5000  # pages open at once on one node
TOPICS_MAX = 20
QUERY_BYTES_MAX = 1000
HEARTBEAT_S = 15.0  # proxies commonly cut a silent connection after 60 s
POLL_S = 2.0  # a fact that no bell announced is seen after this time
GATHER_S = 0.1  # facts come in bursts: what follows within this time wakes a page once
STREAM_LASTS_S = 1800.0  # then the browser asks anew, and with it whether it still may
RETRY_MS = 2000  # how soon a browser comes back after a cut
AT_ONCE = 100  # so many pages are told of a change at once, more of them in turn
NEXT_AFTER_S = 0.1
READ_AGAIN = 500  # numbers below the newest are looked at again: transactions do not commit in their order
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
REFUSED = b"Sign in to watch."
FULL = b"Too many pages are watching."


@dataclass(slots=True, eq=False)
class _Stream:
    """One open page."""

    topics: Topics
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    newest: int = 0  # the newest fact it is to be told of
    told: int = 0
    in_turn: bool = False  # it is told when its turn comes
    gone: bool = False

    def tell(self, number: int) -> None:
        self.newest = max(self.newest, number)
        self.wake.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the stream needs from others. The functions run in threads and may use the database."""

    may_watch: Callable[[str], bool]  # by the Cookie header
    complete_to: Callable[[], int]  # the number up to which all facts are there: later ones may come with lower ones
    since: Callable[[int], list[News] | None]  # news after a number, None if that is too much to tell
    listen: Callable[[Callable[[], None]], Callable[[], None]]  # to the bell; gives back how to stop


class Live:
    """The streams of this process."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._streams: set[_Stream] = set()
        self._watch = _Watch(sources, self._streams)
        self._closing = False
        self._doors = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live-door")

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve the request if it is for the stream; False if it is not."""
        if scope["path"] != PATH:
            return False
        topics, since = _asked(scope)
        if len(self._streams) >= STREAMS_MAX or self._closing:
            await _refuse(send, 503, FULL)
        elif not topics or not await self._may_watch(scope):
            await _refuse(send, 403, REFUSED)
        else:
            await self._serve(_Stream(topics), since, receive, send)
        return True

    def close(self) -> None:
        """End all streams, from the loop's thread: the server stops."""
        self._closing = True
        for stream in self._streams:
            stream.gone = True
            stream.wake.set()
        self._doors.shutdown(wait=False)

    async def _may_watch(self, scope: Scope) -> bool:
        cookie = _header(scope, b"cookie")
        return await asyncio.get_running_loop().run_in_executor(self._doors, self._sources.may_watch, cookie)

    async def _serve(self, stream: _Stream, since: int, receive: Receive, send: Send) -> None:
        self._streams.add(stream)
        leaving = asyncio.create_task(_notice_leaving(stream, receive))
        try:
            await self._watch.ensure()
            missed = self._watch.missed(stream, since)
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await _send(send, f"retry: {RETRY_MS}\nevent: hello\ndata:\n\n")
            if missed:
                stream.tell(missed)
            await _tell_until_gone(stream, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass  # the client left in the middle of a line
        finally:
            self._streams.discard(stream)
            leaving.cancel()


class _Watch:
    """Reads the journal for all streams, for as long as there are any."""

    def __init__(self, sources: Sources, streams: set[_Stream]) -> None:
        self._sources = sources
        self._streams = streams
        self._recent: deque[News] = deque(maxlen=READ_AGAIN * 4)
        self._newest = 0
        self._complete_from = 0  # `_recent` holds everything after this number
        self._task: asyncio.Task[None] | None = None
        self._in_turn: deque[_Stream] = deque()
        self._telling: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-read")

    async def ensure(self) -> None:
        """Start reading if nobody reads."""
        async with self._starting:
            if self._task is None or self._task.done():
                self._newest = self._complete_from = await self._read(self._sources.complete_to)
                self._recent.clear()
                self._task = asyncio.create_task(self._run())

    def missed(self, stream: _Stream, since: int) -> int:
        """The newest fact a page that shows everything up to `since` does not show; 0 if it is fresh."""
        if since < self._complete_from:
            return self._newest
        return max(
            (number for number, subject in self._recent if number > since and _is_about(stream.topics, subject)),
            default=0,
        )

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        rung = asyncio.Event()

        def ring() -> None:
            loop.call_soon_threadsafe(rung.set)

        stop_listening = self._sources.listen(ring)
        try:
            while self._streams:
                await _wait(rung, POLL_S)
                rung.clear()
                await self._read_news()
                await asyncio.sleep(GATHER_S)
        finally:
            stop_listening()

    async def _read_news(self) -> None:
        try:
            news = await self._read(lambda: self._sources.since(max(0, self._newest - READ_AGAIN)))
            complete = await self._read(self._sources.complete_to) if news is None else 0
        except Exception as error:  # noqa: BLE001 - pages fall back to asking; the next round tries again
            log.warning("live.read_failed", error=str(error))
            return
        if news is None:
            self._newest = self._complete_from = complete
            self._recent.clear()
            self._tell([(stream, complete) for stream in self._streams])
            return
        self._spread(news)

    def _spread(self, news: list[News]) -> None:
        known = {number for number, _ in self._recent}
        fresh = [(number, subject) for number, subject in news if number > self._complete_from and number not in known]
        if not fresh:
            return
        if len(self._recent) + len(fresh) > (self._recent.maxlen or 0):
            self._complete_from = self._newest
        self._recent.extend(fresh)
        self._newest = max(self._newest, fresh[-1][0])
        newest = {subject: number for number, subject in fresh}  # the last of a subject is its newest
        concerns: dict[Topics, int] = {}  # most pages are about the same: asked once for all of them
        for topics in {stream.topics for stream in self._streams}:
            concerns[topics] = max((at for subject, at in newest.items() if _is_about(topics, subject)), default=0)
        self._tell([(stream, number) for stream in self._streams if (number := concerns[stream.topics])])

    def _tell(self, concerned: list[tuple[_Stream, int]]) -> None:
        if len(concerned) <= AT_ONCE:
            for stream, number in concerned:
                stream.tell(number)
            return
        for stream, number in concerned:
            stream.newest = max(stream.newest, number)
            if not stream.in_turn:
                stream.in_turn = True
                self._in_turn.append(stream)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_in_turn())

    async def _tell_in_turn(self) -> None:
        while self._in_turn:
            for _ in range(min(AT_ONCE, len(self._in_turn))):
                stream = self._in_turn.popleft()
                stream.in_turn = False
                stream.wake.set()
            await asyncio.sleep(NEXT_AFTER_S)

    async def _read(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._reader, call)


async def _tell_until_gone(stream: _Stream, send: Send) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + STREAM_LASTS_S
    while not stream.gone and loop.time() < ends_at:
        if not await _wait(stream.wake, HEARTBEAT_S):
            await _send(send, ":\n\n")
            continue
        stream.wake.clear()
        if not stream.gone and stream.newest > stream.told:
            stream.told = stream.newest
            await _send(send, f"id: {stream.newest}\nevent: changed\ndata:\n\n")


def _is_about(topics: Topics, subject: str) -> bool:
    return any(subject.startswith(topic) if topic.endswith(":") else subject == topic for topic in topics)


async def _notice_leaving(stream: _Stream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.gone = True
    stream.wake.set()


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: int, why: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why})


def _asked(scope: Scope) -> tuple[Topics, int]:
    query = parse_qs(bytes(scope["query_string"])[:QUERY_BYTES_MAX].decode("latin-1"))
    topics = [topic for topic in query.get("about", [""])[0].split(",") if topic]
    written = _header(scope, b"last-event-id") or query.get("since", ["0"])[0]
    return tuple(topics[:TOPICS_MAX]), int(written) if written.isdecimal() and written.isascii() else 0


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
