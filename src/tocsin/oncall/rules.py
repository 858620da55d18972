"""Who carries the pager at t.

The theory, in the order it is applied:

1. **A local time means the first instant at which the zone's clock shows it or a later time** (`kit.tz`). So a
   hand-over at 02:30 in the night that skips 02:00-03:00 happens at the jump; in the night that repeats the hour it
   happens the first time the clock shows 02:30; a hand-over at midnight where midnight does not exist happens at the
   first instant of the day. A later local time is never an earlier instant, so hand-overs partition time.
2. **A turn lasts from one hand-over to the next on the wall**, however long that is: a daily 09:00 turn over the night
   of the change lasts 23 or 25 hours, an hourly turn over a repeated hour lasts two, and a turn that lies wholly
   inside skipped time has no length: nobody serves it, and the next person's turn comes as if it had been served.
3. **Turns are counted from the layer's first hand-over on or after `start`**; before it the layer is silent. Turn
   number n belongs to the n-th `at_once` people of the list, which repeats.
4. **A layer applies** where its windows (`between`, `weekdays`), its `dates` and its `from`/`until` all say so. Windows
   begin and end at local times by rule 1, and belong to the weekday they begin on.
5. **The topmost layer that applies decides**, later layers lying above earlier ones. `nobody` decides as well: that
   nobody is on call. Where a layer does not apply, what lies below it shows.
6. **Overrides are laid on top one after another**, in the order given (the order they were made), so a later one
   sees what an earlier one did.
   A schedule whose turns come from a calendar has no layers; what the calendar says is laid down first.
7. **Shadow layers stand beside the stack**: their people are told, never on duty, and override nobody.

So there is exactly one answer for every instant. It depends on the document, the overrides and the instant alone.
What is left out: whether the people exist or can be reached, and what a page to a shadow looks like.
Everything counts in whole seconds; a fraction belongs to the second it lies in.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from tocsin.kit import tz
from tocsin.oncall import intervals, rotation
from tocsin.oncall.domain import EVERYBODY, Duty, Override, ScheduleDocument, Shift, Why
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rotation import ALWAYS, FOREVER, Layer, Seat, Seats, Segment

BOARD_ENTRIES_MAX = 20_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Schedule:
    """A schedule ready to be asked; get it from `compile_schedule`."""

    name: str
    zone: tz.Zone
    layers: tuple[Layer, ...]  # topmost first, without shadows
    shadows: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who is on call at an instant, why nobody if nobody, and until when this holds (None: for good)."""

    duties: tuple[Duty, ...]
    shadows: tuple[Duty, ...]
    why: Why
    since: datetime | None
    until: datetime | None
    held: tuple[int, int] = field(repr=False)  # the seconds for which the whole answer holds, shadows too


_compiled: dict[tuple[int, str], tuple[weakref.ref[ScheduleDocument], Schedule]] = {}


def compile_schedule(name: str, document: ScheduleDocument) -> Schedule:
    """Make a document ready to be asked: once for each document, for as long as somebody holds it."""
    key = (id(document), name)
    known = _compiled.get(key)
    if known is not None and known[0]() is document:
        return known[1]
    layers = [rotation.compile_layer(layer, document.timezone) for layer in reversed(document.layers)]
    schedule = Schedule(
        name=name,
        zone=tz.zone(document.timezone),
        layers=tuple(layer for layer in layers if not layer.shadow),
        shadows=tuple(layer for layer in reversed(layers) if layer.shadow),
    )
    _compiled[key] = (weakref.ref(document, lambda _: _compiled.pop(key, None)), schedule)
    return schedule


def on_call(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> tuple[Duty, ...]:
    """Everybody on duty at an instant, in the order of the layer's list, then the shadows. Empty if nobody is."""
    found = answer(schedule, at, overrides)
    return found.duties + found.shadows


def answer(schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Answer:
    """Who is on call at an instant, with the reason if nobody is."""
    instant = tz.second(at)
    base = _decide(schedule, instant)
    segment = _overridden_at(base, instant, [one for one in overrides if one.schedule == schedule.name])
    held_from, held_until = segment.start, segment.end
    shadows: list[Duty] = []
    for layer in schedule.shadows:
        piece = layer.at(instant)
        held_from, held_until = max(held_from, piece.start), min(held_until, piece.end)
        shadows += _duties(schedule, piece.seats, piece.start, piece.end)
    return Answer(
        duties=tuple(_duties(schedule, segment.seats, segment.start, segment.end)),
        shadows=tuple(shadows),
        why=segment.why,
        since=_moment(segment.start),
        until=_moment(segment.end),
        held=(held_from, held_until),
    )


def shifts(schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()) -> list[Shift]:
    """The final shifts between two instants, cut to them: sorted by start, without gaps within one shift."""
    low, high = tz.second(start), tz.second(end)
    if high <= low:
        return []
    found = _shifts(schedule.name, segments(schedule, low, high, overrides))
    for layer in schedule.shadows:
        alone = _laid_over([nobody(low, high)], layer.pieces(low, high))
        found += _shifts(schedule.name, alone)
    found.sort(key=_order)
    return found


def gaps(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    overrides: Sequence[Override] = (),
    *,
    deliberate: bool = False,
) -> list[Interval]:
    """The exact times nobody is on duty; those a layer gives to `nobody` on purpose only if `deliberate`."""
    return intervals.union(
        Interval(tz.moment(one.start), tz.moment(one.end))
        for one in segments(schedule, tz.second(start), tz.second(end), overrides)
        if not one.seats and (deliberate or one.why is not Why.NOBODY)
    )


def segments(schedule: Schedule, start: int, end: int, overrides: Sequence[Override] = ()) -> list[Segment]:
    """The whole time between two seconds cut where the answer may change; shadows left out."""
    if end <= start:
        return []
    found = [nobody(start, end)]
    for layer in reversed(schedule.layers):
        found = _laid_over(found, layer.pieces(start, end))
    for override in overrides:
        if override.schedule == schedule.name:
            found = _overridden(found, override)
    return found


def nobody(start: int, end: int) -> Segment:
    """A stretch for which nothing is said."""
    return Segment(start, end, (), Why.GAP)


def history(
    versions: Sequence[tuple[datetime, Schedule | None]],
    start: datetime,
    end: datetime,
    overrides: Sequence[Override] = (),
) -> list[Shift]:
    """The shifts by the version in force at each instant; `versions` by when they came, None for removed.

    What an edit changes lies after it, so who was on call before it stays as it was.
    """
    last: dict[tuple[str, str | None, str | None, bool], Shift] = {}
    done: list[Shift] = []
    for index, (came, schedule) in enumerate(versions):
        went = versions[index + 1][0] if index + 1 < len(versions) else end
        for shift in shifts(schedule, max(start, came), min(end, went), overrides) if schedule else ():
            key = (shift.person, shift.layer, shift.override, shift.shadow)
            before = last.get(key)
            if before is not None and before.end == shift.start:
                last[key] = msgspec.structs.replace(before, end=shift.end)
                continue
            done += [before] if before is not None else []
            last[key] = shift
    return sorted((*done, *last.values()), key=_order)


class OnCallBoard:
    """Remembers for each schedule who is on call, for as long as the answer holds. Threads may share it."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[Schedule, Sequence[Override], int, int, Answer]] = {}

    def answer(self, schedule: Schedule, at: datetime, overrides: Sequence[Override] = ()) -> Answer:
        """As `rules.answer`, from memory if the schedule and its overrides are the ones remembered."""
        return self._answer(schedule, at, tz.second(at), overrides)

    def everyone(
        self, schedules: Iterable[Schedule], at: datetime, overrides: Mapping[str, Sequence[Override]]
    ) -> dict[str, Answer]:
        """The answer of every schedule, by its name; `overrides` by the schedule's name too."""
        instant = tz.second(at)
        return {one.name: self._answer(one, at, instant, overrides.get(one.name, ())) for one in schedules}

    def _answer(self, schedule: Schedule, at: datetime, instant: int, overrides: Sequence[Override]) -> Answer:
        entry = self._entries.get(id(schedule))
        if (
            entry is not None
            and entry[0] is schedule
            and entry[2] <= instant < entry[3]
            and (entry[1] is overrides or entry[1] == overrides)
        ):
            return entry[4]
        if len(self._entries) >= BOARD_ENTRIES_MAX:
            self._entries.clear()
        found = answer(schedule, at, overrides)
        self._entries[id(schedule)] = (schedule, tuple(overrides), *found.held, found)
        return found


def _decide(schedule: Schedule, instant: int) -> Segment:
    low, high = ALWAYS, FOREVER
    for layer in schedule.layers:
        segment = layer.at(instant)
        low, high = max(low, segment.start), min(high, segment.end)
        if segment.why is not Why.GAP:
            return Segment(low, high, segment.seats, segment.why)
    return Segment(low, high, (), Why.GAP)


def _overridden_at(segment: Segment, instant: int, overrides: Iterable[Override]) -> Segment:
    low, high, seats, why = segment.start, segment.end, segment.seats, segment.why
    for override in overrides:
        start, end = tz.second(override.start), tz.second(override.end)
        if instant < start:
            high = min(high, start)
        elif instant >= end:
            low = max(low, end)
        else:
            low, high = max(low, start), min(high, end)
            seats, why = _changed(seats, why, override)
    return Segment(low, high, seats, why)


def _laid_over(below: list[Segment], above: Sequence[Segment]) -> list[Segment]:
    """`below`, which has no holes, with the segments of a higher layer in its place where there are some."""
    result: list[Segment] = []
    at, reached = 0, below[0].start
    for segment in above:
        start = segment.start
        while reached < start:
            under = below[at]
            until = min(under.end, start)
            if reached < until:
                result.append(Segment(reached, until, under.seats, under.why))
                reached = until
            at += under.end <= start
        result.append(segment)
        reached = segment.end
        while at < len(below) and below[at].end <= reached:
            at += 1
    left = below[at:]
    return result + [Segment(max(reached, one.start), one.end, one.seats, one.why) for one in left]


def _append_cut(result: list[Segment], segment: Segment, low: int, high: int) -> None:
    start, end = max(segment.start, low), min(segment.end, high)
    if start < end:
        result.append(Segment(start, end, segment.seats, segment.why))


def _overridden(found: list[Segment], override: Override) -> list[Segment]:
    low = max(tz.second(override.start), found[0].start)
    high = min(tz.second(override.end), found[-1].end)
    if low >= high:
        return found
    first = bisect_right(found, low, key=lambda segment: segment.start) - 1
    last = bisect_right(found, high - 1, key=lambda segment: segment.start) - 1
    changed: list[Segment] = []
    _append_cut(changed, found[first], found[first].start, low)
    for segment in found[first : last + 1]:
        seats, why = _changed(segment.seats, segment.why, override)
        changed.append(Segment(max(segment.start, low), min(segment.end, high), seats, why))
    _append_cut(changed, found[last], high, found[last].end)
    return [*found[:first], *changed, *found[last + 1 :]]


def _changed(seats: Seats, why: Why, override: Override) -> tuple[Seats, Why]:
    """Who is on call, and why, once an override is laid on top."""
    out, into = override.person_out, override.person_in
    if into is not None and any(seat.person == into for seat in seats):
        left = tuple(seat for seat in seats if seat.person == into or out not in {EVERYBODY, seat.person})
        return left, why
    if out is None and into is not None:
        if override.layer is not None:
            return (*seats, Seat(into, override.layer, None, Why.LAYER)), Why.LAYER
        return (*seats, Seat(into, None, override.id, Why.ADDED)), Why.ADDED
    came = () if into is None else (Seat(into, None, override.id, Why.REPLACED),)
    if out == EVERYBODY:
        return came, Why.REPLACED if came else Why.REMOVED
    place = next((index for index, seat in enumerate(seats) if seat.person == out), None)
    if place is None:
        return seats, why
    left = (*seats[:place], *came, *seats[place + 1 :])
    return left, Why.REPLACED if came else (why if left else Why.REMOVED)


def _shifts(schedule: str, found: Iterable[Segment]) -> list[Shift]:
    """Join what one seat holds without interruption; `found` has no holes."""
    result: list[Shift] = []
    held: dict[Seat, datetime] = {}
    seats: Seats = ()
    end = 0
    for segment in found:
        end, now_seats = segment.end, segment.seats
        if now_seats is seats:
            continue
        now = tz.moment(segment.start)
        gone = [seat for seat in seats if seat not in now_seats]
        result += [_shift(schedule, seat, held.pop(seat), now) for seat in gone]
        for seat in now_seats:
            held.setdefault(seat, now)
        seats = now_seats
    result += [_shift(schedule, seat, since, tz.moment(end)) for seat, since in held.items()]
    return result


def _order(shift: Shift) -> tuple[datetime, bool, str, datetime]:
    return shift.start, shift.shadow, shift.person, shift.end


def _shift(schedule: str, seat: Seat, start: datetime, end: datetime) -> Shift:
    return Shift(
        schedule=schedule,
        person=seat.person,
        start=start,
        end=end,
        layer=seat.layer,
        override=seat.override,
        shadow=seat.why is Why.SHADOW,
    )


def _duties(schedule: Schedule, seats: Seats, start: int, end: int) -> list[Duty]:
    return [
        Duty(
            schedule=schedule.name,
            person=seat.person,
            layer=seat.layer,
            override=seat.override,
            reason=seat.why,
            since=_moment(start),
            until=_moment(end),
        )
        for seat in seats
    ]


def _moment(instant: int) -> datetime | None:
    return tz.moment(instant) if ALWAYS < instant < FOREVER else None
