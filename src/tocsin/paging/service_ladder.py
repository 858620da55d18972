"""A service's escalation as it would go if it started now: each step with whom it would page."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kit.db import Reader
from tocsin.paging.outlook import Climbing, names, outlook, step_words
from tocsin.paging.plans import plan_for
from tocsin.paging.rules import Rung, rung_at
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency

RUNGS_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RungLine:
    """One step of the policy with who would be paged if it were taken now."""

    step: str
    who: str
    targets: str
    wait_s: int
    after_s: int


def first_woken(current: Standing, reader: Reader, service: str) -> str:
    """Who is woken first if something urgent begins now; empty for nobody."""
    first = outlook(_started(current, reader, service, Urgency.HIGH), current, shown_max=3).next
    return names(first.persons, current) if first is not None else ""


def ladder(current: Standing, reader: Reader, service: str, urgency: Urgency) -> tuple[RungLine, ...]:
    """Every step with whom it would page if it were taken at this moment."""
    climbing = _started(current, reader, service, urgency)
    found: list[RungLine] = []
    after = 0.0
    for position in range(RUNGS_SHOWN_MAX):
        rung = rung_at(climbing.plan, position)
        if rung is None:
            break
        found.append(_rung_line(current, reader, climbing, rung, position, int(after)))
        after += rung.wait.total_seconds()
    return tuple(found)


def _rung_line(
    current: Standing, reader: Reader, climbing: Climbing, rung: Rung, position: int, after_s: int
) -> RungLine:
    here = Climbing(
        group_id=0,
        escalation_id=0,
        plan=climbing.plan,
        position=position,
        turn=0,
        started_at=reader.now,
        due_at=reader.now,
    )
    taken = outlook(here, current, shown_max=1).rungs
    return RungLine(
        step=step_words(rung).capitalize(),
        who=names(taken[0].persons, current) if taken else "",
        targets=", ".join(_target_words(current, one) for one in rung.targets),
        wait_s=int(rung.wait.total_seconds()),
        after_s=after_s,
    )


def _started(current: Standing, reader: Reader, service: str, urgency: Urgency) -> Climbing:
    """An escalation as it would start now."""
    return Climbing(
        group_id=0,
        escalation_id=0,
        plan=plan_for(current, service, urgency),
        position=0,
        turn=0,
        started_at=reader.now,
        due_at=reader.now,
    )


def _target_words(current: Standing, target: str) -> str:
    kind, _, name = target.partition(":")
    if kind == "person":
        return current.people[name].name if name in current.people else name
    section = {"schedule": "schedules", "team": "teams"}.get(kind, "")
    document = current.snapshot.sections.get(section, {}).get(name)
    return f"{kind} {getattr(document, 'name', name)}"
