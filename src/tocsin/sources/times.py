"""Instants as tools write them: RFC 3339 and its cousins, and seconds, milliseconds, micro- or nanoseconds since 1970."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_YEAR_MIN = 1970
_YEAR_MAX = 9998  # leaves room to move between zones
_YEAR_ZERO = 1  # Go's zero time: there is none
EARLIEST = datetime(_YEAR_MIN, 1, 1, tzinfo=UTC)
LATEST = datetime(_YEAR_MAX, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
# Anything before the year 5138 in seconds is below 1e11, and so on in steps of a thousand.
_UNITS_PER_SECOND = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))
_WRITTEN_CHARS_MAX = 64
_ONE_ZONE_TOO_MANY = re.compile(r"([+-]\d\d:\d\d)Z$")  # PagerDuty's own client library writes +00:00Z


def utc(moment: datetime | None) -> datetime | None:
    """The same instant in UTC; None for none, for Go's zero time and for years nobody means."""
    if moment is None or not _YEAR_MIN <= moment.year <= _YEAR_MAX:
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def nearest(moment: datetime | None) -> datetime | None:
    """The same instant in UTC, or the earliest or latest that can be kept if it lies beyond; None for Go's zero time.

    For instants that something is decided by: an end in the year 9999 is an end in the future.
    """
    if moment is None or moment.year == _YEAR_ZERO:
        return None
    if moment.year > _YEAR_MAX:
        return LATEST
    return min(max(utc(moment) or EARLIEST, EARLIEST), LATEST)


def instant(value: object, keep: Callable[[datetime], datetime | None] = utc) -> datetime | None:
    """What a sender's timestamp means, in UTC, or None if it means nothing. A time without a zone is UTC.

    `keep` says what becomes of years nobody means: `nearest`, or nothing.
    """
    if isinstance(value, str):
        return _written(value.strip(), keep)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _counted(value)


def _written(value: str, keep: Callable[[datetime], datetime | None]) -> datetime | None:
    if not value or len(value) > _WRITTEN_CHARS_MAX:
        return None
    try:
        return keep(datetime.fromisoformat(_ONE_ZONE_TOO_MANY.sub(r"\1", value)))
    except (ValueError, OverflowError):
        pass
    try:
        return _counted(float(value))
    except ValueError:
        return None


def _counted(value: float) -> datetime | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    for below, per_second in _UNITS_PER_SECOND:
        if 0 < value < below:
            return utc(EARLIEST + timedelta(seconds=float(value) / per_second))
    return None
