"""The JSON door to calendars: those of people that we read, and ours behind secret addresses."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.installation import installation
from tocsin.oncall import calendar_actions, queries, rights
from tocsin.oncall.desk import CalendarKind, CalendarLine, FeedLine
from tocsin.oncall.desk_api import changing
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.shapes import CalendarIn, CalendarOut, FeedIn, FeedMade, FeedOut
from tocsin.people.api import actor, permit
from tocsin.people.rights import Actor, Right
from tocsin.web.problems import Problem, not_found, wrong

calendars_router = Router(tags=["on call"])
feeds_router = Router(tags=["on call"])


@calendars_router.get("", response=dict[str, list[CalendarOut]])
def calendars(request: HttpRequest, kind: CalendarKind | None = None, owner: str = "") -> Any:
    """The calendars kept elsewhere that are read, and how that goes. People's own are shown to them alone."""
    who = permit(request, Right.SEE)
    found = queries.calendars(db.reader(clock.now()), kind=kind, owner=owner)
    return {"calendars": [_calendar(one) for one in found if _may_see(who, one)]}


@calendars_router.post("", response={201: CalendarOut})
def link_calendar(request: HttpRequest, body: CalendarIn) -> Any:
    """Read one's absences or holidays from a calendar from now on."""
    who = actor(request)
    person = body.person or who.person
    _may_speak(who, person)
    with changing(who) as tx:
        made = calendar_actions.link_calendar(tx, person, body.kind, body.url, who.by)
        found = next(one for one in queries.calendars(tx, owner=person) if one.id == made)
    return Status(201, _calendar(found))


@calendars_router.delete("/{calendar_id}", response={204: None})
def unlink_calendar(request: HttpRequest, calendar_id: int) -> Any:
    """Do not read it any more."""
    who = actor(request)
    found = next((one for one in queries.calendars(db.reader(clock.now())) if one.id == calendar_id), None)
    if found is None or not _may_see(who, found):
        raise not_found(f"there is no calendar {calendar_id}")
    with changing(who) as tx:
        calendar_actions.unlink_calendar(tx, calendar_id, who.by)
    return Status(204, None)


@feeds_router.get("", response=dict[str, list[FeedOut]])
def feeds(request: HttpRequest, person: str | None = None, schedule: str | None = None) -> Any:
    """The secret addresses in force that one may revoke; never the secrets."""
    who = permit(request, Right.SEE)
    found = queries.feeds(db.reader(clock.now()), person=person, schedule=schedule)
    return {"feeds": [asdict(one) for one in found if _may_hold(who, one.person, one.schedule, one)]}


@feeds_router.post("", response={201: FeedMade})
def open_feed(request: HttpRequest, body: FeedIn) -> Any:
    """A secret address under which one's own shifts, or a schedule's, can be read by any calendar program."""
    who = permit(request, Right.SEE)
    person = body.person if body.person or body.schedule else who.person
    if (not person) == (not body.schedule):
        raise wrong("person", "say either `person` or `schedule`")
    if not _may_hold(who, person, body.schedule, None):
        raise Problem(403, "a person's feed is for them alone", more={"right": Right.ADMINISTER.value})
    with changing(who) as tx:
        id_, secret = calendar_actions.open_feed(tx, person=person, schedule=body.schedule, by=who.by)
        made = queries.feed(tx, id_)
    assert made is not None  # made just now
    url = f"{installation().base_url}/cal/{secret}.ics"
    return Status(201, {**asdict(made), "url": url, "webcal_url": f"webcal://{url.partition('://')[2]}"})


@feeds_router.delete("/{feed_id}", response={204: None})
def revoke_feed(request: HttpRequest, feed_id: int) -> Any:
    """The address leads nowhere from now on."""
    who = permit(request, Right.SEE)
    found = queries.feed(db.reader(clock.now()), feed_id)
    if found is None or not _may_hold(who, found.person, found.schedule, found):
        raise not_found(f"there is no feed {feed_id} in force that you may revoke")
    with changing(who) as tx:
        calendar_actions.revoke_feed(tx, feed_id, who.by)
    return Status(204, None)


def _may_hold(who: Actor, person: str | None, schedule: str | None, made: FeedLine | None) -> bool:
    document = configuration.current(db.reader(clock.now())).all("schedules", ScheduleDocument).get(schedule or "")
    team = document.team if document is not None else None
    return rights.may_hold_feed(who, person, team, made.made_by if made is not None else None)


def _may_see(who: Actor, one: CalendarLine) -> bool:
    return one.kind is CalendarKind.SCHEDULE or rights.may_speak_for(who, one.owner)


def _may_speak(who: Actor, person: str) -> None:
    if not person:
        raise wrong("person", "this account is nobody in the configuration: say for whom")
    if not rights.may_speak_for(who, person):
        raise Problem(403, f"only {person} or an administrator may do this", more={"right": Right.RESPOND.value})


def _calendar(one: CalendarLine) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "owner": one.owner,
        "read_at": one.read_at,
        "tried_at": one.tried_at,
        "failing_since": one.failing_since,
        "error": one.error,
        "problems": list(one.problems),
        "stretches": len(one.booked),
    }
