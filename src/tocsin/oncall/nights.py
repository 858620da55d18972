"""Nights, weekends and holidays on local clocks: which of them does a stretch of duty touch?

Promises: counted on the clock of one zone, by the same rule for local times as everything else (`kit.tz`); a night is
named by the date it begins on, a weekend by its Saturday. Leaves out whose zone that is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from tocsin.kit import tz
from tocsin.kit.tz import DAY_S
from tocsin.oncall.intervals import Interval

NIGHT_FROM_S = 22 * 3600
NIGHT_UNTIL_S = 30 * 3600  # 06:00 of the next day
SATURDAY = 5


def nights(zone: tz.Zone, stretches: Iterable[Interval]) -> set[date]:
    """The nights, from 22:00 to 06:00, that any of these stretches touches."""
    return _touched(zone, stretches, NIGHT_FROM_S, NIGHT_UNTIL_S)


def weekends(zone: tz.Zone, stretches: Iterable[Interval]) -> set[date]:
    """The weekends, Saturday and Sunday, that any of these stretches touches."""
    days = _touched(zone, stretches, 0, DAY_S)
    return {day - timedelta(days=day.weekday() - SATURDAY) for day in days if day.weekday() >= SATURDAY}


def holidays(zone: tz.Zone, stretches: Iterable[Interval], days: Collection[date]) -> set[date]:
    """Those of `days` that any of these stretches touches."""
    return _touched(zone, stretches, 0, DAY_S).intersection(days) if days else set()


def _touched(zone: tz.Zone, stretches: Iterable[Interval], opens_s: int, closes_s: int) -> set[date]:
    """The dates whose part from `opens_s` to `closes_s` after midnight overlaps one of the stretches."""
    found: set[date] = set()
    for one in stretches:
        start, end = zone.furthest(tz.second(one.start)), zone.furthest(tz.second(one.end) - 1)
        first = (start - closes_s) // DAY_S + 1  # the first day whose part is not over by then
        last = (end - opens_s) // DAY_S
        found.update(tz.wall_date(day * DAY_S) for day in range(first, last + 1))
    return found
