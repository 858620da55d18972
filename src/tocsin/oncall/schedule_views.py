"""The HTML door to schedules: the list, one of them, and its calendar's secret addresses."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.kit import clock, db
from tocsin.kit.installation import installation
from tocsin.oncall import calendar_actions, queries, rights, schedule_page, views, window
from tocsin.oncall.actions import CannotChange
from tocsin.oncall.viewer import Viewer, viewer
from tocsin.people.domain import TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.web.pages import back, show


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One schedule of the list."""

    duty: views.DutyNow
    team: str
    zone: str
    people: int
    layers: int
    is_calendar: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulesPage:
    """All schedules."""

    rows: tuple[ScheduleRow, ...]
    may_configure: bool


@require_safe
@permit(Right.SEE)
def schedules(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All schedules, by name."""
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    counts = queries.in_force(reader, seen.now, seen.now + views.NEXT_SHIFT_WITHIN)
    teams = seen.snapshot.all("teams", TeamDocument)
    rows = [
        ScheduleRow(
            duty=views.duty_now(seen, name, document, counts.get(name, ())),
            team=teams[document.team].name if document.team is not None and document.team in teams else "",
            zone=document.timezone,
            people=len({person for layer in document.layers for person in layer.people}),
            layers=len(document.layers),
            is_calendar=document.ical is not None,
        )
        for name, document in seen.schedules.items()
    ]
    rows.sort(key=lambda row: row.duty.title.casefold())
    page = SchedulesPage(rows=tuple(rows), may_configure=may_anywhere(actor, Right.CONFIGURE))
    return show(request, "oncall/schedules.html", page)


@require_safe
@permit(Right.SEE)
def schedule(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One schedule: who, when, how well, and what comes."""
    reader = db.reader(clock.now())
    seen = known(viewer(reader, actor), name)
    held = window.asked(request.GET, seen.zone, seen.now)
    return show(request, "oncall/schedule.html", schedule_page.page(reader, actor, seen, name, held))


@require_POST
@permit(Right.SEE)
def open_feed(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """A secret address for a schedule's shifts, told once, on the answer to this very form."""
    reader = db.reader(clock.now())
    seen = known(viewer(reader, actor), name)
    if not rights.may_hold_feed(actor, None, seen.schedules[name].team, None):
        raise PermissionDenied(Right.RESPOND.value)
    try:
        with db.transact(clock.now()) as tx:
            _, secret = calendar_actions.open_feed(tx, schedule=name, by=actor.by)
    except CannotChange as why:
        messages.error(request, f"Nothing was made: {why}.")
        return HttpResponseRedirect(views.schedule_url(name), status=303)
    held = window.asked(request.GET, seen.zone, seen.now)
    page = schedule_page.page(db.reader(clock.now()), actor, seen, name, held, new_feed=feed_address(secret))
    return show(request, "oncall/schedule.html", page, status=201)


@require_POST
@permit(Right.SEE)
def revoke_feed(request: HttpRequest, actor: Actor, feed_id: int) -> HttpResponse:
    """The address leads nowhere from now on."""
    reader = db.reader(clock.now())
    found = queries.feed(reader, feed_id)
    if found is None:
        raise Http404
    document = viewer(reader, actor).schedules.get(found.schedule or "")
    if not rights.may_hold_feed(actor, found.person, document.team if document else None, found.made_by):
        raise PermissionDenied(Right.RESPOND.value)
    with db.transact(clock.now()) as tx:
        calendar_actions.revoke_feed(tx, feed_id, actor.by)
    messages.success(request, "The address leads nowhere any more.")
    return back(request, views.schedule_url(found.schedule) if found.schedule else reverse("my_oncall"))


def feed_address(secret: str) -> str:
    """Where a calendar program reads it."""
    return f"{installation().base_url}/cal/{secret}.ics"


def known(seen: Viewer, name: str) -> Viewer:
    """The viewer, if there is a schedule of this name. Raises Http404."""
    if name not in seen.schedules:
        raise Http404
    return seen
