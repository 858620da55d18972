"""Reading calendars kept elsewhere: politely, outside any transaction, keeping what was last read well.

One at a time: it is taken with a lease, fetched, unfolded, and only then written down in a transaction of its own. The
other side is told what we have (ETag, Last-Modified), is not asked more often than the document says, and less and
less while it fails; a Retry-After is heeded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urljoin

import msgspec

from tocsin.config import queries as configuration
from tocsin.kit import clock, db, text, tz
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.db import Reader, Tx
from tocsin.kit.http import HttpAnswer, HttpClient, HttpSettings
from tocsin.kit.installation import box, installation
from tocsin.oncall import calendar_store, ical_source
from tocsin.oncall.calendar_store import Kept
from tocsin.oncall.desk import Booked, CalendarKind
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.facts import CalendarFailing, CalendarRead, CalendarWorksAgain
from tocsin.oncall.ical_source import CannotRead, Directory
from tocsin.people.domain import PersonDocument

LEASE = timedelta(minutes=2)  # of one calendar: more than fetching and unfolding take
TIMEOUT_S = 10.0  # for each redirect anew
BODY_BYTES_MAX = 2_000_000
REDIRECTS_MAX = 3  # public calendars need one or two
REFRESH = timedelta(hours=1)  # of people's calendars
FIRST_RETRY = timedelta(minutes=1)
RETRY_MOST = timedelta(hours=6)
FAILING_AFTER = 3  # tries in a row before anybody is told, unless it never worked
HORIZON = timedelta(days=400)  # a year ahead, and a little more for what is planned from it
UNFOLD_EVERY = timedelta(days=1)  # the horizon moves on by then
PAST_KEPT = timedelta(days=800)  # what was said of the last two years stays
ERROR_CHARS_MAX = 300
_MOVED = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to the other side."""

    url: str = field(repr=False)
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What the other side gave; `body` None if nothing has changed."""

    body: str | None
    etag: str
    modified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Why it gave nothing, and when it would like to be asked again, if it said so."""

    error: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What was read and what it means."""

    kept: Kept
    booked: tuple[Booked, ...]
    problems: tuple[str, ...]


def read_one() -> int:
    """Read the calendar whose time has come; 0 if none is due. The engine calls it again and again."""
    now = clock.now()
    due = "SELECT 1 FROM oncall_calendar WHERE next_at <= %s AND ended_at IS NULL LIMIT 1"
    if db.reader(now).row(due, (clock.to_us(now),)) is None:
        return 0
    with db.transact(now) as tx:
        kept = calendar_store.take_calendar(tx, now + LEASE)
    if kept is None:
        return 0
    answer = _fetch(db.reader(now), kept)
    later = clock.now()
    understood = _understood(db.reader(later), kept, answer, later) if isinstance(answer, Fetched) else answer
    with db.transact(later) as tx:
        _settle(tx, kept, understood)
    return 1


async def fetch(client: HttpClient, url: str, etag: str, modified: str) -> Fetched | Missed:
    """Ask for a calendar, following a few redirects; each address passes the guard."""
    headers = {"Accept": "text/calendar, */*;q=0.1"}
    headers |= {"If-None-Match": etag} if etag else {}
    headers |= {"If-Modified-Since": modified} if modified else {}
    at = url.replace("webcal://", "https://", 1)
    for _ in range(REDIRECTS_MAX + 1):
        answer = await client.send(Request(url=at, headers=headers), body_bytes_max=BODY_BYTES_MAX)
        if answer.status not in _MOVED or "location" not in answer.headers:
            return _judged(answer, etag, modified)
        at = urljoin(at, answer.headers["location"])
    return Missed(error=f"it is somewhere else, and there again somewhere else, {REDIRECTS_MAX} times")


def _fetch(reader: Reader, kept: Kept) -> Fetched | Missed:
    url = _url(reader, kept)
    if not url:
        return Missed(error="its address is not known any more")
    return asyncio.run(_fetch_guarded(url, kept))


async def _fetch_guarded(url: str, kept: Kept) -> Fetched | Missed:
    held = installation()
    guard = Guard(allow=parse_networks(held.outbound_allow))
    async with HttpClient(HttpSettings(guard=guard, proxy=held.outbound_proxy)) as client:
        return await fetch(client, url, kept.etag, kept.modified)


def _url(reader: Reader, kept: Kept) -> str:
    if kept.kind is not CalendarKind.SCHEDULE:
        return box().decrypt(kept.url) or ""
    document = configuration.current(reader).all("schedules", ScheduleDocument).get(kept.owner)
    return document.ical.url if document is not None and document.ical is not None else ""


def _judged(answer: HttpAnswer, etag: str, modified: str) -> Fetched | Missed:
    if answer.fault is not None:
        return Missed(error=f"no answer ({answer.fault.replace('_', ' ')}): {answer.detail}")
    if answer.status == 304:
        return Fetched(body=None, etag=etag, modified=modified)
    if answer.status != 200:
        return Missed(error=f"the server answered {answer.status}", after=_retry_after(answer))
    if answer.detail:
        return Missed(error=answer.detail)
    body = answer.body.decode("utf-8-sig", "replace")
    return Fetched(body=body, etag=answer.headers.get("etag", ""), modified=answer.headers.get("last-modified", ""))


def _retry_after(answer: HttpAnswer) -> timedelta | None:
    written = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(written), 86_400)) if written.isascii() and written.isdigit() else None


def _understood(reader: Reader, kept: Kept, fetched: Fetched, now: datetime) -> Understood | Missed:
    """What it means by now. The same text is unfolded again once a day, because the horizon moves on."""
    body = fetched.body if fetched.body is not None else kept.body
    fresh = kept.expanded_at is not None and now - kept.expanded_at < UNFOLD_EVERY
    if fetched.body is None and fresh:
        return Understood(kept=kept, booked=kept.booked, problems=())
    snapshot = configuration.current(reader)
    people = snapshot.all("people", PersonDocument)
    document = snapshot.all("schedules", ScheduleDocument).get(kept.owner)
    person = people.get(kept.owner)
    zone = document.timezone if document is not None else person.timezone if person is not None else "UTC"
    try:
        found = ical_source.read(body, now - timedelta(days=1), now + HORIZON, zone)
    except CannotRead as error:
        return Missed(error=str(error))
    if kept.kind is CalendarKind.SCHEDULE:
        aliases = document.ical.match if document is not None and document.ical is not None else {}
        booked, strangers = ical_source.turns(found.events, Directory(people, aliases))
    else:
        booked, strangers = ical_source.away(found.events, kept.owner, busy_only=kept.kind is CalendarKind.ABSENCES), ()
    oldest = tz.second(now - PAST_KEPT)
    merged = ical_source.kept_past([one for one in kept.booked if one.end > oldest], booked, tz.second(now))
    marked = msgspec.structs.replace(kept, body=body, etag=fetched.etag, modified=fetched.modified)
    return Understood(kept=marked, booked=merged, problems=(*found.problems, *strangers))


def _settle(tx: Tx, kept: Kept, found: Understood | Missed) -> None:
    refresh = _refresh(tx, kept)
    if isinstance(found, Missed):
        wait = found.after or min(FIRST_RETRY * 2 ** min(kept.failures, 10), max(refresh, FIRST_RETRY), RETRY_MOST)
        error = text.cut(found.error, ERROR_CHARS_MAX)
        calendar_store.calendar_failed(tx, kept, error, tx.now + wait)
        if kept.failures + 1 == (FAILING_AFTER if kept.read_at is not None else 1):
            read = kept.read_at is not None
            tx.record(CalendarFailing(calendar=kept.id, kind=kept.kind, owner=kept.owner, error=error, read=read))
        return
    if found.kept is kept:
        calendar_store.calendar_unchanged(tx, kept, tx.now + refresh)
    else:
        calendar_store.calendar_read(
            tx, found.kept, before=kept.booked, booked=found.booked, problems=found.problems, next_at=tx.now + refresh
        )
        if found.booked != kept.booked or kept.read_at is None:
            tx.record(
                CalendarRead(
                    calendar=kept.id,
                    kind=kept.kind,
                    owner=kept.owner,
                    stretches=len(found.booked),
                    problems=found.problems,
                )
            )
    if kept.failing_since is not None:
        tx.record(CalendarWorksAgain(calendar=kept.id, kind=kept.kind, owner=kept.owner))


def _refresh(reader: Reader, kept: Kept) -> timedelta:
    document = configuration.current(reader).all("schedules", ScheduleDocument).get(kept.owner)
    if kept.kind is CalendarKind.SCHEDULE and document is not None and document.ical is not None:
        return document.ical.refresh
    return REFRESH
