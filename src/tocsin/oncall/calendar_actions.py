"""The verbs about calendars: when people are away, calendars kept elsewhere, and ours behind secret addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.config import queries as configuration
from tocsin.config.actions import ConfigApplied
from tocsin.kit import secrets, text, tz
from tocsin.kit.db import Tx
from tocsin.kit.installation import box
from tocsin.oncall import calendar_store, ical_source, queries, store
from tocsin.oncall.actions import CannotChange, WhyNot
from tocsin.oncall.desk import AHEAD_MOST, REASON_CHARS_MAX, Absence, CalendarKind, CalendarLine
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.facts import (
    AbsenceCancelled,
    AbsenceNoted,
    CalendarLinked,
    CalendarUnlinked,
    FeedOpened,
    FeedRevoked,
)
from tocsin.people.domain import PersonDocument

SECRET_PREFIX = "cal"  # noqa: S105 - what every secret begins with
ABSENCE_MOST = timedelta(days=2 * 366)
URL_CHARS_MAX = 2000
FEEDS_MAX = 50  # in force for one person or schedule


def note_absence(tx: Tx, person: str, start: datetime, end: datetime, *, about: str, by: str) -> Absence:
    """Somebody will be away; their shifts in that time show as conflicts. Raises CannotChange."""
    _must_be_there(tx, person)
    if end <= start or end <= tx.now:
        raise CannotChange(WhyNot.BAD_TIME, "this ends before it begins, or in the past")
    if end - start > ABSENCE_MOST or start - tx.now > AHEAD_MOST:
        raise CannotChange(WhyNot.BAD_TIME, f"this is longer than {ABSENCE_MOST.days} days, or too far ahead")
    wanted = Absence(id=0, person=person, start=start, end=end, about=text.cut(about, REASON_CHARS_MAX))
    made = store.put_absence(tx, wanted, by)
    tx.record(AbsenceNoted(absence=made.id, person=person, start=start, end=end, by=by, about=made.about))
    return made


def cancel_absence(tx: Tx, absence_id: int, by: str) -> Absence:
    """They will be there after all. Raises CannotChange."""
    found = store.absence(tx, absence_id)
    if found is None:
        raise CannotChange(WhyNot.NOT_THERE, f"there is no absence {absence_id}")
    store.cancel_absence(tx, absence_id)
    tx.record(
        AbsenceCancelled(
            absence=found.id, person=found.person, start=found.start, end=found.end, by=by, about=found.about
        )
    )
    return found


def link_calendar(tx: Tx, person: str, kind: CalendarKind, url: str, by: str) -> int:
    """Read a person's absences or holidays from their calendar from now on. Raises CannotChange."""
    _must_be_there(tx, person)
    if kind is CalendarKind.SCHEDULE:
        raise CannotChange(WhyNot.NOT_THERE, "a schedule's calendar stands in its document")
    if len(url) > URL_CHARS_MAX or not url.startswith(("https://", "http://", "webcal://")):
        raise CannotChange(WhyNot.BAD_ADDRESS, "this is not the address of a calendar; write it with https://")
    made = calendar_store.link_calendar(tx, kind, person, box().encrypt(url))
    if made is None:
        raise CannotChange(WhyNot.TOO_MANY, f"a calendar of {kind} is read for {person} already; unlink it first")
    tx.record(CalendarLinked(calendar=made, kind=kind, owner=person, by=by))
    return made


def unlink_calendar(tx: Tx, calendar_id: int, by: str) -> None:
    """Do not read it any more. Raises CannotChange."""
    found = next((one for one in queries.calendars(tx) if one.id == calendar_id), None)
    if found is None or found.kind is CalendarKind.SCHEDULE:
        raise CannotChange(WhyNot.NOT_THERE, f"there is no calendar {calendar_id} that could be unlinked")
    _end(tx, found, by)


def follow_documents(tx: Tx, facts: Sequence[ConfigApplied]) -> None:
    """Begin to read the calendars that schedules name now, and stop with those they name no more.

    One is read again only if its own schedule changed, or people did, whom its events may mean.
    """
    sections = {section for fact in facts for section in fact.sections}
    if not sections & {"schedules", "people"}:
        return
    documents = configuration.current(tx).all("schedules", ScheduleDocument)
    wanted = {name: secrets.digest(one.ical.url) for name, one in documents.items() if one.ical is not None}
    known = {one.owner: one for one in queries.calendars(tx, kind=CalendarKind.SCHEDULE)}
    for name in known.keys() - wanted.keys():
        _end(tx, known[name], "tocsin")
    changed = queries.changed_since(tx, tx.now - timedelta(microseconds=1))
    for name, address in wanted.items():
        if name not in known:
            calendar_store.link_calendar(tx, CalendarKind.SCHEDULE, name, address)
        elif name in changed or "people" in sections:
            calendar_store.read_again(tx, known[name].id, address)


def open_feed(tx: Tx, *, person: str | None = None, schedule: str | None = None, by: str) -> tuple[int, str]:
    """A secret under which a person's or a schedule's shifts can be read; told this once. Raises CannotChange."""
    if person is not None:
        _must_be_there(tx, person)
    elif schedule not in configuration.current(tx).all("schedules", ScheduleDocument):
        raise CannotChange(WhyNot.NO_SCHEDULE, f"there is no schedule `{schedule}`")
    if len(queries.feeds(tx, person=person, schedule=schedule)) >= FEEDS_MAX:
        raise CannotChange(WhyNot.TOO_MANY, f"there are {FEEDS_MAX} addresses already; revoke one first")
    secret = secrets.new_token(SECRET_PREFIX)
    made = calendar_store.put_feed(tx, secrets.digest(secret), person, schedule, by)
    tx.record(FeedOpened(feed=made, person=person, schedule=schedule, by=by))
    return made, secret


def revoke_feed(tx: Tx, feed_id: int, by: str) -> None:
    """The address leads nowhere from now on. Raises CannotChange."""
    found = queries.feed(tx, feed_id)
    if found is None or not calendar_store.revoke_feed(tx, feed_id):
        raise CannotChange(WhyNot.NOT_THERE, f"there is no feed {feed_id} in force")
    tx.record(FeedRevoked(feed=found.id, person=found.person, schedule=found.schedule, by=by))


def _end(tx: Tx, found: CalendarLine, by: str) -> None:
    """What it said of the past stays."""
    stays = ical_source.kept_past(found.booked, (), tz.second(tx.now))
    calendar_store.end_calendar(tx, found.id, stays)
    tx.record(CalendarUnlinked(calendar=found.id, kind=found.kind, owner=found.owner, by=by))


def _must_be_there(tx: Tx, person: str) -> None:
    if person not in configuration.current(tx).all("people", PersonDocument):
        raise CannotChange(WhyNot.NO_PERSON, f"there is no person `{person}`")
