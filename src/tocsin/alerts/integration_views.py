"""The HTML door to integrations: how each sender is set up, what came through it, and whether it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import listing, testing
from tocsin.alerts.listing import SignalLine
from tocsin.alerts.testing import Followed
from tocsin.alerts.traffic import HeartbeatLine, Traffic, heartbeat, heartbeats, latest, traffic
from tocsin.catalog import form_fields, ownership
from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import ManagedBy, State
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.sources import tools
from tocsin.sources.recipes import Guide, Recipe, Setup
from tocsin.web.pages import show

SIGNALS_SHOWN_MAX = 25
KEY_HIDDEN = "KEY"
SHOWN = "shown"
MAPPED = ("generic",)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationLine:
    """One integration of the list."""

    name: str
    sender: str
    service: str
    service_title: str
    last_at: datetime | None
    last_outcome: str
    heartbeat: HeartbeatLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationsPage:
    """All integrations."""

    lines: tuple[IntegrationLine, ...]
    may_add: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPage:
    """One integration."""

    name: str
    document: IntegrationDocument
    guide: Guide | None
    service_title: str
    recipes: tuple[Recipe, ...]
    key: str  # empty as long as it is not shown
    may_change: bool
    file: str
    signals: tuple[SignalLine, ...]
    traffic: Traffic
    heartbeat: HeartbeatLine | None
    test: Followed | None
    settings: tuple[tuple[str, str], ...]
    is_mapped: bool


@require_safe
@permit(Right.SEE)
def integrations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every way in, with what came through it last."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    documents = snapshot.all("integrations", IntegrationDocument)
    services = snapshot.all("services", ServiceDocument)
    last = latest(reader, documents)
    beats = heartbeats(reader)
    lines = tuple(
        IntegrationLine(
            name=name,
            sender=_sender(document),
            service=document.service,
            service_title=services[document.service].name if document.service in services else document.service,
            last_at=last[name].at if name in last else None,
            last_outcome=last[name].outcome if name in last else "",
            heartbeat=beats.get(name),
        )
        for name, document in sorted(documents.items())
    )
    page = IntegrationsPage(lines=lines, may_add=may_anywhere(actor, Right.CONFIGURE))
    return show(request, "catalog/integrations.html", page)


@require_safe
@permit(Right.SEE)
def integration(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One integration: its set-up to copy, a test, what came last and what became of it."""
    reader = db.reader(clock.now())
    state = configuration.state(reader)
    document = state.snapshot.all("integrations", IntegrationDocument).get(name)
    if document is None:
        raise Http404
    may_change = ownership.may_change(actor, state.snapshot, "integrations", name)
    is_shown = may_change and request.GET.get("key") == SHOWN
    test = form_fields.number(request.GET, "test")
    services = state.snapshot.all("services", ServiceDocument)
    setup = Setup(base_url=installation().base_url, key=document.key if is_shown else KEY_HIDDEN, name=name)
    guide = tools.guide_of(document.source, document.tool)
    page = IntegrationPage(
        name=name,
        document=document,
        guide=guide,
        service_title=services[document.service].name if document.service in services else document.service,
        recipes=guide.recipes(setup) if guide else (),
        key=document.key if is_shown else "",
        may_change=may_change,
        file=file_of(state, name),
        signals=tuple(listing.signals(reader, integration=name, limit=SIGNALS_SHOWN_MAX)),
        traffic=traffic(reader, name),
        heartbeat=heartbeat(reader, name),
        test=_followed(reader, name, test),
        settings=tuple(_settings(document)),
        is_mapped=document.source in MAPPED,
    )
    return show(request, "catalog/integration.html", page)


@require_POST
@permit(Right.CONFIGURE)
def send_test(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """A test alert, by the way its sender's alerts take."""
    document = yours(actor, name)
    try:
        with db.transact(clock.now()) as tx:
            number = testing.send(tx, name, document)
    except testing.NothingRead as nothing:
        messages.error(request, f"The test was not taken in: {nothing}.")
        return HttpResponseRedirect(integration_url(name), status=303)
    return HttpResponseRedirect(f"{integration_url(name)}?test={number}#part-test", status=303)


def yours(actor: Actor, name: str) -> IntegrationDocument:
    """The integration, for whoever may change it."""
    snapshot = configuration.current(db.reader(clock.now()))
    document = snapshot.all("integrations", IntegrationDocument).get(name)
    if document is None:
        raise Http404
    if not ownership.may_change(actor, snapshot, "integrations", name):
        raise PermissionDenied(Right.CONFIGURE.value)
    return document


def integration_url(name: str) -> str:
    """Where an integration is shown."""
    return reverse("integration", kwargs={"name": name})


def file_of(state: State, name: str) -> str:
    """The file that manages the integration, if one does."""
    origin = state.origins.get(("integrations", name))
    return origin.file if origin is not None and origin.managed_by is ManagedBy.FILE else ""


def _followed(reader: Reader, name: str, number: int | None) -> Followed | None:
    return testing.follow(reader, name, number) if number is not None else None


def _sender(document: IntegrationDocument) -> str:
    guide = tools.guide_of(document.source, document.tool)
    return guide.sender if guide else document.source


_SETTINGS: Mapping[str, str] = {
    "group_by": "Grouped by",
    "group_window": "A group takes alerts in for",
    "window_kind": "Counted from the",
    "reopen_within": "Reopens within",
    "resolve_after": "A resolve counts after",
    "hold": "Waits before paging",
    "auto_resolve_after": "Over if not repeated for",
    "every": "Must be heard every",
    "grace": "May be late by",
    "misses": "Missed after",
    "severity": "Severity if none is said",
    "rate_limit": "At most",
    "resolve_timeout": "Ends after the last push",
}


def _settings(document: IntegrationDocument) -> list[tuple[str, str]]:
    written: dict[str, Any] = document.model_dump(mode="json", exclude_unset=True)
    return [
        (title, ", ".join(written[field]) if isinstance(written[field], list) else str(written[field]))
        for field, title in _SETTINGS.items()
        if written.get(field) not in (None, "", [])
    ]
