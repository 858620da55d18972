"""What a page by hand comes to: whether anybody hears of it, and whom it does not wake. For whoever asks for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.kit.db import Reader
from tocsin.paging import rules
from tocsin.paging.domain import Why
from tocsin.paging.plans import plan_for
from tocsin.paging.standing import Standing, standing
from tocsin.paging.ways import Reach
from tocsin.people.domain import Urgency

QUIET = "only their inbox in Tocsin is told, which wakes nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWoken:
    """Somebody whom a page does not wake, or, without a person, a target behind which nobody stands."""

    target: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a page comes to."""

    reached: bool  # somebody has a way to hear of it
    not_woken: list[NotWoken]


def heard(reader: Reader, targets: Sequence[str], service: str, urgency: Urgency) -> Heard:
    """Who hears of a page to these targets, or else by the policy of this service, as far as its first step that pages."""
    current = standing(reader)
    current.know_contacts(reader, current.people)
    plan = rules.by_hand(targets) if targets else plan_for(current, service, urgency)
    decided = rules.climb(plan, 0, 0, current.resolver, current.can_reach, reader.now)
    reached = isinstance(decided, rules.Climb)
    tried = [skipped.rung for skipped in decided.skipped] + ([decided.rung] if isinstance(decided, rules.Climb) else [])
    asked = dict.fromkeys(target for rung in tried for target in rung.targets)
    return Heard(reached=reached, not_woken=[one for target in asked for one in _not_woken(current, target, reader)])


def _not_woken(current: Standing, target: str, reader: Reader) -> Iterator[NotWoken]:
    persons, why = current.resolver.persons(target, reader.now)
    if not persons:
        yield NotWoken(target=target, person="", reason=current.in_words(why))
    for person in persons:
        reach = current.reach(person, reader.now)
        if reach is not Reach.WAKES:
            yield NotWoken(target=target, person=person, reason=Why.NO_CONTACT if reach is Reach.NOTHING else QUIET)
