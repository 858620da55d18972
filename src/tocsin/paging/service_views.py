"""The HTML door to services: what there is, whose it is, how it stands, who is woken for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.alerts import listing, tallies
from tocsin.alerts.domain import GroupStatus
from tocsin.alerts.listing import GroupFilter
from tocsin.alerts.tallies import ChangeLine, Tally
from tocsin.alerts.views import Row, row
from tocsin.catalog import editing, form_fields, ownership, service_form
from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.catalog.form_fields import FormField, Verdict
from tocsin.catalog.kinds import SERVICES
from tocsin.config import drafts, secrecy
from tocsin.config import queries as configuration
from tocsin.config.actions import Refused
from tocsin.config.domain import Finding, ManagedBy
from tocsin.config.drafts import Thought
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.paging import readiness, service_ladder
from tocsin.paging.plans import plan_for
from tocsin.paging.standing import Standing, standing
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.sources.registry import SOURCES
from tocsin.web.pages import show

RECENT_SHOWN_MAX = 10
LIVE = tuple(status for status in GroupStatus if status is not GroupStatus.RESOLVED)
NEW = ""
RESERVED = "new"  # the address of the form


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """One service of the list."""

    name: str
    title: str
    tier: int
    tally: Tally
    policy: str
    who: str  # who is woken first now; empty: nobody
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPart:
    """The services of one team."""

    name: str
    title: str
    services: tuple[ServiceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesPage:
    """All services, by team."""

    teams: tuple[TeamPart, ...]
    total: int
    in_trouble: int
    may_add: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A service this one depends on, or that depends on it."""

    name: str
    title: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """One integration of the service."""

    name: str
    sender: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePage:
    """Everything about one service."""

    name: str
    document: ServiceDocument
    team: str
    tally: Tally
    ladder: tuple[service_ladder.RungLine, ...]
    ladder_why: str
    policy: str
    needs: tuple[Neighbour, ...]
    needed_by: tuple[Neighbour, ...]
    doors: tuple[Doorway, ...]
    live: tuple[Row, ...]
    recent: tuple[Row, ...]
    changes: tuple[ChangeLine, ...]
    ready: readiness.Ready
    findings: tuple[Finding, ...]
    file: str
    may_change: bool
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFormPage:
    """The form of a service, new or there already."""

    name: str
    title: str
    parts: tuple[tuple[str, tuple[FormField, ...]], ...]
    base: int
    verdict: Verdict
    file: str
    meant: Thought | None = None  # what saving it would do, if that was asked

    @property
    def is_new(self) -> bool:
        return self.name == NEW


@require_safe
@permit(Right.SEE)
def services(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All services by team, those in trouble first, with who is woken for each."""
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, current.people)
    counted = tallies.by_service(reader)
    first: dict[tuple[str | None, str], str] = {}
    by_team: dict[str, list[ServiceLine]] = {}
    for name, document in current.services.items():
        key = (document.policy, document.team)
        if key not in first:
            first[key] = service_ladder.first_woken(current, reader, name)
        line = _line(current, name, document, counted.get(name, tallies.NONE), first[key])
        by_team.setdefault(document.team, []).append(line)
    page = ServicesPage(
        teams=tuple(_team_part(current, team, lines) for team, lines in sorted(by_team.items())),
        total=len(current.services),
        in_trouble=sum(counted.get(name, tallies.NONE).open > 0 for name in current.services),
        may_add=may_anywhere(actor, Right.CONFIGURE),
    )
    return show(request, "catalog/services.html", page)


@require_safe
@permit(Right.SEE)
def service(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One service: how it stands, whose it is, who is woken, what it needs and what needs it."""
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, current.people)
    document = current.services.get(name)
    if document is None:
        raise Http404
    return show(request, "catalog/service.html", _page(reader, current, actor, name, document))


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def new_service(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A service that is not there yet."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    if request.method != "POST":
        zone = _zone(snapshot.all("people", PersonDocument).get(actor.person))
        return _form(request, NEW, service_form.values({"team": request.GET.get("team", "")}, zone))
    name = form_fields.short_name(form_fields.typed(request.POST, "title"))
    name = f"{name}-service" if name == RESERVED else name
    if name and name in snapshot.all("services", ServiceDocument):
        verdict = Verdict(at={"title": (f"There is a service called {name} already.",)})
        return _form(request, NEW, service_form.typed_values(request.POST), verdict)
    return _save(request, actor, NEW, name)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def edit_service(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Change a service."""
    snapshot = configuration.current(db.reader(clock.now()))
    document = snapshot.all("services", ServiceDocument).get(name)
    if document is None:
        raise Http404
    if not ownership.may_change(actor, snapshot, "services", name):
        raise PermissionDenied(Right.CONFIGURE.value)
    if request.method == "POST":
        return _save(request, actor, name, name)
    zone = _zone(snapshot.all("people", PersonDocument).get(actor.person))
    return _form(request, name, service_form.values(secrecy.dump(document), zone))


@require_POST
@permit(Right.CONFIGURE)
def remove_service(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Take a service out; refused while an integration or another service names it."""
    snapshot = configuration.current(db.reader(clock.now()))
    document = snapshot.all("services", ServiceDocument).get(name)
    if document is None:
        raise Http404
    verdict = form_fields.verdict_of(editing.remove(actor, "services", name, force="force" in request.POST))
    if verdict.wrong:
        zone = _zone(snapshot.all("people", PersonDocument).get(actor.person))
        return _form(request, name, service_form.values(secrecy.dump(document), zone), verdict)
    messages.success(request, f"{document.name} is not in the configuration any more.")
    return HttpResponseRedirect(reverse("services"), status=303)


def _save(request: HttpRequest, actor: Actor, was: str, name: str) -> HttpResponse:
    snapshot = configuration.current(db.reader(clock.now()))
    document = snapshot.all("services", ServiceDocument).get(was)
    body = service_form.body(request.POST, secrecy.dump(document) if document is not None else {})
    base = form_fields.number(request.POST, "base")
    if not name:
        verdict = Verdict(at={"title": ("Give it a name with at least one letter or digit.",)})
    elif not ownership.may_write(actor, snapshot, "services", name, body):
        verdict = form_fields.not_theirs("team", str(body["team"]), "team")
    elif "preview" in request.POST:
        meant = drafts.of_body(db.reader(clock.now()), SERVICES, name, body)
        verdict = (
            form_fields.verdict_of(Refused(problems=meant.problems), service_form.field_of)
            if meant.problems
            else form_fields.FINE
        )
        return _form(request, was, service_form.typed_values(request.POST), verdict, meant)
    else:
        outcome = editing.put(actor, "services", name, body, base=base, force="force" in request.POST)
        verdict = form_fields.verdict_of(outcome, service_form.field_of)
    if verdict.wrong:
        return _form(request, was, service_form.typed_values(request.POST), verdict)
    messages.success(request, "Saved." if was else f"{body['name']} is there. Next: how Tocsin hears of its problems.")
    return HttpResponseRedirect(reverse("service", kwargs={"name": name}), status=303)


def _form(
    request: HttpRequest,
    name: str,
    values: dict[str, Any],
    verdict: Verdict = form_fields.FINE,
    meant: Thought | None = None,
) -> HttpResponse:
    state = configuration.state(db.reader(clock.now()))
    snapshot = state.snapshot
    document = snapshot.all("services", ServiceDocument).get(name)
    origin = state.origins.get(("services", name))
    parts = service_form.form_parts(values, snapshot, name)
    page = ServiceFormPage(
        name=name,
        title=document.name if document is not None else "",
        parts=tuple((heading, form_fields.with_problems(group, verdict)) for heading, group in parts),
        base=snapshot.version,
        verdict=verdict,
        file=origin.file if origin is not None and origin.managed_by is ManagedBy.FILE else "",
        meant=meant if not verdict.wrong else None,
    )
    return show(request, "catalog/service_form.html", page, status=422 if verdict.wrong else 200)


def _page(reader: Reader, current: Standing, actor: Actor, name: str, document: ServiceDocument) -> ServicePage:
    counted = tallies.by_service(reader)
    live = listing.groups(reader, GroupFilter(status=LIVE, services=(name,)))
    recent = listing.groups(
        reader, GroupFilter(status=(GroupStatus.RESOLVED,), services=(name,), limit=RECENT_SHOWN_MAX)
    )
    urgency = document.urgency_at(reader.now)
    plan = plan_for(current, name, urgency)
    origin = configuration.state(reader).origins.get(("services", name))
    ready = readiness.of_service(readiness.look(reader, current), name)
    team = current.teams.get(document.team)
    policy = current.policies.get(document.policy or "")
    return ServicePage(
        name=name,
        document=document,
        team=team.name if team else document.team,
        tally=counted.get(name, tallies.NONE),
        ladder=service_ladder.ladder(current, reader, name, urgency),
        ladder_why=plan.why,
        policy=policy.name if policy else "",
        needs=tuple(_neighbour(current, counted, one) for one in document.depends_on),
        needed_by=tuple(
            _neighbour(current, counted, other) for other, one in current.services.items() if name in one.depends_on
        ),
        doors=_doors(current, name),
        live=tuple(row(current.snapshot, one) for one in live),
        recent=tuple(row(current.snapshot, one) for one in recent),
        changes=tuple(tallies.changes_near(reader, [name], reader.now)),
        ready=ready,
        findings=ready.findings,
        file=origin.file if origin is not None and origin.managed_by is ManagedBy.FILE else "",
        may_change=ownership.may_change(actor, current.snapshot, "services", name),
        urgency=urgency.value,
    )


def _line(current: Standing, name: str, document: ServiceDocument, tally: Tally, who: str) -> ServiceLine:
    policy = current.policies.get(document.policy or "")
    return ServiceLine(
        name=name,
        title=document.name,
        tier=document.tier,
        tally=tally,
        policy=policy.name if policy else "",
        who=who,
        description=document.description,
    )


def _team_part(current: Standing, name: str, lines: list[ServiceLine]) -> TeamPart:
    team: TeamDocument | None = current.teams.get(name)
    lines.sort(key=lambda one: (-one.tally.open, -one.tally.live, one.tier, one.title.casefold()))
    return TeamPart(name=name, title=team.name if team else name, services=tuple(lines))


def _neighbour(current: Standing, counted: Mapping[str, Tally], name: str) -> Neighbour:
    return Neighbour(name=name, title=current.service_title(name), tally=counted.get(name, tallies.NONE))


def _doors(current: Standing, service: str) -> tuple[Doorway, ...]:
    return tuple(
        Doorway(name=name, sender=SOURCES[one.source].title, description=one.description)
        for name, one in current.snapshot.all("integrations", IntegrationDocument).items()
        if one.service == service
    )


def _zone(person: PersonDocument | None) -> str:
    return person.timezone if person else "UTC"
