"""The HTML door to people: who there is, what they may do, and adding or changing one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.admin import forms, queries
from tocsin.admin.forms import PersonForm, Wrong
from tocsin.admin.queries import Account, PersonLine
from tocsin.catalog import editing
from tocsin.catalog.editing import Terms, Written
from tocsin.config import queries as configuration
from tocsin.config import secrecy
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.people import actions, links
from tocsin.people import queries as people
from tocsin.people.domain import PersonDocument, Role, TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show

FIELDS = ("name", "email", "role", "timezone")
ROLES = (
    (Role.VIEWER.value, "Viewer", "reads everything"),
    (Role.RESPONDER.value, "Responder", "answers pages and silences alerts, too"),
    (Role.MANAGER.value, "Manager", "changes what their teams own, too"),
    (Role.ADMIN.value, "Administrator", "may do everything"),
)
form_methods = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage:
    """Everybody."""

    people: tuple[PersonLine, ...]
    lone: tuple[Account, ...]
    find: str
    nobody: bool  # in the whole configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChoice:
    """One team in a person's form."""

    name: str
    title: str
    chosen: bool
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """One person with their account, or a new one."""

    form: PersonForm
    roles: tuple[tuple[str, str, str], ...]
    teams: tuple[TeamChoice, ...]
    person: str = ""
    title: str = ""
    file: str = ""
    reach: str = ""
    account: Account | None = None
    links: tuple[tuple[str, str], ...] = ()  # shown only where no mail is sent
    sends_mail: bool = True
    letter_trouble: str = ""
    mine: bool = False


@require_safe
@permit(Right.ADMINISTER)
def people_list(request: HttpRequest, _: Actor) -> HttpResponse:
    """Everybody who can be paged or signs in."""
    reader = db.reader(clock.now())
    state = configuration.state(reader)
    held = queries.accounts(reader)
    find = request.GET.get("q", "")[:200]
    page = PeoplePage(
        people=tuple(queries.people(reader, state, held, find)),
        lone=tuple(queries.lone_accounts(state, held)),
        find=find,
        nobody=not state.snapshot.all("people", PersonDocument),
    )
    return show(request, "admin/people.html", page)


@form_methods
@permit(Right.ADMINISTER)
def new_person(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add somebody, and invite them if that is wanted."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    if request.method != "POST":
        return show(request, "admin/person.html", _page(reader, actor, PersonForm(base=snapshot.version)))
    form = forms.person_form(request.POST)
    name = people.free_name(snapshot, form.email)
    if form.email and people.person_with_email(snapshot, form.email):
        wrong = {"email": ["Somebody in the configuration has this address already."]}
    else:
        wrong = _save(actor, snapshot, name, form)
    if wrong:
        return show(request, "admin/person.html", _page(reader, actor, replace(form, wrong=wrong)), status=422)
    messages.success(request, f"{form.name} is here.")
    if form.invite:
        _open_and_invite(request, actor, name, form.email)
    return HttpResponseRedirect(reverse("person", args=[name]), status=303)


@form_methods
@permit(Right.ADMINISTER)
def person(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One person: what they may do, their teams, their account."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    document = snapshot.all("people", PersonDocument).get(name)
    if document is None:
        raise Http404
    if request.method != "POST":
        return show(request, "admin/person.html", _page(reader, actor, _filled_form(snapshot, name, document), name))
    form = forms.person_form(request.POST)
    wrong = _save(actor, snapshot, name, form)
    if wrong:
        return show(request, "admin/person.html", _page(reader, actor, replace(form, wrong=wrong), name), status=422)
    messages.success(request, f"{form.name} is as you say.")
    return HttpResponseRedirect(reverse("person", args=[name]), status=303)


@require_POST
@permit(Right.ADMINISTER)
def open_account(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Somebody in the configuration gets an account and an invitation."""
    document = configuration.current(db.reader(clock.now())).all("people", PersonDocument).get(name)
    if document is None:
        raise Http404
    _open_and_invite(request, actor, name, document.email)
    return HttpResponseRedirect(reverse("person", args=[name]), status=303)


@require_POST
@permit(Right.ADMINISTER)
def remove_person(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Somebody leaves: out of all teams and out of the configuration; the account is closed."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    document = snapshot.all("people", PersonDocument).get(name)
    if document is None:
        raise Http404
    force = "force" in request.POST
    wrong = (
        {"all": ["You cannot remove yourself."]} if name == actor.person else _take_out(actor, snapshot, name, force)
    )
    if wrong:
        form = replace(_filled_form(snapshot, name, document), wrong=wrong)
        return show(request, "admin/person.html", _page(reader, actor, form, name), status=422)
    user = people.user_by_person(name)
    if user is not None and user.is_active:
        with db.transact(clock.now()) as tx:
            actions.close(tx, user, by=actor.by)
    messages.success(request, f"{document.name} is not in the configuration any more.")
    return HttpResponseRedirect(reverse("people"), status=303)


def _take_out(actor: Actor, snapshot: Snapshot, name: str, force: bool) -> Wrong:
    changed = list(_team_changes(snapshot, name, frozenset()))
    terms = Terms(message=f"{name} leaves", force=force)
    outcome = editing.put_all_and_remove(actor, changed, "people", name, terms)
    return forms.wrong_of(outcome, FIELDS, forms.LEAVING_GAP)


def _open_and_invite(request: HttpRequest, actor: Actor, name: str, email: str) -> None:
    try:
        with db.transact(clock.now()) as tx:
            user = actions.create_user(tx, email, name, None, by=actor.by)
            links.invite(tx, user, by=actor.by)
    except actions.AccountTaken as taken:
        messages.error(request, f"No account was opened: {taken}.")
    else:
        sends_mail = bool(installation().smtp_url)
        said = "An invitation is on its way." if sends_mail else "Give them the link below: no mail is sent here."
        messages.success(request, said)


def _save(actor: Actor, snapshot: Snapshot, name: str, form: PersonForm) -> Wrong:
    """Write the person and the teams that change; why not, by field, if it cannot be."""
    if name == actor.person and form.role != Role.ADMIN.value:
        return {"role": ["You cannot take the administrator's role from yourself; another administrator can."]}
    held = snapshot.all("people", PersonDocument).get(name)
    before = secrecy.dump(held) if held is not None else _first_contacts(form)
    said = {"name": form.name, "email": form.email, "role": form.role, "timezone": form.timezone}
    body = before | {field: value for field, value in said.items() if value != _shown(held).get(field)}
    documents = [Written(section="people", name=name, body=body)] if held is None or body != before else []
    documents += _team_changes(snapshot, name, form.teams)
    if not documents:
        return {}
    outcome = editing.put_all(actor, documents, Terms(base=form.base, force=form.force))
    return forms.wrong_of(outcome, FIELDS)


def _shown(held: PersonDocument | None) -> dict[str, str]:
    """What the form sends of each field if nothing was changed."""
    if held is None:
        return {}
    return {"name": held.name.strip(), "email": held.email, "role": held.role.value, "timezone": held.timezone}


def _first_contacts(form: PersonForm) -> dict[str, object]:
    return {"contacts": {"inbox": {"inbox": True}, "mail": {"email": form.email}}}


def _team_changes(snapshot: Snapshot, name: str, wanted: frozenset[str]) -> Iterator[Written]:
    """The teams the person joins or leaves, as they are to be."""
    for team, document in snapshot.all("teams", TeamDocument).items():
        inside = name in document.members or name in document.managers
        if inside == (team in wanted):
            continue
        body = secrecy.dump(document)
        if inside:
            body |= {field: [one for one in body.get(field, []) if one != name] for field in ("members", "managers")}
        else:
            body["members"] = [*document.members, name]
        yield Written(section="teams", name=team, body=body)


def _filled_form(snapshot: Snapshot, name: str, document: PersonDocument) -> PersonForm:
    teams = snapshot.all("teams", TeamDocument)
    return PersonForm(
        name=document.name,
        email=document.email,
        role=document.role.value,
        timezone=document.timezone,
        teams=frozenset(team for team, one in teams.items() if name in one.members or name in one.managers),
        base=snapshot.version,
    )


def _page(reader: Reader, actor: Actor, form: PersonForm, name: str = "") -> PersonPage:
    state = configuration.state(reader)
    document = state.snapshot.all("people", PersonDocument).get(name)
    user = people.user_by_person(name)
    account = next(iter(queries.accounts(reader, user.id)), None) if user is not None else None
    sends_mail = bool(installation().smtp_url)
    return PersonPage(
        form=form,
        roles=ROLES,
        teams=tuple(
            TeamChoice(name=team, title=one.name, chosen=team in form.teams, file=queries.file_of(state, "teams", team))
            for team, one in state.snapshot.all("teams", TeamDocument).items()
        ),
        person=name,
        title=document.name if document else "",
        file=queries.file_of(state, "people", name),
        reach=queries.contacts(reader, state, [name]).reach(name, reader.now) if document else "",
        account=account,
        links=tuple(queries.open_links(reader, account.id)) if account is not None and not sends_mail else (),
        sends_mail=sends_mail,
        letter_trouble=queries.letter_trouble(reader, account.email) if account is not None else "",
        mine=bool(name) and name == actor.person,
    )
