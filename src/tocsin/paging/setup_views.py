"""The HTML door to the set-up of a new installation."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tocsin.kit import clock, db
from tocsin.paging import setup as checklist
from tocsin.paging.setup import Setup
from tocsin.paging.standing import standing
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """The checklist, and which step is the next."""

    setup: Setup
    next_name: str


@require_safe
@permit(Right.SEE)
def setup(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is there already and what is still missing, until a page was received and answered."""
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, current.people)
    found = checklist.look(reader, current, actor)
    page = SetupPage(setup=found, next_name=found.next.name if found.next else "")
    return show(request, "paging/setup.html", page)
