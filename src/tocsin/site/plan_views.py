"""Response plans in words: when an incident is declared, who does what, who is told how often. Changed in the editor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries
from tocsin.config.domain import State
from tocsin.incidents.domain import KIND, PlanDocument
from tocsin.kit import clock, db, text
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show

SECTION = KIND.section


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One plan in words."""

    name: str
    title: str
    description: str
    facts: tuple[tuple[str, str], ...]
    url: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansPage:
    """All response plans."""

    plans: tuple[PlanLine, ...]
    may_configure: bool


@require_safe
@permit(Right.SEE)
def plans(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All response plans."""
    state = queries.state(db.reader(clock.now()))
    held = state.snapshot.all(SECTION, PlanDocument)
    page = PlansPage(
        plans=tuple(_line(state, name, plan) for name, plan in held.items()),
        may_configure=may(actor, Right.CONFIGURE),
    )
    return show(request, "site/plans.html", page)


def _line(state: State, name: str, plan: PlanDocument) -> PlanLine:
    return PlanLine(
        name=name,
        title=plan.name,
        description=plan.description,
        facts=tuple(_facts(state, name, plan)),
        url=reverse("config_edit", args=[SECTION, name]),
        file=state.origins[SECTION, name].file,
    )


def _facts(state: State, name: str, plan: PlanDocument) -> Iterator[tuple[str, str]]:
    declared = " and ".join(plan.declare_when)
    yield "Declared", f"for groups with {declared}, or by people" if declared else "by people only"
    yield "Starts as", plan.severity.value
    yield "Roles", ", ".join(role.replace("-", " ") for role in plan.roles) or "none"
    for severity, promise in plan.updates.items():
        first, every = text.format_duration(promise.first), text.format_duration(promise.every)
        yield f"Updates, {severity.value}", f"first within {first}, then every {every}; {', '.join(promise.audience)}"
    if plan.review.required_for:
        needed = ", ".join(one.value for one in plan.review.required_for)
        yield "Review", f"needed for {needed}, within {text.format_duration(plan.review.due)}"
    services = state.snapshot.all("services", ServiceDocument).values()
    used = [service.name for service in services if service.plan == name]
    yield "Used by", ", ".join(used) or "no service yet"
