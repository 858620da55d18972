"""The JSON door to schedules: who is on call when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import ValidationError

from tocsin.config import explain
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.oncall import answers, coverage, diff, past, queries, rules
from tocsin.oncall.answers import NoSuchSchedule
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.rules import Schedule
from tocsin.people.api import permit
from tocsin.people.rights import Right
from tocsin.web.asking import Asking, Instant
from tocsin.web.problems import Mistake, Problem, not_found, wrong

router = Router(tags=["on call"])
schedules_router = Router(tags=["on call"])
NAMES_MAX = 1000
DAYS_MAX = 732
Days = Annotated[int, Query(ge=1, le=DAYS_MAX)]


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


class BurdenOut(Schema):
    """One person's share of a schedule."""

    person: str
    on_duty_s: int
    stretches: int
    nights: int
    weekends: int
    holidays: int
    longest_s: int
    short_rests: list[dict[str, str]]
    long_spans: list[dict[str, str]]


class QualityOut(Schema):
    """A schedule judged; `words` say what each point was lost for."""

    schedule: str
    score: int
    words: list[str]
    gaps: list[dict[str, str]]
    people: list[BurdenOut]
    hidden_layers: list[str]
    silent_layers: list[str]


class PreviewIn(Asking):
    """A schedule's document that is not in force yet, and the time to look at."""

    document: dict[str, Any]
    from_: Instant | None = Field(default=None, alias="from")
    days: int = Field(default=90, ge=1, le=DAYS_MAX)


class PreviewOut(Schema):
    """What it would mean."""

    shifts: list[dict[str, str | bool]]
    gaps: list[dict[str, str]]
    difference: dict[str, Any]
    quality: QualityOut


class OnCallOut(Schema):
    """Who is on call at an instant."""

    at: str
    schedules: list[ScheduleNow]


@router.get("", response=OnCallOut)
def on_call(
    request: HttpRequest,
    at: Instant | None = None,
    schedule: Annotated[list[str], Query(max_length=NAMES_MAX)] = [],  # noqa: B006 - ninja copies defaults
    person: str = "",
) -> Any:
    """Who is on call now, or at another instant, in the past as it was; for all schedules or those named."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    instant = at or reader.now
    try:
        was = past.as_it_was(reader, instant)
        counts = queries.in_force(reader, instant)
        return answers.on_call(was.snapshot, instant, counts, schedule, person, held_until=was.held_until)
    except NoSuchSchedule as unknown:
        raise not_found(str(unknown)) from None


@schedules_router.get("/{name}/shifts", response=dict[str, list[dict[str, str | bool]]])
def shifts(
    request: HttpRequest,
    name: str,
    from_: Annotated[Instant, Query(alias="from")],
    to: Instant,
) -> Any:
    """The final shifts of a schedule between two instants, cut to them, in UTC; those in the past as they were."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    try:
        answers.must_be_askable(from_, to)
        found = answers.listed(queries.shifts_between(reader, name, from_, to))
        if not found:
            _schedule(reader, name)
    except ValueError as error:
        raise wrong("to", str(error)) from None
    return {"shifts": found}


@schedules_router.get("/{name}/gaps", response=dict[str, list[dict[str, str]]])
def gaps(
    request: HttpRequest, name: str, from_: Annotated[Instant | None, Query(alias="from")] = None, days: Days = 90
) -> Any:
    """The exact times nobody is on call, overrides included; those in the past as they were."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    start, end = _ahead(from_, days)
    _schedule(reader, name)
    return {"gaps": [gap.as_json() for gap in past.gaps_between(reader, name, start, end)]}


@schedules_router.get("/{name}/quality", response=QualityOut)
def quality(
    request: HttpRequest, name: str, from_: Annotated[Instant | None, Query(alias="from")] = None, days: Days = 364
) -> Any:
    """How good a schedule is, from 0 to 100: gaps, balance of nights, weekends and holidays, rests, spans."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    start, end = _ahead(from_, days)
    counts = queries.in_force(reader, start, end, name).get(name, ())
    return _quality(coverage.quality(_compiled(reader, name), start, end, counts, queries.days_off(reader, start, end)))


@schedules_router.post("/{name}/preview", response=PreviewOut)
def preview(request: HttpRequest, name: str, body: PreviewIn) -> Any:
    """What a schedule's document would mean: its shifts, and what would be different from what is in force."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    start, end = _ahead(body.from_, body.days)
    try:
        document = ScheduleDocument.model_validate(body.document)
    except ValidationError as error:
        raise _not_a_schedule(error, body.document) from None
    after = rules.compile_schedule(name, document)
    current = configuration.current(reader).all("schedules", ScheduleDocument).get(name)
    before = rules.compile_schedule(name, current) if current is not None else None
    counts = queries.in_force(reader, start, end, name).get(name, ())
    return {
        "shifts": [shift.as_json() for shift in rules.shifts(after, start, end, counts)][: answers.SHIFTS_MAX],
        "gaps": [gap.as_json() for gap in rules.gaps(after, start, end, counts)],
        "difference": diff.diff(before, after, start, end, counts).as_json(),
        "quality": _quality(coverage.quality(after, start, end, counts, queries.days_off(reader, start, end))),
    }


def _ahead(from_: datetime | None, days: int) -> tuple[datetime, datetime]:
    start = from_ or clock.now()
    return start, start + timedelta(days=days)


def _schedule(reader: Reader, name: str) -> ScheduleDocument:
    documents = configuration.current(reader).all("schedules", ScheduleDocument)
    if name not in documents:
        raise not_found(str(NoSuchSchedule(name, list(documents))))
    return documents[name]


def _compiled(reader: Reader, name: str) -> Schedule:
    return rules.compile_schedule(name, _schedule(reader, name))


def _quality(found: coverage.Quality) -> dict[str, Any]:
    return {
        "schedule": found.schedule,
        "score": found.score,
        "words": list(found.words),
        "gaps": [gap.as_json() for gap in found.gaps],
        "people": [_burden(load) for load in found.loads],
        "hidden_layers": list(found.hidden),
        "silent_layers": list(found.silent),
    }


def _burden(load: coverage.Load) -> dict[str, Any]:
    return {
        "person": load.person,
        "on_duty_s": round(load.on_duty.total_seconds()),
        "stretches": load.stretches,
        "nights": load.nights,
        "weekends": load.weekends,
        "holidays": load.holidays,
        "longest_s": round(load.longest.total_seconds()),
        "short_rests": [rest.as_json() for rest in load.short_rests],
        "long_spans": [span.as_json() for span in load.long_spans],
    }


def _not_a_schedule(error: ValidationError, document: object) -> Problem:
    found = explain.explainer(ScheduleDocument).explain(error, document, str)
    mistakes = [Mistake(field=".".join(map(str, one.path)), message=one.message, fix=one.fix) for one in found]
    return Problem(422, "this is not a schedule", mistakes=mistakes)
