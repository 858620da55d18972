"""The process dies at one statement of a story, and nothing that was owed is lost."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crash.blade import Blade, Crash
from crash.dramas import DRAMAS, Drama
from databases import Database, Kind
from tocsin.alerts import rules
from tocsin.kit import db
from world import World

DEEP = bool(os.environ.get("TOCSIN_DEEP"))
RUNS = {Kind.SQLITE: 20, Kind.POSTGRES: 10}  # of each story by default; with TOCSIN_DEEP=1 every statement has its turn
# Which ones is another choice in every run, so that run after run they all have theirs; a failure names its own.
TRIES_MAX = 3
Told = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a story came to: who was told what, and how often a lease ran out."""

    told: Counter[Told]
    takeovers: int
    groups: list[tuple[str, str]]
    statements: int
    fell_before: str


@pytest.mark.timeout(0 if DEEP else 120)
@pytest.mark.parametrize("drama", DRAMAS, ids=lambda drama: drama.__name__)
def test_a_story_killed_at_any_statement_ends_as_it_should(
    drama: Drama, database: Database, record_property: Callable[[str, object], None]
) -> None:
    """Whoever had to be told is told, duplicates follow only from a lease that ran out, nothing is unaccounted for."""
    whole = play(drama, database.source.fresh(), None)
    step = 1 if DEEP else max(1, whole.statements // RUNS[database.kind])
    duplicates = runs = 0
    for falls_at in range(random.randint(1, step), whole.statements + 1, step):
        runs += 1
        duplicates += check(whole, play(drama, database.source.fresh(), falls_at), f"killed at statement {falls_at}")
    record_property("statements", whole.statements)
    record_property("runs", runs)
    record_property("duplicates", duplicates)
    print(f"{drama.__name__} on {database.kind}: {runs} of {whole.statements} deaths, {duplicates} duplicates")


def play(drama: Drama, database: Database, falls_at: int | None) -> Ending:
    """The story, with the process killed once and started again by whoever watches over it."""
    database.connect()
    blade = Blade(falls_at)
    try:
        with World(database) as world:
            steps = iter(drama(world))
            next(steps)()  # the configuration is applied before anything can go wrong
            with blade.hanging():
                for step in steps:
                    _insist(world, step)
            world.assert_accounted()
            return _ending(world, blade)
    except AssertionError as error:
        error.add_note(f"killed at {falls_at}, before: {blade.fell_before}")
        raise
    finally:
        db.drop_connection()
        database.drop()


def check(whole: Ending, broken: Ending, when: str) -> int:
    """Compare with the story that nothing happened to; how many duplicates there were."""
    when = f"{when}, before: {broken.fell_before}"
    assert set(whole.told) <= set(broken.told), f"{when}: not told {set(whole.told) - set(broken.told)}"
    assert set(broken.told) <= set(whole.told), f"{when}: told without need {set(broken.told) - set(whole.told)}"
    assert broken.groups == whole.groups, when
    duplicates = (broken.told - whole.told).total()
    assert duplicates <= broken.takeovers, f"{when}: {duplicates} duplicates, {broken.takeovers} leases that ran out"
    return duplicates


def _insist(world: World, step: Callable[[], object]) -> None:
    died = False
    for _ in range(TRIES_MAX):
        try:
            step()
        except Crash:
            died = True
            world.kill().restart()
        except rules.IllegalMove:
            assert died  # it had been done before the answer was lost, and cannot be done twice
            return
        else:
            return
    raise AssertionError("the step never got done")


def _ending(world: World, blade: Blade) -> Ending:
    titles = {group.reference: _untold(group.title) for group in world.groups()}
    told = Counter((heard.person, heard.kind, titles[one]) for heard in world.heard for one in heard.groups)
    return Ending(
        told=told,
        takeovers=sum(row[0] for row in world.rows("SELECT takeovers FROM engine_delivery")),
        groups=sorted((_untold(group.title), group.status.value) for group in world.groups()),
        statements=blade.count,
        fell_before=blade.fell_before,
    )


def _untold(title: str) -> str:
    """Without the numbers of groups: they may have gaps where a process died."""
    return re.sub(r"AG-\d+", "AG-n", title)
