"""What a local time means, in every zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from tocsin.kit import tz

QUARTER, MINUTE = timedelta(minutes=15), timedelta(minutes=1)
AROUND = timedelta(hours=4)  # no clock has jumped further since 2012
ZONES = sorted(name for name in zoneinfo.available_timezones() if name not in {"Factory", "localtime"})


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00"),  # skipped: the jump
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:00"),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00"),  # the jump itself
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),  # twice: the first
        ("Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25 00:59:59"),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00"),  # comes once, after the hour is over again
        ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),  # half an hour is skipped
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45"),  # half an hour is repeated
        ("Asia/Beirut", "2025-03-30 00:00", "2025-03-29 22:00"),  # midnight does not exist
        ("Africa/Cairo", "2025-04-25 00:00", "2025-04-24 22:00"),
        ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00"),
        ("Africa/Cairo", "2025-10-30 23:30", "2025-10-30 20:30"),  # the last hour of the day comes twice
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00"),  # a day that does not exist
        ("Antarctica/Troll", "2026-03-29 02:00", "2026-03-29 01:00"),  # two hours are skipped
        ("UTC", "2026-03-29 02:30", "2026-03-29 02:30"),
    ],
)
def test_a_local_time_is_the_first_instant_that_shows_it_or_later(zone: str, local: str, instant: str) -> None:
    """Once, skipped, twice, a missing midnight, a missing day: one rule answers all."""
    found = tz.zone(zone).first_instant(tz.wall_second(datetime.fromisoformat(local)))
    assert tz.moment(found) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("zones", [ZONES[part::6] for part in range(6)], ids=range(6))
def test_every_jump_of_every_zone_follows_the_rule(zones: list[str]) -> None:
    """Around each change of every zone from 2020 to 2035, compared with a walk in small steps."""
    for name in zones:
        rules, ours = zoneinfo.ZoneInfo(name), tz.zone(name)
        for jump in jumps(rules):
            walk(rules, ours, jump)


def walk(rules: zoneinfo.ZoneInfo, ours: tz.Zone, jump: datetime) -> None:
    """The definition, done by hand: note when each local time is first shown or passed."""
    step = MINUTE if jump.minute % 15 else QUARTER  # Casey once changed at 00:01
    at = jump - AROUND
    furthest = datetime.min
    while at < jump + AROUND:
        shown = at.astimezone(rules).replace(tzinfo=None)
        assert ours.wall(tz.second(at)) == tz.wall_second(shown), (ours.name, at)
        while furthest < shown:
            furthest = shown if furthest == datetime.min else furthest + step
            assert tz.moment(ours.first_instant(tz.wall_second(furthest))) == at, (ours.name, furthest)
        assert ours.furthest(tz.second(at)) in {tz.wall_second(furthest), tz.wall_second(furthest + step) - 1}
        at += step


def jumps(rules: zoneinfo.ZoneInfo) -> Iterator[datetime]:
    """Every change of offset from 2020 to 2035, to the minute."""
    at, last = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    while at < last:
        later = at + timedelta(days=14)
        if at.astimezone(rules).utcoffset() != later.astimezone(rules).utcoffset():
            low, high = at, later
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                same = middle.astimezone(rules).utcoffset() == at.astimezone(rules).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        at = later


def test_the_furthest_clock_stands_still_while_an_hour_is_repeated() -> None:
    """Until the clock shows something new, nothing new has come."""
    berlin = tz.zone("Europe/Berlin")
    second = tz.second(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))  # 02:30 for the second time
    assert berlin.wall(second) == tz.wall_second(datetime(2026, 10, 25, 2, 30))
    assert berlin.furthest(second) == tz.wall_second(datetime(2026, 10, 25, 2, 59, 59))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin"),
        ("europe/berlin", "did you mean Europe/Berlin"),
        ("berlin", "did you mean Europe/Berlin"),
        ("New York", "did you mean America/New_York"),
        ("CEST", "write an IANA name"),
        ("PST", "write an IANA name"),
        ("../etc/passwd", "write an IANA name"),
        ("right/Europe/Berlin", "did you mean Europe/Berlin"),
        ("", "write an IANA name"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_likely_name(name: str, hint: str) -> None:
    """Nobody has to look up how their zone is spelled."""
    with pytest.raises(ValueError, match=hint):
        tz.zone(name)


def test_a_naive_instant_is_refused() -> None:
    """An instant without a zone is nobody's instant."""
    with pytest.raises(ValueError, match="time zone"):
        tz.second(datetime(2026, 1, 1))


def test_dates_and_seconds_of_the_wall_agree() -> None:
    """A date is its midnight, and back."""
    assert tz.wall_date(tz.wall_second(date(2026, 3, 29)) + 86_399) == date(2026, 3, 29)
