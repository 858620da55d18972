"""Reading what people did to schedules, and what follows: who is on call when, in the past and ahead, and conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, tz
from tocsin.kit.db import Reader
from tocsin.kit.secrets import digest
from tocsin.oncall import calendar_store, rules, store
from tocsin.oncall.calendar_store import CALENDAR, FEED
from tocsin.oncall.coverage import Calendars
from tocsin.oncall.desk import (
    Absence,
    CalendarKind,
    CalendarLine,
    Conflict,
    ConflictKind,
    FeedLine,
    Handover,
    OverrideLine,
    Swap,
    SwapStatus,
)
from tocsin.oncall.domain import Override, ScheduleDocument, Shift
from tocsin.oncall.ical_feed import Edition
from tocsin.oncall.rules import Schedule
from tocsin.oncall.store import ABSENCE, HANDOVER, OVERRIDE, SWAP
from tocsin.people.domain import PersonDocument

OVERRIDES_MAX = 10_000
SHOWN_MAX = 500
HOLIDAY_DAYS_MAX = 366  # of one entry in a calendar
_A_SECOND = timedelta(seconds=1)
FAR = timedelta(days=3 * 366)
TURN = "calendar"  # the layer that a calendar's turns count as
Overrides = Mapping[str, Sequence[Override]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The schedules of the configuration with everything that counts beside their documents."""

    snapshot: Snapshot
    overrides: Overrides

    def schedule(self, name: str) -> Schedule | None:
        """One schedule, ready to be asked."""
        document = self.snapshot.all("schedules", ScheduleDocument).get(name)
        return None if document is None else rules.compile_schedule(name, document)

    def of(self, name: str) -> Sequence[Override]:
        """What counts for one schedule."""
        return self.overrides.get(name, ())


def in_force(
    reader: Reader, start: datetime, end: datetime | None = None, schedule: str = ""
) -> dict[str, tuple[Override, ...]]:
    """What calendars say and overrides change between two instants, by schedule, in the order in which they count."""
    until = end or start + FAR
    found: dict[str, list[Override]] = {}
    condition, params = (" AND owner = %s", [schedule]) if schedule else ("", [])
    rows = reader.rows(
        f"SELECT {CALENDAR} FROM oncall_calendar WHERE kind = %s{condition} ORDER BY id",
        (CalendarKind.SCHEDULE.value, *params),
    )
    low, high = tz.second(start), tz.second(until)
    for one in map(calendar_store.calendar_of, rows):
        found.setdefault(one.owner, []).extend(_turns(one, low, high))
    for line in overrides(reader, start, until, schedule=schedule):
        change = line.in_force()
        if change is not None and change.end > start:
            found.setdefault(line.schedule, []).append(change)
    return {name: tuple(changes) for name, changes in found.items()}


def outlook(reader: Reader, start: datetime, end: datetime | None = None) -> Outlook:
    """The configuration in force with what counts beside it between two instants."""
    return Outlook(snapshot=configuration.current(reader), overrides=in_force(reader, start, end))


def overrides(
    reader: Reader, start: datetime, end: datetime, *, schedule: str = "", cancelled: bool = True
) -> list[OverrideLine]:
    """The overrides that reach into a time, in the order they were made."""
    condition, params = (" AND schedule = %s", [schedule]) if schedule else ("", [])
    if not cancelled:
        condition += " AND cancelled_at IS NULL"
    rows = reader.rows(
        f"SELECT {OVERRIDE} FROM oncall_override WHERE ends_at > %s AND starts_at < %s{condition} ORDER BY id LIMIT %s",
        (clock.to_us(start), clock.to_us(end), *params, OVERRIDES_MAX),
    )
    return [store.override_of(row) for row in rows]


def override(reader: Reader, id_: int) -> OverrideLine | None:
    """One override."""
    return store.override(reader, id_)


def shifts_between(reader: Reader, schedule: str, start: datetime, end: datetime) -> list[Shift]:
    """The shifts as they were and will be: each past instant by the document and the overrides that held then."""
    versions = [
        (came, rules.compile_schedule(schedule, document) if isinstance(document, ScheduleDocument) else None)
        for came, document in configuration.history_of(reader, "schedules", schedule, start)
    ]
    rounded = [(whole(came), held) for came, held in versions]
    return rules.history(rounded, start, end, in_force(reader, start, end, schedule).get(schedule, ()))


def shifts_of_person(reader: Reader, person: str, start: datetime, end: datetime) -> list[Shift]:
    """Everything a person serves or served, in all schedules that are there now."""
    found: list[Shift] = []
    counts = in_force(reader, start, end)
    for name, document in configuration.current(reader).all("schedules", ScheduleDocument).items():
        named = any(person in layer.people for layer in document.layers)
        if named or any(one.person_in == person for one in counts.get(name, ())):
            found += [shift for shift in shifts_between(reader, name, start, end) if shift.person == person]
    return sorted(found, key=lambda shift: (shift.start, shift.schedule))


def changed_since(reader: Reader, start: datetime) -> frozenset[str]:
    """The schedules whose documents are not what they were at an instant, removed ones too."""
    rows = reader.rows(
        "SELECT DISTINCT name FROM config_document WHERE section = 'schedules'"
        " AND (since IN (SELECT number FROM config_version WHERE at > %s)"
        " OR until IN (SELECT number FROM config_version WHERE at > %s))",
        (clock.to_us(start), clock.to_us(start)),
    )
    return frozenset(str(name) for (name,) in rows)


def edition(reader: Reader, schedules: Iterable[str]) -> Edition:
    """When these schedules' shifts last changed, and how often they have."""
    names = reader.listed(schedules)
    at, number = reader.rows(
        "SELECT coalesce(max(at), 0), coalesce(max(number), 0) FROM config_version WHERE number IN"
        f" (SELECT since FROM config_document WHERE section = 'schedules' AND {reader.among('name')}"
        f" UNION SELECT until FROM config_document WHERE section = 'schedules' AND {reader.among('name')})",
        (names, names),
    )[0]
    made, made_at, cancelled, cancelled_at = reader.rows(
        "SELECT count(*), coalesce(max(made_at), 0), count(cancelled_at), coalesce(max(cancelled_at), 0)"
        f" FROM oncall_override WHERE {reader.among('schedule')}",
        (names,),
    )[0]
    revision, read_at = reader.rows(
        "SELECT coalesce(sum(revision), 0), coalesce(max(expanded_at), 0) FROM oncall_calendar"
        f" WHERE kind = %s AND {reader.among('owner')}",
        (CalendarKind.SCHEDULE.value, names),
    )[0]
    latest = max(at, made_at, cancelled_at, read_at if revision else 0)
    return Edition(at=clock.from_us(latest), number=int(number) + int(made) + int(cancelled) + int(revision))


def swap(reader: Reader, id_: int) -> Swap | None:
    """One offer."""
    return store.swap(reader, id_)


def swaps(reader: Reader, *, status: SwapStatus | None = None, person: str = "", limit: int = SHOWN_MAX) -> list[Swap]:
    """Offers, newest first; of a person: those they made, and those they may take."""
    conditions, params = ["1 = 1"], []
    if status is not None:
        conditions.append("status = %s")
        params.append(status.value)
    if person:
        conditions.append("(person = %s OR to_person = %s OR to_person IS NULL)")
        params += [person, person]
    rows = reader.rows(
        f"SELECT {SWAP} FROM oncall_swap WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT %s",
        (*params, min(limit, SHOWN_MAX)),
    )
    return [store.swap_of(row) for row in rows]


def absences(
    reader: Reader, start: datetime, end: datetime, persons: Sequence[str] = ()
) -> list[tuple[Absence, ConflictKind]]:
    """When people are away between two instants, by hand or by their calendars; whether it is an absence or a holiday."""
    condition, params = (f" AND {reader.among('person')}", [reader.listed(persons)]) if persons else ("", [])
    rows = reader.rows(
        f"SELECT {ABSENCE} FROM oncall_absence WHERE cancelled_at IS NULL AND ends_at > %s AND starts_at < %s{condition}"
        " ORDER BY starts_at, id LIMIT %s",
        (clock.to_us(start), clock.to_us(end), *params, OVERRIDES_MAX),
    )
    found = [(store.absence_of(row), ConflictKind.ABSENT) for row in rows]
    for one in calendars(reader):
        if one.kind is CalendarKind.SCHEDULE or (persons and one.owner not in persons):
            continue
        kind = ConflictKind.ABSENT if one.kind is CalendarKind.ABSENCES else ConflictKind.HOLIDAY
        found += [(away, kind) for away in _away(one) if away.start < end and away.end > start]
    return sorted(found, key=lambda pair: (pair[0].start, pair[0].person))


def days_off(reader: Reader, start: datetime, end: datetime) -> Calendars:
    """Everybody's clock, and the days that are holidays for them by their calendars."""
    people = configuration.current(reader).all("people", PersonDocument)
    holidays: dict[str, set[date]] = {}
    for away, kind in absences(reader, start, end):
        if kind is ConflictKind.HOLIDAY and away.person in people:
            zone = ZoneInfo(people[away.person].timezone)
            first, last = away.start.astimezone(zone).date(), (away.end - _A_SECOND).astimezone(zone).date()
            days = range(min((last - first).days, HOLIDAY_DAYS_MAX) + 1)
            holidays.setdefault(away.person, set()).update(first + timedelta(days=day) for day in days)
    return Calendars(zones={name: person.timezone for name, person in people.items()}, holidays=holidays)


def conflicts(reader: Reader, start: datetime, end: datetime, person: str = "") -> list[Conflict]:
    """Who has duty while they are away or have a holiday, in all schedules or for one person."""
    away: dict[str, list[tuple[Absence, ConflictKind]]] = {}
    for absence, kind in absences(reader, start, end, (person,) if person else ()):
        away.setdefault(absence.person, []).append((absence, kind))
    if not away:
        return []
    view = outlook(reader, start, end)
    found = []
    for name, document in view.snapshot.all("schedules", ScheduleDocument).items():
        for shift in rules.shifts(rules.compile_schedule(name, document), start, end, view.of(name)):
            if shift.shadow:
                continue
            for absence, kind in away.get(shift.person, ()):
                low, high = max(shift.start, absence.start), min(shift.end, absence.end)
                if low < high:
                    found.append(
                        Conflict(
                            kind=kind, person=shift.person, schedule=name, start=low, end=high, about=absence.about
                        )
                    )
    return sorted(found, key=lambda one: (one.start, one.person, one.schedule))


def hindrances(reader: Reader, person: str, schedule: str, start: datetime, end: datetime) -> list[Conflict]:
    """What speaks against a person serving this time: they are away, have a holiday, or are on call already."""
    found = [
        Conflict(
            kind=kind,
            person=person,
            schedule=schedule,
            start=max(start, absence.start),
            end=min(end, absence.end),
            about=absence.about,
        )
        for absence, kind in absences(reader, start, end, (person,))
    ]
    view = outlook(reader, start, end)
    for name, document in view.snapshot.all("schedules", ScheduleDocument).items():
        for shift in rules.shifts(rules.compile_schedule(name, document), start, end, view.of(name)):
            if shift.person == person and not shift.shadow:
                words = f"on call for {name} already"
                found.append(
                    Conflict(
                        kind=ConflictKind.ON_CALL,
                        person=person,
                        schedule=name,
                        start=shift.start,
                        end=shift.end,
                        about=words,
                    )
                )
    return sorted(found, key=lambda one: (one.start, one.kind, one.schedule))


def calendars(reader: Reader, *, kind: CalendarKind | None = None, owner: str = "") -> list[CalendarLine]:
    """The calendars kept elsewhere that are read."""
    conditions, params = ["ended_at IS NULL"], []
    if kind is not None:
        conditions.append("kind = %s")
        params.append(kind.value)
    if owner:
        conditions.append("owner = %s")
        params.append(owner)
    rows = reader.rows(f"SELECT {CALENDAR} FROM oncall_calendar WHERE {' AND '.join(conditions)} ORDER BY id", params)
    return [calendar_store.calendar_of(row) for row in rows]


def feeds(reader: Reader, *, person: str | None = None, schedule: str | None = None) -> list[FeedLine]:
    """Addresses in force."""
    conditions, params = ["revoked_at IS NULL"], []
    for column, value in (("person", person), ("schedule", schedule)):
        if value is not None:
            conditions.append(f"{column} = %s")
            params.append(value)
    rows = reader.rows(f"SELECT {FEED} FROM oncall_feed WHERE {' AND '.join(conditions)} ORDER BY id", params)
    return [calendar_store.feed_of(row) for row in rows]


def feed(reader: Reader, id_: int) -> FeedLine | None:
    """One address that is in force."""
    row = reader.row(f"SELECT {FEED} FROM oncall_feed WHERE id = %s AND revoked_at IS NULL", (id_,))
    return None if row is None else calendar_store.feed_of(row)


def feed_behind(reader: Reader, secret: str) -> FeedLine | None:
    """What a secret address leads to; None if nowhere."""
    row = reader.row(f"SELECT {FEED} FROM oncall_feed WHERE hash = %s AND revoked_at IS NULL", (digest(secret),))
    return None if row is None else calendar_store.feed_of(row)


def handovers(reader: Reader, *, schedule: str = "", open_only: bool = False, limit: int = SHOWN_MAX) -> list[Handover]:
    """Hand-overs, newest first."""
    conditions, params = ["1 = 1"], []
    if schedule:
        conditions.append("schedule = %s")
        params.append(schedule)
    if open_only:
        conditions.append("accepted_at IS NULL")
    rows = reader.rows(
        f"SELECT {HANDOVER} FROM oncall_handover WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT %s",
        (*params, min(limit, SHOWN_MAX)),
    )
    return [store.handover_of(row) for row in rows]


def handover(reader: Reader, id_: int) -> Handover | None:
    """One hand-over."""
    return store.handover(reader, id_)


def _turns(one: CalendarLine, low: int, high: int) -> list[Override]:
    return [
        Override(
            id=f"calendar:{one.id}",
            schedule=one.owner,
            person_out=None,
            person_in=booked.person,
            start=tz.moment(booked.start),
            end=tz.moment(booked.end),
            layer=TURN,
        )
        for booked in one.booked
        if booked.start < high and booked.end > low
    ]


def _away(one: CalendarLine) -> list[Absence]:
    return [
        Absence(
            id=0,
            person=one.owner,
            start=tz.moment(booked.start),
            end=tz.moment(booked.end),
            about=booked.about,
            source=f"calendar:{one.id}",
        )
        for booked in one.booked
    ]


def whole(came: datetime) -> datetime:
    """Versions come at any microsecond; schedules count whole seconds."""
    return came.replace(microsecond=0)
