"""The JSON door to trying an integration: a test alert by the way its sender's take, followed to what became of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from tocsin.alerts import testing
from tocsin.alerts.listing import SignalLine
from tocsin.alerts.testing import Followed
from tocsin.catalog import ownership
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.people.api import permit, writing
from tocsin.people.rights import Right
from tocsin.web.problems import Problem, not_found

router = Router(tags=["integrations"])


class TestOut(Schema):
    """A test under way: as long as it waits to be absorbed there are no signals yet."""

    integration: str
    number: int
    waiting: bool
    signals: list[SignalLine]


@router.post("/{name}/test", response={202: TestOut})
def send(request: HttpRequest, name: str) -> Any:
    """Send a test alert: it opens a group with the label `test="yes"` and pages as its sender's alerts do."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    document = _integration(reader, name)
    team = ownership.team_of(configuration.current(reader), "integrations", name)
    who = permit(request, Right.CONFIGURE, team)
    try:
        with writing(who) as tx:
            number = testing.send(tx, name, document)
    except testing.NothingRead as nothing:
        raise Problem(422, f"the test was not taken in: {nothing}") from None
    return Status(202, _out(name, Followed(envelope=number, signals=())))


@router.get("/{name}/test/{number}", response=TestOut)
def follow(request: HttpRequest, name: str, number: int) -> Any:
    """What became of a test alert, by the number it was given."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    _integration(reader, name)
    found = testing.follow(reader, name, number)
    if found is None:
        raise not_found(f"there was no test {number} of `{name}`")
    return _out(name, found)


def _integration(reader: Reader, name: str) -> IntegrationDocument:
    document = configuration.current(reader).all("integrations", IntegrationDocument).get(name)
    if document is None:
        raise not_found(f"there is no integration `{name}`")
    return document


def _out(name: str, found: Followed) -> dict[str, Any]:
    return {
        "integration": name,
        "number": found.envelope,
        "waiting": found.is_waiting,
        "signals": list(found.signals),
    }
