"""A house of real processes: a web process, two engines, somebody who listens, and what must be true in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from crash.processes import Process, answers, apply, eventually, free_port
from databases import Database
from fakes.http import HttpSink, Received
from tocsin.alerts import auditor
from tocsin.engine.domain import LEASE
from tocsin.kit import clock, db
from tocsin.kit.db import Row

ALL_S_MAX = LEASE.total_seconds() + 60
Heard = tuple[str, str]  # a person, and the title of a problem


@dataclass(kw_only=True)
class House:
    """A web process, engines, and somebody who listens."""

    database: Database
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)  # what the processes are given besides
    wait: str = "2h"  # how long Ann has before Bob is woken
    sink: HttpSink = field(default_factory=HttpSink)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.database.connect()
        apply(f"{self.sink.url}/hook", self.wait)
        self.web = self._process("serve", "--no-engine", "--port", str(self.port))
        self.engines = [self._process("engine"), self._process("engine")]

    def _process(self, *arguments: str) -> Process:
        return Process(self.database, self.folder / "log", *arguments, environment=self.environment)

    def start_web(self) -> None:
        """Start it and wait until it listens."""
        self.web.start()
        eventually(self._listens, 30, self.log)

    def _listens(self) -> bool:
        self.web.assert_alive()
        return answers(self.port)

    def asked(self, path: str) -> tuple[int, str]:
        """What the web process answers to a question about how it is."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def said_by(self, *arguments: str) -> str:
        """What a command says, of this database."""
        command = [sys.executable, "-m", "tocsin", *arguments]
        environment = {**os.environ, **self.database.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    def close(self) -> None:
        """Stop everything."""
        for process in (self.web, *self.engines):
            process.kill()
        self.sink.close()
        db.drop_connection()

    def heard(self) -> Counter[Heard]:
        """How often each person was paged about each problem."""
        return Counter(heard_in(one) for one in list(self.sink.requests))

    def paged(self) -> set[str]:
        """What anybody was paged about."""
        return {title for _, title in self.heard()}

    def assert_all_paged(self, safe: set[str]) -> int:
        """Wait until every problem has been paged; how many duplicates there were, each of them counted by a lease."""
        eventually(lambda: safe <= self.paged(), ALL_S_MAX, lambda: f"{len(safe - self.paged())} lost\n{self.log()}")
        self.database.connect()
        eventually(
            lambda: self._one("SELECT count(*) FROM engine_delivery WHERE state <> 'delivered'") == 0,
            ALL_S_MAX,
            self.log,
        )
        alerts = {row[0] for row in db.reader(clock.now()).rows("SELECT title FROM alerts_alert")}
        assert safe <= alerts
        assert auditor.look(db.reader(clock.now() + auditor.PATIENCE), at_all=True).unaccounted == 0
        duplicates = self.heard().total() - len(self.heard())
        takeovers = self.takeovers()
        assert duplicates <= takeovers, f"{duplicates} duplicates, {takeovers} leases that ran out"
        print(
            f"{self.database.kind}: {len(safe)} signals safe, 0 lost, {duplicates} duplicates, {takeovers} taken over"
        )
        return duplicates

    def assert_restored(self, safe: set[str]) -> None:
        """Wait until all that was safe is paged, before or after the restore, and nothing waits any more."""
        eventually(lambda: safe <= self.paged(), ALL_S_MAX, lambda: f"{len(safe - self.paged())} lost\n{self.log()}")
        self.database.connect()
        unsent = "SELECT count(*) FROM engine_delivery WHERE state NOT IN ('delivered', 'cancelled')"
        eventually(lambda: self._one(unsent) == 0, ALL_S_MAX, self.log)
        eventually(lambda: self._unaccounted() == 0, ALL_S_MAX, self.log)
        assert safe <= {row[0] for row in db.reader(clock.now()).rows("SELECT title FROM alerts_alert")}
        twice = self.heard().total() - len(self.heard())
        print(f"{self.database.kind}: {len(safe)} signals safe before the backup, 0 lost, {twice} duplicates")

    def takeovers(self) -> int:
        """How many leases ran out."""
        return self._one("SELECT sum(takeovers) FROM engine_delivery")

    def unsettled(self) -> int:
        """How many messages are not delivered yet."""
        return self._one("SELECT count(*) FROM engine_delivery WHERE state <> 'delivered'")

    def told_twice(self) -> int:
        """How many messages are written down as delivered more than once."""
        return self._one(
            "SELECT count(*) FROM (SELECT delivery_id FROM engine_attempt WHERE outcome = 'delivered'"
            " GROUP BY delivery_id HAVING count(*) > 1) twice"
        )

    def receipts(self) -> list[Row]:
        """What is written down of every message, and of every attempt."""
        reader = db.reader(clock.now())
        found = [
            *reader.rows("SELECT id, state, attempts, owner, takeovers, receipt FROM engine_delivery ORDER BY id"),
            *reader.rows("SELECT id, delivery_id, attempt, outcome, receipt FROM engine_attempt ORDER BY id"),
        ]
        db.drop_connection()
        return found

    def _unaccounted(self) -> int:
        found = auditor.look(db.reader(clock.now() + auditor.PATIENCE), at_all=True).unaccounted
        db.drop_connection()
        return found

    def _one(self, sql: str) -> int:
        found = int(db.reader(clock.now()).value(sql) or 0)
        db.drop_connection()
        return found

    def log(self) -> str:
        """The last the processes said."""
        path = self.folder / "log"
        return path.read_text()[-4000:] if path.exists() else "(nothing was logged)"


def heard_in(request: Received) -> Heard:
    """Whose webhook it was, and what it was about."""
    return request.path.rpartition("/")[2], request.json()["data"]["groups"][0]["title"]


def opened(
    database: Database, folder: Path, wait: str = "2h", environment: Mapping[str, str] | None = None
) -> Iterator[House]:
    """A house on this database, closed at the end."""
    with ExitStack() as stack:
        house = House(database=database, folder=folder, wait=wait, environment=environment or {})
        stack.callback(house.close)
        yield house
