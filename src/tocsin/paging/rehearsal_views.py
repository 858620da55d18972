"""The HTML door to a team's rehearsal: everybody is paged as a test, and it is shown who could be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.paging import rehearsal
from tocsin.paging.rehearsal import Tested
from tocsin.paging.standing import standing
from tocsin.paging.ways import Reach
from tocsin.people import queries as people
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the team: whether anything would reach them, and what became of their test."""

    person: str
    name: str
    ways: str
    reach: Reach
    test: Tested | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPage:
    """A team's last rehearsal."""

    team: str
    title: str
    members: tuple[Member, ...]
    at: datetime | None
    by: str
    answered: int
    delivered: int
    quiet: int  # whom it did not wake: it only lies in their inbox
    may_start: bool


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def rehearse_team(request: HttpRequest, actor: Actor, team: str) -> HttpResponse:
    """What came of the last one; a POST pages every member now, as a test. That is for those who manage the team."""
    snapshot = configuration.current(db.reader(clock.now()))
    document = snapshot.all("teams", TeamDocument).get(team)
    if request.method == "POST":
        return _start(request, actor, team, document)
    if document is None:
        raise Http404
    return show(request, "paging/rehearsal.html", _page(actor, team, document))


def _start(request: HttpRequest, actor: Actor, team: str, document: TeamDocument | None) -> HttpResponse:
    if not may(actor, Right.CONFIGURE, team):
        raise PermissionDenied(Right.CONFIGURE.value)
    if document is None:
        raise Http404
    people_there = configuration.current(db.reader(clock.now())).all("people", PersonDocument)
    members = [one for one in document.members if one in people_there]
    try:
        with db.transact(clock.now()) as tx:
            rehearsal.start(tx, members, team=team, by=actor.by)
    except rehearsal.TooManyTests as often:
        messages.warning(request, f"Nobody was paged: {often}.")
    return HttpResponseRedirect(reverse("rehearse_team", args=[team]), status=303)


def _page(actor: Actor, team: str, document: TeamDocument) -> RehearsalPage:
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, document.members)
    tests = {one.person: one for one in rehearsal.last_of_team(reader, team)}
    first = next(iter(tests.values()), None)
    return RehearsalPage(
        team=team,
        title=document.name,
        members=tuple(
            Member(
                person=person,
                name=people.name_of(current.snapshot, f"person:{person}"),
                ways=", ".join(current.usable(person)),
                reach=current.reach(person, reader.now),
                test=tests.get(person),
            )
            for person in document.members
        ),
        at=first.at if first else None,
        by=people.name_of(current.snapshot, first.by) if first else "",
        answered=_count(tests, "answered"),
        delivered=_count(tests, "answered") + _count(tests, "delivered"),
        quiet=_count(tests, "quiet"),
        may_start=may(actor, Right.CONFIGURE, team),
    )


def _count(tests: Mapping[str, Tested], kind: str) -> int:
    return sum(one.kind == kind for one in tests.values())
