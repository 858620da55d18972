"""The door for calendar programs: whoever has the secret address reads the shifts behind it, and nothing else."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.oncall import calendar_store, ical_feed, queries
from tocsin.oncall.desk import FeedLine
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.ical_feed import Names
from tocsin.people.domain import PersonDocument

CONTENT_TYPE = "text/calendar; charset=utf-8"
MONTHS_BACK, MONTHS_AHEAD = 2, 7
FRESH_FOR_S = 300
SECRET_CHARS_MAX = 200


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address; 304 if the program has it already."""
    now = clock.now()
    reader = db.reader(now)
    found = queries.feed_behind(reader, secret) if len(secret) <= SECRET_CHARS_MAX else None
    body = _body(reader, found) if found is not None else None
    if found is None or body is None:
        return HttpResponse("There is no calendar here (any more).\n", status=404, content_type="text/plain")
    tag = ical_feed.etag(body)
    with db.transact(now) as tx:
        calendar_store.feed_used(tx, found.id)
    if tag in {one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")}:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type=CONTENT_TYPE)
        response["Content-Disposition"] = 'inline; filename="tocsin.ics"'
    response["ETag"] = tag
    response["Cache-Control"] = f"private, max-age={FRESH_FOR_S}"
    return response


def _body(reader: Reader, found: FeedLine) -> str | None:
    """None if the person or the schedule has left the configuration."""
    snapshot = configuration.current(reader)
    people = snapshot.all("people", PersonDocument)
    schedules = snapshot.all("schedules", ScheduleDocument)
    base_url = installation().base_url
    names = Names(
        people={name: person.name for name, person in people.items()},
        schedules={name: document.name for name, document in schedules.items()},
        host=urlsplit(base_url).hostname or "tocsin",
        base_url=base_url,
    )
    start, end = _horizon(reader.now)
    if found.person is not None:
        person = people.get(found.person)
        if person is None:
            return None
        shifts = queries.shifts_of_person(reader, found.person, start, end)
        edition = queries.edition(reader, schedules)
        return ical_feed.calendar(f"{person.name}: on call", shifts, names, edition, person.notify.shifts.start)
    name = found.schedule or ""
    if name not in schedules:
        return None
    shifts = queries.shifts_between(reader, name, start, end)
    title = schedules[name].name or name
    return ical_feed.calendar(f"On call: {title}", shifts, names, queries.edition(reader, [name]))


def _horizon(now: datetime) -> tuple[datetime, datetime]:
    """Whole months, so that the feed is the same for a month unless something changes."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return _months(first, -MONTHS_BACK), _months(first, MONTHS_AHEAD)


def _months(first: datetime, count: int) -> datetime:
    year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
    return first.replace(year=year, month=month + 1)
