"""The JSON door to trying: devices that take push, a test page to a person, a rehearsal of a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.paging import devices, rehearsal
from tocsin.paging.listing import DeliveryLine
from tocsin.paging.rehearsal import Tested
from tocsin.people.api import permit, writing
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.people.rights import Actor, Right
from tocsin.web.problems import Problem, not_found

people_router = Router(tags=["people"])
teams_router = Router(tags=["people"])


class DeviceOut(Schema):
    """A browser or phone that takes push; never its keys."""

    id: int
    name: str
    service: str
    created_at: datetime
    used_at: datetime | None
    failed_at: datetime | None
    reason: str


class TestedOut(Schema):
    """One person's test page: `result` is answered, delivered, waiting, quiet (in the inbox only) or failed."""

    person: str
    group: int
    at: datetime
    by: str
    result: str
    answered_at: datetime | None
    deliveries: list[DeliveryLine]


@people_router.get("/{person}/devices", response=dict[str, list[DeviceOut]])
def devices_of(request: HttpRequest, person: str) -> Any:
    """What takes push for a person. Devices are registered by the browser itself, under Me."""
    _self_or_admin(request, person)
    return {"devices": [asdict(one) for one in devices.lines(db.reader(clock.now()), person)]}


@people_router.delete("/{person}/devices/{device_id}", response={204: None})
def remove_device(request: HttpRequest, person: str, device_id: int) -> Any:
    """A device takes no push any more."""
    who = _self_or_admin(request, person)
    with writing(who) as tx:
        if not devices.remove(tx, person, device_id, who.by):
            raise not_found(f"{person} has no device {device_id}")
    return Status(204, None)


@people_router.get("/{person}/test", response=dict[str, TestedOut | None])
def last_test(request: HttpRequest, person: str) -> Any:
    """What became of a person's newest test page."""
    permit(request, Right.SEE)
    _person(person)
    found = rehearsal.last_of(db.reader(clock.now()), person)
    return {"test": _out(found) if found else None}


@people_router.post("/{person}/test", response={202: TestedOut})
def test_person(request: HttpRequest, person: str) -> Any:
    """Page a person now, as a test: by their rules for high urgency; nobody else is woken."""
    who = _self_or_admin(request, person)
    _start(who, [person], "")
    found = rehearsal.last_of(db.reader(clock.now()), person)
    assert found is not None  # made just now
    return Status(202, _out(found))


@teams_router.get("/{team}/rehearsal", response=dict[str, list[TestedOut]])
def last_rehearsal(request: HttpRequest, team: str) -> Any:
    """What came of a team's newest rehearsal, for each member."""
    permit(request, Right.SEE)
    _team(team)
    return {"people": [_out(one) for one in rehearsal.last_of_team(db.reader(clock.now()), team)]}


@teams_router.post("/{team}/rehearsal", response={202: dict[str, list[TestedOut]]})
def rehearse(request: HttpRequest, team: str) -> Any:
    """Page every member of a team now, as a test. For whoever manages the team."""
    who = permit(request, Right.CONFIGURE, team)
    people = configuration.current(db.reader(clock.now())).all("people", PersonDocument)
    _start(who, [one for one in _team(team).members if one in people], team)
    return Status(202, {"people": [_out(one) for one in rehearsal.last_of_team(db.reader(clock.now()), team)]})


def _start(who: Actor, persons: Sequence[str], team: str) -> None:
    try:
        with writing(who) as tx:
            rehearsal.start(tx, persons, team=team, by=who.by)
    except rehearsal.TooManyTests as often:
        retry_after_s = round(rehearsal.TESTS_WITHIN.total_seconds())
        raise Problem(429, str(often), headers={"Retry-After": str(retry_after_s)}) from None


def _out(test: Tested) -> dict[str, Any]:
    return {**asdict(test), "result": test.kind}


def _self_or_admin(request: HttpRequest, person: str) -> Actor:
    who = permit(request, Right.SEE)
    if who.person != person:
        permit(request, Right.ADMINISTER)
    _person(person)
    return who


def _person(person: str) -> None:
    if person not in configuration.current(db.reader(clock.now())).all("people", PersonDocument):
        raise not_found(f"there is nobody called `{person}`")


def _team(team: str) -> TeamDocument:
    found = configuration.current(db.reader(clock.now())).all("teams", TeamDocument).get(team)
    if found is None:
        raise not_found(f"there is no team `{team}`")
    return found
