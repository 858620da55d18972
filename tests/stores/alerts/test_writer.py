"""The writer: each sender hears the truth about its request, whichever way it becomes durable."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import uvloop

from databases import Database
from tocsin.alerts.ledger import Accepted
from tocsin.alerts.writer import Writer
from tocsin.kit import db

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CUT = (
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND query LIKE 'WITH put0%%$1%%'"
)


class Desk:
    """Sends to a writer and keeps what it hears."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.heard: dict[str, bool] = {}
        self._waiting: set[asyncio.Future[None]] = set()

    def send(self, name: str, body: bytes = b"x") -> asyncio.Future[None]:
        """One request; the future ends with its answer."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(is_durable: bool) -> None:
            self.heard[name] = is_durable
            answered.set_result(None)

        assert self.writer.submit(Accepted(name, "generic", body, ()), done)
        return answered

    async def send_all(self, prefix: str, count: int) -> None:
        """Many at once."""
        await asyncio.gather(*(self.send(f"{prefix}{number}") for number in range(count)))

    async def until_by_loop(self) -> int:
        """Send until the loop's own connection takes what is sent; how many that took."""
        for number in range(1000):
            await self.send(f"warm{len(self.heard)}-{number}")
            if await aside(lambda: db.reader(NOW).value(CUT.replace("pg_terminate_backend(pid, 5000)", "*"))):
                return number + 1
        raise AssertionError("the loop never got a connection")


async def aside(call: Callable[[], int]) -> int:
    """What a thread finds while the loop goes on."""

    def alone() -> int:
        try:
            return call()
        finally:
            db.drop_connection()

    return await asyncio.to_thread(alone)


def with_writer(steps: Callable[[Desk], Awaitable[None]]) -> Desk:
    """Take the steps with a writer, and stop it."""

    async def run() -> Desk:
        writer = await asyncio.to_thread(Writer)
        desk = Desk(writer)
        writer.start(asyncio.get_running_loop())
        try:
            await steps(desk)
        finally:
            await asyncio.to_thread(writer.stop)
        assert not writer.is_alive()
        return desk

    return uvloop.run(run())


def kept() -> Counter[str]:
    """How often each request is in the ledger."""
    return Counter(row[0] for row in db.reader(NOW).rows("SELECT integration FROM alerts_envelope"))


@pytest.mark.usefixtures("database")
def test_whoever_is_told_that_it_is_durable_is_in_the_ledger_once() -> None:
    """One after another and many at once, before and after the loop has a connection of its own."""

    async def steps(desk: Desk) -> None:
        for wave in range(20):
            await desk.send_all(f"wave{wave}-", 30)

    desk = with_writer(steps)
    assert all(desk.heard.values())
    assert kept() == Counter(desk.heard.keys())


@pytest.mark.usefixtures("database")
def test_what_waits_at_the_end_is_made_durable() -> None:
    """A writer that is stopped with a full desk answers everybody first."""

    async def steps(desk: Desk) -> None:
        await desk.send_all("before", 5)
        for number in range(1500):
            desk.send(f"late{number}")

    desk = with_writer(steps)
    assert len(desk.heard) == 1505
    assert all(desk.heard.values())
    assert kept() == Counter(desk.heard.keys())


def test_a_connection_that_is_cut_costs_nobody_an_answer(postgres: Database) -> None:
    """Whether it is idle or at work, those on it become durable another way, and later the loop has one again."""

    async def steps(desk: Desk) -> None:
        await desk.until_by_loop()
        assert await aside(lambda: int(db.reader(NOW).value(CUT))) == 1
        await desk.send("after an idle cut")
        await desk.until_by_loop()
        for wave in range(40):
            sending = asyncio.ensure_future(desk.send_all(f"wave{wave}-", 50))
            if wave % 10 == 5:
                await aside(lambda: int(db.reader(NOW).value(CUT)))
            await sending

    desk = with_writer(steps)
    assert all(desk.heard.values())
    assert set(desk.heard) == set(kept())


def test_one_request_that_cannot_be_written_costs_the_others_nothing(postgres: Database) -> None:
    """It alone is refused, and the loop goes on with another connection."""

    async def steps(desk: Desk) -> None:
        await desk.until_by_loop()
        await asyncio.gather(*(desk.send(name) for name in ("good", "not\0storable", "better", "lone \ud800")))
        await desk.until_by_loop()

    desk = with_writer(steps)
    assert {name for name, is_durable in desk.heard.items() if not is_durable} == {"not\0storable", "lone \ud800"}
    assert kept() == Counter(name for name, is_durable in desk.heard.items() if is_durable)
