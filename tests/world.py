"""The story language: the whole application on a virtual clock, with real servers outside.

    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", by="email", wait="10m"))
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("10s")
    world.at("5m").expect("bob", email="disk full").within("10s")
    world.at("6m").acknowledge(by="bob")
    world.expect("ann", webhook="acknowledged by Bob").within("10s")
    world.quiet_until("4h")

Time jumps from one due row to the next. What runs is the application's own absorbing, timers, outbox and carrier; the
world only takes the place of the engine's threads. Each message is a real request or mail to a server on loopback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from databases import Database
from stage.cast import CAST, Wake, disk_full, resolve, trigger, wake
from stage.deeds import Deeds
from stage.ledger import LEDGER
from stage.outside import START, Heard
from tocsin.alerts import auditor
from tocsin.journal import store as journal
from tocsin.kit import clock, db, text
from tocsin.paging import stuck

__all__ = ["CAST", "START", "Heard", "Wake", "World", "disk_full", "resolve", "trigger", "wake"]


@dataclass(kw_only=True)
class Expectation:
    """Somebody must hear something."""

    world: World
    person: str
    kind: str
    ways: Mapping[str, str]
    checked: bool = False

    def within(self, span: str = "10s") -> World:
        """Let that much time pass at most until it has happened."""
        self.checked = True
        last = clock.now() + text.parse_duration(span)
        missing = self.world._until(self._missing, last)
        assert not missing, f"{self.person} did not hear {missing} within {span}\n{self.world.tale()}"
        for way, words in self.ways.items():
            self.world._unclaimed.remove(self._found(way, words))
        return self.world

    def _missing(self) -> list[str]:
        return [f"{words!r} by {way}" for way, words in self.ways.items() if self._found(way, words) is None]

    def _found(self, way: str, words: str) -> Any:
        for heard in self.world._unclaimed:
            same = (heard.person, heard.channel, heard.kind) == (self.person, way, self.kind)
            if same and words.lower() in heard.text.lower():
                return heard
        return None


class World(Deeds):
    """One story's world; see the module's head."""

    def __init__(self, database: Database, start: datetime = START) -> None:
        super().__init__(database, start)
        self._expected: list[Expectation] = []

    def __enter__(self) -> Self:
        self.open()
        self.set_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def expect(self, person: str, **ways: str) -> Expectation:
        """A page must arrive: expect("ann", webhook="disk full").within("10s")."""
        return self._expectation(person, "page", ways)

    def told(self, person: str, **ways: str) -> Expectation:
        """Somebody who was paged must be told that it is taken or over."""
        return self._expectation(person, "taken", ways)

    def noticed(self, person: str, **ways: str) -> Expectation:
        """Somebody must be told something that can wait a minute."""
        return self._expectation(person, "notice", ways)

    def notices(self, person: str = "") -> list[Heard]:
        """Every notice heard so far, or a person's."""
        self._settle_now()
        self._read_inboxes()
        return [one for one in self.heard if one.kind == "notice" and person in ("", one.person)]

    def quiet_until(self, since_start: str) -> Self:
        """Nobody is paged until then, and nobody has been without being expected."""
        self.at(since_start)
        self._read_inboxes()
        left = [one for one in self._unclaimed if one.kind == "page"]
        assert not left, f"nobody should have been paged, but {'; '.join(map(str, left))}\n{self.tale()}"
        return self

    def forget_pages(self) -> Self:
        """What was heard so far does not matter."""
        self._settle_now()
        self._read_inboxes()
        self._unclaimed.clear()
        return self

    def pages(self, person: str = "") -> list[Heard]:
        """Every page heard so far, or a person's."""
        self._settle_now()
        self._read_inboxes()
        return [one for one in self.heard if one.kind == "page" and person in ("", one.person)]

    def facts(self, name: str) -> list[dict[str, Any]]:
        """The bodies of all facts of this name, oldest first."""
        return [one.body for one in reversed(journal.named(db.reader(clock.now()), [name]))]

    def outcomes(self) -> list[tuple[str, str]]:
        """(outcome, reason) of every signal, in their order."""
        return [(row[0], row[1]) for row in self.rows("SELECT outcome, reason FROM alerts_signal ORDER BY id")]

    def assert_accounted(self, *, set_aside: int = 0) -> None:
        """Every accepted signal has an outcome, every page ends in a receipt or a reason, nothing was forgotten."""
        if getattr(self, "_accounted", False):
            return
        self._accounted = True
        self._settle_now()
        unchecked = [one for one in self._expected if not one.checked]
        assert not unchecked, f"the story says expect(…) without within(…): {unchecked[0].person}"
        audit = auditor.look(db.reader(clock.now() + auditor.PATIENCE), at_all=True)
        assert audit.unaccounted == set_aside, f"{audit}\n{self.tale()}"
        stuck_now = stuck.look(db.reader(clock.now()))
        assert not stuck_now, f"{stuck_now}\n{self.tale()}"
        absorbed = self.rows("SELECT count(*) FROM alerts_signal")[0][0]
        assert absorbed >= self.accepted, f"{self.accepted - absorbed} signals have no outcome\n{self.tale()}"
        for what, sql in LEDGER.items():
            left = self.rows(sql)
            assert not left, f"{what}: {left}\n{self.tale()}"

    def _expectation(self, person: str, kind: str, ways: Mapping[str, str]) -> Expectation:
        if "inbox" in ways:
            self._settle_now()
            self._read_inboxes()
        made = Expectation(world=self, person=person, kind=kind, ways=ways)
        self._expected.append(made)
        return made
