"""The HTML door to swaps: offer a shift, look at an offer, take it, decline it, withdraw it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.kit import clock, db, tz
from tocsin.kit.db import Tx
from tocsin.oncall import actions, queries, rights, rules, swaps, views
from tocsin.oncall.actions import CannotChange, WhyNot
from tocsin.oncall.desk import REASON_CHARS_MAX, Conflict, Span, Swap, SwapStatus
from tocsin.oncall.domain import Shift
from tocsin.oncall.override_views import Person
from tocsin.oncall.queries import Overrides
from tocsin.oncall.swaps import Offer
from tocsin.oncall.viewer import Viewer, viewer
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web import times
from tocsin.web.pages import show

AHEAD = timedelta(days=62)
SHIFTS_SHOWN_MAX = 200
AT_FIELD = {WhyNot.BAD_TIME: "shift", WhyNot.NOT_ON_CALL: "shift", WhyNot.NO_PERSON: "to", WhyNot.NOT_ASKED: "to"}
STATUS_WORDS = {
    SwapStatus.OFFERED: "Offered",
    SwapStatus.ACCEPTED: "Taken",
    SwapStatus.DECLINED: "Declined",
    SwapStatus.WITHDRAWN: "Withdrawn",
    SwapStatus.EXPIRED: "Expired: nobody took it in time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A shift to choose. `value` is the schedule and both instants, then the person for another's."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSwapPage:
    """The form that offers a shift."""

    shifts: tuple[Held, ...]
    start: str
    end: str
    people: tuple[Person, ...]
    returns: tuple[Held, ...]
    message: str
    is_somebody: bool
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPage:
    """One shift on offer."""

    id: int
    who: str
    schedule: str
    url: str
    start: datetime
    end: datetime
    to: str
    wants: str
    wants_start: datetime | None
    wants_end: datetime | None
    message: str
    status: str
    words: str
    is_open: bool
    made_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    mine: bool
    may_take: bool
    may_decline: bool
    may_withdraw: bool
    conflicts: tuple[Conflict, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.RESPOND)
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Offer a shift of one's own, or a part of it."""
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    counts = queries.in_force(reader, seen.now, seen.now + AHEAD)
    if request.method != "POST":
        return show(request, "oncall/swap_new.html", _form(seen, counts, request.GET))
    wrong, offer = _offer(seen, request.POST)
    if offer is None:
        return show(request, "oncall/swap_new.html", _form(seen, counts, request.POST, wrong), status=422)
    if not rights.may_speak_for(actor, offer.person):
        raise PermissionDenied(Right.RESPOND.value)
    try:
        with db.transact(clock.now()) as tx:
            made = swaps.offer(tx, offer, actor.by)
    except CannotChange as why:
        wrong = {AT_FIELD.get(why.why, "shift"): str(why)}
        return show(request, "oncall/swap_new.html", _form(seen, counts, request.POST, wrong), status=422)
    messages.success(request, "Offered. Whoever could take it is told.")
    return HttpResponseRedirect(reverse("swap", kwargs={"swap_id": made.id}), status=303)


@require_safe
@permit(Right.SEE)
def swap(request: HttpRequest, actor: Actor, swap_id: int) -> HttpResponse:
    """One shift on offer, and what became of it."""
    return show(request, "oncall/swap.html", _page(actor, swap_id))


@require_POST
@permit(Right.RESPOND)
def accept(request: HttpRequest, actor: Actor, swap_id: int) -> HttpResponse:
    """Take it. What speaks against it stops it, unless one says that one knows."""
    anyway = bool(request.POST.get("anyway"))
    return _answered(
        request,
        swap_id,
        lambda tx: swaps.accept_swap(tx, swap_id, actor.person, actor.by, anyway=anyway),
        "The shift is yours.",
    )


@require_POST
@permit(Right.RESPOND)
def decline(request: HttpRequest, actor: Actor, swap_id: int) -> HttpResponse:
    """Do not take a shift that was offered to oneself."""
    done = "Declined. Whoever offered it is told."
    return _answered(request, swap_id, lambda tx: swaps.decline_swap(tx, swap_id, actor.person, actor.by), done)


@require_POST
@permit(Right.RESPOND)
def withdraw(request: HttpRequest, actor: Actor, swap_id: int) -> HttpResponse:
    """Offer it no longer."""
    found = queries.swap(db.reader(clock.now()), swap_id)
    if found is None:
        raise Http404
    if not rights.may_speak_for(actor, found.person):
        raise PermissionDenied(Right.RESPOND.value)
    return _answered(request, swap_id, lambda tx: swaps.withdraw_swap(tx, swap_id, actor.by), "Withdrawn.")


def _answered(request: HttpRequest, swap_id: int, act: Callable[[Tx], object], done: str) -> HttpResponse:
    try:
        with db.transact(clock.now()) as tx:
            act(tx)
    except CannotChange as why:
        if why.why is WhyNot.NOT_THERE:
            raise Http404 from None
        messages.error(request, f"Nothing was changed: {why}.")
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("swap", kwargs={"swap_id": swap_id}), status=303)


def _page(actor: Actor, swap_id: int) -> SwapPage:
    reader = db.reader(clock.now())
    found = queries.swap(reader, swap_id)
    if found is None:
        raise Http404
    seen = viewer(reader, actor)
    may_take = _may_take(actor, found)
    against = swaps.conflicts_of(reader, found, actor.person) if may_take else []
    wants = found.wants
    return SwapPage(
        id=found.id,
        who=seen.name(found.person),
        schedule=seen.title(found.gives.schedule),
        url=views.schedule_url(found.gives.schedule) if found.gives.schedule in seen.schedules else "",
        start=found.gives.start,
        end=found.gives.end,
        to=seen.name(found.to) if found.to else "",
        wants=seen.title(wants.schedule) if wants else "",
        wants_start=wants.start if wants else None,
        wants_end=wants.end if wants else None,
        message=found.message,
        status=found.status,
        words=STATUS_WORDS[found.status],
        is_open=found.status is SwapStatus.OFFERED,
        made_at=found.made_at,
        expires_at=found.expires_at,
        decided_by=people.name_of(seen.snapshot, found.decided_by) if found.decided_by else "",
        decided_at=found.decided_at,
        mine=bool(seen.me) and found.person == seen.me,
        may_take=may_take,
        may_decline=may_take and found.to == actor.person,
        may_withdraw=found.status is SwapStatus.OFFERED and rights.may_speak_for(actor, found.person),
        conflicts=seen.against(against),
    )


def _may_take(actor: Actor, found: Swap) -> bool:
    asked = found.to in (None, actor.person) and found.person != actor.person
    return found.status is SwapStatus.OFFERED and asked and bool(actor.person) and may(actor, Right.RESPOND)


def _form(
    seen: Viewer, counts: Overrides, given: Mapping[str, str], wrong: Mapping[str, str] | None = None
) -> NewSwapPage:
    ahead = _ahead(seen, counts)
    mine = [one for one in ahead if one.person == seen.me]
    asked = given.get("shift", "") or _asked_by_span(seen, given)
    return NewSwapPage(
        shifts=tuple(_shift_choice(seen, one, _value(one), asked) for one in mine),
        start=given.get("start", ""),
        end=given.get("end", ""),
        people=tuple(
            Person(value=one, name=seen.name(one), chosen=one == given.get("to", ""))
            for one in sorted(_colleagues(seen, mine), key=lambda one: seen.name(one).casefold())
        ),
        returns=tuple(
            _shift_choice(seen, one, f"{_value(one)}|{one.person}", given.get("wants", ""), whose=True)
            for one in ahead
            if one.person != seen.me
        )[:SHIFTS_SHOWN_MAX],
        message=given.get("message", ""),
        is_somebody=bool(seen.me),
        wrong=wrong or {},
    )


def _ahead(seen: Viewer, counts: Overrides) -> list[Shift]:
    """The shifts to come of the schedules that the viewer serves."""
    found: list[Shift] = []
    for name, document in seen.schedules.items():
        if views.concerns(seen.me, document, counts.get(name, ())):
            compiled = rules.compile_schedule(name, document)
            found += rules.shifts(compiled, seen.now, seen.now + AHEAD, counts.get(name, ()))
    return sorted((one for one in found if not one.shadow), key=lambda one: (one.start, one.schedule))


def _colleagues(seen: Viewer, mine: Sequence[Shift]) -> set[str]:
    served = {one.schedule for one in mine}
    return {one for name in served for one in actions.candidates(seen.snapshot, seen.schedules[name], seen.me)}


def _asked_by_span(seen: Viewer, given: Mapping[str, str]) -> str:
    """The shift that a link names by its schedule and beginning."""
    start, end = seen.instant(given.get("from", "")), seen.instant(given.get("to", ""))
    if start is None or end is None:
        return ""
    return f"{given.get('schedule', '')}|{tz.second(start)}|{tz.second(end)}"


def _shift_choice(seen: Viewer, one: Shift, value: str, chosen: str, *, whose: bool = False) -> Held:
    start, end = (times.clock_time(at, seen.now, seen.clock) for at in (one.start, one.end))
    who = f"{seen.name(one.person)}: " if whose else ""
    return Held(value=value, words=f"{who}{seen.title(one.schedule)}, {start} to {end}", chosen=_same(value, chosen))


def _same(value: str, chosen: str) -> bool:
    """By schedule and end: the beginning of a shift under way moves on with the clock, as does a part of a minute."""
    own, wanted = value.split("|"), chosen.split("|")
    if len(own) != len(wanted) or not all(part.isdecimal() for part in wanted[1:3]):
        return False
    return own[0] == wanted[0] and int(own[2]) // 60 == int(wanted[2]) // 60 and own[3:] == wanted[3:]


def _value(one: Shift) -> str:
    return f"{one.schedule}|{tz.second(one.start)}|{tz.second(one.end)}"


def _offer(seen: Viewer, given: Mapping[str, str]) -> tuple[dict[str, str], Offer | None]:
    gives, wants = _span(given.get("shift", "")), _span(given.get("wants", ""))
    to = given.get("to", "") or (given["wants"].split("|")[-1] if wants else "")
    wrong: dict[str, str] = {}
    if gives is None:
        return {"shift": "Choose one of your shifts."}, None
    for edge in ("start", "end"):
        written = given.get(edge, "").strip()
        at = seen.instant(written) if written else None
        if written and at is None:
            wrong[edge] = "This is not a time. Write it as 2026-03-02T09:00, or leave it empty."
        elif at is not None:
            gives = replace(gives, start=at) if edge == "start" else replace(gives, end=at)
    if to and to not in seen.names:
        wrong["to"] = "Choose one of these people, or whoever can take it."
    if wrong:
        return wrong, None
    message = given.get("message", "").strip()[:REASON_CHARS_MAX]
    return {}, Offer(person=seen.me, to=to or None, gives=gives, wants=wants, message=message)


def _span(written: str) -> Span | None:
    parts = written.split("|")
    if len(parts) not in (3, 4) or not all(part.isascii() and part.isdecimal() for part in parts[1:3]):
        return None
    try:
        return Span(schedule=parts[0], start=tz.moment(int(parts[1])), end=tz.moment(int(parts[2])))
    except (ValueError, OverflowError, OSError):
        return None
