"""The JSON door to what shifts asked of people."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.oncall.domain import ScheduleDocument
from tocsin.paging import duty
from tocsin.people.api import permit
from tocsin.people.rights import Right
from tocsin.web.asking import Instant
from tocsin.web.problems import not_found

router = Router(tags=["on call"])
findings_router = Router(tags=["on call"])
DAYS_MAX = 366


class ShiftLoadOut(Schema):
    """One shift, with the problems its person was paged for; `asleep` of them came in sleep hours."""

    schedule: str
    person: str
    start: str
    end: str
    problems: int
    pages: int
    asleep: int
    over_budget: bool
    services: dict[str, int]


class LoadOut(Schema):
    """What the shifts asked of people, by the pages that went out, and what was too much."""

    budget: int
    shifts: list[ShiftLoadOut]
    findings: list[dict[str, Any]]


@router.get("/{name}/load", response=LoadOut)
def load(
    request: HttpRequest,
    name: str,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = duty.LOAD_SHOWN.days,
) -> Any:
    """How many problems each shift of the last time woke its person for; more than the budget is a finding."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    if name not in configuration.current(reader).all("schedules", ScheduleDocument):
        raise not_found(f"there is no schedule `{name}`")
    start = from_ or reader.now - timedelta(days=days)
    end = min(start + timedelta(days=days), reader.now)
    loads = duty.load(reader, name, start, end) if end > start else []
    return {
        "budget": duty.PROBLEMS_PER_SHIFT_MAX,
        "shifts": [_load(one) for one in loads],
        "findings": [one.as_json() for one in duty.findings_of(reader, name, loads)],
    }


@findings_router.get("/findings", response=dict[str, list[dict[str, Any]]])
def findings(request: HttpRequest) -> Any:
    """What hurts on call and cannot be seen in the configuration alone: calendars, absences, load."""
    permit(request, Right.SEE)
    return {"findings": [one.as_json() for one in duty.lived_through(db.reader(clock.now()))]}


def _load(load: duty.ShiftLoad) -> dict[str, Any]:
    shift = load.shift.as_json()
    return {
        **{name: shift[name] for name in ("schedule", "person", "start", "end")},
        "problems": load.problems,
        "pages": load.pages,
        "asleep": load.asleep,
        "over_budget": load.over_budget,
        "services": dict(load.services),
    }
