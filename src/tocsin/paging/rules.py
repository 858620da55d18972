"""Who is woken next. Pure.

A plan is frozen when its escalation starts: later edits of policies do not touch it (who is on call is asked at the
moment of each step, though, because that is what a schedule is for). Its rungs are numbered through: every step of
the first policy, the same again for each repeat, then the policies it hands over to, then the last resort.

Promises: every escalation ends, because each climb moves forward over a finite number of rungs. A rung with nobody
to page is skipped at once and recorded; it never waits. The last resort is tried before giving up. A policy that
leads to nobody at all ends exhausted, which is a fact that others hear of, not a silence. A person whom a later rung
pages again goes on hearing what the earlier page still has to send: with steps that follow each other faster than a
person's rules begin, taking it back would leave that person untold for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.paging.documents import PolicyDocument, Target, TargetKind, target
from tocsin.paging.domain import (
    FALLBACK_REPEAT,
    FALLBACK_WAIT,
    LAST_RESORT_WAIT,
    PERSONS_PER_RUNG_MAX,
    RUNGS_MAX,
    TEST_WAIT,
    FrozenPolicy,
    FrozenStep,
    Plan,
    Why,
)
from tocsin.people.domain import PersonDocument, Role, TeamDocument, Urgency

LAST_RESORT = "last resort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of one policy in one cycle (1 is the first)."""

    policy: str
    step: int
    cycle: int
    targets: tuple[str, ...]
    wait: timedelta
    round_robin: bool = False
    last_resort: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A person a rung pages, and why."""

    person: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A rung that had nobody to page, and why."""

    rung: Rung
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Page these; take the next rung, `next_position`, after `rung.wait` if nobody answers."""

    rung: Rung
    called: tuple[Called, ...]
    skipped: tuple[Skipped, ...]
    position: int
    next_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """There is no rung left."""

    skipped: tuple[Skipped, ...]


class TargetResolver:
    """Who stands behind a target at an instant."""

    def __init__(
        self,
        people: Mapping[str, PersonDocument],
        teams: Mapping[str, TeamDocument],
        on_call: Callable[[str, datetime], Iterable[str] | None],
    ) -> None:
        self.people = people
        self.teams = teams
        self._on_call = on_call

    def persons(self, written: str, now: datetime) -> tuple[tuple[str, ...], str]:
        """The people a target means now, and why them, or why nobody."""
        one = target(written)
        if one.kind is TargetKind.PERSON:
            return ((one.name,), Why.NAMED) if one.name in self.people else ((), Why.UNKNOWN_TARGET)
        if one.kind is TargetKind.TEAM:
            team = self.teams.get(one.name)
            if team is None:
                return (), Why.UNKNOWN_TARGET
            members = tuple(name for name in team.members if name in self.people)
            return (members, f"{Why.MEMBER} {team.name}") if members else ((), Why.EMPTY_TEAM)
        found = self._on_call(one.name, now)
        if found is None:
            return (), Why.UNKNOWN_TARGET
        duty = tuple(name for name in found if name in self.people)
        return (duty, f"{Why.ON_CALL} for {one.name}") if duty else ((), f"{Why.NOBODY_ON_CALL} for {one.name}")


def freeze(name: str, policies: Mapping[str, PolicyDocument], urgency: Urgency) -> Plan:
    """The plan that a policy means for a problem of this urgency."""
    chain: list[FrozenPolicy] = []
    last_resort: list[str] = []
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at in policies and at not in seen:
        seen.add(at)
        policy = policies[at]
        chain.append(_freeze_policy(at, policy, urgency))
        last_resort += [str(one) for one in policy.last_resort if str(one) not in last_resort]
        at = policy.then
    expires = policies[name].acknowledgement_expires
    return Plan(
        policies=tuple(chain),
        last_resort=tuple(last_resort),
        acknowledgement_expires_s=expires.total_seconds() if expires else None,
    )


def fallback(team: str | None, admins: Iterable[str], why: Why) -> Plan:
    """The plan where there is no policy: the service's team, three times, then the administrators."""
    everybody = tuple(f"person:{name}" for name in admins)
    first = (str(Target(TargetKind.TEAM, team)),) if team else everybody
    step = FrozenStep(number=1, targets=first, wait_s=FALLBACK_WAIT.total_seconds())
    policy = FrozenPolicy(name="no policy", steps=(step,), repeat=FALLBACK_REPEAT)
    return Plan(policies=(policy,), last_resort=everybody if team else (), why=why)


def by_hand(targets: Iterable[str], *, repeat: int = FALLBACK_REPEAT) -> Plan:
    """The plan of a page that a person asked for: these, until somebody answers."""
    step = FrozenStep(number=1, targets=tuple(targets), wait_s=FALLBACK_WAIT.total_seconds())
    return Plan(policies=(FrozenPolicy(name="by hand", steps=(step,), repeat=repeat),), why=Why.BY_HAND)


def test(targets: Iterable[str]) -> Plan:
    """The plan of a page that only tries whether it arrives: once, and nobody else is woken."""
    step = FrozenStep(number=1, targets=tuple(targets), wait_s=2 * TEST_WAIT.total_seconds())
    return Plan(policies=(FrozenPolicy(name="test", steps=(step,)),), why=Why.TEST)


def admins(people: Mapping[str, PersonDocument]) -> tuple[str, ...]:
    """The people with the role of administrator, who are paged when nobody else is responsible."""
    return tuple(name for name, person in people.items() if person.role is Role.ADMIN)


def rung_at(plan: Plan, position: int) -> Rung | None:
    """The rung with this number, None past the last."""
    rest = position
    for policy in plan.policies:
        size = len(policy.steps) * (policy.repeat + 1)
        if rest < size:
            cycle, index = divmod(rest, len(policy.steps))
            step = policy.steps[index]
            return Rung(
                policy=policy.name,
                step=step.number,
                cycle=cycle + 1,
                targets=step.targets,
                wait=timedelta(seconds=step.wait_s),
                round_robin=step.round_robin,
            )
        rest -= size
    if rest == 0 and plan.last_resort:
        return Rung(
            policy=plan.policies[-1].name if plan.policies else LAST_RESORT,
            step=0,
            cycle=1,
            targets=plan.last_resort,
            wait=LAST_RESORT_WAIT,
            last_resort=True,
        )
    return None


def climb(
    plan: Plan, position: int, turn: int, resolver: TargetResolver, can_reach: Callable[[str], bool], now: datetime
) -> Climb | Exhausted:
    """The first rung from `position` on that has somebody to page, with what was skipped on the way."""
    skipped: list[Skipped] = []
    for at in range(position, position + RUNGS_MAX):
        rung = rung_at(plan, at)
        if rung is None:
            break
        called, why_not = call(rung, turn, resolver, can_reach, now)
        if called and any(can_reach(one.person) for one in called):
            return Climb(rung=rung, called=called, skipped=tuple(skipped), position=at, next_position=at + 1)
        skipped.append(Skipped(rung=rung, why=Why.NO_CONTACT if called else why_not))
    return Exhausted(skipped=tuple(skipped))


def call(
    rung: Rung, turn: int, resolver: TargetResolver, can_reach: Callable[[str], bool], now: datetime
) -> tuple[tuple[Called, ...], str]:
    """Whom a rung pages now, each person once, in the order written; or why nobody.

    Whose turn it is but cannot be reached gives the turn to the next who can.
    """
    called: dict[str, Called] = {}
    why_not: list[str] = []
    for written in rung.targets:
        persons, why = resolver.persons(written, now)
        if not persons:
            why_not.append(why)
        for person in persons:
            called.setdefault(
                person, Called(person=person, why=f"{Why.LAST_RESORT}: {why}" if rung.last_resort else why)
            )
    found = tuple(called.values())[:PERSONS_PER_RUNG_MAX]
    if rung.round_robin and len(found) > 1:
        from_turn = found[turn % len(found) :] + found[: turn % len(found)]
        chosen = next((one for one in from_turn if can_reach(one.person)), from_turn[0])
        found = (Called(person=chosen.person, why=f"{Why.ROUND_ROBIN}, {chosen.why}"),)
    return found, "; ".join(why_not) or Why.NOBODY_LEFT


def _freeze_policy(name: str, policy: PolicyDocument, urgency: Urgency) -> FrozenPolicy:
    steps = tuple(
        FrozenStep(
            number=number,
            targets=tuple(str(one) for one in step.page),
            wait_s=step.wait.total_seconds(),
            round_robin=step.round_robin,
        )
        for number, step in enumerate(policy.steps, start=1)
        if step.applies(urgency)
    )
    return FrozenPolicy(name=name, steps=steps, repeat=policy.repeat)
