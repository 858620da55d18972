"""One layer, made ready to be asked: which turn is it, which times does the layer apply to, who sits in it.

Promises: everything is found by arithmetic from the instant asked about; nothing walks from the layer's start, so a
layer ten years old answers as fast as a new one. All reckoning is done on the wall (see `kit.tz`) and brought to
instants at the end, which is what makes turns and windows partition time in every zone.
Leaves out how layers lie above each other and what overrides do: that is `rules`.
"""

from __future__ import annotations

import calendar
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tocsin.kit import tz
from tocsin.kit.tz import DAY_S, WEEK_S
from tocsin.oncall import grammar
from tocsin.oncall.domain import NOBODY, LayerDocument, Why, edge_second
from tocsin.oncall.grammar import Handoff, Rotation

ALWAYS = -(10**12)  # before any instant asked about
FOREVER = 10**12  # after any
WEEKS_MAX = 4_096  # different weeks remembered; few are ever written
_MONDAY_S = 4 * DAY_S  # 1970-01-05
_PERIOD_S = {Rotation.HOURLY: 3600, Rotation.DAILY: DAY_S, Rotation.WEEKLY: WEEK_S}


class Seat(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A person on call, and what put them there."""

    person: str
    layer: str | None
    override: str | None
    why: Why


Seats = tuple[Seat, ...]


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A stretch of seconds with one answer; `why` is what decided it. GAP says nothing was decided."""

    start: int
    end: int
    seats: Seats
    why: Why


class EvenTurns(NamedTuple):
    """Hand-overs that repeat after a fixed time on the wall: hourly, daily, weekly."""

    firsts: tuple[int, ...]
    cycle_s: int

    def start(self, turn: int) -> int:
        """The wall second at which turn number `turn` begins."""
        cycle, place = divmod(turn, len(self.firsts))
        return self.firsts[place] + cycle * self.cycle_s

    def starts(self, turn: int, wall_end: int) -> Sequence[int]:
        """The wall seconds at which this turn and those after it begin, before `wall_end`."""
        if len(self.firsts) == 1:
            return range(self.start(turn), wall_end, self.cycle_s)
        return _starts(self, turn, wall_end)

    def turn_at(self, wall: int) -> int:
        """The turn that holds this wall second; negative before the first."""
        cycle, rest = divmod(wall - self.firsts[0], self.cycle_s)
        if len(self.firsts) == 1:
            return cycle
        return cycle * len(self.firsts) + bisect_right(self.firsts, rest + self.firsts[0]) - 1


class MonthlyTurns(NamedTuple):
    """Hand-overs on days of the month; `marks` are (month counted from year 0, day, second) of the first cycle."""

    marks: tuple[tuple[int, int, int], ...]
    every: int

    def start(self, turn: int) -> int:
        """The wall second at which turn number `turn` begins; the 31st is the last day of a shorter month."""
        cycle, place = divmod(turn, len(self.marks))
        month, day, second = self.marks[place]
        return _in_month(month + cycle * self.every, day, second)

    def starts(self, turn: int, wall_end: int) -> Sequence[int]:
        """The wall seconds at which this turn and those after it begin, before `wall_end`."""
        return _starts(self, turn, wall_end)

    def turn_at(self, wall: int) -> int:
        """The turn that holds this wall second; negative before the first."""
        on = tz.wall_date(wall)
        cycle = (on.year * 12 + on.month - 1 - self.marks[0][0]) // self.every
        near = range((cycle - 1) * len(self.marks), (cycle + 2) * len(self.marks))
        return near.start + bisect_right(near, wall, key=self.start) - 1


def _starts(turns: EvenTurns | MonthlyTurns, turn: int, wall_end: int) -> list[int]:
    found = []
    while (wall := turns.start(turn)) < wall_end:
        found.append(wall)
        turn += 1
    return found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layer:
    """A layer ready to be asked. `week` are the windows of the week it applies to, empty for always."""

    name: str
    shadow: bool
    zone: tz.Zone
    turns: EvenTurns | MonthlyTurns
    rota: tuple[tuple[Seats, Why], ...]  # by turn, repeating; NOBODY with the seats of nobody
    steady: bool  # every turn is the same people: hand-overs change nothing
    week: tuple[tuple[int, int], ...]
    week_starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]  # the instants it is in force

    def at(self, instant: int) -> Segment:
        """What this layer says at an instant, and from when until when it says so."""
        place = bisect_right(self.spans, (instant, FOREVER)) - 1
        low, high = self.spans[place] if place >= 0 else (ALWAYS, ALWAYS)
        if instant >= high:
            after = self.spans[place + 1][0] if place + 1 < len(self.spans) else FOREVER
            return Segment(high, after, (), Why.GAP)
        wall = self.zone.furthest(instant)
        if self.week:
            applies, start, end = self._window(wall)
            low = max(low, self.zone.first_instant(start))
            high = min(high, self.zone.first_instant(end))
            if not applies:
                return Segment(low, high, (), Why.GAP)
        if self.steady:
            return Segment(low, high, *self.rota[0])
        turn = self.turns.turn_at(wall)
        low = max(low, self.zone.first_instant(self.turns.start(turn)))
        high = min(high, self.zone.first_instant(self.turns.start(turn + 1)))
        return Segment(low, high, *self.rota[turn % len(self.rota)])

    def pieces(self, start: int, end: int) -> list[Segment]:
        """Where this layer applies between two instants, sorted, without overlap and without empty pieces."""
        found: list[Segment] = []
        for opens, closes in self.spans:
            low, high = max(opens, start), min(closes, end)
            if low < high:
                found += self._in_span(low, high)
        return found

    def _in_span(self, low: int, high: int) -> Iterator[Segment]:
        """The segments between two instants of one span: each window, cut at the hand-overs in it."""
        windows = self._windows(self.zone.furthest(low), self.zone.furthest(high - 1) + 1)
        if not windows:
            return
        edges = self.zone.first_instants(windows)
        rota, turns = self.rota, len(self.rota)
        turn = 0 if self.steady else self.turns.turn_at(windows[0])
        cuts = [] if self.steady else self.zone.first_instants(self.turns.starts(turn + 1, windows[-1]))
        cuts.append(FOREVER)
        place = 0
        for index in range(0, len(edges), 2):
            at, stop = max(low, edges[index]), min(high, edges[index + 1])
            while (cut := cuts[place]) < stop:
                if cut > at:
                    yield Segment(at, cut, *rota[(turn + place) % turns])
                    at = cut
                place += 1
            if at < stop:
                yield Segment(at, stop, *rota[(turn + place) % turns])

    def _windows(self, wall_start: int, wall_end: int) -> list[int]:
        """Starts and ends, in turn, of the windows of the week in a stretch of the wall, or of all of it."""
        if not self.week:
            return [wall_start, wall_end]
        edges = [edge for window in self.week for edge in window]
        monday = wall_start - (wall_start - _MONDAY_S) % WEEK_S - WEEK_S  # a window may reach in from the week before
        found = [start + edge for start in range(monday, wall_end, WEEK_S) for edge in edges]
        first, last = bisect_right(found, wall_start), bisect_left(found, wall_end)
        if first % 2:  # inside a window
            first -= 1
            found[first] = wall_start
        if last % 2:
            found[last] = wall_end
            last += 1
        return found[first:last]

    def _window(self, wall: int) -> tuple[bool, int, int]:
        """Whether a wall second lies in a window, and the ends of that window or of the time between two."""
        week = self.week
        into = (wall - _MONDAY_S) % WEEK_S
        monday = wall - into
        place = bisect_right(self.week_starts, into) - 1
        start, end = week[place] if place >= 0 else (week[-1][0] - WEEK_S, week[-1][1] - WEEK_S)
        if into < end:
            return True, monday + start, monday + end
        if place < 0 or place == len(week) - 1:  # the last window of a week may reach into the next one
            tail_start, tail_end = (week[-1][0] - WEEK_S, week[-1][1] - WEEK_S)
            if into < tail_end:
                return True, monday + tail_start, monday + tail_end
        after = week[place + 1][0] if place + 1 < len(week) else week[0][0] + WEEK_S
        return False, monday + end, monday + after


def compile_layer(document: LayerDocument, zone_name: str) -> Layer:
    """Make a layer ready; `zone_name` is the schedule's zone, for layers without their own."""
    zone = tz.zone(document.timezone or zone_name)
    turns = _turns(document)
    week = _week(document.between, document.weekdays) if document.between or document.weekdays else ()
    rota = _rota(document)
    return Layer(
        name=document.name,
        shadow=document.shadow,
        zone=zone,
        turns=turns,
        rota=rota,
        steady=len(rota) == 1 or len({frozenset(seats) for seats, _ in rota}) == 1,
        week=week,
        week_starts=tuple(start for start, _ in week),
        spans=_spans(document, zone, turns.start(0)),
    )


def _turns(document: LayerDocument) -> EvenTurns | MonthlyTurns:
    """The first cycle begins on the start date; each hand-over of it happens once in there."""
    handovers = document.handovers
    if document.rotation is Rotation.MONTHLY:
        marks = [_first_month(one, document.start) for one in handovers]
        return MonthlyTurns(tuple(sorted(marks, key=lambda mark: _in_month(*mark))), document.every)
    firsts = sorted(_first_second(one, document) for one in handovers)
    return EvenTurns(tuple(firsts), document.every * _PERIOD_S[document.rotation])


def _first_second(handover: Handoff, document: LayerDocument) -> int:
    days = 0
    if document.rotation is Rotation.DAILY:
        days = handover.period - 1
    elif document.rotation is Rotation.WEEKLY:
        days = ((handover.weekday or 0) - document.start.weekday()) % 7 + 7 * (handover.period - 1)
    return tz.wall_second(document.start + timedelta(days=days)) + handover.second


def _first_month(handover: Handoff, start: date) -> tuple[int, int, int]:
    day = handover.day or 1
    month = start.year * 12 + start.month - 1
    if min(day, calendar.monthrange(start.year, start.month)[1]) < start.day:
        month += 1
    return month + handover.period - 1, day, handover.second


def _in_month(month: int, day: int, second: int) -> int:
    year, index = divmod(month, 12)
    last = calendar.monthrange(year, index + 1)[1]
    return tz.wall_second(date(year, index + 1, min(day, last))) + second


def _rota(document: LayerDocument) -> tuple[tuple[Seats, Why], ...]:
    """Who sits in each turn until the list comes round: the next `at_once` people of it."""
    people, at_once = document.people, document.at_once
    why = Why.SHADOW if document.shadow else Why.LAYER
    seats = {person: Seat(person, document.name, None, why) for person in people if person != NOBODY}
    if at_once == 1:
        return tuple(((seats[name],), why) if name != NOBODY else ((), Why.NOBODY) for name in people)
    rota = []
    for turn in range(len(people) // math.gcd(len(people), at_once)):
        names = [people[(turn * at_once + step) % len(people)] for step in range(at_once)]
        sitting = tuple(seats[name] for name in dict.fromkeys(names) if name != NOBODY)
        rota.append((sitting, why if sitting else Why.NOBODY))
    return tuple(rota)


@lru_cache(maxsize=WEEKS_MAX)
def _week(between: tuple[str, ...], weekdays: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """The windows of a week, merged, in seconds from Monday midnight; the last may reach past Sunday's end."""
    windows = [grammar.window(written) for written in between]
    days = sorted({day for written in weekdays for day in grammar.weekdays(written)} or range(7))
    whole = [(window.start, window.end) for window in windows if not window.daily]
    daily = [(window.start, window.end) for window in windows if window.daily]
    if not windows:
        daily = [(0, DAY_S)]
    whole += [(day * DAY_S + start, day * DAY_S + end) for day in days for start, end in daily]
    return _round_the_week(_merged((start % WEEK_S, start % WEEK_S + end - start) for start, end in whole))


def _round_the_week(windows: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join the last window with the first if it reaches round to it; empty if together they are the whole week."""
    while len(windows) > 1 and windows[-1][1] - WEEK_S >= windows[0][0]:
        first = windows.pop(0)
        windows[-1] = (windows[-1][0], max(windows[-1][1], first[1] + WEEK_S))
    if len(windows) == 1 and windows[0][1] - windows[0][0] >= WEEK_S:
        return ()
    return tuple(windows)


def _spans(document: LayerDocument, zone: tz.Zone, first: int) -> tuple[tuple[int, int], ...]:
    """The instants the layer is in force: from its first hand-over, within `from` and `until`, on its `dates`."""
    low = zone.first_instant(first)
    if document.from_ is not None:
        low = max(low, edge_second(document.from_, zone))
    high = edge_second(document.until, zone) if document.until is not None else FOREVER
    spans: Sequence[tuple[int, int]] = [(ALWAYS, FOREVER)]
    if document.dates:
        days = [grammar.dates(written) for written in document.dates]
        spans = _merged((edge_second(begin, zone), edge_second(end, zone)) for begin, end in days)
    cut = [(max(low, start), min(high, end)) for start, end in spans]
    return tuple((start, end) for start, end in cut if start < end)


def _merged(stretches: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif start < end:
            merged.append((start, end))
    return merged
