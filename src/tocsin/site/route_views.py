"""Routes in the order in which they decide, in words; moved up and down here, changed in the editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import tallies
from tocsin.alerts.documents import RouteDocument
from tocsin.catalog import editing
from tocsin.catalog.editing import Terms
from tocsin.config import actions, drafts, export, queries, registry, rules
from tocsin.config.actions import Applied
from tocsin.config.domain import ManagedBy, Snapshot, State
from tocsin.config.parse import File
from tocsin.kit import clock, db, text
from tocsin.paging.standing import Standing
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show

SECTION = "routes"
UP = "up"  # where a route is moved; anything else is down


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLine:
    """One route in words."""

    place: int
    index: int
    when: tuple[str, ...]
    effects: tuple[str, ...]
    url: str
    file: str
    groups: int | None  # opened by it; None for what opens none
    never: str
    may_go_up: bool
    may_go_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesPage:
    """All routes, in order."""

    routes: tuple[RouteLine, ...]
    unmatched: int
    since: datetime | None
    version: int
    may_configure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    counts: Mapping[int | None, int]
    never: Mapping[str, str]


@require_safe
@permit(Right.SEE)
def routes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The routes in order, and what each has matched since it stands there."""
    reader = db.reader(clock.now())
    state = queries.state(reader)
    since = queries.held_since(reader, SECTION)
    found = _Found(counts=tallies.by_route(reader, since), never=_never(state))
    held = state.snapshot.all(SECTION, RouteDocument)
    may_configure = may(actor, Right.CONFIGURE)
    page = RoutesPage(
        routes=tuple(_line(state, index, found, may_move=may_configure) for index in range(len(held))),
        unmatched=found.counts.get(None, 0),
        since=since,
        version=state.snapshot.version,
        may_configure=may_configure,
    )
    return show(request, "site/routes.html", page)


@require_POST
@permit(Right.CONFIGURE)
def move_route(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """One place up or down."""
    if not may(actor, Right.CONFIGURE):
        raise PermissionDenied(Right.CONFIGURE.value)
    state = queries.state(db.reader(clock.now()))
    index, other = number - 1, number - 2 if request.POST.get("to") == UP else number
    if not (0 <= index < len(state.snapshot.sections.get(SECTION, {}))):
        raise Http404
    base = request.POST.get("base", "")
    if base != str(state.snapshot.version):
        messages.warning(request, "Nothing was moved: the configuration was changed meanwhile. Look again.")
    elif not (_is_free(state, index) and _is_free(state, other)):
        messages.warning(request, "Nothing was moved: what a file brings is ordered in the file.")
    else:
        _move(request, actor, state, index, other)
    return HttpResponseRedirect(reverse("routes"), status=303)


def _move(request: HttpRequest, actor: Actor, state: State, index: int, other: int) -> None:
    """The list is written anew as a whole, so that it is one version."""
    held = list(state.snapshot.sections[SECTION].values())
    held[index], held[other] = held[other], held[index]
    moved = Snapshot(0, {SECTION: {f"{place:04}": one for place, one in enumerate(held)}})
    content = export.hidden_yaml(moved, registry.kinds())
    message = f"route {index + 1} becomes route {other + 1}"
    author = editing.author(actor, Terms(base=state.snapshot.version, message=message))
    with db.transact(clock.now()) as tx:
        outcome = actions.adopt(tx, [File(name=drafts.PASTED, content=content)], author)
    if isinstance(outcome, Applied):
        messages.success(request, f"{text.cut(message, 100).capitalize()}.")
    else:
        messages.warning(request, "Nothing was moved: the configuration was changed meanwhile. Look again.")


def _never(state: State) -> dict[str, str]:
    """The routes that nothing can reach, and why."""
    kinds = [kind for kind in registry.kinds() if kind.section == SECTION]
    return {finding.name: finding.message for finding in rules.findings(state.snapshot, kinds, clock.now())}


def _line(state: State, index: int, found: _Found, *, may_move: bool) -> RouteLine:
    name = f"{index:04}"
    route = state.snapshot.all(SECTION, RouteDocument)[name]
    movable = may_move and _is_free(state, index)
    origin = state.origins[SECTION, name]
    return RouteLine(
        place=index + 1,
        index=index,
        when=tuple(route.when),
        effects=tuple(_effects(route, Standing(state.snapshot))),
        url=reverse("config_edit", args=[SECTION, name]),
        file=origin.file,
        groups=None if route.drop is not None else found.counts.get(index + 1, 0),
        never=found.never.get(name, ""),
        may_go_up=movable and _is_free(state, index - 1),
        may_go_down=movable and _is_free(state, index + 1),
    )


def _effects(route: RouteDocument, current: Standing) -> list[str]:
    """What it does, in words."""
    said = []
    if route.drop is not None:
        said.append(f"is dropped: {route.drop}")
    if route.suppress is not None:
        said.append(f"pages nobody: {route.suppress}")
    if route.service is not None:
        said.append(f"goes to {current.service_title(route.service)}")
    if route.urgency is not None:
        said.append(f"is of {route.urgency} urgency")
    if route.severity is not None:
        said.append(f"is of severity {route.severity}")
    if route.group_by is not None:
        said.append(f"is grouped by {', '.join(route.group_by) or 'nothing'}")
    if route.hold is not None:
        said.append(f"waits {text.format_duration(route.hold)} before it pages")
    return said


def _is_free(state: State, index: int) -> bool:
    """Whether there is a route at this place that no file brings."""
    origin = state.origins.get((SECTION, f"{index:04}"))
    return origin is not None and origin.managed_by is not ManagedBy.FILE
