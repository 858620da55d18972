"""Gaps, burdens, rests, and what a change means."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit import tz
from tocsin.oncall import coverage, diff, intervals, nights, rules
from tocsin.oncall.domain import Override, ScheduleDocument
from tocsin.oncall.intervals import Interval

NOW = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


def schedule(*layers: dict[str, object], zone: str = "UTC") -> rules.Schedule:
    """A schedule called web; each layer weekly on Mondays unless it says otherwise."""
    usual = {"rotation": "weekly", "handoff": "Mon 00:00", "start": "2026-01-05"}
    written = [{"name": f"l{index}"} | usual | layer for index, layer in enumerate(layers)]
    return rules.compile_schedule("web", ScheduleDocument.model_validate({"timezone": zone, "layers": written}))


def codes(found: rules.Schedule) -> dict[str, str]:
    """The findings' codes and messages."""
    return {one.code: one.message for one in coverage.findings(found, NOW)}


def test_a_good_schedule_has_no_findings() -> None:
    """Three people taking weeks in turn lose no point."""
    good = schedule({"people": ["ann", "bob", "cleo"]})
    assert codes(good) == {}
    judged = coverage.quality(good, NOW, NOW + timedelta(weeks=52))
    assert (judged.score, judged.words) == (100, ())
    assert {load.weekends for load in judged.loads} == {17, 18}


def test_a_gap_is_told_with_its_exact_times() -> None:
    """Somebody reads when nobody is on call, to the minute."""
    (finding,) = [one for one in coverage.findings(schedule(
        {"people": ["ann", "bob", "cleo"], "between": ["00:00-23:30"]},
    ), NOW) if one.code == "schedule-gap"]  # fmt: skip
    assert finding.details["count"] == 90
    assert finding.details["gaps"][0] == {"start": "2026-03-02T23:30:00Z", "end": "2026-03-03T00:00:00Z"}
    assert "nobody is on call 90 times in the next 90 days, 1d21h in all" in finding.message


def test_nobody_on_purpose_is_no_finding() -> None:
    """What is meant is not complained about."""
    quiet = schedule({"people": ["ann", "bob", "cleo"]}, {"people": ["nobody"], "weekdays": ["Sun"]})
    assert "schedule-gap" not in codes(quiet)


def test_short_rests_long_spans_and_uneven_burdens_are_found() -> None:
    """Each burden has its own finding, with who bears it."""
    found = codes(schedule({"people": ["ann"]}, {"people": ["bob"], "between": ["09:00-12:00"]}))
    assert found["rest-too-short"].startswith("schedule web: ann has less than 11h off between two shifts 90 times, 3h")
    assert found["unbalanced"].startswith("schedule web: ann is on call on")
    assert "bob" not in found.get("span-too-long", "")
    assert "without an hour off" in codes(schedule({"people": ["ann"]}))["span-too-long"]


def test_layers_without_effect_are_found() -> None:
    """A layer under one that always applies, and a layer that is over."""
    found = codes(schedule(
        {"people": ["ann"], "between": ["08:00-20:00"]}, {"people": ["bob", "cleo"]}, {"people": ["dan"], "until": "2026-02-01"},
    ))  # fmt: skip
    assert "layer l0 never puts anybody on call" in found["layer-hidden"]
    assert "layer l2 applies at no time" in found["layer-silent"]


def test_nights_are_counted_on_each_persons_own_clock() -> None:
    """The European night is Singapore's morning."""
    both = schedule({"people": ["ann"], "between": ["22:00-06:00"]}, zone="Europe/Berlin")
    here = coverage.quality(both, NOW, NOW + timedelta(days=7))
    there = coverage.quality(both, NOW, NOW + timedelta(days=7), calendars=coverage.Calendars(
        zones={"ann": "Asia/Singapore"}, holidays={"ann": [date(2026, 3, 3)]},
    ))  # fmt: skip
    assert (here.loads[0].nights, there.loads[0].nights) == (8, 7)  # 22:00 there is 05:00 in Singapore
    assert there.loads[0].holidays == 1
    day = schedule({"people": ["ann"], "between": ["06:00-14:00"]}, zone="Europe/Berlin")
    assert coverage.quality(day, NOW, NOW + timedelta(days=7)).loads[0].nights == 0


def test_a_night_belongs_to_the_date_it_begins_on() -> None:
    """A stretch before 06:00 is the night before; one that ends at 22:00 is none."""
    berlin = tz.zone("Europe/Berlin")
    early = Interval(datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC))
    evening = Interval(datetime(2026, 3, 29, 10, tzinfo=UTC), datetime(2026, 3, 29, 20, tzinfo=UTC))
    assert nights.nights(berlin, [early]) == {date(2026, 3, 28)}
    assert nights.nights(berlin, [evening]) == set()
    assert nights.weekends(berlin, [evening]) == {date(2026, 3, 28)}


def test_a_change_is_told_by_whom_it_wakes() -> None:
    """Swapping two people alters every night; renaming a layer alters none."""
    before = schedule({"people": ["ann", "bob"]})
    swapped = diff.diff(before, schedule({"people": ["bob", "ann"]}), NOW, NOW + timedelta(days=14))
    assert swapped.words == "this change alters who is paged on 15 nights"  # the first one is half over at midnight
    assert [(one.before, one.after) for one in swapped.changes] == [(("ann",), ("bob",)), (("bob",), ("ann",))]
    same = diff.diff(before, schedule({"name": "other", "people": ["ann", "bob"]}), NOW, NOW + timedelta(days=14))
    assert (same.changes, same.words) == ((), "this change alters nobody's duty")


def test_a_change_by_day_alters_no_night() -> None:
    """Office hours are not nights."""
    before = schedule({"people": ["ann"]})
    after = schedule({"people": ["ann"]}, {"people": ["bob"], "between": ["09:00-17:00"], "weekdays": ["Mon-Fri"]})
    assert diff.diff(before, after, NOW, NOW + timedelta(days=7)).words == (
        "this change alters who is paged 5 times, but on no night"
    )
    short = schedule({"people": ["ann"], "between": ["00:00-10:00", "11:00-24:00"]})
    assert diff.diff(before, short, NOW, NOW + timedelta(days=2)).words == (
        "this change alters who is paged 2 times, but on no night, and leaves 2 gaps"
    )


def test_a_change_that_opens_a_gap_says_so() -> None:
    """Removing a schedule leaves all its time open, in other words than a gap; overrides count on both sides."""
    found = diff.diff(schedule({"people": ["ann"]}), None, NOW, NOW + timedelta(days=2))
    assert found.opened == (Interval(NOW, NOW + timedelta(days=2)),)
    assert found.words == "this change alters who is paged on 3 nights: nobody is on call for it any more"
    assert found.as_json()["opened_gaps"] == [{"start": "2026-03-02T00:00:00Z", "end": "2026-03-04T00:00:00Z"}]
    cover = [Override(id="o", schedule="web", person_out="*", person_in="eve", start=NOW, end=NOW + timedelta(days=9))]
    swap = diff.diff(schedule({"people": ["ann"]}), schedule({"people": ["bob"]}), NOW, NOW + timedelta(days=9), cover)
    assert swap.changes == ()


def test_history_keeps_what_was() -> None:
    """An edit changes what comes after it, and joins what stays the same."""
    old, new = (
        schedule({"people": ["ann"]}),
        schedule({"people": ["ann"], "until": "2026-03-05"}, {"people": ["bob"], "from": "2026-03-05"}),
    )
    found = rules.history([(NOW - timedelta(days=9), old), (NOW + timedelta(days=1), new), (NOW + timedelta(days=5), None)], NOW, NOW + timedelta(days=9))  # fmt: skip
    assert [(one.person, one.start.day, one.end.day) for one in found] == [("ann", 2, 5), ("bob", 5, 7)]


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=12).map(
    lambda pairs: intervals.union(
        Interval(NOW + start * HOUR, NOW + (start + length) * HOUR) for start, length in pairs
    )
)


def hours(found: list[Interval]) -> set[int]:
    """The hours these intervals hold."""
    return {hour for hour in range(80) for one in found if one.start <= NOW + hour * HOUR < one.end}


@given(left=spans, right=spans)
def test_interval_arithmetic_is_set_arithmetic(left: list[Interval], right: list[Interval]) -> None:
    """Union, intersection and difference hold the hours that sets would, sorted and without touching parts."""
    results = {
        "or": (intervals.union([*left, *right]), hours(left) | hours(right)),
        "and": (intervals.intersect(left, right), hours(left) & hours(right)),
        "not": (intervals.subtract(left, right), hours(left) - hours(right)),
    }
    for found, expected in results.values():
        assert hours(found) == expected
        assert intervals.total(found) == len(expected) * HOUR
        assert all(one.end < after.start for one, after in itertools.pairwise(found))
