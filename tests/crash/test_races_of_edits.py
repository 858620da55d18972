"""The configuration changes under everybody, on one PostgreSQL: people, contacts, policies and routes come and go."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
import structlog

from crash.test_races import SECONDS, TROUBLES_PER_S_MAX, Crowd
from databases import Database
from tocsin.alerts import absorb, actions
from tocsin.alerts.domain import BY_HAND, GroupId
from tocsin.alerts.manual_pages import PAGE_LABEL
from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import clock, db, matchers
from tocsin.paging import actions as paging
from tocsin.site import wiring
from tocsin.sources.domain import Action, Severity, Signal
from world import World, wake


class Editors(Crowd):
    """The crowd, and those who change what it goes by."""

    def __init__(self, seed: int, config: dict[str, Any]) -> None:
        super().__init__(seed)
        self._variants = [json.dumps(one) for one in _variants(config)]

    def an_editor(self) -> None:
        """Another organisation, whole."""
        files = [File(name="story.yaml", content=self.random.choice(self._variants))]
        with db.transact(clock.now()) as tx:
            outcome = configuring.apply(tx, files, {}, configuring.Author(by="person:dan", force=True), alone=True)
        assert not isinstance(outcome, configuring.Refused), outcome

    def a_hurried_one(self) -> None:
        """Wants the next step now."""
        with db.transact(clock.now()) as tx:
            newest = int(tx.value("SELECT max(id) FROM alerts_group") or 1)
            paging.escalate(tx, self.random.randint(max(1, newest - 10), newest))

    def a_caller(self) -> None:
        """Pages a team by hand."""
        one = Signal(
            action=Action.TRIGGER,
            dedup_key=f"call {self.random.randrange(4)}",
            title="call",
            severity=Severity.HIGH,
            labels={PAGE_LABEL: self.random.choice(("team:web", "person:bob", "person:ann"))},
            by="person:dan",
        )
        with db.transact(clock.now()) as tx:
            absorb.absorb_now(tx, wiring.rulebook(tx), BY_HAND, [one])

    def a_fickle_one(self) -> None:
        """Silences an app, and takes it back at once."""
        with db.transact(clock.now()) as tx:
            about = [matchers.parse(f'app="app-{self.random.randrange(3)}"')]
            ends_at = clock.from_us(clock.to_us(tx.now) + 3_600_000_000)
            made = actions.silence(tx, about, tx.now, ends_at, "person:bob", "test")
        with db.transact(clock.now()) as tx:
            actions.end_silence(tx, made.id, "person:bob", "taken back")

    def a_keeper(self) -> None:
        """Acknowledges whatever is newest, for it to expire."""
        with db.transact(clock.now()) as tx:
            newest = int(tx.value("SELECT max(id) FROM alerts_group") or 1)
            actions.acknowledge(tx, GroupId(newest), "person:ann")

    def time_that_flies(self) -> None:
        """The minute of every acknowledgement is over."""
        with db.transact(clock.now()) as tx:
            tx.execute(
                "UPDATE engine_timer SET due_at = %s WHERE kind = %s",
                (clock.to_us(tx.now), paging.ACKNOWLEDGEMENT_EXPIRES),
            )
        time.sleep(0.1)


def _variants(config: dict[str, Any]) -> list[dict[str, Any]]:
    without_bob = copy.deepcopy(config)
    del without_bob["people"]["bob"]
    without_bob["schedules"]["first"]["layers"][0]["people"] = ["ann"]
    without_bob["teams"]["web"]["members"].remove("bob")
    without_bob["policies"]["web"]["steps"] = [{"page": ["team:web"], "wait": "0s", "round_robin": True}]
    bare = copy.deepcopy(config)
    bare["people"]["ann"]["contacts"] = {"email": bare["people"]["ann"]["contacts"]["email"]}
    bare["people"]["ann"]["notify"] = {}
    nobody = copy.deepcopy(config)
    nobody["teams"]["web"]["members"] = ["cleo"]
    nobody["people"]["cleo"]["contacts"] = {}
    nobody["people"]["cleo"]["notify"] = {}
    nobody["policies"]["web"]["steps"] = [{"page": ["team:web"], "wait": "1s"}]
    routed = copy.deepcopy(config)
    routed["routes"] = [
        {"when": ['app="app-0"'], "suppress": "known"},
        {"when": ['app="app-1"'], "urgency": "low"},
    ]
    return [config, without_bob, bare, nobody, routed]


@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_at_once_while_the_configuration_changes(postgres: Database, seed: int) -> None:
    """Nobody's deed fails, no escalation stands still, and afterwards every account is right."""
    with World(postgres, start=clock.now()) as world:
        world.policy(
            "web",
            wake("ann", "schedule:first", wait="0s"),
            wake("bob", wait="1s"),
            acknowledgement_expires="1m",
            repeat=3,
        )
        world.on_call("first", "ann", "bob")
        world.integration("web", group_by=["app"], reopen_within="1s", auto_resolve_after="1m")
        world.change_service("web", storm="off")
        world.rules("ann", high=[("0s", "webhook"), ("1s", "email")])
        world.at("0s")
        config = copy.deepcopy(world.config)
        structlog.configure(processors=[_quiet])
        crowd = Editors(seed, config)
        with clock.use(clock.system):
            crowd.run(
                crowd.an_engine,
                crowd.an_engine,
                crowd.the_absorber,
                crowd.a_tool,
                crowd.a_person,
                crowd.a_keeper,
                crowd.an_editor,
                crowd.a_hurried_one,
                crowd.a_caller,
                crowd.a_fickle_one,
                crowd.time_that_flies,
            )
        print(f"seed {seed}: {dict(crowd.done)}, troubles {dict(crowd.troubles)}")
        by_people = {what: count for what, count in crowd.troubles.items() if what.startswith(("a_", "an_editor"))}
        assert by_people == {}, crowd.troubles
        assert crowd.troubles.total() <= TROUBLES_PER_S_MAX * SECONDS, crowd.troubles
        world.clock.move_to(clock.system.now())
        world.wait("30s")
        world.assert_accounted()


def _quiet(*_: object) -> str:
    raise structlog.DropEvent
