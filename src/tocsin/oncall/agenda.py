"""When somebody is to be told that they go on or off call, and when the pager passes on. Pure.

Promises: moments follow from the final shifts alone, so they are found again after each change, and each has a key by
which it is told only once. Who goes from one layer to another, or from a layer to an override, without a second off
duty is told nothing. Leaves out who says so, and how.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

import msgspec

from tocsin.kit import tz
from tocsin.oncall import intervals, rules
from tocsin.oncall.domain import Override
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rotation import Segment
from tocsin.oncall.rules import Schedule
from tocsin.people.domain import ShiftNotices

SECOND = timedelta(seconds=1)
TRUE_END_WITHIN = timedelta(days=62)  # a shift that lasts longer is told without its end
_REF_BYTES = 7


class MomentKind(StrEnum):
    """What there is to tell."""

    START = "start"
    END = "end"
    HANDOVER = "handover"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """At `at` (seconds) something is told about the instant `edge` of a schedule."""

    kind: MomentKind
    schedule: str
    at: int
    edge: int
    person: str = ""
    shadow: bool = False

    @property
    def key(self) -> str:
        """What makes two of them the same news."""
        return "|".join((self.kind, self.schedule, self.person, str(self.edge), str(self.edge - self.at)))

    @property
    def ref(self) -> int:
        """The key as a timer's number."""
        return int.from_bytes(blake2b(self.key.encode(), digest_size=_REF_BYTES).digest(), "big")


def moments(
    schedule: Schedule,
    overrides: Sequence[Override],
    wishes: Mapping[str, ShiftNotices],
    start: datetime,
    end: datetime,
) -> Iterator[Moment]:
    """What falls due after `start` up to `end`, and what should have for an edge that still lies after `start`."""
    furthest = max((max((*one.start, *one.end), default=timedelta(0)) for one in wishes.values()), default=timedelta(0))
    low, high = start - SECOND, end + furthest + SECOND
    for person, shadow, held in _duty_stretches(schedule, overrides, low, high):
        wish = wishes.get(person)
        if wish is None:
            continue
        for kind, edge, aheads in ((MomentKind.START, held.start, wish.start), (MomentKind.END, held.end, wish.end)):
            if start <= edge < high and edge - end <= furthest:
                yield from _ahead(kind, schedule.name, person, edge, aheads, until=end, shadow=shadow)
    yield from _handovers(schedule, overrides, start, end)


def passed(
    schedule: Schedule, overrides: Sequence[Override], edge: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who goes off call at an instant and who comes on."""
    before = [duty.person for duty in rules.answer(schedule, edge - SECOND, overrides).duties]
    after = [duty.person for duty in rules.answer(schedule, edge, overrides).duties]
    return tuple(one for one in before if one not in after), tuple(one for one in after if one not in before)


def held_at(
    schedule: Schedule, overrides: Sequence[Override], person: str, edge: datetime, *, shadow: bool
) -> Interval | None:
    """The uninterrupted time a person is on call around the second that begins at `edge`; None if they are not."""
    low, high = edge - TRUE_END_WITHIN, edge + TRUE_END_WITHIN
    for name, as_shadow, held in _duty_stretches(schedule, overrides, low, high):
        if (name, as_shadow) == (person, shadow) and held.start <= edge < held.end:
            return held
    return None


def _duty_stretches(
    schedule: Schedule, overrides: Sequence[Override], low: datetime, high: datetime
) -> Iterator[tuple[str, bool, Interval]]:
    by_person: dict[tuple[str, bool], list[Interval]] = {}
    for shift in rules.shifts(schedule, low, high, overrides):
        by_person.setdefault((shift.person, shift.shadow), []).append(Interval(shift.start, shift.end))
    for (person, shadow), stretches in by_person.items():
        for held in intervals.union(stretches):
            yield person, shadow, held


def _ahead(
    kind: MomentKind,
    schedule: str,
    person: str,
    edge: datetime,
    aheads: Sequence[timedelta],
    *,
    until: datetime,
    shadow: bool,
) -> Iterator[Moment]:
    for ahead in dict.fromkeys(aheads):
        at = edge - ahead
        if at <= until:
            yield Moment(
                kind=kind, schedule=schedule, at=tz.second(at), edge=tz.second(edge), person=person, shadow=shadow
            )


def _handovers(schedule: Schedule, overrides: Sequence[Override], start: datetime, end: datetime) -> Iterator[Moment]:
    found = rules.segments(schedule, tz.second(start) - 1, tz.second(end) + 1, overrides)
    for before, after in itertools.pairwise(found):
        if _people(before) - _people(after) and _people(after) - _people(before):
            yield Moment(kind=MomentKind.HANDOVER, schedule=schedule.name, at=after.start, edge=after.start)


def _people(segment: Segment) -> set[str]:
    return {seat.person for seat in segment.seats}
