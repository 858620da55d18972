"""Calendars kept elsewhere, as they are found in the world: text in, stretches of time with a name on them out. Pure.

Promises: whatever the text is, the answer is a reading or a CannotRead with a sentence; one bad event costs only
itself, and is told. Repetition, exceptions and moved occurrences are unfolded by `recurring-ical-events`; zones by
their definitions in the file, by IANA or Windows names, or by X-WR-TIMEZONE. Times without a zone and whole days are
local to the calendar's zone, else to the one given, by the rule of `kit.tz`. Everything has a named bound.
Leaves out fetching, and whose word counts when two events overlap (`turns`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from tocsin.kit import text, tz
from tocsin.oncall.desk import Booked
from tocsin.oncall.ical_effort import Effort, listed
from tocsin.people.domain import PersonDocument

BODY_CHARS_MAX = 2_000_000
TAIL_CHARS = 200
EVENTS_MAX = 10_000
OCCURRENCES_MAX = 20_000
PROBLEMS_MAX = 20
TITLE_CHARS_MAX = 200
PIECE = timedelta(days=100)  # repetition is unfolded so much at a time, so that a bound is reached early
_PRIORITY = re.compile(r"\s*\[L(\d{1,3})\]\s*")
_MAIL = re.compile(r"[^\s@<>\"',;()\[\]]+@[^\s@<>\"',;()\[\]]+")
_SPLIT = re.compile(r"\s*(?:[,;&+/|]|\band\b)\s*", re.IGNORECASE)


class CannotRead(Exception):
    """No calendar, or more than we take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One occurrence: from second to second, with what its author wrote."""

    start: int
    end: int
    title: str
    mails: tuple[str, ...] = ()
    busy: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The occurrences between two instants, sorted, and what could not be understood."""

    events: tuple[Event, ...]
    problems: tuple[str, ...]


def read(body: str, start: datetime, end: datetime, zone: str) -> Reading:
    """Every occurrence between two instants. Raises CannotRead."""
    calendar = _parsed(body)
    problems = _Problems()
    local = tz.zone(_own_zone(calendar, problems) or zone)
    events: dict[tuple[str, int, int, str], Event] = {}
    _drop_unreadable(calendar, end.toordinal(), problems)
    for found in _occurrences(calendar, start, end, problems):
        one = _event(found, local, problems)
        if one is not None and tz.second(start) < one.end and one.start < tz.second(end):
            events[str(found.get("UID", "")), one.start, one.end, one.title] = one
        if len(events) >= OCCURRENCES_MAX:
            problems.add(f"there are more than {OCCURRENCES_MAX} events; the later ones are left out")
            break
    ordered = sorted(events.values(), key=lambda one: (one.start, one.end, one.title))
    return Reading(events=tuple(ordered), problems=tuple(problems.found))


class Directory:
    """Finds whom an event means."""

    def __init__(self, people: Mapping[str, PersonDocument], aliases: Mapping[str, str]) -> None:
        self._exact: dict[str, str] = {}
        self._full: dict[str, str] = {}
        self._mails: dict[str, str] = {}
        for name, person in people.items():
            self._exact[name.casefold()] = name
            self._full[person.name.casefold()] = name
            self._mails[person.email.casefold()] = name
            for contact in person.contacts.values():
                if contact.email:
                    self._mails.setdefault(contact.email.casefold(), name)
        self._aliases = {written.casefold(): name for written, name in aliases.items() if name in people}

    def persons(self, event: Event) -> tuple[str, ...]:
        """By the whole title, by its parts, by what stands anywhere in it, by who attends; the first that finds any."""
        title = _PRIORITY.sub("", event.title, count=1).strip()
        whole = self._named(title)
        if whole is not None:
            return (whole,)
        parts = [self._named(part) for part in _SPLIT.split(title) if part]
        if parts and all(part is not None for part in parts):
            return tuple(dict.fromkeys(part for part in parts if part is not None))
        return tuple(dict.fromkeys(self._anywhere(title))) or tuple(
            dict.fromkeys(self._mails[mail] for mail in event.mails if mail in self._mails)
        )

    def _named(self, written: str) -> str | None:
        key = " ".join(written.casefold().split())
        for known in (self._aliases, self._exact, self._full, self._mails):
            if key in known:
                return known[key]
        return None

    def _anywhere(self, title: str) -> Iterator[str]:
        folded = title.casefold()
        for mail in _MAIL.findall(folded):
            if mail in self._mails:
                yield self._mails[mail]
        for known in (self._aliases, self._full):
            for written, name in known.items():
                if re.search(rf"(?<!\w){re.escape(written)}(?!\w)", folded):
                    yield name


def turns(events: Sequence[Event], directory: Directory) -> tuple[tuple[Booked, ...], tuple[str, ...]]:
    """Who is on call when, by the events of the highest priority at each instant; and the titles that name nobody."""
    known: list[tuple[Event, int, tuple[str, ...]]] = []
    strangers: dict[str, None] = {}
    for event in events:
        persons = directory.persons(event)
        if persons:
            known.append((event, _priority(event.title), persons))
        else:
            strangers.setdefault(event.title)
    problems = [f"{title!r} names nobody in the configuration" for title in list(strangers)[:PROBLEMS_MAX]]
    return _flattened(known), tuple(problems)


def away(events: Iterable[Event], person: str, *, busy_only: bool) -> tuple[Booked, ...]:
    """When a person's own calendar says that they are away; what they marked as free does not count."""
    return tuple(
        Booked(start=event.start, end=event.end, person=person, about=event.title)
        for event in events
        if event.busy or not busy_only
    )


def kept_past(before: Sequence[Booked], after: Sequence[Booked], now: int) -> tuple[Booked, ...]:
    """What was said of the past stays as it was; from now on what is said now holds."""
    past = [Booked(start=one.start, end=min(one.end, now), person=one.person, about=one.about) for one in before]
    future = [Booked(start=max(one.start, now), end=one.end, person=one.person, about=one.about) for one in after]
    return _joined([*(one for one in past if one.start < one.end), *(one for one in future if one.start < one.end)])


def _parsed(body: str) -> Any:
    if len(body) > BODY_CHARS_MAX:
        raise CannotRead(f"the calendar is larger than {BODY_CHARS_MAX // 1_000_000} MB")
    if "BEGIN:VCALENDAR" not in body[:2000].upper():
        said = "a web page" if "<html" in body[:2000].lower() else "something else"
        raise CannotRead(f"this is no calendar but {said}; the address must lead to an .ics file")
    if "END:VCALENDAR" not in body[-TAIL_CHARS:].upper():
        raise CannotRead("the calendar breaks off in the middle")
    try:
        calendar = icalendar.Calendar.from_ical(body)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CannotRead(f"the calendar cannot be read: {text.cut(' '.join(str(error).split()), 200)}") from None
    count = len(calendar.walk("VEVENT"))
    if count > EVENTS_MAX:
        raise CannotRead(f"the calendar has {count} events, more than {EVENTS_MAX}")
    return calendar


class _Problems:
    """Sentences for people, a few of them, each once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, sentence: str) -> None:
        if sentence not in self.found and len(self.found) < PROBLEMS_MAX:
            self.found.append(sentence)


def _own_zone(calendar: Any, problems: _Problems) -> str | None:
    """The zone the whole calendar names, spelt as the libraries know it."""
    written = str(calendar.pop("X-WR-TIMEZONE", "")).strip()
    if not written:
        return None
    try:
        named = tz.zone(icalendar.timezone.windows_to_olson.WINDOWS_TO_OLSON.get(written, written)).name
    except ValueError:
        problems.add(f"the calendar is in the zone {text.cut(written, 60)!r}, which is not known")
        return None
    calendar.add("X-WR-TIMEZONE", named)
    return named


def _drop_unreadable(calendar: Any, last_day: int, problems: _Problems) -> None:
    """One event that cannot be unfolded would take the others with it; one that repeats by the minute never ends."""
    effort = Effort(last_day)
    kept = []
    for component in calendar.subcomponents:
        why = effort.why_not(component) if component.name == "VEVENT" else ""
        if why:
            problems.add(f"{_title(component)!r} {why} and is left out")
        else:
            kept.append(component)
    calendar.subcomponents = kept


def _occurrences(calendar: Any, start: datetime, end: datetime, problems: _Problems) -> Iterator[Any]:
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
    except Exception as error:  # noqa: BLE001 - a stranger's file may break the library in any way
        raise CannotRead(f"the calendar's events cannot be unfolded: {type(error).__name__}") from None
    low = start.astimezone(UTC)
    while low < end:
        high = min(low + PIECE, end.astimezone(UTC))
        try:
            yield from query.between(low, high)
        except Exception as error:  # noqa: BLE001 - as above
            problems.add(
                f"what lies between {low:%Y-%m-%d} and {high:%Y-%m-%d} cannot be unfolded: {type(error).__name__}"
            )
        low = high


def _event(found: Any, local: tz.Zone, problems: _Problems) -> Event | None:
    title = _title(found)
    if str(found.get("STATUS", "")).upper() == "CANCELLED":
        return None
    try:
        begins, ends = found.start, found.end
        start, end = _second(begins, local), _second(ends, local)
    except Exception as error:  # noqa: BLE001 - as above
        problems.add(f"{title!r} has no times that can be read: {type(error).__name__}")
        return None
    if end <= start:
        return None
    return Event(
        start=start,
        end=end,
        title=title,
        mails=_mails(found),
        busy=str(found.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT",
    )


def _second(when: date | datetime, local: tz.Zone) -> int:
    if isinstance(when, datetime) and when.tzinfo is not None:
        return tz.second(when)
    return local.first_instant(tz.wall_second(when))


def _title(component: Any) -> str:
    return text.cut(" ".join(str(component.get("SUMMARY", "")).split()), TITLE_CHARS_MAX)


def _mails(component: Any) -> tuple[str, ...]:
    attendees = component.get("ATTENDEE", [])
    return tuple(str(one).casefold().removeprefix("mailto:") for one in listed(attendees))


def _priority(title: str) -> int:
    match = _PRIORITY.match(title)
    return int(match[1]) if match else 0


def _flattened(known: Sequence[tuple[Event, int, tuple[str, ...]]]) -> tuple[Booked, ...]:
    """At each instant the persons of the highest priority there."""
    edges = sorted({edge for event, _, _ in known for edge in (event.start, event.end)})
    begins: dict[int, list[int]] = {}
    for index, (event, _, _) in enumerate(known):
        begins.setdefault(event.start, []).append(index)
    active: list[int] = []
    found: list[Booked] = []
    for low, high in itertools.pairwise(edges):
        active = [index for index in active if known[index][0].end > low] + begins.get(low, [])
        top = max((known[index][1] for index in active), default=0)
        persons = {name: None for index in active if known[index][1] == top for name in known[index][2]}
        found += [Booked(start=low, end=high, person=name) for name in persons]
    return _joined(found)


def _joined(found: Iterable[Booked]) -> tuple[Booked, ...]:
    """Stretches of one person with the same words that touch become one; sorted by start."""
    latest: dict[tuple[str, str], Booked] = {}
    done: list[Booked] = []
    for one in sorted(found, key=lambda one: (one.start, one.end, one.person)):
        before = latest.get((one.person, one.about))
        if before is None or one.start > before.end:
            done += [before] if before is not None else []
            latest[one.person, one.about] = one
        else:
            latest[one.person, one.about] = Booked(
                start=before.start, end=max(before.end, one.end), person=one.person, about=one.about
            )
    return tuple(sorted((*done, *latest.values()), key=lambda one: (one.start, one.person, one.about)))
