"""The small words of a schedule document: hand-overs, windows, weekdays, dates. Text in, values or a ValueError out.

Every error says what would be right, because whoever reads it is setting up their nights.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from tocsin.kit.tz import DAY_S, WEEK_S

READ_MAX = 4_096  # words remembered, because many layers share them
YEAR_MIN, YEAR_MAX = 1971, 2999  # anything else is a slip of the pen
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_DASH = re.compile(r"\s*[-–]\s*")
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*\.\.\s*(\d{4}-\d{2}-\d{2}))?")


class Rotation(StrEnum):
    """What the hand-overs of a layer are counted in."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


EXAMPLES = {
    Rotation.HOURLY: "09:00",
    Rotation.DAILY: "09:00",
    Rotation.WEEKLY: "Mon 09:00",
    Rotation.MONTHLY: "1 09:00",
}
_MEANINGS = {
    Rotation.HOURLY: "counts its hours from a time of day",
    Rotation.DAILY: "hands over at a time of day",
    Rotation.WEEKLY: "hands over on a weekday at a time",
    Rotation.MONTHLY: "hands over on a day of the month at a time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """One hand-over of a turn's cycle. `period` counts from 1: which of the `every` days, weeks or months."""

    period: int
    second: int  # of the day
    weekday: int | None = None  # 0 is Monday
    day: int | None = None  # of the month; past the month's end means its last day


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A restriction in seconds from the Monday midnight of a week, or of a day if `daily`; `end` may lie beyond it."""

    daily: bool
    start: int
    end: int


@lru_cache(maxsize=READ_MAX)
def handoff(written: str, rotation: Rotation) -> Handoff:
    """Read `09:00`, `Mon 09:00`, `1 09:00`, or with the number of the week (day, month) in front: `2 Mon 09:00`."""
    words = len(EXAMPLES[rotation].split())
    *front, clock = written.split() or [""]
    numbered = len(front) == words and rotation is not Rotation.HOURLY and front[0].isdecimal()
    if len(front) != words - 1 and not numbered:
        wanted = f"a {rotation} rotation {_MEANINGS[rotation]}"
        raise ValueError(f"{wanted}, which {written!r} is not; write {EXAMPLES[rotation]!r}")
    period = int(front[0]) if numbered else 1
    second = clock_time(clock)
    if second == DAY_S:
        raise ValueError(f"{written!r} is the start of the next day; write 00:00 and that day")
    if rotation is Rotation.WEEKLY:
        return Handoff(period=period, second=second, weekday=weekday(front[-1]))
    if rotation is not Rotation.MONTHLY:
        return Handoff(period=period, second=second)
    if not front[-1].isdecimal() or not 1 <= int(front[-1]) <= 31:
        raise ValueError(f"{front[-1]!r} is not a day of the month; write 1 to 31, 31 being the last of any month")
    return Handoff(period=period, second=second, day=int(front[-1]))


def clock_time(written: str) -> int:
    """Seconds from midnight of `HH:MM`; `24:00` is the end of the day."""
    match = _TIME.fullmatch(written)
    if not match:
        raise ValueError(f"{written!r} is not a time of day; write it as 09:00")
    hours, minutes = int(match[1]), int(match[2])
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        raise ValueError(f"there is no time {written!r}; times run from 00:00 to 24:00")
    return hours * 3600 + minutes * 60


def weekday(written: str) -> int:
    """0 for `Mon` or `Monday`, in any case."""
    lower = written.lower()
    for index, full in enumerate(_FULL):
        if lower in {full, full[:3]}:
            return index
    raise ValueError(f"{written!r} is not a weekday; write one of {', '.join(WEEKDAYS)}")


def weekdays(written: str) -> tuple[int, ...]:
    """The days of `Sat` or `Mon-Fri`, also across the weekend: `Fri-Mon`."""
    first, *rest = _DASH.split(written.strip())
    if len(rest) > 1:
        raise ValueError(f"{written!r} is not a range of weekdays; write it as Mon-Fri")
    start = weekday(first)
    end = weekday(rest[0]) if rest else start
    return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))


@lru_cache(maxsize=READ_MAX)
def window(written: str) -> Window:
    """Read `08:00-20:00`, `22:00-06:00` across midnight, or `Fri 17:00-Mon 09:00` across days."""
    ends = [end.split() for end in _DASH.split(written.strip())]
    if len(ends) != 2 or len(ends[0]) != len(ends[1]) or len(ends[0]) not in {1, 2}:
        raise ValueError(
            f"{written!r} is not a window of time; write it as 08:00-20:00, 22:00-06:00 or Fri 17:00-Mon 09:00"
        )
    daily = len(ends[0]) == 1
    span_s = DAY_S if daily else WEEK_S
    start, end = (clock_time(end[-1]) + (0 if daily else weekday(end[0]) * DAY_S) for end in ends)
    if start in {end, span_s}:
        fix = "leave `between` out for the whole day" if daily else "leave `between` out for the whole week"
        raise ValueError(f"{written!r} starts where it ends; {fix}")
    return Window(daily=daily, start=start, end=end if end > start else end + span_s)


def dates(written: str) -> tuple[date, date]:
    """First day and the day after the last of `2026-12-24` or `2026-12-24..2026-12-26`, both days counted."""
    match = _DATES.fullmatch(written.strip())
    if not match:
        raise ValueError(f"{written!r} is not a date or range; write 2026-12-24 or 2026-12-24..2026-12-26")
    try:
        first = date.fromisoformat(match[1])
        last = date.fromisoformat(match[2] or match[1])
    except ValueError:
        raise ValueError(f"{written!r} names a day that is in no calendar; write a date such as 2026-02-28") from None
    if first.year < YEAR_MIN or last.year > YEAR_MAX:
        raise ValueError(f"{written!r} cannot be meant; write a year from {YEAR_MIN} to {YEAR_MAX}")
    if last < first:
        raise ValueError(f"{written!r} ends before it starts; write the earlier date first")
    return first, last + timedelta(days=1)
