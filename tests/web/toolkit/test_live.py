"""The live stream: who may watch, what wakes a page, and that nothing is missed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from house import House
from tocsin.kit import clock
from tocsin.site import stream
from tocsin.web import live
from tocsin.web.live import Live, News, Sources
from world import disk_full, trigger


class Journal:
    """Facts in memory, and a bell that the test rings."""

    def __init__(self) -> None:
        self.facts: list[News] = []
        self.ring: Callable[[], None] = lambda: None
        self.listening = 0
        self.reads = 0
        self.broken = False
        self.refused = threading.Event()
        self.unheard = asyncio.Event()

    def sources(self) -> Sources:
        return Sources(
            may_watch=lambda cookie: cookie == "ann", complete_to=self.newest, since=self.since, listen=self.listen
        )

    def add(self, number: int, subject: str) -> None:
        self.facts.append((number, subject))
        self.ring()

    def newest(self) -> int:
        return max((number for number, _ in self.facts), default=0)

    def since(self, after: int) -> list[News] | None:
        self.reads += 1
        if self.broken:
            self.refused.set()
            raise OSError("gone")
        news = sorted(one for one in self.facts if one[0] > after)
        return None if len(news) > 50 else news

    def listen(self, call: Callable[[], None]) -> Callable[[], None]:
        self.ring = call
        self.listening += 1

        def stop() -> None:
            self.listening -= 1
            self.unheard.set()

        return stop


class Page:
    """One open page: a browser's side of a stream."""

    def __init__(
        self, streams: Live, about: str = "group:", since: int = 0, cookie: str = "ann", **headers: str
    ) -> None:
        self.status = 0
        self.events: list[str] = []
        self._news = asyncio.Event()
        self._gone = asyncio.Event()
        given = [(b"cookie", cookie.encode())] + [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        query = f"about={about}&since={since}".encode()
        scope = {"type": "http", "path": "/live", "query_string": query, "headers": given}
        self.task = asyncio.create_task(streams.handle(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: Any) -> None:
        self.status = event.get("status", self.status)
        self.events += [one for one in event.get("body", b"").decode().split("\n\n") if one]
        self._news.set()

    async def heard(self, what: str, within: float = 3.0) -> bool:
        """Whether a line with this comes in time."""
        try:
            async with asyncio.timeout(within):
                while not any(what in event for event in self.events):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def leave(self) -> None:
        self._gone.set()
        await self.task


def streaming(test: Callable[[Journal, Live], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        journal = Journal()
        streams = Live(journal.sources())
        try:
            await test(journal, streams)
        finally:
            streams.close()

    asyncio.run(body())


def test_a_page_hears_of_what_it_shows() -> None:
    """A fact of its own story wakes a page, with the fact's number; another story's does not."""

    async def test(journal: Journal, streams: Live) -> None:
        mine, all_of_them = Page(streams, "group:7"), Page(streams, "group:,silence:")
        assert await mine.heard("event: hello")
        assert await all_of_them.heard("event: hello")
        journal.add(1, "group:8")
        assert await all_of_them.heard("id: 1\nevent: changed")
        journal.add(2, "group:7")
        assert await mine.heard("id: 2\nevent: changed")
        assert not [event for event in mine.events if "id: 1" in event]
        journal.add(3, "group:71")
        assert await all_of_them.heard("id: 3")
        assert not [event for event in mine.events if "id: 3" in event]
        await mine.leave()
        await all_of_them.leave()

    streaming(test)


def test_nothing_is_missed_between_the_page_and_the_stream() -> None:
    """What happened after the page was made, or while the line was down, is told at once."""

    async def test(journal: Journal, streams: Live) -> None:
        journal.add(1, "group:7")
        fresh, stale = Page(streams, "group:7", since=1), Page(streams, "group:7", since=0)
        assert await stale.heard("id: 1\nevent: changed")
        assert await fresh.heard("hello")
        journal.add(2, "group:8")
        journal.add(3, "group:7")
        assert await fresh.heard("id: 3")
        back = Page(streams, "group:7", since=0, last_event_id="2")
        assert await back.heard("id: 3\nevent: changed")
        calm = Page(streams, "group:8", since=2)
        assert await calm.heard("hello")
        assert len(calm.events) == 1
        for page in (fresh, stale, back, calm):
            await page.leave()

    streaming(test)


def test_a_fact_that_becomes_visible_late_is_told() -> None:
    """A transaction that commits after one with a higher number wakes its pages all the same."""

    async def test(journal: Journal, streams: Live) -> None:
        page = Page(streams, "group:7")
        assert await page.heard("hello")
        other = Page(streams, "group:8")
        assert await other.heard("hello")
        journal.add(11, "group:8")
        assert await other.heard("id: 11")
        journal.add(10, "group:7")
        assert await page.heard("event: changed")
        await page.leave()
        await other.leave()

    streaming(test)


def test_a_flood_of_facts_wakes_everybody_once() -> None:
    """When there is too much to tell, each page is told to look."""

    async def test(journal: Journal, streams: Live) -> None:
        page = Page(streams, "group:7")
        assert await page.heard("hello")
        journal.facts += [(number, "group:9") for number in range(1, 500)]
        journal.ring()
        assert await page.heard("id: 499\nevent: changed")
        await page.leave()

    streaming(test)


def test_strangers_and_nonsense_are_refused() -> None:
    """Without a session, or without saying about what, there is no stream; other addresses are not ours."""

    async def test(_: Journal, streams: Live) -> None:
        for page in (Page(streams, cookie="eve"), Page(streams, about=""), Page(streams, about=",,,")):
            await page.task
            assert page.status == 403
        assert not await streams.handle({"type": "http", "path": "/", "headers": []}, _never, _never)

    streaming(test)


def test_a_stop_ends_every_stream_at_once() -> None:
    """A server that stops does not wait for its open pages, and lets no new one in."""

    async def test(_: Journal, streams: Live) -> None:
        pages = [Page(streams) for _ in range(20)]
        for page in pages:
            assert await page.heard("hello")
        streams.close()
        async with asyncio.timeout(2):
            await asyncio.gather(*(page.task for page in pages))
        late = Page(streams)
        await late.task
        assert late.status == 503

    streaming(test)


def test_a_broken_database_does_not_end_the_stream() -> None:
    """When the journal cannot be read the stream stays, and tells what happened when it can be again."""

    async def test(journal: Journal, streams: Live) -> None:
        page = Page(streams)
        assert await page.heard("hello")
        journal.broken = True
        journal.add(1, "group:7")
        assert await asyncio.to_thread(journal.refused.wait, 3)
        journal.broken = False
        assert await page.heard("id: 1", within=live.POLL_S + 2)
        await page.leave()

    streaming(test)


def test_nobody_reads_when_nobody_watches() -> None:
    """After the last page has gone the journal is left alone."""

    async def test(journal: Journal, streams: Live) -> None:
        page = Page(streams)
        assert await page.heard("hello")
        assert journal.listening == 1
        await page.leave()
        journal.ring()
        async with asyncio.timeout(3):
            await journal.unheard.wait()
        assert journal.listening == 0

    streaming(test)


def test_a_thousand_pages_share_one_reader() -> None:
    """One change wakes a thousand open pages with a handful of reads and no thread of their own."""

    async def test(journal: Journal, streams: Live) -> None:
        pages = [Page(streams, f"group:{number % 10}") for number in range(1000)]
        for page in pages:
            assert await page.heard("hello", within=10)
        before = journal.reads
        journal.add(1, "group:3")
        told = [page for page in pages if await page.heard("id: 1", within=0.3 if page is pages[3] else 0.001)]
        assert len(told) == 100
        assert journal.reads - before <= 12
        for page in pages:
            page._gone.set()

    streaming(test)


def test_a_crowd_is_told_in_turn() -> None:
    """A change that concerns a thousand pages reaches each of them once, within two seconds, not all in one breath."""

    async def test(journal: Journal, streams: Live) -> None:
        pages = [Page(streams, "group:") for _ in range(1000)]
        for page in pages:
            assert await page.heard("hello", within=10)
        for number in range(1, 6):
            journal.add(number, f"group:{number}")
            await asyncio.sleep(0.05)
        first = sum("id: " in "".join(page.events) for page in pages)
        assert first < 1000
        for page in pages:
            assert await page.heard("id: 5", within=10)
            assert len([event for event in page.events if "changed" in event]) <= 3
            page._gone.set()

    streaming(test)


@pytest.mark.parametrize(("who", "status"), [("ann", 200), ("cleo", 200), ("eve", 403), ("gus", 403)])
def test_whoever_may_see_may_watch(house: House, who: str, status: int) -> None:
    """The real door: a session of somebody with the right to see; a fact written by the application arrives."""
    cookies = house.client(who).cookies
    cookie = "; ".join(f"{name}={held.value}" for name, held in cookies.items())

    async def body() -> None:
        streams = stream.live()
        page = Page(streams, "group:", cookie=cookie)
        try:
            if status == 403:
                await page.task
            else:
                assert await page.heard("hello")
                await asyncio.to_thread(_post, house)
                assert await page.heard("event: changed")
                await page.leave()
            assert page.status == status
        finally:
            streams.close()

    asyncio.run(body())


def _post(house: House) -> None:
    with clock.use(house.world.clock):
        house.world.accept(trigger("another"), disk_full)
        from tocsin.kit import db
        from tocsin.site import wiring

        wiring.absorb_some()
        db.drop_connection()


async def _never(*_: Any) -> Any:
    raise AssertionError("nobody should be asked")
