"""Everybody at once on one PostgreSQL: engines, the absorber, people, silences; and the ledger is right in the end."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog

from databases import Database
from fakes.carrier import NoLimits
from tocsin.alerts import absorb, actions, rules
from tocsin.alerts.domain import GroupId
from tocsin.engine import claims, outbox, timers
from tocsin.engine.domain import Verdict, VerdictKind
from tocsin.kit import clock, db, matchers
from tocsin.paging import jobs as paging_jobs
from tocsin.site import wiring
from world import World, resolve, trigger, wake

SECONDS = 4.0
KEYS = 12
TROUBLES_PER_S_MAX = 1.0  # of the engine's own threads, which try again by themselves
DELIVERED = Verdict(kind=VerdictKind.DELIVERED)
RETRY = Verdict(kind=VerdictKind.RETRY, reason="busy")
FAILED = Verdict(kind=VerdictKind.FAILED, reason="no")


class Crowd:
    """Threads that each do one thing again and again, and what went wrong."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.troubles: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._ends = time.monotonic() + SECONDS

    def run(self, *verbs: Callable[[], object]) -> None:
        """All of them, side by side."""
        threads = [threading.Thread(target=self._again_and_again, args=(verb,)) for verb in verbs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _again_and_again(self, verb: Callable[[], object]) -> None:
        name = verb.__name__
        while time.monotonic() < self._ends:
            try:
                verb()
                self.done[name] += 1
            except (rules.IllegalMove, actions.NoSuchGroup):
                pass  # an answer, not an accident
            except Exception as error:  # noqa: BLE001 - counted, and the test looks at the count
                self.troubles[f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}"] += 1
                db.drop_connection()
        db.drop_connection()

    def an_engine(self) -> None:
        """Timers and messages, whatever becomes of them."""
        timers.work_off(wiring.HANDLERS, clock.now())
        me = threading.current_thread().name
        with db.transact(clock.now()) as tx:
            parcels = [one for bundle in claims.claim(tx, me, {}, NoLimits(), limit=8) for one in bundle]
        results = [(one, self.random.choice((DELIVERED, RETRY, FAILED))) for one in parcels]
        with db.transact(clock.now()) as tx:
            outbox.settle(tx, me, results, paging_jobs.on_settled, outbox.random_jitter)

    def the_absorber(self) -> None:
        """What tools send, and what ends by itself."""
        wiring.absorb_some()
        absorb.expire_some()

    def a_tool(self) -> None:
        """Problems that come and go."""
        one = trigger(f"problem {self.random.randrange(KEYS)}", app=f"app-{self.random.randrange(3)}")
        with db.transact(clock.now()) as tx:
            actions.accept(tx, "web", "pagerduty", b"", [self.random.choice((one, one, resolve(one)))])

    def a_person(self) -> None:
        """Acknowledges, resolves, snoozes, gives back."""
        verb = self.random.choice((actions.acknowledge, actions.resolve, actions.unacknowledge, _snooze))
        with db.transact(clock.now()) as tx:
            newest = int(tx.value("SELECT max(id) FROM alerts_group") or 1)
            verb(tx, GroupId(self.random.randint(max(1, newest - 10), newest)), "person:bob")

    def a_silencer(self) -> None:
        """Silences an app for a moment."""
        with db.transact(clock.now()) as tx:
            about = [matchers.parse(f'app="app-{self.random.randrange(3)}"')]
            actions.silence(tx, about, tx.now, tx.now + timedelta(milliseconds=50), "person:bob", "test")
        time.sleep(0.02)


def _snooze(tx: db.Tx, group: GroupId, by: str) -> None:
    actions.snooze(tx, group, by, tx.now + timedelta(milliseconds=30))


@pytest.mark.parametrize("seed", [1, 2])
def test_everybody_at_once(postgres: Database, seed: int) -> None:
    """People never see an error, threads recover from theirs, and afterwards every account is right."""
    with World(postgres, start=clock.now()) as world:
        world.policy("web", wake("ann", wait="0s"), wake("bob", wait="1m"), acknowledgement_expires="1m", repeat=2)
        world.integration("web", group_by=["app"], reopen_within="1s", auto_resolve_after="1m")
        world.change_service("web", storm="off")
        world.rules("ann", high=[("0s", "webhook"), ("1s", "email")])
        world.at("0s")
        structlog.configure(processors=[_quiet])
        crowd = Crowd(seed)
        with clock.use(clock.system):
            crowd.run(
                crowd.an_engine,
                crowd.an_engine,
                crowd.the_absorber,
                crowd.a_tool,
                crowd.a_person,
                crowd.a_person,
                crowd.a_silencer,
            )
        print(f"seed {seed}: {dict(crowd.done)}, troubles {dict(crowd.troubles)}")
        for_people = {what: count for what, count in crowd.troubles.items() if what.startswith(("a_", "the_person"))}
        assert for_people == {}, crowd.troubles
        assert crowd.troubles.total() <= TROUBLES_PER_S_MAX * SECONDS, crowd.troubles
        world.clock.move_to(clock.system.now())
        world.wait("30s")
        world.assert_accounted()


def _quiet(*_: object) -> str:
    raise structlog.DropEvent
