"""Instants as people write them on a command line: now, +2h, -30m, 2026-03-01T09:00+01:00, "2026-03-01 09:00 Europe/Berlin"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.cli.exits import Exit, Stop
from tocsin.kit import text

FORMS = "write now, +2h, -30m, 2026-03-01T09:00Z, or 2026-03-01 09:00 Europe/Berlin"
YEAR_MIN, YEAR_MAX = 1000, 9000  # whoever asks for a time is told what leads to it and follows, within the calendar
_RELATIVE = re.compile(r"([+-])\s*(.+)")
_ZONED = re.compile(r"(.+?)\s+([A-Z][A-Za-z_]+(?:/[A-Za-z_+-]+)*)$")


def instant(written: str, now: datetime) -> datetime:
    """The instant meant, in UTC. A time without a zone is this machine's (TZ). Raises Stop."""
    found = _read(written, now)
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise Stop(f"{written!r} is too far away: write a year from {YEAR_MIN} to {YEAR_MAX}", Exit.USAGE)
    return found


def later(written: str, now: datetime) -> datetime:
    """The same for an end, where a bare duration counts from now: 2h. However late: nobody asks who is on call then."""
    if re.fullmatch(r"(\d+[a-z]+)+", written.strip()):
        return now + _duration(written)
    found = _read(written, now)
    if found <= now:
        raise Stop(f"{written!r} is in the past", Exit.USAGE)
    return found


def _read(written: str, now: datetime) -> datetime:
    stripped = written.strip()
    if stripped == "now":
        return now
    relative = _RELATIVE.fullmatch(stripped)
    if relative is not None:
        return now + _duration(relative[2]) * (1 if relative[1] == "+" else -1)
    zoned = _ZONED.fullmatch(stripped)
    local, zone = (zoned[1], _zone(zoned[2])) if zoned else (stripped, None)
    try:
        found = datetime.fromisoformat(local)
    except ValueError:
        raise Stop(f"{written!r} is not a time: {FORMS}", Exit.USAGE) from None
    if found.tzinfo is None and zone is not None:
        found = found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC)  # a time without any zone is taken for this machine's
    except (OverflowError, ValueError, OSError):
        raise Stop(f"{written!r} is beyond all calendars", Exit.USAGE) from None


def _duration(written: str) -> timedelta:
    try:
        return text.parse_duration(written)
    except ValueError as error:
        raise Stop(str(error), Exit.USAGE) from None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Stop(f"there is no time zone {name}", Exit.USAGE) from None
