"""Real processes under load are killed, and every problem that was answered with 202 is paged."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crash.processes import Process, Senders, answers, apply, eventually, free_port
from databases import Database, Postgres, postgres_binaries
from fakes.http import HttpSink
from tocsin.alerts import auditor
from tocsin.engine.domain import LEASE
from tocsin.kit import clock, db

WHILE_S = 0.8  # how long each stretch of load lasts
SLOW_S = 0.3
SOME = 40
ALL_S_MAX = LEASE.total_seconds() + 40


@dataclass(kw_only=True)
class House:
    """A web process, engines, and somebody who listens."""

    database: Database
    folder: Path
    sink: HttpSink = field(default_factory=HttpSink)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.database.connect()
        apply(f"{self.sink.url}/hook")
        self.web = self._process("serve", "--no-engine", "--port", str(self.port))
        self.engines = [self._process("engine"), self._process("engine")]

    def _process(self, *arguments: str) -> Process:
        return Process(self.database, self.folder / "log", *arguments)

    def start_web(self) -> None:
        """Start it and wait until it listens."""
        self.web.start()
        eventually(self._listens, 30, self.log)

    def _listens(self) -> bool:
        self.web.assert_alive()
        return answers(self.port)

    def close(self) -> None:
        """Stop everything."""
        for process in (self.web, *self.engines):
            process.kill()
        self.sink.close()
        db.drop_connection()

    def heard(self) -> Counter[str]:
        """How often each problem was paged."""
        return Counter(one.json()["data"]["groups"][0]["title"] for one in self.sink.requests)

    def assert_all_paged(self, safe: set[str]) -> int:
        """Wait until every problem has been paged; how many duplicates there were, each of them counted by a lease."""
        eventually(
            lambda: safe <= set(self.heard()), ALL_S_MAX, lambda: f"{len(safe - set(self.heard()))} lost\n{self.log()}"
        )
        self.database.connect()
        eventually(
            lambda: self._one("SELECT count(*) FROM engine_delivery WHERE state <> 'delivered'") == 0,
            ALL_S_MAX,
            self.log,
        )
        alerts = {row[0] for row in db.reader(clock.now()).rows("SELECT title FROM alerts_alert")}
        assert safe <= alerts
        assert auditor.look(db.reader(clock.now() + auditor.PATIENCE)).unaccounted == 0
        duplicates = self.heard().total() - len(self.heard())
        takeovers = self.takeovers()
        assert duplicates <= takeovers, f"{duplicates} duplicates, {takeovers} leases that ran out"
        print(
            f"{self.database.kind}: {len(safe)} signals safe, 0 lost, {duplicates} duplicates, {takeovers} taken over"
        )
        return duplicates

    def takeovers(self) -> int:
        """How many leases ran out."""
        return self._one("SELECT sum(takeovers) FROM engine_delivery")

    def _one(self, sql: str) -> int:
        found = int(db.reader(clock.now()).value(sql) or 0)
        db.drop_connection()
        return found

    def log(self) -> str:
        """The last the processes said."""
        path = self.folder / "log"
        return path.read_text()[-4000:] if path.exists() else "(nothing was logged)"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Processes on either database."""
    yield from _opened(database, tmp_path)


@pytest.fixture
def durable_cluster(postgres_cluster: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL that survives, and may be killed; asked for after the shared one, so that it is known to be there."""
    assert postgres_binaries() is not None
    with Postgres(durable=True) as cluster:
        yield cluster


def test_killed_web_and_engine_processes_lose_nothing(house: House) -> None:
    """kill -9 of the web and then of the engine process, under load: every accepted problem is paged."""
    house.engines[0].start()
    house.start_web()
    house.sink.answer(delay_s=SLOW_S)  # so that messages are under way when the engine dies
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        house.web.kill()
        house.engines[0].kill()
        house.engines[1].start()
        house.start_web()
        house.sink.answer()
        time.sleep(WHILE_S)
    assert len(senders.safe) > SOME
    house.assert_all_paged(senders.safe)
    assert house.takeovers() > 0, "the engine had nothing under way, so nothing was proven"


def test_two_engines_race_without_a_duplicate(postgres: Database, tmp_path: Path) -> None:
    """Two engines on one PostgreSQL page every problem exactly once, also while one of them is asked to stop."""
    for house in _opened(postgres, tmp_path):
        for engine in house.engines:
            engine.start()
        house.start_web()
        with Senders(house.port, threads=3) as senders:
            time.sleep(3 * WHILE_S)
            house.engines[0].stop()
            time.sleep(WHILE_S)
        assert house.assert_all_paged(senders.safe) == 0


def test_a_database_that_restarts_under_load_loses_nothing(durable_cluster: Postgres, tmp_path: Path) -> None:
    """PostgreSQL is killed and recovers in the middle of the load: senders wait, and every accepted problem is paged."""
    for house in _opened(durable_cluster.fresh(), tmp_path):
        for engine in house.engines:
            engine.start()
        house.start_web()
        with Senders(house.port, threads=3) as senders:
            time.sleep(WHILE_S)
            enough = len(senders.safe) + SOME
            durable_cluster.stop(signal.SIGQUIT)
            time.sleep(WHILE_S)
            durable_cluster.start()
            senders.wait_for(enough)
        house.assert_all_paged(senders.safe)


def _opened(database: Database, folder: Path) -> Iterator[House]:
    with ExitStack() as stack:
        house = House(database=database, folder=folder)
        stack.callback(house.close)
        yield house
