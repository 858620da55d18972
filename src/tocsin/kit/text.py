"""Words and numbers as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d|w)")
DURATION_MAX = timedelta(days=3660)
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"\\\\|{_PAIR}|\\u[0-9a-fA-F]{{4}}")
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def parse_duration(written: str) -> timedelta:
    """Read `30s`, `5m`, `1h30m`, `2d`. Raises ValueError with the accepted form in it."""
    total = timedelta(0)
    at = 0
    for match in _DURATION.finditer(written.strip()):
        if match.start() != at:
            break
        total += int(match[1]) * _UNITS[match[2]]
        at = match.end()
    if at == 0 or at != len(written.strip()):
        raise ValueError(f"{written!r} is not a duration; write a number with a unit: 30s, 5m, 8h, 2d, 1w")
    if total > DURATION_MAX:
        raise ValueError(f"{written!r} is longer than ten years")
    return total


@lru_cache(maxsize=1024)
def format_duration(value: timedelta) -> str:
    """The shortest spelling `parse_duration` reads back: `1h30m`, never `90m`; zero is `0s`."""
    rest = round(value / timedelta(milliseconds=1))
    if rest == 0:
        return "0s"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] / timedelta(milliseconds=1))
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def iso(at: datetime) -> str:
    """An instant in UTC to the second, as programs read it; the year has four digits, whichever it is."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def slug(written: str, chars_max: int) -> str:
    """What somebody wrote as a name in the configuration: `Card payments` is `card-payments`. May be empty."""
    return _NOT_IN_SLUGS.sub("-", written.lower()).strip("-")[:chars_max].strip("-")


def cut(value: str, chars_max: int) -> str:
    """At most `chars_max` characters, the last being an ellipsis if something was lost."""
    return value if len(value) <= chars_max else value[: chars_max - 1] + "…"


def indented(written: str) -> str:
    """JSON with line breaks, and its letters as letters, but otherwise as it was written: each member, each number.

    Anything else, and what JSON can say and UTF-8 cannot, comes back as it is.
    """
    try:
        return _ESCAPE.sub(_letter, msgspec.json.format(written, indent=2))
    except (ValueError, RecursionError):
        return written


def _letter(found: re.Match[str]) -> str:
    meant = msgspec.json.decode(f'"{found[0]}"', type=str)
    return meant if meant.isprintable() and meant not in '"\\' else found[0]


def storable(value: str) -> str:
    """Without what no database can hold: PostgreSQL stores no U+0000 in text, and UTF-8 carries no lone surrogates."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """`1 alert`, `2 alerts`."""
    return f"{count} {noun if count == 1 else (nouns or noun + 's')}"


def shown(value: str) -> str:
    """For a terminal: a mark for each character that it would obey instead of showing it. Tabs and new lines stay."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", value)
