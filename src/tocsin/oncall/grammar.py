"""The small words of a schedule document: hand-overs, windows, weekdays, dates. Text in, values or a ValueError out.

Every error says what would be right, because whoever reads it is setting up their nights.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tocsin.kit.tz import DAY_S, WEEK_S

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


_SHAPES = {
    Rotation.HOURLY: ("a time of day", "09:00", 0),
    Rotation.DAILY: ("a time of day", "09:00", 0),
    Rotation.WEEKLY: ("a weekday and a time of day", "Mon 09:00", 1),
    Rotation.MONTHLY: ("a day of the month and a time of day", "1 09:00", 1),
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


def handoff(written: object, rotation: Rotation) -> Handoff:
    """Read `09:00`, `Mon 09:00`, `1 09:00`, or with the period in front `2 Mon 09:00`."""
    meaning, example, words = _SHAPES[rotation]
    wrong = f"{written!r} does not fit a {rotation} rotation, which hands over at {meaning}: write {example!r}"
    parts = written.split() if isinstance(written, str) else []
    if len(parts) not in {words + 1, words + 2}:
        raise ValueError(wrong + _quoting(written))
    if len(parts) == words + 2 and (rotation is Rotation.HOURLY or not parts[0].isdecimal()):
        raise ValueError(wrong)
    period = int(parts[0]) if len(parts) == words + 2 else 1
    at = clock_time(parts[-1])
    if at == DAY_S:
        raise ValueError(f"{written!r}: a hand-over at the end of a day is one at the start of the next: write 00:00")
    if rotation is Rotation.WEEKLY:
        return Handoff(period=period, second=at, weekday=weekday(parts[-2]))
    if rotation is not Rotation.MONTHLY:
        return Handoff(period=period, second=at)
    if not parts[-2].isdecimal() or not 1 <= int(parts[-2]) <= 31:
        raise ValueError(f"{wrong}; the day is 1 to 31, and 31 is the last day of a shorter month")
    return Handoff(period=period, second=at, day=int(parts[-2]))


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


def window(written: object) -> Window:
    """Read `08:00-20:00`, `22:00-06:00` across midnight, or `Fri 17:00-Mon 09:00` across days."""
    wrong = f"{written!r} is not a window; write it as 08:00-20:00, 22:00-06:00 or Fri 17:00-Mon 09:00"
    ends = [end.split() for end in _DASH.split(written.strip())] if isinstance(written, str) else []
    if len(ends) != 2 or len(ends[0]) != len(ends[1]) or len(ends[0]) not in {1, 2}:
        raise ValueError(wrong + _quoting(written))
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
        raise ValueError(f"{written!r} names a day that is in no calendar") from None
    if last < first:
        raise ValueError(f"{written!r} ends before it starts; swap the two dates")
    return first, last + timedelta(days=1)


def _quoting(written: object) -> str:
    """YAML reads an unquoted 10:00 as the number 600: say so instead of leaving a riddle."""
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written < DAY_S // 60:
        return f' (YAML reads an unquoted time as a number: write "{written // 60:02}:{written % 60:02}" in quotes)'
    return ""
