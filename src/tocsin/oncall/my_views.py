"""The HTML door to one's own on-call life: shifts to come, absences, calendars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.oncall import calendar_actions, queries, rights, views
from tocsin.oncall.actions import CannotChange, WhyNot
from tocsin.oncall.chart import Mark
from tocsin.oncall.desk import AHEAD_MOST, REASON_CHARS_MAX, CalendarKind, CalendarLine, FeedLine
from tocsin.oncall.schedule_views import feed_address
from tocsin.oncall.viewer import Viewer, viewer
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show

AHEAD = timedelta(days=62)
SHIFTS_SHOWN_MAX = 30
KINDS = (("absences", "My absences: when I am away"), ("holidays", "Holidays: days that are free for me"))
SHIFTS_AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class MyShift:
    """One shift of mine."""

    schedule: str
    url: str
    start: datetime
    end: datetime
    offer_url: str
    now: bool
    shadow: bool
    against: str  # what speaks against it: away, a holiday


@dataclass(frozen=True, slots=True, kw_only=True)
class MyAbsence:
    """When I am away."""

    id: int  # 0 if a calendar says so
    about: str
    holiday: bool
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyPage:
    """What concerns one person."""

    is_somebody: bool
    shifts: tuple[MyShift, ...]
    later: tuple[MyShift, ...]  # those behind a press
    conflicts: int
    absences: tuple[MyAbsence, ...]
    calendars: tuple[CalendarLine, ...]
    feeds: tuple[FeedLine, ...]
    may: bool
    new_feed: str = ""
    wrong: str = ""
    wrong_calendar: str = ""
    start: str = ""
    end: str = ""
    about: str = ""
    kinds: tuple[tuple[str, str], ...] = KINDS


@require_safe
@permit(Right.SEE)
def mine(request: HttpRequest, actor: Actor) -> HttpResponse:
    """My shifts, absences, calendars."""
    return show(request, "oncall/me.html", _page(actor))


@require_POST
@permit(Right.RESPOND)
def note_absence(request: HttpRequest, actor: Actor) -> HttpResponse:
    """I will be away."""
    _must_be_somebody(actor)
    seen = viewer(db.reader(clock.now()), actor)
    given = {name: request.POST.get(name, "") for name in ("start", "end", "about")}
    start, end = seen.instant(given["start"]), seen.instant(given["end"])
    wrong = "Say from when until when, as 2026-03-02T09:00." if start is None or end is None else ""
    if start is not None and end is not None:
        about = given["about"].strip()[:REASON_CHARS_MAX]
        try:
            with db.transact(clock.now()) as tx:
                calendar_actions.note_absence(tx, actor.person, start, end, about=about, by=actor.by)
        except CannotChange as why:
            wrong = f"Nothing was noted: {why}."
    if wrong:
        return show(request, "oncall/me.html", _page(actor, wrong=wrong, **given), status=422)
    messages.success(request, "Noted. Shifts in that time show as conflicts, and whoever manages them is told.")
    return HttpResponseRedirect(reverse("my_oncall"), status=303)


@require_POST
@permit(Right.RESPOND)
def cancel_absence(request: HttpRequest, actor: Actor, absence_id: int) -> HttpResponse:
    """I will be there after all."""
    try:
        with db.transact(clock.now()) as tx:
            found = calendar_actions.cancel_absence(tx, absence_id, actor.by)
            if not rights.may_speak_for(actor, found.person):
                raise PermissionDenied(Right.RESPOND.value)
    except CannotChange:
        raise Http404 from None
    messages.success(request, "The absence is gone.")
    return HttpResponseRedirect(reverse("my_oncall"), status=303)


@require_POST
@permit(Right.RESPOND)
def link_calendar(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Read my absences or holidays from a calendar."""
    _must_be_somebody(actor)
    kind, url = request.POST.get("kind", ""), request.POST.get("url", "").strip()
    wrong = "" if kind in dict(KINDS) else "Choose what the calendar says."
    if not wrong:
        try:
            with db.transact(clock.now()) as tx:
                calendar_actions.link_calendar(tx, actor.person, CalendarKind(kind), url, actor.by)
        except CannotChange as why:
            wrong = f"Nothing was linked: {why}."
    if wrong:
        return show(request, "oncall/me.html", _page(actor, wrong_calendar=wrong), status=422)
    messages.success(request, "The calendar is read from now on.")
    return HttpResponseRedirect(reverse("my_oncall"), status=303)


@require_POST
@permit(Right.RESPOND)
def unlink_calendar(request: HttpRequest, actor: Actor, calendar_id: int) -> HttpResponse:
    """Do not read it any more."""
    found = next((one for one in queries.calendars(db.reader(clock.now())) if one.id == calendar_id), None)
    if found is None or found.kind is CalendarKind.SCHEDULE or not rights.may_speak_for(actor, found.owner):
        raise Http404
    with db.transact(clock.now()) as tx:
        calendar_actions.unlink_calendar(tx, calendar_id, actor.by)
    messages.success(request, "The calendar is not read any more.")
    return HttpResponseRedirect(reverse("my_oncall"), status=303)


@require_POST
@permit(Right.RESPOND)
def open_feed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A secret address for my shifts, told once."""
    _must_be_somebody(actor)
    try:
        with db.transact(clock.now()) as tx:
            _, secret = calendar_actions.open_feed(tx, person=actor.person, by=actor.by)
    except CannotChange as why:
        if why.why is not WhyNot.TOO_MANY:
            raise
        messages.error(request, f"Nothing was made: {why}.")
        return HttpResponseRedirect(reverse("my_oncall"), status=303)
    return show(request, "oncall/me.html", _page(actor, new_feed=feed_address(secret)), status=201)


def _page(actor: Actor, *, new_feed: str = "", wrong: str = "", wrong_calendar: str = "", **given: str) -> MyPage:
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    is_mine = rights.may_speak_for(actor, actor.person)
    shifts = _shifts(reader, seen) if seen.me else ()
    calendars = queries.calendars(reader, owner=seen.me) if seen.me else []
    return MyPage(
        is_somebody=bool(seen.me),
        shifts=shifts[:SHIFTS_AT_ONCE],
        later=shifts[SHIFTS_AT_ONCE:],
        conflicts=sum(bool(one.against) for one in shifts),
        absences=_absences(reader, seen) if seen.me else (),
        calendars=tuple(one for one in calendars if one.kind is not CalendarKind.SCHEDULE),
        feeds=tuple(queries.feeds(reader, person=seen.me)) if seen.me and is_mine else (),
        may=is_mine,
        new_feed=new_feed,
        wrong=wrong,
        wrong_calendar=wrong_calendar,
        start=given.get("start", ""),
        end=given.get("end", ""),
        about=given.get("about", ""),
    )


def _shifts(reader: Reader, seen: Viewer) -> tuple[MyShift, ...]:
    counts = queries.in_force(reader, seen.now, seen.now + AHEAD)
    conflicts = queries.conflicts(reader, seen.now, seen.now + AHEAD, seen.me)
    start, end = (at.replace(minute=0, second=0, microsecond=0) for at in (seen.now, seen.now + AHEAD))
    found = []
    for name, document in seen.schedules.items():
        for one in views.window_if_concerned(seen, name, document, (start, end), counts.get(name, ())):
            if one.person != seen.me or one.end <= seen.now:
                continue
            against = [c for c in conflicts if c.schedule == name and c.start < one.end and c.end > one.start]
            found.append(
                MyShift(
                    schedule=seen.title(name),
                    url=views.schedule_url(name),
                    start=max(one.start, seen.now) if one.start == start else one.start,
                    end=one.end,
                    offer_url=f"{reverse('new_swap')}?schedule={name}&from={seen.local(one.start)}&to={seen.local(one.end)}",
                    now=one.start <= seen.now,
                    shadow=one.mark is Mark.SHADOW,
                    against=against[0].about or str(against[0].kind) if against else "",
                )
            )
    return tuple(sorted(found, key=lambda one: (one.start, one.schedule))[:SHIFTS_SHOWN_MAX])


def _absences(reader: Reader, seen: Viewer) -> tuple[MyAbsence, ...]:
    return tuple(
        MyAbsence(id=one.id, about=one.about, holiday=kind == "holiday", start=one.start, end=one.end)
        for one, kind in queries.absences(reader, seen.now, seen.now + AHEAD_MOST, (seen.me,))
    )[:SHIFTS_SHOWN_MAX]


def _must_be_somebody(actor: Actor) -> None:
    if not rights.may_speak_for(actor, actor.person):
        raise PermissionDenied(Right.RESPOND.value)
