"""The geometry of timelines, as tables of cases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit import tz
from tocsin.oncall import chart, window
from tocsin.oncall.chart import Mark, Stretch
from tocsin.oncall.domain import Shift
from tocsin.oncall.intervals import Interval

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=10)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def turn(start: float, end: float, person: str = "ann", mark: Mark = Mark.TURN) -> Stretch:
    return Stretch(start=at(start), end=at(end), person=person, mark=mark)


def shift(start: float, end: float, person: str = "ann", *, shadow: bool = False, override: str | None = None) -> Shift:
    layer = None if override else "weekly"
    return Shift(
        schedule="first", person=person, start=at(start), end=at(end), layer=layer, override=override, shadow=shadow
    )


@pytest.mark.parametrize(
    ("found", "places"),
    [
        ([], []),
        ([turn(0, 10)], [(0, 100, 0)]),
        ([turn(0, 5), turn(5, 10, "bob")], [(0, 50, 0), (50, 50, 0)]),
        ([turn(-3, 1), turn(9, 20)], [(0, 10, 0), (90, 10, 0)]),
        ([turn(-3, 0), turn(10, 11)], []),
        ([turn(0, 6), turn(2, 4, "bob"), turn(4, 8, "cleo")], [(0, 60, 0), (20, 20, 1), (40, 40, 1)]),
        ([turn(1, 1)], []),
    ],
)
def test_stretches_have_their_places(found: list[Stretch], places: list[tuple[float, float, int]]) -> None:
    """In percent of the whole, cut at its edges; what overlaps lies beneath each other, in as few lanes as can be."""
    band = chart.lay_out(found, START, END)
    assert [(bar.left, bar.width, bar.lane) for bar in band.bars] == places
    assert band.lanes == max((lane for _, _, lane in places), default=0) + 1


def test_lanes_have_an_end() -> None:
    """Very many people at once do not make a chart as high as a house."""
    band = chart.lay_out([turn(0, 10, str(number)) for number in range(50)], START, END)
    assert band.lanes == chart.LANES_MAX == len(band.bars)


@given(st.lists(st.tuples(st.integers(-100, 350), st.integers(1, 200)), max_size=20))
def test_bars_never_overlap_in_a_lane(written: list[tuple[int, int]]) -> None:
    """However stretches lie, each bar is inside the whole, and two in the same lane do not touch each other's time."""
    found = sorted((turn(low / 24, (low + length) / 24) for low, length in written), key=lambda one: one.start)
    bars = chart.lay_out(found, START, END).bars
    for bar in bars:
        assert bar.left >= 0
        assert bar.left + bar.width <= 100.01
    for one in bars:
        for other in bars:
            if one is not other and one.lane == other.lane:
                assert one.left + one.width <= other.left + 0.01 or other.left + other.width <= one.left + 0.01


@pytest.mark.parametrize(
    ("shifts", "accidental", "marks"),
    [
        ([], None, [("", "gap", 0, 10)]),
        ([], [], [("", "nobody", 0, 10)]),
        ([shift(0, 10)], None, [("ann", "turn", 0, 10)]),
        ([shift(0, 4), shift(6, 10, "bob")], None, [("ann", "turn", 0, 4), ("", "gap", 4, 6), ("bob", "turn", 6, 10)]),
        (
            [shift(2, 10)],
            [Interval(at(0), at(1))],
            [("", "gap", 0, 1), ("", "nobody", 1, 2), ("ann", "turn", 2, 10)],
        ),
        ([shift(0, 10, shadow=True)], None, [("", "gap", 0, 10), ("ann", "shadow", 0, 10)]),
        ([shift(0, 10, override="7")], None, [("ann", "override", 0, 10)]),
    ],
)
def test_what_is_left_to_nobody_is_said(
    shifts: list[Shift], accidental: list[Interval] | None, marks: list[tuple[str, str, int, int]]
) -> None:
    """By oversight or on purpose; a shadow covers nothing."""
    found = chart.stretches(shifts, Interval(START, END), accidental)
    assert [(one.person, one.mark.value, (one.start - START).days, (one.end - START).days) for one in found] == marks


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("UTC", date(2026, 3, 2), [24] * 7),
        ("Europe/Berlin", date(2026, 3, 23), [24, 24, 24, 24, 24, 24, 23]),
        ("Europe/Berlin", date(2026, 10, 19), [24, 24, 24, 24, 24, 24, 25]),
        ("Pacific/Apia", date(2011, 12, 27), [24, 24, 24, 0, 24, 24, 24]),
    ],
)
def test_days_are_as_long_as_they_are(zone: str, first: date, hours: list[int]) -> None:
    """A day on which clocks change is narrower or wider; one that a zone skipped has no width."""
    days = chart.days(tz.zone(zone), first, 7)
    assert [round(day.width * sum(hours) / 100) for day in days] == hours
    assert abs(sum(day.width for day in days) - 100) < 0.01


@pytest.mark.parametrize(
    ("name", "width", "said"),
    [
        ("Ann Lee", 100, "Ann Lee"),
        ("Ann Lee", 5, "Ann"),
        ("Ann Lee", 3.57, "AL"),
        ("Ann Lee", 1, ""),
        ("Jo Nakamura-Smith", 12, "Jo"),
        ("", 50, ""),
    ],
)
def test_a_label_fits_its_bar(name: str, width: float, said: str) -> None:
    """The whole name where there is room, else less of it."""
    assert chart.label(name, width) == said


@given(st.sets(st.text("abcdef", min_size=1, max_size=6), max_size=40))
def test_shades_are_shared_evenly(persons: set[str]) -> None:
    """Up to twelve people never look alike, and with more each shade is used about as often; always the same way."""
    found = chart.shades(persons)
    used = [list(found.values()).count(shade) for shade in range(chart.SHADES)]
    assert max(used) - min(used) <= 1
    assert found == chart.shades(sorted(persons, reverse=True))


@pytest.mark.parametrize(
    ("given_", "first", "weeks"),
    [
        ({}, date(2026, 3, 2), "2"),
        ({"from": "2026-04-01", "weeks": "4"}, date(2026, 4, 1), "4"),
        ({"from": "32 March", "weeks": "3"}, date(2026, 3, 2), "2"),
        ({"from": "0001-01-01"}, date(1971, 1, 1), "2"),
    ],
)
def test_a_window_is_read_from_an_address(given_: dict[str, str], first: date, weeks: str) -> None:
    """What cannot be read is today and two weeks; what lies too far is as far as can be."""
    held = window.asked(given_, tz.zone("UTC"), START + timedelta(hours=9))
    assert (held.first, held.weeks) == (first, weeks)


def test_a_window_leads_on_and_keeps_what_was_chosen() -> None:
    """Earlier and later are one window away; today is the plain address."""
    held = window.asked({"from": "2026-03-09", "weeks": "1"}, tz.zone("UTC"), START)
    earlier, today, later = held.steps("/oncall", {"team": "web", "mine": ""})
    assert earlier.url == today.url == "/oncall?team=web&weeks=1"
    assert later.url == "/oncall?team=web&from=2026-03-16&weeks=1"
    assert [one.url for one in held.lengths("/oncall", {})][1] == "/oncall?from=2026-03-09"
    assert held.now_at(START) is None
