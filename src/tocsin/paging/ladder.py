"""A policy as people read it: who is paged at once, who after five minutes, who at last, and who that is now. Pure.

Each step is shown for the moment at which it would be taken if a problem came now and nobody answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.oncall.domain import ScheduleDocument
from tocsin.paging import rules, ways
from tocsin.paging.documents import PolicyDocument, TargetKind, target
from tocsin.paging.domain import FrozenStep, Plan
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency
from tocsin.people.words import by_contact
from tocsin.web import times


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """One target of a step: what it is called, and who that is at that time."""

    kind: str
    name: str
    title: str
    people: tuple[str, ...]  # by their names; none if nobody is there
    why_nobody: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of the ladder."""

    when: str
    number: int  # 0 is the last resort
    at: datetime
    targets: tuple[Meant, ...]
    round_robin: bool
    passed: str = ""  # why it is passed over at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """All rungs for one urgency, and what comes after them."""

    urgency: str  # empty if both are the same
    steps: tuple[Step, ...]
    again: str
    then: str
    then_title: str
    last_resort: Step | None
    ends: str  # after how long everybody has been tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One person who would be paged, and by which messages."""

    name: str
    when: str
    how: tuple[str, ...]  # empty: there is no way to reach them


def ladders(policy: PolicyDocument, name: str, standing: Standing, now: datetime) -> tuple[Ladder, ...]:
    """One ladder, or one for each urgency if some step is only for one of them."""
    if all(step.only_if is None for step in policy.steps):
        return (_ladder(policy, name, standing, now, Urgency.HIGH, ""),)
    return tuple(_ladder(policy, name, standing, now, one, f"For {one} urgency") for one in Urgency)


def told(name: str, standing: Standing, now: datetime) -> tuple[Told, ...]:
    """Everybody the first round would page for high urgency, in order, and what each would receive."""
    plan = rules.freeze(name, standing.policies, Urgency.HIGH)
    found: dict[str, Told] = {}
    position, at = 0, now
    last = len(plan.policies[0].steps) if plan.policies else 0
    while position < last:
        climbed = rules.climb(plan, position, 0, standing.resolver, standing.can_reach, at)
        if isinstance(climbed, rules.Exhausted) or climbed.position >= last:
            break
        for called in climbed.called:
            found.setdefault(called.person, _told(standing, called.person, at, now))
        position, at = climbed.next_position, at + climbed.rung.wait
    return tuple(found.values())


def sentence(policy: PolicyDocument, standing: Standing, now: datetime) -> str:
    """`At once Payments, first (now Ann Lee), after 5 min Team Web, then the last resort.`"""
    parts = []
    after = timedelta(0)
    for step in policy.steps:
        when = f"after {times.lasting(after)}" if after else "at once"
        parts.append(f"{when} {_all(_meant(str(one), standing, now + after) for one in step.page)}")
        after += step.wait
    if policy.then is not None:
        then = standing.policies.get(policy.then)
        parts.append(f"then policy {then.name if then else policy.then}")
    if policy.last_resort:
        parts.append(f"at last {_all(_meant(str(one), standing, now) for one in policy.last_resort)}")
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def title_of(written: str, standing: Standing) -> tuple[str, str]:
    """`schedule:first` -> ("Schedule", "Payments, first")."""
    aimed = target(written)
    documents = {
        TargetKind.PERSON: standing.people,
        TargetKind.TEAM: standing.teams,
        TargetKind.SCHEDULE: standing.snapshot.all("schedules", ScheduleDocument),
    }[aimed.kind]
    document = documents.get(aimed.name)
    return aimed.kind.value.capitalize(), str(getattr(document, "name", aimed.name))


def _ladder(
    policy: PolicyDocument, name: str, standing: Standing, now: datetime, urgency: Urgency, said: str
) -> Ladder:
    plan = rules.freeze(name, standing.policies, urgency)
    steps = tuple(_steps(plan, standing, now))
    took = sum((timedelta(seconds=one.wait_s) for one in plan.policies[0].steps), timedelta(0))
    over = took * (policy.repeat + 1)
    last = policy.last_resort
    then = standing.policies.get(policy.then or "")
    return Ladder(
        urgency=said,
        steps=steps,
        again=_again(policy.repeat, took) if steps else "",
        then=policy.then or "",
        then_title=then.name if then is not None else "",
        last_resort=_step(FrozenStep(number=0, targets=tuple(map(str, last)), wait_s=0), standing, now, over)
        if last
        else None,
        ends=times.lasting(over),
    )


def _again(repeat: int, took: timedelta) -> str:
    if not repeat:
        return ""
    many = "once more" if repeat == 1 else f"{repeat} more times"
    return f"After {times.lasting(took)}: all of it again, {many}"


def _steps(plan: Plan, standing: Standing, now: datetime) -> Iterator[Step]:
    after = timedelta(0)
    for frozen in plan.policies[0].steps:
        step = _step(frozen, standing, now, after)
        yield step
        if not step.passed:
            after += timedelta(seconds=frozen.wait_s)


def _step(frozen: FrozenStep, standing: Standing, now: datetime, after: timedelta) -> Step:
    meant = tuple(_meant(one, standing, now + after) for one in frozen.targets)
    when = f"After {times.lasting(after)}" if after else "At once"
    passed = "" if any(one.people for one in meant) else "nobody is there, so it is passed over at once"
    return Step(
        when=when,
        number=frozen.number,
        at=now + after,
        targets=meant,
        round_robin=frozen.round_robin,
        passed=passed,
    )


def _meant(written: str, standing: Standing, at: datetime) -> Meant:
    kind, title = title_of(written, standing)
    persons, why = standing.resolver.persons(written, at)
    names = tuple(standing.people[one].name for one in persons)
    return Meant(kind=kind, name=target(written).name, title=title, people=names, why_nobody="" if names else str(why))


def _all(meant: Iterator[Meant]) -> str:
    return " and ".join(_target_in_words(one) for one in meant)


def _target_in_words(meant: Meant) -> str:
    if meant.kind == "Person":
        return meant.title
    who = ", ".join(meant.people) or "nobody"
    return f"{meant.title} (now {who})" if meant.kind == "Schedule" else f"everybody in {meant.title}"


def _told(standing: Standing, person: str, at: datetime, now: datetime) -> Told:
    document = standing.people[person]
    usable = standing.usable(person)
    planned: Sequence[ways.Way] = ways.ways(
        person, document, Urgency.HIGH, usable, at, standing.devices.get(person, ())
    )
    when = f"after {times.lasting(at - now)}" if at > now else "at once"
    return Told(name=document.name, when=when, how=tuple(_way(way, at) for way in planned))


def _way(way: ways.Way, at: datetime) -> str:
    when = f"after {times.lasting(way.at - at)}" if way.at > at else "at once"
    return f"{when}: {by_contact(way.channel, way.contact)}"
