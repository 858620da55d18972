"""What will hurt on call and cannot be seen in the configuration alone: calendars that fail, duty while away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tocsin.config import queries as configuration
from tocsin.config.domain import Finding, Level
from tocsin.kit.db import Reader
from tocsin.oncall import queries
from tocsin.oncall.desk import CalendarKind, CalendarLine, Conflict
from tocsin.oncall.domain import ScheduleDocument

CONFLICTS_AHEAD = timedelta(days=60)


def findings(reader: Reader) -> Iterator[Finding]:
    """All of them, calendars first."""
    for one in queries.calendars(reader):
        yield from _of_calendar(one)
    schedules = configuration.current(reader).all("schedules", ScheduleDocument)
    for conflict in queries.conflicts(reader, reader.now, reader.now + CONFLICTS_AHEAD):
        if conflict.schedule in schedules:
            yield _of_conflict(conflict)


def _of_calendar(one: CalendarLine) -> Iterator[Finding]:
    section = "schedules" if one.kind is CalendarKind.SCHEDULE else "people"
    path = ("ical",) if one.kind is CalendarKind.SCHEDULE else ()
    if one.failing_since is not None:
        kept = (
            f"what was read at {one.read_at:%Y-%m-%d %H:%M} UTC stays in force"
            if one.read_at
            else "nothing was read yet"
        )
        yield Finding(
            code="calendar-failing",
            level=Level.WARNING if one.read_at else Level.ERROR,
            section=section,
            name=one.owner,
            path=path,
            message=f"the calendar of {one.owner} cannot be read since {one.failing_since:%Y-%m-%d %H:%M} UTC:"
            f" {one.error}; {kept}",
            fix="open its address in a browser; mend or change it",
        )
    for problem in one.problems:
        yield Finding(
            code="calendar-not-understood",
            level=Level.WARNING,
            section=section,
            name=one.owner,
            path=path,
            message=f"in the calendar of {one.owner}: {problem}",
            fix="name the person there as here, or add them under `match`",
        )


def _of_conflict(one: Conflict) -> Finding:
    about = f" ({one.about})" if one.about else ""
    return Finding(
        code="duty-conflict",
        level=Level.WARNING,
        section="schedules",
        name=one.schedule,
        message=f"{one.person} is on call for {one.schedule} from {one.start:%Y-%m-%d %H:%M} to"
        f" {one.end:%Y-%m-%d %H:%M} UTC, but {one.kind}{about}",
        fix="offer a swap, or make an override",
        details={"person": one.person, "kind": one.kind.value},
    )
