"""The rules against a slow and simple reading of the same document, and the promise that hand-overs partition time.

The oracle below shares nothing with the implementation but the document. It walks quarter by quarter through real
time with `zoneinfo`, remembers the furthest the wall clock has got, and asks of that local time, in plain calendar
arithmetic, which hand-over came last and whether the layer's windows hold it.
"""

from __future__ import annotations

import calendar
import itertools
import os
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.oncall import rules
from tocsin.oncall.domain import NOBODY, LayerDocument, ScheduleDocument

DEEP = os.environ.get("TOCSIN_DEEP") == "1"
EXAMPLES = 3_000 if DEEP else 25
pytestmark = pytest.mark.timeout(3_600 if DEEP else 120)
QUARTER = timedelta(minutes=15)
ZONES = sorted(name for name in zoneinfo.available_timezones() if name not in {"Factory", "localtime"})
# zones that have done something odd since 2020, so that they come up often
ODD = ["Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Nuuk", "America/Santiago",
       "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Chatham"]  # fmt: skip
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
PEOPLE = ["ann", "bob", "cleo", "dan", NOBODY]


@dataclass
class Wall:
    """A wall clock that is never set back: it waits until the real one has caught up."""

    zone: zoneinfo.ZoneInfo
    shown: datetime = datetime.min

    def move(self, at: datetime) -> datetime:
        """The furthest any clock of the zone has got by now."""
        self.shown = max(self.shown, at.astimezone(self.zone).replace(tzinfo=None))
        return self.shown


@dataclass
class SlowLayer:
    """One layer, read the slow way."""

    document: LayerDocument
    zone: zoneinfo.ZoneInfo
    last: datetime
    handovers: list[datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.handovers = sorted(
            moment for text in (self.document.handoffs or (self.document.handoff or "00:00",)) for moment in self.all(text)
        )  # fmt: skip

    def all(self, written: str) -> Iterator[datetime]:
        """Every time this hand-over happens on the wall, from the layer's start on."""
        *front, clock = written.split()
        at, start, every = time.fromisoformat(clock), self.document.start, self.document.every
        if self.document.rotation == "hourly":
            moment = datetime.combine(start, at)
            while moment < self.last:
                yield moment
                moment += timedelta(hours=every)
        elif self.document.rotation == "monthly":
            yield from self.monthly(int(front[0]), at)
        else:
            day = start
            while front and DAYS[day.weekday()] != front[0]:
                day += timedelta(days=1)
            while datetime.combine(day, at) < self.last:
                yield datetime.combine(day, at)
                day += timedelta(days=every * (7 if front else 1))

    def monthly(self, wanted: int, at: time) -> Iterator[datetime]:
        """From the first such day on or after the start, every so many months."""
        year, month = self.document.start.year, self.document.start.month
        passed = None
        while True:
            day = date(year, month, min(wanted, calendar.monthrange(year, month)[1]))
            if datetime.combine(day, at) >= self.last:
                return
            if passed is None and day >= self.document.start:
                passed = 0
            if passed is not None:
                if passed % self.document.every == 0:
                    yield datetime.combine(day, at)
                passed += 1
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)

    def says(self, shown: datetime) -> list[str] | None:
        """Who this layer puts on call when the wall shows this; None if it does not apply."""
        turns = sum(1 for moment in self.handovers if moment <= shown)
        if turns == 0 or not self.applies(shown):
            return None
        people, at_once = self.document.people, self.document.at_once
        queue = list(people) * (turns * at_once // len(people) + 1)
        return sorted({person for person in queue[(turns - 1) * at_once : turns * at_once] if person != NOBODY})

    def applies(self, shown: datetime) -> bool:
        """Inside the dates, inside `from` and `until`, inside a window that began on one of the weekdays."""
        ranges = [written.split("..") for written in self.document.dates]
        if ranges and not any(one[0] <= shown.date().isoformat() <= one[-1] for one in ranges):
            return False
        if self.document.from_ and shown < datetime.combine(self.document.from_, time()):
            return False
        if self.document.until and shown >= datetime.combine(self.document.until, time()):
            return False
        return any(self.began(shown, shown.date() - timedelta(days=back)) for back in range(3))

    def began(self, shown: datetime, day: date) -> bool:
        """Whether a window that began on this day is still open."""
        weekdays = self.document.weekdays
        if weekdays and DAYS[day.weekday()] not in weekdays:
            return False
        for written in self.document.between or ("00:00-24:00",):
            opens, closes = written.split("-")
            start = datetime.combine(day, time.fromisoformat(opens))
            end = datetime.combine(day, time()) + timedelta(hours=int(closes[:2]), minutes=int(closes[3:]))
            if end <= start:
                end += timedelta(days=1)
            if start <= shown < end:
                return True
        return False


def slow(document: ScheduleDocument, start: datetime, end: datetime) -> Iterator[tuple[datetime, list[str], set[str]]]:
    """Who is on duty and who shadows, quarter by quarter."""
    last = end.replace(tzinfo=None) + timedelta(days=3)
    zones = [zoneinfo.ZoneInfo(layer.timezone or document.timezone) for layer in document.layers]
    layers = [SlowLayer(layer, zone, last) for layer, zone in zip(document.layers, zones, strict=True)]
    walls = [Wall(zone) for zone in zones]
    at = start - timedelta(days=2)  # long enough to have seen how far the clock had got
    while at < end:
        said = [layer.says(wall.move(at)) for layer, wall in zip(layers, walls, strict=True)]
        if at >= start:
            duty = [
                one for one, layer in zip(said, layers, strict=True) if one is not None and not layer.document.shadow
            ]
            shadow = {
                name for one, layer in zip(said, layers, strict=True) if layer.document.shadow for name in one or ()
            }
            yield at, duty[-1] if duty else [], shadow
        at += QUARTER


clocks = st.builds(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}", st.integers(0, 95))
early = st.builds(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}", st.integers(0, 15))  # where clocks jump
times = early | clocks
zones = st.sampled_from(ODD) | st.sampled_from(ZONES)
windows = st.tuples(times, times | st.just("24:00")).filter(lambda ends: ends[0] != ends[1]).map("-".join)


@st.composite
def layers(draw: st.DrawFn, name: str, near: date) -> dict[str, object]:
    """Any layer that may be written, begun at most a few hundred days before."""
    rotation = draw(st.sampled_from(["hourly", "daily", "weekly", "monthly"]))
    prefix = {"hourly": st.just(""), "daily": st.just(""), "weekly": st.sampled_from(DAYS).map(lambda day: day + " "),
              "monthly": st.integers(1, 31).map(lambda day: f"{day} ")}[rotation]  # fmt: skip
    handoffs = draw(st.lists(st.tuples(prefix, times).map("".join), min_size=1, max_size=3, unique=True))
    if rotation == "hourly" or (rotation == "monthly" and sum(int(one.split()[0]) > 27 for one in handoffs) > 1):
        handoffs = handoffs[:1]
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=5))
    start = near - timedelta(days=draw(st.integers(-3, 300 if rotation != "hourly" else 20)))
    around = st.integers(-6, 6).map(lambda days: near + timedelta(days=days))
    layer = {
        "name": name, "rotation": rotation, "handoffs": handoffs, "every": draw(st.integers(1, 3)), "start": start,
        "people": people, "at_once": draw(st.integers(1, max(1, len(set(people) - {NOBODY})))),
        "timezone": draw(st.none() | zones), "shadow": draw(st.sampled_from([False, False, False, True])),
        "between": draw(st.just([]) | st.lists(windows, min_size=1, max_size=2)),
        "weekdays": draw(st.just([]) | st.lists(st.sampled_from(DAYS), min_size=1, max_size=6)),
    }  # fmt: skip
    if draw(st.booleans()):
        spans = st.tuples(around, st.integers(0, 4)).map(lambda span: f"{span[0]}..{span[0] + timedelta(days=span[1])}")
        layer["dates"] = draw(st.lists(spans, min_size=1, max_size=2))
    if draw(st.booleans()):
        layer["from"], layer["until"] = (near - timedelta(days=draw(st.integers(0, 9))) for _ in range(2))
        layer["until"] += timedelta(days=10)
    return layer


@st.composite
def cases(draw: st.DrawFn) -> tuple[ScheduleDocument, datetime, datetime]:
    """A schedule and a week to look at, more often than not across a change of the clock."""
    zone = draw(zones)
    near = draw(st.dates(date(2020, 1, 10), date(2035, 12, 20)))
    if draw(st.booleans()):
        near = next_jump(zone, near)
    written = [draw(layers(f"layer {number}", near)) for number in range(draw(st.integers(1, 4)))]
    start = datetime.combine(near, time(), UTC) - timedelta(
        days=draw(st.integers(0, 4)), hours=draw(st.integers(0, 23))
    )
    return ScheduleDocument.model_validate({"timezone": zone, "layers": written}), start, start + timedelta(days=6)


def next_jump(zone: str, after: date) -> date:
    """The next day within a year on which the zone's clock changes; the day itself if none does."""
    info = zoneinfo.ZoneInfo(zone)
    offsets = [datetime.combine(after + timedelta(days=step), time(12), info).utcoffset() for step in range(366)]
    steps = (step for step in range(1, 366) if offsets[step] != offsets[step - 1])
    return after + timedelta(days=next(steps, 0))


@settings(max_examples=EXAMPLES)
@given(cases())
def test_shifts_are_what_a_slow_reading_gives(case: tuple[ScheduleDocument, datetime, datetime]) -> None:
    """Any stack of layers, in any zone and year, across any change of the clock: quarter by quarter the same people."""
    document, start, end = case
    if any(minute_of_jump(layer.timezone or document.timezone, start) for layer in document.layers):
        return  # a change within a quarter of an hour; tests/rules/kit looks at those
    schedule = rules.compile_schedule("any", document)
    found = rules.shifts(schedule, start, end)
    held = sorted(found, key=lambda shift: shift.start)
    for at, duty, shadow in slow(document, start, end):
        now = [shift for shift in held if shift.start <= at < shift.end]
        assert sorted(shift.person for shift in now if not shift.shadow) == duty, at
        assert {shift.person for shift in now if shift.shadow} == shadow, at
    assert all(edge.minute % 15 == 0 and edge.second == 0 for shift in found for edge in (shift.start, shift.end))


def minute_of_jump(zone: str, start: datetime) -> bool:
    """Whether this zone changes at an odd minute in the days looked at."""
    info = zoneinfo.ZoneInfo(zone)
    steps = [start - timedelta(days=2) + QUARTER * step for step in range(8 * 96)]
    locals_ = [at.astimezone(info).replace(tzinfo=None) for at in steps]
    return any(at.minute % 15 for at in locals_)


@settings(max_examples=EXAMPLES)
@given(cases())
def test_shifts_and_on_call_agree(case: tuple[ScheduleDocument, datetime, datetime]) -> None:
    """At both sides of every edge, and in the middle, the two ways to ask give the same people and reasons."""
    document, start, end = case
    schedule = rules.compile_schedule("any", document)
    found = rules.shifts(schedule, start, end)
    edges = {start, end - timedelta(seconds=1)} | {edge for shift in found for edge in (shift.start, shift.end)}
    second = timedelta(seconds=1)
    moments = {edge + step for edge in edges for step in (-second, timedelta(0), second)}
    for at in sorted(moments):
        if not start <= at < end:
            continue
        answer = rules.answer(schedule, at)
        now = {(shift.person, shift.layer, shift.shadow) for shift in found if shift.start <= at < shift.end}
        assert {(duty.person, duty.layer, duty.shadow) for duty in answer.duties + answer.shadows} == now
        assert answer.since is None or answer.since <= at
        assert answer.until is None or answer.until > at
        for edge in (answer.since, answer.until and answer.until - second):
            if edge is not None and start <= edge < end:
                assert [duty.person for duty in rules.answer(schedule, edge).duties] == [
                    duty.person for duty in answer.duties
                ]


@settings(max_examples=EXAMPLES)
@given(zone=zones, year=st.integers(2020, 2035), rotation=st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
       clock=times, every=st.integers(1, 5))  # fmt: skip
def test_hand_overs_partition_a_year(zone: str, year: int, rotation: str, clock: str, every: int) -> None:
    """A layer without restriction has exactly one person at every instant, and each hand-over is later than the last."""
    prefix = {"hourly": "", "daily": "", "weekly": "Sun ", "monthly": "31 "}[rotation]
    layer = {"name": "all", "rotation": rotation, "handoff": prefix + clock, "every": every,
             "start": date(year - 1, 1, 1), "people": ["ann", "bob", "cleo"]}  # fmt: skip
    document = ScheduleDocument.model_validate({"timezone": zone, "layers": [layer]})
    start, end = datetime(year, 7, 1, tzinfo=UTC), datetime(year + 1, 7, 1, tzinfo=UTC)
    found = rules.shifts(rules.compile_schedule("all", document), start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    for one, after in itertools.pairwise(found):
        assert one.start < one.end == after.start
        assert one.person != after.person
    assert rules.gaps(rules.compile_schedule("all", document), start, end) == []
