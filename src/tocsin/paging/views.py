"""The HTML doors of paging: what is going on now, and the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import listing
from tocsin.alerts.domain import GroupStatus, Outcome
from tocsin.alerts.listing import GroupFilter, GroupLine
from tocsin.alerts.views import Row, row
from tocsin.engine import beat
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.oncall import queries as duty
from tocsin.oncall import rules as oncall
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.sight import Sight
from tocsin.paging import gaps, queries, setup, store
from tocsin.paging.outlook import Outlook, names, outlook
from tocsin.paging.queries import NoteLine
from tocsin.paging.setup import Setup
from tocsin.paging.standing import Standing, standing
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.web.converters import DIGITS_MAX
from tocsin.web.pages import show

OPEN_SHOWN_MAX = 50
HELD_SHOWN_MAX = 20
DUTIES_SHOWN_MAX = 100
LATE_AFTER = timedelta(seconds=60)  # a timer is normally worked off within a second
ENGINE_SILENT_AFTER = timedelta(seconds=30)  # the engine notes that it lives every few seconds
DUTY_AHEAD = timedelta(days=62)  # how far the next hand-over is looked for

_sight = Sight()  # remembers answers for as long as they hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A group in nobody's hands, with who is paged next."""

    row: Row
    next_who: str = ""
    next_at: datetime | None = None
    words: str = ""  # if nobody is paged next: why


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who is on call for one schedule, and who takes over when."""

    schedule: str
    title: str
    who: str
    mine: bool
    until: datetime | None
    then: str
    shadows: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something broken in our own house."""

    words: str
    why: str = ""
    since: datetime | None = None
    starts: datetime | None = None  # if it is still to come
    ends: datetime | None = None
    url: str = ""  # where it is looked into


@dataclass(frozen=True, slots=True, kw_only=True)
class NowPage:
    """What is wrong, who has it, what happens next."""

    waiting: tuple[Waiting, ...]
    waiting_more: bool
    held: tuple[Row, ...]
    quiet: tuple[Row, ...]  # snoozed or suppressed
    duties: tuple[Duty, ...]
    troubles: tuple[Trouble, ...]
    last_resolved_at: datetime | None
    is_new: bool  # nothing has ever come in
    has_services: bool
    setup: Setup | None  # as long as no page was ever answered, for those who can set it up


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPage:
    """Somebody's messages."""

    notes: tuple[NoteLine, ...]
    older_url: str
    has_person: bool


@require_safe
@permit(Right.SEE)
def now(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The home screen."""
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, current.people)
    open_groups = _groups(reader, [GroupStatus.OPEN], OPEN_SHOWN_MAX + 1)
    resolved = listing.groups(reader, GroupFilter(status=(GroupStatus.RESOLVED,), limit=1))
    others = _groups(reader, [GroupStatus.SNOOZED, GroupStatus.SUPPRESSED], HELD_SHOWN_MAX)
    page = NowPage(
        waiting=_waiting(reader, current, open_groups[:OPEN_SHOWN_MAX]),
        waiting_more=len(open_groups) > OPEN_SHOWN_MAX,
        held=tuple(row(current.snapshot, one) for one in _groups(reader, [GroupStatus.ACKNOWLEDGED], HELD_SHOWN_MAX)),
        quiet=tuple(row(current.snapshot, one) for one in others),
        duties=_duties(reader, current, actor),
        troubles=_troubles(reader, current),
        last_resolved_at=resolved[0].resolved_at if resolved else None,
        is_new=not open_groups and not resolved and not others,
        has_services=bool(current.services),
        setup=setup.look(reader, current, actor) if _sets_up(reader, actor) else None,
    )
    return show(request, "paging/now.html", page)


@require_safe
@permit(Right.SEE)
def inbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The messages somebody got inside Tocsin."""
    before = request.GET.get("before", "")
    older_than = int(before) if before.isascii() and before.isdigit() and len(before) <= DIGITS_MAX else None
    notes = queries.inbox(db.reader(clock.now()), actor.person, before=older_than) if actor.person else []
    page = InboxPage(
        notes=tuple(notes),
        older_url=f"{reverse('inbox')}?before={notes[-1].id}" if len(notes) == queries.NOTES_SHOWN_MAX else "",
        has_person=bool(actor.person),
    )
    return show(request, "paging/inbox.html", page)


@require_POST
@permit(Right.SEE)
def read(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Everything up to a message counts as read."""
    up_to = request.POST.get("up_to", "")
    if actor.person and up_to.isascii() and up_to.isdigit() and len(up_to) <= DIGITS_MAX:
        with db.transact(clock.now()) as tx:
            store.mark_read(tx, actor.person, int(up_to))
    return HttpResponseRedirect(reverse("inbox"), status=303)


def _sets_up(reader: Reader, actor: Actor) -> bool:
    return may_anywhere(actor, Right.CONFIGURE) and not setup.is_over(reader)


def _groups(reader: Reader, statuses: list[GroupStatus], limit: int) -> list[GroupLine]:
    return listing.groups(reader, GroupFilter(status=statuses, limit=limit))


def _waiting(reader: Reader, current: Standing, lines: list[GroupLine]) -> tuple[Waiting, ...]:
    running = queries.climbing(reader, [line.id for line in lines])
    ahead: dict[tuple[object, ...], Outlook] = {}
    found = []
    for line in sorted(lines, key=lambda one: (one.urgency != "high", -one.id)):
        shown = row(current.snapshot, line)
        climbing = running.get(line.id)
        if climbing is None:
            found.append(Waiting(row=shown, words="Nobody else will be paged."))
            continue
        key = (climbing.plan, climbing.position, climbing.turn, climbing.due_at)
        if key not in ahead:
            ahead[key] = outlook(climbing, current, shown_max=1 + len(climbing.plan.policies))
        found.append(_waiting_for(shown, ahead[key], current))
    return tuple(found)


def _waiting_for(shown: Row, ahead: Outlook, current: Standing) -> Waiting:
    rung = ahead.next
    if rung is None:
        return Waiting(row=shown, words="Nobody else will be paged.")
    return Waiting(row=shown, next_who=names(rung.persons, current), next_at=rung.at)


def _duties(reader: Reader, current: Standing, actor: Actor) -> tuple[Duty, ...]:
    documents = current.snapshot.all("schedules", ScheduleDocument)
    counts = duty.in_force(reader, reader.now, reader.now + DUTY_AHEAD)
    found = []
    for name, document in list(documents.items())[:DUTIES_SHOWN_MAX]:
        seen = _sight.on_duty(oncall.compile_schedule(name, document), reader.now, counts.get(name, ()))
        found.append(
            Duty(
                schedule=name,
                title=document.name,
                who=names(seen.persons, current),
                mine=actor.person in seen.persons,
                until=seen.until,
                then=names(seen.then, current),
                shadows=names(seen.shadows, current),
            )
        )
    return tuple(found)


def _troubles(reader: Reader, current: Standing) -> tuple[Trouble, ...]:
    found = []
    lived_at = beat.last(reader)
    if lived_at is None or reader.now - lived_at > ENGINE_SILENT_AFTER:
        found.append(Trouble(words="No engine is running: nobody is paged", since=lived_at))
    late = queries.late_pages(reader, reader.now - LATE_AFTER)
    if late:
        found.append(Trouble(words=f"{late} messages of pages are late"))
    for failing in queries.failing(reader):
        who = (
            people.name_of(current.snapshot, f"person:{failing.person}") if failing.person else failing.mail or "a team"
        )
        found.append(
            Trouble(words=f"{failing.channel} to {who} does not get through", why=failing.reason, since=failing.since)
        )
    for integration, last_at in queries.missed_heartbeats(reader):
        url = reverse("integration", kwargs={"name": integration})
        found.append(Trouble(words=f"No sign of life from {integration}", since=last_at, url=url))
    aside = listing.signals(reader, outcome=Outcome.SET_ASIDE, limit=1)
    if aside:
        words = "Signals were set aside, because absorbing them failed"
        found.append(Trouble(words=words, since=aside[0].at, url=reverse("signal", kwargs={"signal_id": aside[0].id})))
    for gap in gaps.ahead(reader, current):
        url = reverse("policy", kwargs={"name": gap.policy})
        found.append(Trouble(words=f"{gap.title} reaches nobody", starts=gap.start, ends=gap.end, url=url))
    return tuple(found)
