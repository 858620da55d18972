"""The section of schedules: what their documents refer to, and what `tocsin check` says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.config.domain import Document, Finding, Kind, Problem, Reference, Snapshot
from tocsin.oncall import coverage, rules
from tocsin.oncall.domain import NOBODY, ScheduleDocument
from tocsin.people.domain import PersonDocument


def _references(_: str, document: Document) -> Iterator[Reference]:
    if not isinstance(document, ScheduleDocument):
        return
    if document.team is not None:
        yield Reference(path=("team",), section="teams", name=document.team)
    if document.ical is not None:
        for written, person in document.ical.match.items():
            yield Reference(path=("ical", "match", written), section="people", name=person)
    for index, layer in enumerate(document.layers):
        for place, person in enumerate(layer.people):
            if person != NOBODY:
                yield Reference(path=("layers", index, "people", place), section="people", name=person)


def _validate(snapshot: Snapshot) -> Iterator[Problem]:
    if NOBODY in snapshot.all("people", PersonDocument):
        fix = "give the person another name"
        yield Problem(message=f"`{NOBODY}` means nobody in every schedule", fix=fix, path=("people", NOBODY))


def _check(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    people = snapshot.all("people", PersonDocument)
    calendars = coverage.Calendars(zones={name: person.timezone for name, person in people.items()})
    for name, document in snapshot.all("schedules", ScheduleDocument).items():
        if document.layers:  # what a calendar elsewhere says is not known here
            yield from coverage.findings(rules.compile_schedule(name, document), now, calendars)


KIND = Kind(
    section="schedules",
    noun="schedule",
    model=ScheduleDocument,
    order=60,
    references=_references,
    validate=_validate,
    check=_check,
    verbs={"timezone": "keeps the time of", "layers": "is made of"},
)
"""The kind of document this slice owns."""
