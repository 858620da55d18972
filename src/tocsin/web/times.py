"""Instants as people say them: how long ago, how long until, and exactly when in the reader's zone. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DAYS_COUNTED_MAX = 14  # older instants are told by their date


def ago(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `2 days ago`, then the date."""
    seconds = (now - instant).total_seconds()
    if seconds < 0:
        return until(instant, now)
    if seconds < 10:
        return "just now"
    if seconds >= DAYS_COUNTED_MAX * DAY:
        return f"on {date(instant, now, zone)}"
    return f"{_rough(seconds)} ago"


def until(instant: datetime, now: datetime) -> str:
    """`now`, `in 45 s`, `in 2 min 14 s`, `in 3 h 5 min`, `in 2 days`."""
    seconds = int((instant - now).total_seconds())
    return "now" if seconds <= 0 else f"in {_fine(seconds)}"


def lasting(span: timedelta) -> str:
    """`45 s`, `5 min`, `1 h 30 min`."""
    return _fine(max(0, round(span.total_seconds())))


def clock_time(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """The time of day; with the day if it is not today."""
    local, today = instant.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if abs((local.date() - today.date()).days) < 7:
        return f"{local:%a %H:%M}"
    return f"{date(instant, now, zone)}, {local:%H:%M}"


def date(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """`3 Nov`; with the year if it is not this one."""
    local = instant.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def exact(instant: datetime, zone: tzinfo) -> str:
    """To the second in the reader's zone, and in UTC."""
    local = instant.astimezone(zone)
    utc = instant.astimezone(UTC)
    here = f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S} {local.tzname()}"
    if local.utcoffset() == timedelta(0):
        return here
    day = "" if local.date() == utc.date() else f"{utc.day} {utc:%b} "
    return f"{here} · {day}{utc:%H:%M:%S} UTC"


def _rough(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{int(seconds)} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min"
    if seconds < 2 * DAY:
        return f"{int(seconds // HOUR)} h"
    return f"{int(seconds // DAY)} days"


def _fine(seconds: int) -> str:
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return _two(seconds, MINUTE, "min", 1, "s")
    if seconds < 2 * DAY:
        return _two(seconds, HOUR, "h", MINUTE, "min")
    return f"{seconds // DAY} days"


def _two(seconds: int, big: int, bigs: str, small: int, smalls: str) -> str:
    count, rest = divmod(seconds, big)
    left = rest // small
    return f"{count} {bigs} {left} {smalls}" if left else f"{count} {bigs}"
