"""Support hours: the wall-clock times at which somebody is there for a service.

A range belongs to the day it begins on, so `22:00-06:00` on Friday reaches into Saturday. It is half-open: its last
minute is the one before its end. What a time means that the clock skips or repeats is said in kit/tz.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from tocsin.config.domain import Document, ZoneName, wrong
from tocsin.kit import tz

RANGES_MAX = 20
_DAYS_AHEAD = 9  # a week, and a day at each end for zones and for ranges across midnight
_RANGE = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]?\d|2[0-3]):([0-5]\d)|(24):(00))")


class Day(IntEnum):
    """A weekday, numbered as in `date.weekday()`."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6

    def __str__(self) -> str:
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class DayRange:
    """From a minute of the day to another, which may be on the next day."""

    start_minute: int
    end_minute: int

    def __str__(self) -> str:
        return f"{_clock(self.start_minute)}-{_clock(self.end_minute)}"

    @property
    def crosses_midnight(self) -> bool:
        """Whether the end is on the day after the start."""
        return self.end_minute <= self.start_minute


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _day(value: object) -> Day:
    if isinstance(value, Day):
        return value
    word = value[:3].upper() if isinstance(value, str) else ""
    if word not in Day.__members__:
        raise wrong(f"{value!r} is not a weekday", fix="write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return Day[word]


def _range(value: object) -> DayRange:
    if isinstance(value, DayRange):
        return value
    found = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{value!r} is not a time range", fix='write it in quotes as "09:00-17:00"')
    hour, minute, end_hour, end_minute = (int(part) for part in found.groups() if part is not None)
    return DayRange(hour * 60 + minute, end_hour * 60 + end_minute)


Weekday = Annotated[
    Day,
    BeforeValidator(_day),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"enum": [str(day) for day in Day]}),
]
TimeRange = Annotated[
    DayRange,
    BeforeValidator(_range),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["09:00-17:00", "22:00-06:00"]}),
]


class SupportHours(Document):
    """Weekly hours in one time zone."""

    timezone: ZoneName = Field(description="The zone whose wall clock counts.")
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = Field(
        default=(Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI), description="The weekdays on which the hours begin."
    )
    between: Annotated[tuple[TimeRange, ...], Field(min_length=1, max_length=RANGES_MAX)] = Field(
        default=(DayRange(9 * 60, 17 * 60),), description="The times of day."
    )

    def covers(self, now: datetime) -> bool:
        """Whether `now` lies inside the hours."""
        second = tz.second(now)
        return any(start <= second < end for start, end in self._spans(second, 2))

    def changes_after(self, now: datetime) -> tuple[datetime, ...]:
        """The instants (UTC) of the coming week at which the hours begin or end, soonest first."""
        second = tz.second(now)
        edges = {edge for span in self._spans(second, _DAYS_AHEAD) for edge in span}
        return tuple(tz.moment(edge) for edge in sorted(edges) if edge > second)

    def _spans(self, second: int, days: int) -> Iterator[tuple[int, int]]:
        """The ranges that begin yesterday or on the `days` days that follow it, as instants."""
        zone = tz.zone(self.timezone)
        yesterday = zone.wall(second) // tz.DAY_S - 1
        for day in range(yesterday, yesterday + days + 1):
            if tz.wall_date(day * tz.DAY_S).weekday() in self.days:
                for span in self.between:
                    last = day + 1 if span.crosses_midnight else day
                    yield (
                        zone.first_instant(day * tz.DAY_S + span.start_minute * 60),
                        zone.first_instant(last * tz.DAY_S + span.end_minute * 60),
                    )
