"""The geometry of timelines: what stands where on a band that is as wide as the time it shows. Pure.

Promises: places and widths are shares of the whole in percent, so a drawing needs no size; what overlaps lies in
lanes beneath each other; what reaches beyond the edges is cut to them. Leaves out colours, words and files.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from tocsin.kit import tz
from tocsin.oncall import intervals
from tocsin.oncall.domain import Shift
from tocsin.oncall.intervals import Interval

SHADES = 12
LANES_MAX = 6
SATURDAY = 5
CHARS_PER_PERCENT = 0.95  # of a name, on a band of about 900 pixels
PADDING_CHARS = 1
INITIALS_MAX = 2


class Mark(StrEnum):
    """What a stretch of a timeline is."""

    TURN = "turn"  # somebody's turn by a layer
    OVERRIDE = "override"
    SHADOW = "shadow"
    GAP = "gap"  # nobody, by oversight
    NOBODY = "nobody"  # nobody, on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Something that lasts; `person` is empty where nobody is on call."""

    start: datetime
    end: datetime
    person: str
    mark: Mark
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch in its place: `left` and `width` in percent, lane 0 on top."""

    stretch: Stretch
    left: float
    width: float
    lane: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """All bars of one line of a timeline."""

    bars: tuple[Bar, ...]
    lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day on the axis."""

    on: date
    left: float
    width: float

    @property
    def weekend(self) -> bool:
        """Saturday or Sunday."""
        return self.on.weekday() >= SATURDAY


def stretches(
    shifts: Iterable[Shift], covered: Interval, accidental: Sequence[Interval] | None = None
) -> list[Stretch]:
    """Shifts as stretches, with whatever of `covered` is left to nobody; on purpose where it is not `accidental`."""
    served = list(shifts)
    found = [
        Stretch(start=one.start, end=one.end, person=one.person, mark=_mark(one), layer=one.layer or "")
        for one in served
    ]
    duty = intervals.union(Interval(one.start, one.end) for one in served if not one.shadow)
    empty = intervals.subtract([covered], duty) if covered.start < covered.end else []
    gaps = empty if accidental is None else intervals.intersect(empty, list(accidental))
    found += [Stretch(start=one.start, end=one.end, person="", mark=Mark.GAP) for one in gaps]
    found += [
        Stretch(start=one.start, end=one.end, person="", mark=Mark.NOBODY) for one in intervals.subtract(empty, gaps)
    ]
    return sorted(found, key=lambda one: (one.start, one.mark is Mark.SHADOW, one.person))


def lay_out(found: Iterable[Stretch], start: datetime, end: datetime) -> Band:
    """Each stretch that reaches into the time, in the first lane that is free."""
    ends: list[datetime] = []
    bars: list[Bar] = []
    for one in found:
        low, high = max(one.start, start), min(one.end, end)
        if low >= high:
            continue
        lane = next((index for index, until in enumerate(ends) if until <= low), len(ends))
        if lane >= LANES_MAX:
            continue  # the list beneath a chart tells them all
        if lane == len(ends):
            ends.append(high)
        ends[lane] = high
        bars.append(Bar(stretch=one, left=place(low, start, end), width=_share(high - low, end - start), lane=lane))
    return Band(bars=tuple(bars), lanes=max(1, len(ends)))


def place(at: datetime, start: datetime, end: datetime) -> float:
    """Where an instant lies, in percent of the whole."""
    return _share(at - start, end - start)


def days(zone: tz.Zone, first: date, count: int) -> tuple[Day, ...]:
    """The local days from `first` on; those on which clocks change are shorter or longer than the others."""
    edges = [edge(zone, first + timedelta(days=number)) for number in range(count + 1)]
    start, end = edges[0], edges[-1]
    return tuple(
        Day(on=first + timedelta(days=number), left=place(low, start, end), width=_share(high - low, end - start))
        for number, (low, high) in enumerate(itertools.pairwise(edges))
    )


def edge(zone: tz.Zone, on: date) -> datetime:
    """The first instant of a local day."""
    return tz.moment(zone.first_instant(tz.wall_second(on)))


def label(name: str, width: float) -> str:
    """As much of a name as a bar has room for: all of it, the first name, the initials, nothing."""
    room = width * CHARS_PER_PERCENT - PADDING_CHARS
    words = name.split() or [""]
    return next((said for said in (name, words[0], initials(name)) if len(said) <= room), "")


def initials(name: str) -> str:
    """`AL` for Ann Lee."""
    return "".join(word[0] for word in name.split())[:INITIALS_MAX].upper()


def shades(persons: Iterable[str]) -> Mapping[str, int]:
    """A shade for each person: their own by their name, the next free one if somebody has it; all equally often."""
    taken = [0] * SHADES
    found: dict[str, int] = {}
    for person in sorted(set(persons)):
        own = blake2b(person.encode(), digest_size=2).digest()[0] % SHADES
        found[person] = min(range(SHADES), key=lambda shade: (taken[shade], (shade - own) % SHADES))
        taken[found[person]] += 1
    return found


def _mark(shift: Shift) -> Mark:
    if shift.shadow:
        return Mark.SHADOW
    return Mark.OVERRIDE if shift.override is not None and shift.layer is None else Mark.TURN


def _share(part: timedelta, whole: timedelta) -> float:
    return round(100 * (part / whole), 3)
