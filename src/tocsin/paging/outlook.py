"""What happens next for an alert group, and when, if nobody does anything. Pure: reads what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.paging import rules
from tocsin.paging.domain import Plan, Why
from tocsin.paging.rules import Rung
from tocsin.paging.standing import Standing

RUNGS_SHOWN_MAX = 6
RUNGS_LOOKED_AT_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbing:
    """An escalation that runs: what its outlook depends on."""

    group_id: int
    escalation_id: int
    plan: Plan
    position: int  # the next rung to be taken
    turn: int
    started_at: datetime
    due_at: datetime | None  # when the next rung is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """One rung that will be taken; nobody in `persons` means that it is passed over at once, and `why` says why."""

    at: datetime
    step: str
    persons: tuple[str, ...]
    why: str
    last_resort: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What happens next: rungs soonest first, and when everybody has been tried if that is among what is shown."""

    rungs: tuple[Ahead, ...]
    exhausted_at: datetime | None
    more: bool = False

    @property
    def next(self) -> Ahead | None:
        """The first rung that pages somebody."""
        return next((rung for rung in self.rungs if rung.persons), None)


def outlook(climbing: Climbing, standing: Standing, shown_max: int = RUNGS_SHOWN_MAX) -> Outlook:
    """The rungs from the next one on. Who is on call is asked for the moment of each rung, as the engine will."""
    at = climbing.due_at
    if at is None:
        return Outlook(rungs=(), exhausted_at=None)
    found: list[Ahead] = []
    for position in range(climbing.position, climbing.position + RUNGS_LOOKED_AT_MAX):
        rung = rules.rung_at(climbing.plan, position)
        if rung is None:
            return Outlook(rungs=tuple(found), exhausted_at=at)
        if len(found) == shown_max:
            break
        ahead, wait = _ahead(rung, climbing, standing, at)
        found.append(ahead)
        at += wait
    return Outlook(rungs=tuple(found), exhausted_at=None, more=True)


def step_words(rung: Rung) -> str:
    """How people call a rung."""
    if rung.last_resort:
        return "last resort"
    return f"step {rung.step}" if rung.cycle == 1 else f"step {rung.step}, round {rung.cycle}"


def names(persons: Sequence[str], standing: Standing) -> str:
    """`Ann Lee and Bob Ortiz`."""
    known = [standing.people[person].name if person in standing.people else person for person in persons]
    return " and ".join((", ".join(known[:-1]), known[-1])) if len(known) > 1 else "".join(known)


def _ahead(rung: Rung, climbing: Climbing, standing: Standing, at: datetime) -> tuple[Ahead, timedelta]:
    called, why_not = rules.call(rung, climbing.turn, standing.resolver, standing.can_reach, at)
    reached = tuple(one.person for one in called if standing.can_reach(one.person))
    ahead = Ahead(
        at=at,
        step=step_words(rung),
        persons=reached,
        why=standing.in_words(
            called[0].why.removeprefix(f"{Why.LAST_RESORT}: ")
            if reached
            else "no usable way to reach them"
            if called
            else why_not
        ),
        last_resort=rung.last_resort,
    )
    return ahead, rung.wait if reached else timedelta(0)
