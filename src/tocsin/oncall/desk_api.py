"""The JSON door to what people change about schedules: overrides, swaps, absences, hand-overs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from ninja import Query, Router, Status

from tocsin.config import queries as configuration
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader, Tx
from tocsin.oncall import actions, calendar_actions, queries, rights, swaps
from tocsin.oncall.actions import CannotChange, WhyNot, Wish
from tocsin.oncall.desk import Conflict, Handover, OverrideLine, Span, Swap, SwapStatus
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.shapes import (
    SHOWN_BY_DEFAULT,
    AbsenceIn,
    AbsenceOut,
    AbsencesOut,
    OverrideIn,
    OverrideMade,
    SpanIn,
    SwapAnswer,
    SwapIn,
)
from tocsin.people.api import actor, permit, writing
from tocsin.people.rights import Actor, Right
from tocsin.web.asking import Instant
from tocsin.web.problems import Problem, not_found, wrong

overrides_router = Router(tags=["on call"])
swaps_router = Router(tags=["on call"])
absences_router = Router(tags=["on call"])
handovers_router = Router(tags=["on call"])
From = Annotated[Instant | None, Query(alias="from")]
STATUS_OF = {
    WhyNot.NO_SCHEDULE: 404,
    WhyNot.NO_PERSON: 422,
    WhyNot.NOBODY_CHANGES: 422,
    WhyNot.BAD_TIME: 422,
    WhyNot.BAD_ADDRESS: 422,
    WhyNot.NOT_THERE: 404,
    WhyNot.NOT_ASKED: 403,
}


@contextmanager
def changing(who: Actor) -> Iterator[Tx]:
    """A transaction in somebody's name, in which what cannot be changed is answered as a problem."""
    try:
        with writing(who) as tx:
            yield tx
    except CannotChange as why:
        raise _refusal(why) from None


def _refusal(why: CannotChange) -> Problem:
    """What is answered to a change that cannot be made."""
    more: dict[str, Any] = {"reason": why.why.value}
    if why.conflicts:
        more["conflicts"] = msgspec.to_builtins(why.conflicts)
    if why.gaps:
        more["gaps"] = [gap.as_json() for gap in why.gaps]
    return Problem(STATUS_OF.get(why.why, 409), str(why), more=more)


@overrides_router.get("", response=dict[str, list[OverrideLine]])
def overrides(
    request: HttpRequest, from_: From = None, to: Instant | None = None, schedule: str = "", cancelled: bool = False
) -> Any:
    """The overrides that reach into a time, in the order in which they count."""
    permit(request, Right.SEE)
    start, end = _between(from_, to)
    found = queries.overrides(_reader(), start, end, schedule=schedule, cancelled=cancelled)
    return {"overrides": found}


@overrides_router.post("", response={201: OverrideMade})
def make_override(request: HttpRequest, body: OverrideIn) -> Any:
    """Change who is on call for a while; it counts at once, for escalations under way too."""
    reader = _reader()
    who = _may_change(request, _team(reader, body.schedule), (body.person_in, body.person_out))
    start = body.start or reader.now
    wish = Wish(
        schedule=body.schedule,
        person_in=body.person_in or None,
        person_out=body.person_out or None,
        start=start,
        end=_end(body, start),
        reason=body.reason,
        force=body.force,
    )
    against = []
    if wish.person_in is not None and wish.end > reader.now:
        against = queries.hindrances(reader, wish.person_in, wish.schedule, max(start, reader.now), wish.end)
    with changing(who) as tx:
        made = actions.make_override(tx, wish, who.by)
    return Status(201, {**asdict(made), "conflicts": against})


@overrides_router.delete("/{override_id}", response=OverrideLine)
def cancel_override(request: HttpRequest, override_id: int, force: bool = False) -> Any:
    """From now on it does not count; what was before stays. Refused if that leaves nobody on call, unless forced."""
    permit(request, Right.SEE)
    reader = _reader()
    found = queries.override(reader, override_id)
    if found is None:
        raise not_found(f"there is no override {override_id}")
    who = _may_change(request, _team(reader, found.schedule), (found.person_in, found.person_out))
    with changing(who) as tx:
        return actions.cancel_override(tx, override_id, who.by, force=force)


@swaps_router.get("", response=dict[str, list[Swap]])
def list_swaps(
    request: HttpRequest,
    status: SwapStatus | None = None,
    person: str = "",
    limit: Annotated[int, Query(ge=1, le=queries.SHOWN_MAX)] = 100,
) -> Any:
    """Shifts on offer and what became of them, newest first."""
    permit(request, Right.SEE)
    return {"swaps": queries.swaps(_reader(), status=status, person=person, limit=limit)}


@swaps_router.post("", response={201: Swap})
def offer_swap(request: HttpRequest, body: SwapIn) -> Any:
    """Offer a shift, or a part of it, to somebody or everybody who could take it."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(request, who, person)
    offer = swaps.Offer(
        person=person,
        to=body.to or None,
        gives=_span(body.gives),
        wants=_span(body.wants) if body.wants else None,
        message=body.message,
        expires_at=body.expires_at,
    )
    with changing(who) as tx:
        return Status(201, swaps.offer(tx, offer, who.by))


@swaps_router.get("/{swap_id}", response=Swap)
def show_swap(request: HttpRequest, swap_id: int) -> Any:
    """One shift on offer."""
    permit(request, Right.SEE)
    return _swap(_reader(), swap_id)


@swaps_router.get("/{swap_id}/conflicts", response=dict[str, list[Conflict]])
def swap_conflicts(request: HttpRequest, swap_id: int, person: str = "") -> Any:
    """What speaks against somebody (whoever asks, unless named) taking it."""
    who = permit(request, Right.SEE)
    reader = _reader()
    found = swaps.conflicts_of(reader, _swap(reader, swap_id), person or who.person)
    return {"conflicts": found}


@swaps_router.post("/{swap_id}/acceptance", response=Swap)
def accept_swap(request: HttpRequest, swap_id: int, body: SwapAnswer) -> Any:
    """Take the shift. Conflicts stop it, unless `anyway`."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(request, who, person)
    with changing(who) as tx:
        return swaps.accept_swap(tx, swap_id, person, who.by, anyway=body.anyway)


@swaps_router.post("/{swap_id}/refusal", response=Swap)
def decline_swap(request: HttpRequest, swap_id: int, body: SwapAnswer) -> Any:
    """Do not take a shift that was offered to oneself."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(request, who, person)
    with changing(who) as tx:
        return swaps.decline_swap(tx, swap_id, person, who.by)


@swaps_router.delete("/{swap_id}", response=Swap)
def withdraw_swap(request: HttpRequest, swap_id: int) -> Any:
    """Offer it no longer."""
    who = actor(request)
    _may_speak(request, who, _swap(_reader(), swap_id).person)
    with changing(who) as tx:
        return swaps.withdraw_swap(tx, swap_id, who.by)


@absences_router.get("", response=AbsencesOut)
def absences(request: HttpRequest, from_: From = None, to: Instant | None = None, person: str = "") -> Any:
    """When people are away, by hand or by their calendars, and the shifts that are in the way of."""
    permit(request, Right.SEE)
    reader = _reader()
    start, end = _between(from_, to)
    found = queries.absences(reader, start, end, (person,) if person else ())
    return {
        "absences": [{**asdict(one), "kind": kind} for one, kind in found],
        "conflicts": queries.conflicts(reader, start, end, person),
    }


@absences_router.post("", response={201: AbsenceOut})
def note_absence(request: HttpRequest, body: AbsenceIn) -> Any:
    """Say when somebody is away: oneself, or as an administrator anybody."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(request, who, person)
    with changing(who) as tx:
        made = calendar_actions.note_absence(tx, person, body.start, body.end, about=body.about, by=who.by)
    return Status(201, {**asdict(made), "kind": "absent"})


@absences_router.delete("/{absence_id}", response={204: None})
def cancel_absence(request: HttpRequest, absence_id: int) -> Any:
    """They will be there after all."""
    who = actor(request)
    with changing(who) as tx:
        found = calendar_actions.cancel_absence(tx, absence_id, who.by)
        _may_speak(request, who, found.person)
    return Status(204, None)


@handovers_router.get("", response=dict[str, list[Handover]])
def handovers(
    request: HttpRequest,
    schedule: str = "",
    open_only: Annotated[bool, Query(alias="open")] = False,
    limit: Annotated[int, Query(ge=1, le=queries.SHOWN_MAX)] = 50,
) -> Any:
    """When the pager passed on, what had happened, and who said that they have it; newest first."""
    permit(request, Right.SEE)
    found = queries.handovers(_reader(), schedule=schedule, open_only=open_only, limit=limit)
    return {"handovers": found}


@handovers_router.post("/{handover_id}/acceptance", response=Handover)
def accept_handover(request: HttpRequest, handover_id: int, body: SwapAnswer) -> Any:
    """Say: I have it."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(request, who, person)
    with changing(who) as tx:
        return actions.accept_handover(tx, handover_id, person, who.by)


def _may_change(request: HttpRequest, team: str | None, concerned: tuple[str | None, ...]) -> Actor:
    who = actor(request)
    if not rights.may_change(who, team, concerned):
        of = f" of team {team}" if team else ""
        said = f"this needs somebody who manages the schedule{of}, or whom the change concerns"
        raise Problem(403, said, more={"right": Right.CONFIGURE.value})
    return who


def _may_speak(request: HttpRequest, who: Actor, person: str) -> None:
    permit(request, Right.SEE)
    if not person:
        raise wrong("person", "this account is nobody in the configuration: say for whom")
    if not rights.may_speak_for(who, person):
        raise Problem(403, f"only {person} or an administrator may do this", more={"right": Right.RESPOND.value})


def _team(reader: Reader, schedule: str) -> str | None:
    document = configuration.current(reader).all("schedules", ScheduleDocument).get(schedule)
    if document is None:
        raise not_found(f"there is no schedule `{schedule}`")
    return document.team


def _swap(reader: Reader, swap_id: int) -> Swap:
    found = queries.swap(reader, swap_id)
    if found is None:
        raise not_found(f"there is no swap {swap_id}")
    return found


def _end(body: OverrideIn, start: datetime) -> datetime:
    if (body.end is None) == (body.for_ is None):
        raise wrong("end", "say either `end` or `for`")
    try:
        return body.end if body.end is not None else start + text.parse_duration(body.for_ or "")
    except ValueError as error:
        raise wrong("for", str(error)) from None


def _span(body: SpanIn) -> Span:
    return Span(schedule=body.schedule, start=body.start, end=body.end)


def _between(from_: datetime | None, to: datetime | None) -> tuple[datetime, datetime]:
    start = from_ or clock.now()
    end = to or start + SHOWN_BY_DEFAULT
    if end <= start or end - start > timedelta(days=3660):
        raise wrong("to", "this is before `from`, or too long after it")
    return start, end


def _reader() -> Reader:
    return db.reader(clock.now())
