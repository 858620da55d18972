"""The JSON door to schedules: who is on call when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.oncall import answers
from tocsin.oncall.answers import NoSuchSchedule
from tocsin.people.api import permit
from tocsin.people.rights import Right
from tocsin.web.problems import not_found, wrong

router = Router(tags=["on call"])
schedules_router = Router(tags=["on call"])
NAMES_MAX = 1000


class DutyOut(Schema):
    """One person on call, and which layer or override put them there."""

    person: str
    name: str
    layer: str | None
    override: str | None
    reason: str


class ScheduleNow(Schema):
    """One schedule at an instant; the answer holds until `until`."""

    schedule: str
    name: str
    on_call: list[DutyOut]
    shadows: list[DutyOut]
    why: str
    since: str | None
    until: str | None


class OnCallOut(Schema):
    """Who is on call at an instant."""

    at: str
    schedules: list[ScheduleNow]


@router.get("", response=OnCallOut)
def on_call(
    request: HttpRequest,
    at: datetime | None = None,
    schedule: Annotated[list[str], Query(max_length=NAMES_MAX)] = [],  # noqa: B006 - ninja copies defaults
    person: str = "",
) -> Any:
    """Who is on call now, or at another instant; for all schedules or those named."""
    permit(request, Right.SEE)
    snapshot = configuration.current(db.reader(clock.now()))
    try:
        return answers.on_call(snapshot, _aware("at", at) if at else clock.now(), {}, schedule, person)
    except NoSuchSchedule as unknown:
        raise not_found(str(unknown)) from None


@schedules_router.get("/{name}/shifts", response=dict[str, list[dict[str, str | bool]]])
def shifts(
    request: HttpRequest,
    name: str,
    from_: Annotated[datetime, Query(alias="from")],
    to: datetime,
) -> Any:
    """The final shifts of a schedule between two instants, cut to them, in UTC."""
    permit(request, Right.SEE)
    snapshot = configuration.current(db.reader(clock.now()))
    try:
        found = answers.shifts(snapshot, name, _aware("from", from_), _aware("to", to), {})
    except NoSuchSchedule as unknown:
        raise not_found(str(unknown)) from None
    except ValueError as error:
        raise wrong("to", str(error)) from None
    return {"shifts": found}


def _aware(field: str, instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise wrong(field, "this time has no zone", fix="write it with Z or an offset: 2026-03-01T09:00:00Z")
    return instant
