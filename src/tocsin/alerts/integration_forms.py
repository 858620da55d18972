"""The HTML door that changes integrations: a new one, its settings, its key, its mapping."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.alerts import listing
from tocsin.alerts.integration_views import SHOWN, file_of, integration_url, yours
from tocsin.catalog import editing, form_fields, integration_form, ownership
from tocsin.catalog.domain import IntegrationDocument
from tocsin.catalog.form_fields import FormField, Verdict
from tocsin.catalog.kinds import INTEGRATIONS
from tocsin.config import drafts, secrecy
from tocsin.config import queries as configuration
from tocsin.config.actions import Refused
from tocsin.config.domain import Problem
from tocsin.config.drafts import Thought
from tocsin.kit import clock, db
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.sources import registry, tools
from tocsin.sources.domain import Settings, Signal
from tocsin.sources.mapping import FIELDS
from tocsin.sources.recipes import Guide
from tocsin.sources.tools import ALL_SENDERS
from tocsin.web.pages import show

KEY_BYTES = 16
SAMPLE_CHARS_MAX = 100_000
SAMPLE = '{"monitor": {"id": 7, "name": "Checkout"}, "state": "down", "priority": "P1"}'
NAMES_TRIED_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SendersPage:
    """Which kind of sender it is."""

    guides: tuple[Guide, ...]
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFormPage:
    """The form of an integration, new or there already."""

    name: str
    source: str
    sender: str
    query: str  # which sender a new one is for, in its address
    parts: tuple[tuple[str, tuple[FormField, ...]], ...]
    base: int
    verdict: Verdict
    file: str
    meant: Thought | None = None  # what saving it would do, if that was asked

    @property
    def is_new(self) -> bool:
        return not self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingPage:
    """Which part of a payload is what, with what would be read from a sample."""

    name: str
    mapping: str
    sample: str
    base: int
    verdict: Verdict
    file: str
    fields: tuple[str, ...] = FIELDS
    is_tried: bool = False
    signals: tuple[Signal, ...] = ()
    problems: tuple[str, ...] = ()


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def new_integration(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Choose a sender, then say whose problems it tells of; the key is made."""
    source = request.GET.get("source", "")
    service = request.GET.get("service", "")
    guide = tools.guide_of(source, request.GET.get("tool", ""))
    if guide is None:
        page = SendersPage(guides=ALL_SENDERS, service=service)
        return show(request, "catalog/senders.html", page)
    if request.method != "POST":
        return _form(request, "", guide.source, integration_form.values(guide.source, {"service": service}))
    return _create(request, actor, guide)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def edit_integration(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Change an integration."""
    document = yours(actor, name)
    source = document.source
    if request.method != "POST":
        return _form(request, name, source, integration_form.values(source, secrecy.dump(document)))
    body = integration_form.body(request.POST, secrecy.dump(document), source)
    return _saved(request, actor, name, source, body)


@require_POST
@permit(Right.CONFIGURE)
def remove_integration(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The key opens nothing any more."""
    document = yours(actor, name)
    verdict = form_fields.verdict_of(editing.remove(actor, "integrations", name, force="force" in request.POST))
    if verdict.wrong:
        held = integration_form.values(document.source, secrecy.dump(document))
        return _form(request, name, document.source, held, verdict)
    messages.success(request, f"{name} is gone: its key opens nothing any more.")
    return HttpResponseRedirect(reverse("integrations"), status=303)


@require_POST
@permit(Right.CONFIGURE)
def rotate_key(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Another key; the sender must show it from now on."""
    document = yours(actor, name)
    body = {**secrecy.dump(document), "key": new_key()}
    verdict = form_fields.verdict_of(editing.put(actor, "integrations", name, body))
    if verdict.wrong:
        messages.error(request, " ".join(verdict.above))
        return HttpResponseRedirect(integration_url(name), status=303)
    messages.success(request, "There is another key. The old one opens nothing any more: give the sender this one.")
    return HttpResponseRedirect(f"{integration_url(name)}?key={SHOWN}#part-setup", status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def edit_mapping(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Say which part of a payload is what, and see what would be read."""
    document = yours(actor, name)
    if request.method != "POST":
        written = "\n".join(f"{field} = {expression}" for field, expression in document.mapping.items())
        return _mapping(request, name, written, _last_payload(name) or SAMPLE)
    written = form_fields.typed(request.POST, "mapping")
    sample = (request.POST.get("sample", "") or "")[:SAMPLE_CHARS_MAX]
    if "save" not in request.POST:
        return _try_mapping(request, name, document, written, sample)
    body = secrecy.dump(document)
    form_fields.put(body, "mapping", read_mapping(written))
    outcome = editing.put(actor, "integrations", name, body, base=form_fields.number(request.POST, "base"))
    verdict = form_fields.verdict_of(outcome, _mapping_field)
    if verdict.wrong:
        return _mapping(request, name, written, sample, verdict=verdict)
    messages.success(request, "Saved. The next payload is read like this.")
    return HttpResponseRedirect(integration_url(name), status=303)


def _mapping_field(problem: Problem) -> str | None:
    return form_fields.nearest(problem, {"mapping": "mapping"})


def new_key() -> str:
    """A key nobody can guess, in the form that senders of every vendor accept: 32 hexadecimal characters."""
    return secrets.token_hex(KEY_BYTES)


def read_mapping(written: str) -> dict[str, str]:
    """`field = expression`, one to a line."""
    found = {}
    for line in written.splitlines():
        field, _, expression = line.partition("=")
        if field.strip():
            found[field.strip()] = expression.strip()
    return found


def _create(request: HttpRequest, actor: Actor, guide: Guide) -> HttpResponse:
    source = guide.source
    snapshot = configuration.current(db.reader(clock.now()))
    known = snapshot.all("integrations", IntegrationDocument)
    written = form_fields.typed(request.POST, "name")
    called = guide.tool or source
    name = (
        form_fields.short_name(written) if written else _free_name(f"{request.POST.get('service', '')}-{called}", known)
    )
    if name in known:
        verdict = Verdict(at={"name": (f"There is an integration called {name} already.",)})
        return _form(request, "", source, integration_form.typed_values(request.POST), verdict)
    body = integration_form.body(request.POST, _first(guide), source)
    return _saved(request, actor, "", source, body, made=name)


def _first(guide: Guide) -> dict[str, Any]:
    """What an integration of this sender begins with."""
    body: dict[str, Any] = {"source": guide.source, "key": new_key()}
    form_fields.put(body, "tool", guide.tool)
    form_fields.put(body, "mapping", dict(guide.mapping))
    return body


def _saved(
    request: HttpRequest, actor: Actor, name: str, source: str, body: Mapping[str, Any], *, made: str = ""
) -> HttpResponse:
    if name and "preview" in request.POST:
        return _previewed(request, name, source, body)
    verdict = _save_integration(request, actor, name or made, body)
    if verdict.wrong:
        return _form(request, name, source, integration_form.typed_values(request.POST), verdict)
    if name:
        messages.success(request, "Saved.")
        return HttpResponseRedirect(integration_url(name), status=303)
    messages.success(request, "It is there, with a key of its own. Set the sender up as below, then send a test alert.")
    return HttpResponseRedirect(f"{integration_url(made)}?key={SHOWN}", status=303)


def _previewed(request: HttpRequest, name: str, source: str, body: Mapping[str, Any]) -> HttpResponse:
    """What saving would mean for who is paged; nothing is saved."""
    meant = drafts.of_body(db.reader(clock.now()), INTEGRATIONS, name, body)
    typed = integration_form.typed_values(request.POST)
    if meant.problems:
        return _form(
            request,
            name,
            source,
            typed,
            form_fields.verdict_of(Refused(problems=meant.problems), integration_form.field_of),
        )
    return _form(request, name, source, typed, meant=meant)


def _save_integration(request: HttpRequest, actor: Actor, name: str, body: Mapping[str, Any]) -> Verdict:
    snapshot = configuration.current(db.reader(clock.now()))
    if not ownership.may_write(actor, snapshot, "integrations", name, body):
        return form_fields.not_theirs("service", str(body.get("service", "")), "service")
    base = form_fields.number(request.POST, "base")
    outcome = editing.put(actor, "integrations", name, body, base=base, force="force" in request.POST)
    return form_fields.verdict_of(outcome, integration_form.field_of)


def _form(
    request: HttpRequest,
    name: str,
    source: str,
    values: Mapping[str, str],
    verdict: Verdict = form_fields.FINE,
    *,
    meant: Thought | None = None,
) -> HttpResponse:
    state = configuration.state(db.reader(clock.now()))
    guide = tools.guide_of(source, request.GET.get("tool", ""))
    parts = integration_form.form_parts(values, state.snapshot, source, is_new=not name)
    page = IntegrationFormPage(
        name=name,
        source=source,
        sender=guide.sender if guide else source,
        query=guide.query if guide else "",
        parts=tuple((heading, form_fields.with_problems(group, verdict)) for heading, group in parts),
        base=state.snapshot.version,
        verdict=verdict,
        file=file_of(state, name),
        meant=meant,
    )
    return show(request, "catalog/integration_form.html", page, status=422 if verdict.wrong else 200)


def _try_mapping(
    request: HttpRequest, name: str, document: IntegrationDocument, written: str, sample: str
) -> HttpResponse:
    settings = Settings(mapping=read_mapping(written), severity=document.severity)
    found = registry.preview(document.source, settings, sample.encode(), {}, clock.now())
    problems = [*found.problems, *(f"{one.field}: {one.message}" for one in found.mapping_problems)]
    return _mapping(request, name, written, sample, is_tried=True, signals=found.signals, problems=tuple(problems))


def _mapping(
    request: HttpRequest,
    name: str,
    written: str,
    sample: str,
    *,
    verdict: Verdict = form_fields.FINE,
    **tried: Any,
) -> HttpResponse:
    state = configuration.state(db.reader(clock.now()))
    page = MappingPage(
        name=name,
        mapping=written,
        sample=sample,
        base=state.snapshot.version,
        verdict=verdict,
        file=file_of(state, name),
        **tried,
    )
    return show(request, "catalog/mapping.html", page, status=422 if verdict.wrong else 200)


def _last_payload(name: str) -> str:
    reader = db.reader(clock.now())
    last = listing.signals(reader, integration=name, limit=1)
    kept = listing.raw_of(reader, last[0].id) if last else None
    return kept[0].body.decode("utf-8", errors="replace")[:SAMPLE_CHARS_MAX] if kept else ""


def _free_name(wanted: str, known: Mapping[str, object]) -> str:
    first = form_fields.short_name(wanted)
    numbered = (f"{first}-{number}" for number in range(2, NAMES_TRIED_MAX))
    return next((name for name in (first, *numbered) if name not in known), first)
