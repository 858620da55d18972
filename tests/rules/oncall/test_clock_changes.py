"""What schedules do in the nights the clock is changed: the examples of docs/reference/schedules.md, and more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.oncall import rules
from tocsin.oncall.domain import ScheduleDocument


def schedule(zone: str, **fields: object) -> rules.Schedule:
    """One layer begun long ago."""
    layer = {"name": "all", "rotation": "daily", "start": "2018-01-01", "people": ["ann", "bob"]} | fields
    return rules.compile_schedule("web", ScheduleDocument.model_validate({"timezone": zone, "layers": [layer]}))


def edges(found: rules.Schedule, day: str, days: int = 2) -> list[str]:
    """The hand-overs in the days from this one on, in UTC."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    shifts = rules.shifts(found, start, start + timedelta(days=days))
    return [f"{shift.start:%d %H:%M}" for shift in shifts[1:]]


@pytest.mark.parametrize(
    ("zone", "handoff", "day", "expected"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28", ["28 01:30", "29 01:00"]),  # skipped: at the jump
        ("Europe/Berlin", "02:30", "2026-10-24", ["24 00:30", "25 00:30"]),  # twice: the first time
        ("Europe/Berlin", "03:00", "2026-10-24", ["24 01:00", "25 02:00"]),
        (
            "America/Sao_Paulo",
            "00:00",
            "2018-11-03",
            ["03 03:00", "04 03:00"],
        ),  # no midnight: 01:00 is the first instant
        ("America/Sao_Paulo", "00:00", "2018-02-17", ["17 02:00", "18 03:00"]),  # 23:00 to midnight comes twice
        (
            "Asia/Beirut",
            "00:00",
            "2025-03-29",
            ["29 22:00", "30 21:00"],
        ),  # the first instant of the 30th, which is 01:00
        ("Africa/Cairo", "00:30", "2025-04-24", ["24 22:00", "25 21:30"]),
        ("Africa/Cairo", "23:30", "2025-10-30", ["30 20:30", "31 21:30"]),
        ("Australia/Lord_Howe", "02:15", "2026-10-03", ["03 15:30", "04 15:15"]),  # half an hour skipped
        ("Australia/Lord_Howe", "01:45", "2026-04-04", ["04 14:45", "05 15:15"]),  # half an hour repeated
    ],
)
def test_a_daily_hand_over_in_the_night_of_the_change(zone: str, handoff: str, day: str, expected: list[str]) -> None:
    """Exactly one hand-over a day, at the first instant whose clock shows the time or a later one."""
    assert edges(schedule(zone, handoff=handoff), day) == expected


@pytest.mark.parametrize(("day", "hours"), [("2026-03-28", 23), ("2026-10-24", 25), ("2026-06-01", 24)])
def test_a_day_shift_is_as_long_as_the_day(day: str, hours: int) -> None:
    """A daily 09:00 hand-over makes a shift of 23 or 25 hours over the change."""
    start = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    (duty,) = rules.on_call(schedule("Europe/Berlin", handoff="09:00"), start)
    assert duty.since is not None
    assert duty.until is not None
    assert duty.until - duty.since == timedelta(hours=hours)


def test_hourly_turns_keep_to_the_clock_on_the_wall() -> None:
    """A turn inside the skipped hour has no length; one over the repeated hour is two hours long."""
    hourly = schedule("Europe/Berlin", rotation="hourly", people=["a", "b", "c", "d", "e"])
    spring = [datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in (0, 1, 2)]  # 01:00, 03:00, 04:00 on the wall
    autumn = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1, 2)]  # 02:00, 02:00 again, 03:00

    def names(moments: list[datetime]) -> list[int]:
        return ["abcde".index(rules.on_call(hourly, moment)[0].person) for moment in moments]

    first, second, third = names(spring)
    assert ((second - first) % 5, (third - second) % 5) == (2, 1)  # 02:00's turn is passed over
    first, second, third = names(autumn)
    assert ((second - first) % 5, (third - second) % 5) == (0, 1)


def test_windows_follow_the_same_rule_as_hand_overs() -> None:
    """A window that opens in the skipped hour opens at the jump; one inside it has no length; one repeated comes once."""
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)

    def stretches(window: str, start: datetime) -> list[str]:
        found = rules.shifts(
            schedule("Europe/Berlin", handoff="00:00", people=["a"], between=[window]),
            start,
            start + timedelta(hours=20),
        )
        return [f"{one.start:%H:%M}-{one.end:%H:%M}" for one in found]  # fmt: skip

    assert stretches("02:30-06:00", spring) == ["01:00-04:00"]
    assert stretches("02:10-02:50", spring) == []
    assert stretches("02:10-02:50", autumn) == ["00:10-00:50"]
    assert stretches("00:00-02:30", autumn) == ["22:00-00:30"]
    assert stretches("02:30-23:59", autumn) == ["12:00-21:59", "00:30-08:00"]


def test_a_change_of_the_zone_itself_moves_no_turn() -> None:
    """Kazakhstan went from +6 to +5 on 2024-03-01: the turns go on being counted on the wall."""
    almaty = schedule("Asia/Almaty", handoff="09:00")
    assert edges(almaty, "2024-02-28", days=4) == ["28 03:00", "29 03:00", "01 04:00", "02 04:00"]


@pytest.mark.parametrize(
    "fields", [{"handoff": "02:30"}, {"handoff": "00:00", "between": ["01:00-02:30", "03:00-04:00"]}]
)
def test_asked_within_the_repeated_hour_the_answer_is_the_same(fields: dict[str, object]) -> None:
    """Wherever a question begins or ends in the night, each instant has the one answer it has in the whole."""
    berlin = schedule("Europe/Berlin", **fields)
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    whole = rules.shifts(berlin, evening, evening + timedelta(hours=12))
    for step in range(4 * 12):
        at = evening + timedelta(minutes=15 * step)
        expected = [shift.person for shift in whole if shift.start <= at < shift.end]
        assert [duty.person for duty in rules.on_call(berlin, at)] == expected, at
        for start, end in ((at, at + timedelta(minutes=15)), (evening, at), (at, evening + timedelta(hours=12))):
            parts = [shift for shift in whole if shift.start < end and shift.end > start]
            cut = [(max(one.start, start), min(one.end, end), one.person) for one in parts]
            assert [(one.start, one.end, one.person) for one in rules.shifts(berlin, start, end)] == cut, (start, end)
