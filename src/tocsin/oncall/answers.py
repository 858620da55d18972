"""Who is on call and which shifts there are, as plain values: the same for the API, the command line and offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.config.domain import Snapshot
from tocsin.oncall import rules
from tocsin.oncall.domain import Duty, Override, ScheduleDocument, Shift
from tocsin.people.domain import PersonDocument

HORIZON_MAX = timedelta(days=3660)
SHIFTS_MAX = 20_000

Overrides = Mapping[str, Sequence[Override]]


class NoSuchSchedule(Exception):
    """The configuration has no schedule of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no schedule `{name}`; there are: {', '.join(known) or 'none'}")


def on_call(
    snapshot: Snapshot,
    at: datetime,
    overrides: Overrides,
    names: Sequence[str] = (),
    person: str = "",
    *,
    held_until: Mapping[str, datetime] = {},
) -> dict[str, Any]:
    """For each schedule (all, unless named) everybody on call at an instant; with a person, only where they are.

    `held_until` says of schedules until when their documents held: no answer of theirs holds longer.
    """
    documents = snapshot.all("schedules", ScheduleDocument)
    people = snapshot.all("people", PersonDocument)
    for name in names:
        _known(documents, name)
    found = []
    for name in names or documents:
        document = documents[name]
        answer = rules.answer(rules.compile_schedule(name, document), at, overrides.get(name, ()))
        if person and person not in {duty.person for duty in answer.duties}:
            continue
        until = min((one for one in (answer.until, held_until.get(name)) if one is not None), default=None)
        found.append(
            {
                "schedule": name,
                "name": document.name,
                "on_call": [_duty(duty, people) for duty in answer.duties],
                "shadows": [_duty(duty, people) for duty in answer.shadows],
                "why": str(answer.why),
                "since": instant(answer.since) if answer.since else None,
                "until": instant(until) if until else None,
            }
        )
    return {"at": instant(at), "schedules": found}


def shifts(
    snapshot: Snapshot, name: str, start: datetime, end: datetime, overrides: Overrides
) -> list[dict[str, str | bool]]:
    """The final shifts of a schedule between two instants. Raises NoSuchSchedule, ValueError for an absurd time."""
    documents = snapshot.all("schedules", ScheduleDocument)
    _known(documents, name)
    must_be_askable(start, end)
    return listed(rules.shifts(rules.compile_schedule(name, documents[name]), start, end, overrides.get(name, ())))


def must_be_askable(start: datetime, end: datetime) -> None:
    """A time that can be asked for. Raises ValueError."""
    if end <= start:
        raise ValueError("the end must be after the start")
    if end - start > HORIZON_MAX:
        raise ValueError(f"at most {HORIZON_MAX.days} days can be asked for at once")


def listed(found: Sequence[Shift]) -> list[dict[str, str | bool]]:
    """Shifts as programs get them. Raises ValueError for too many."""
    if len(found) > SHIFTS_MAX:
        raise ValueError(f"these are more than {SHIFTS_MAX} shifts; ask for a shorter time")
    return [shift.as_json() for shift in found]


def instant(moment: datetime) -> str:
    """UTC, ISO 8601, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(documents: Mapping[str, ScheduleDocument], name: str) -> None:
    if name not in documents:
        raise NoSuchSchedule(name, list(documents))


def _duty(duty: Duty, people: Mapping[str, PersonDocument]) -> dict[str, Any]:
    person = people.get(duty.person)
    return {
        "person": duty.person,
        "name": person.name if person else duty.person,
        "layer": duty.layer,
        "override": duty.override,
        "reason": str(duty.reason),
    }
