"""The HTML door to teams: who looks after something together, and who decides there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.admin import forms, queries
from tocsin.admin.forms import TeamForm, Wrong
from tocsin.admin.queries import TeamLine
from tocsin.catalog import editing, form_fields
from tocsin.config import queries as configuration
from tocsin.config import secrecy
from tocsin.config.domain import NAME_PATTERN, Snapshot
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show

FIELDS = ("name", "description", "members", "managers")
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsPage:
    """All teams."""

    teams: tuple[TeamLine, ...]
    mine: frozenset[str]
    may_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person in a team's form."""

    name: str
    title: str
    is_member: bool
    is_manager: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage:
    """One team, or a new one."""

    form: TeamForm
    people: tuple[Member, ...]
    team: str = ""
    title: str = ""
    file: str = ""


@require_safe
@permit(Right.SEE)
def teams(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who looks after what together."""
    state = configuration.state(db.reader(clock.now()))
    page = TeamsPage(
        teams=tuple(queries.teams(state)),
        mine=actor.teams | actor.managed_teams,
        may_change=may(actor, Right.CONFIGURE),
    )
    return show(request, "admin/teams.html", page)


@form_methods
@permit(Right.ADMINISTER)
def new_team(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Make a team."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    if request.method != "POST":
        return show(request, "admin/team.html", _page(reader, TeamForm(base=snapshot.version)))
    form = forms.team_form(request.POST)
    name = form.id or text.slug(form.name, forms.TEXT_CHARS_MAX)
    if name in snapshot.all("teams", TeamDocument):
        wrong = {"id": [f"There is a team {name} already."]}
    elif re.fullmatch(NAME_PATTERN, name) is None:
        wrong = {"id": ["Write it in small letters, digits and dashes."]}
    else:
        wrong = _save(actor, snapshot, name, form)
    if wrong:
        return show(request, "admin/team.html", _page(reader, replace(form, wrong=wrong)), status=422)
    messages.success(request, f"Team {form.name} is here.")
    return HttpResponseRedirect(reverse("teams"), status=303)


@form_methods
@permit(Right.ADMINISTER)
def team(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One team: members and managers."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    document = snapshot.all("teams", TeamDocument).get(name)
    if document is None:
        raise Http404
    if request.method != "POST":
        return show(request, "admin/team.html", _page(reader, _filled_form(snapshot, document), name))
    form = forms.team_form(request.POST)
    wrong = _save(actor, snapshot, name, form)
    if wrong:
        return show(request, "admin/team.html", _page(reader, replace(form, wrong=wrong), name), status=422)
    messages.success(request, f"Team {form.name} is as you say.")
    return HttpResponseRedirect(reverse("teams"), status=303)


@require_POST
@permit(Right.ADMINISTER)
def remove_team(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """A team that owns nothing any more goes."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    document = snapshot.all("teams", TeamDocument).get(name)
    if document is None:
        raise Http404
    outcome = editing.remove(actor, "teams", name, force="force" in request.POST)
    wrong = forms.wrong_of(outcome, FIELDS, forms.LEAVING_GAP)
    if wrong:
        form = replace(_filled_form(snapshot, document), wrong=wrong)
        return show(request, "admin/team.html", _page(reader, form, name), status=422)
    messages.success(request, f"Team {document.name} is gone.")
    return HttpResponseRedirect(reverse("teams"), status=303)


def _save(actor: Actor, snapshot: Snapshot, name: str, form: TeamForm) -> Wrong:
    held = snapshot.all("teams", TeamDocument).get(name)
    body = _body(form, held)
    return forms.wrong_of(editing.put(actor, "teams", name, body, base=form.base, force=form.force), FIELDS)


def _body(form: TeamForm, held: TeamDocument | None) -> dict[str, object]:
    """The document that was typed: what was left as it was shown stays, and so does an order that nobody changed."""
    body: dict[str, object] = secrecy.dump(held) if held is not None else {"name": form.name}
    shown = held if held is not None else TeamDocument(name=form.name or "new")
    if not form_fields.is_as_shown(shown.name, form.name):
        body["name"] = form.name
    if not form_fields.is_as_shown(shown.description, form.description, lines=True):
        body["description"] = form.description
    if form.members != frozenset(shown.members):
        body["members"] = form_fields.ordered(sorted(form.members), shown.members)
    if form.managers != frozenset(shown.managers):
        body["managers"] = form_fields.ordered(sorted(form.managers), shown.managers)
    return body


def _filled_form(snapshot: Snapshot, document: TeamDocument) -> TeamForm:
    return TeamForm(
        name=document.name,
        description=document.description,
        members=frozenset(document.members),
        managers=frozenset(document.managers),
        base=snapshot.version,
    )


def _page(reader: Reader, form: TeamForm, name: str = "") -> TeamPage:
    state = configuration.state(reader)
    document = state.snapshot.all("teams", TeamDocument).get(name)
    return TeamPage(
        form=form,
        people=tuple(
            Member(name=one, title=person.name, is_member=one in form.members, is_manager=one in form.managers)
            for one, person in sorted(
                state.snapshot.all("people", PersonDocument).items(), key=lambda pair: pair[1].name.lower()
            )
        ),
        team=name,
        title=document.name if document else "",
        file=queries.file_of(state, "teams", name),
    )
