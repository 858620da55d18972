"""Shifts as an iCalendar feed that Google Calendar, Outlook and Apple Calendar read. Pure: the same in, the same out.

Times are UTC instants, so no VTIMEZONE is needed and no program can mistake a zone. A shift's UID follows from person,
schedule and start, so it keeps it when its end moves. DTSTAMP and SEQUENCE come from the last change of the schedule,
not from the moment of asking, so an unchanged feed is the same to the byte and its ETag holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.oncall.domain import Shift

PRODID = "-//Tocsin//1.0//EN"
REFRESH = "PT1H"
LINE_OCTETS_MAX = 75
REMIND_MOST = timedelta(days=14)
EVENTS_MAX = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """When the shifts last changed, and a number that grows with each change."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people and schedules are called, and where this installation lives."""

    people: Mapping[str, str]
    schedules: Mapping[str, str]
    host: str
    base_url: str


def calendar(
    title: str, shifts: Iterable[Shift], names: Names, edition: Edition, remind: Sequence[timedelta] = ()
) -> str:
    """The whole feed, with CRLF, folded. `remind` adds alarms, for a person's own feed."""
    lines = [
        "BEGIN:VCALENDAR",
        f"PRODID:{PRODID}",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(title)}",
        "X-WR-TIMEZONE:UTC",
        f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}",
        f"X-PUBLISHED-TTL:{REFRESH}",
    ]
    for shift in list(shifts)[:EVENTS_MAX]:
        lines += _event(shift, names, edition, remind)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def etag(body: str) -> str:
    """Names this very content."""
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'


def _event(shift: Shift, names: Names, edition: Edition, remind: Sequence[timedelta]) -> list[str]:
    person = names.people.get(shift.person, shift.person)
    schedule = names.schedules.get(shift.schedule) or shift.schedule
    what = "Shadow" if shift.shadow else "On call"
    by = f"layer {shift.layer}" if shift.override is None else "an override"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid(shift, names.host)}",
        f"DTSTAMP:{_instant(edition.at)}",
        f"LAST-MODIFIED:{_instant(edition.at)}",
        f"DTSTART:{_instant(shift.start)}",
        f"DTEND:{_instant(shift.end)}",
        f"SEQUENCE:{edition.number}",
        f"SUMMARY:{_text(f'{person}: {what} ({schedule})')}",
        f"DESCRIPTION:{_text(f'By {by} of schedule {shift.schedule}.')}",
        f"URL:{names.base_url}/schedules/{shift.schedule}",
        "TRANSP:TRANSPARENT",
    ]
    for ahead in dict.fromkeys(remind):
        minutes = int(min(ahead, REMIND_MOST) / timedelta(minutes=1))
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:REMINDER", f"TRIGGER:-PT{minutes}M", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def uid(shift: Shift, host: str) -> str:
    """Stays as long as person, schedule and start do."""
    kind = "shadow" if shift.shadow else "duty"
    source = "\n".join((shift.person, shift.schedule, _instant(shift.start), kind))
    return f"{hashlib.sha256(source.encode()).hexdigest()}@{host}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(written: str) -> str:
    escaped = written.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "")


def _folded(line: str) -> list[str]:
    """Pieces of at most 75 octets, the later ones begun with a space; never cut inside a character."""
    pieces: list[str] = []
    held, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > LINE_OCTETS_MAX:
            pieces.append(held)
            held, size = " ", 1
        held += character
        size += octets
    return [*pieces, held]
