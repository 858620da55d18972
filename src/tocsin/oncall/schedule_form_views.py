"""The HTML door to making, changing and removing schedules: a form that shows what it would mean before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from tocsin.catalog import editing, form_fields, ownership
from tocsin.catalog.form_fields import FormField, Verdict
from tocsin.config import explain, secrecy
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Refused
from tocsin.config.domain import ManagedBy, Problem
from tocsin.kit import clock, db, tz
from tocsin.kit.db import Reader
from tocsin.oncall import schedule_fields, schedule_form, schedule_preview, views
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.schedule_fields import LayerPart
from tocsin.oncall.schedule_form import Draft
from tocsin.oncall.schedule_preview import Preview
from tocsin.oncall.viewer import Viewer, viewer
from tocsin.people.domain import TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show

NEW = ""
RESERVED = "new"  # the address of the form
HORIZON = timedelta(days=90)
A_WEEK = timedelta(days=7)  # a new schedule begins that long ago, so that its first weekly turn is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """The form of a schedule, new or there already."""

    name: str
    title: str
    url: str
    yaml_url: str
    identity: tuple[FormField, ...]
    layers: tuple[LayerPart, ...]
    effective: FormField
    base: int
    verdict: Verdict
    file: str
    is_calendar: bool
    preview: Preview | None
    removing: bool = False

    @property
    def is_new(self) -> bool:
        return self.name == NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is being changed: the document as it stands, by name; empty for a new one."""

    reader: Reader
    seen: Viewer
    name: str
    body: Mapping[str, Any]
    base: int
    file: str


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A schedule that is not there yet."""
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    held = Held(reader=reader, seen=seen, name=NEW, body={}, base=seen.snapshot.version, file="")
    if request.method != "POST":
        draft = Draft(zone=seen.zone_name, team=request.GET.get("team", "") or _only_team(actor))
        first = schedule_form.moved(draft, schedule_form.ADD_LAYER, today=_day(seen, -A_WEEK)) or draft
        return _show(request, held, first)
    return _handle_post(request, actor, held)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def edit(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Change a schedule."""
    held = _editable_schedule(actor, name)
    if request.method != "POST":
        return _show(request, held, schedule_form.of_document(held.body))
    return _handle_post(request, actor, held)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def remove(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Take a schedule out: first what that means, then by a press."""
    held = _editable_schedule(actor, name)
    verdict = form_fields.FINE
    if request.method == "POST":
        outcome = editing.remove(actor, "schedules", name, base=_base(request, held), force="force" in request.POST)
        if isinstance(outcome, Applied):
            messages.success(request, f"{held.seen.title(name)} is gone. Who was on call until now stays known.")
            return HttpResponseRedirect(reverse("schedules"), status=303)
        verdict = form_fields.verdict_of(outcome)
    preview = schedule_preview.removal(held.reader, held.seen, name)
    page = _page(held, schedule_form.of_document(held.body), verdict, preview, removing=True)
    return show(request, "oncall/schedule_remove.html", page, status=422 if verdict.wrong else 200)


def _handle_post(request: HttpRequest, actor: Actor, held: Held) -> HttpResponse:
    do = request.POST.get("do", "save")
    draft = schedule_form.read(request.POST)
    changed = schedule_form.moved(draft, do, today=_day(held.seen))
    if changed is not None:
        return _show(request, held, changed)
    name = held.name or form_fields.short_name(draft.title)
    body = schedule_form.body(draft, held.body)
    verdict = _before_all(request, actor, held, name, draft, body)
    if verdict.wrong:
        return _show(request, held, draft, verdict)
    document = _validated(name, body)
    if isinstance(document, Refused):
        return _show(request, held, draft, form_fields.verdict_of(document, schedule_form.field_of))
    preview = schedule_preview.preview(held.reader, held.seen, name, document)
    if do == "preview":
        return _show(request, held, draft, form_fields.FINE, preview)
    outcome = editing.put(actor, "schedules", name, body, base=_base(request, held), force=do == "force")
    if not isinstance(outcome, Applied):
        return _show(request, held, draft, form_fields.verdict_of(outcome, schedule_form.field_of), preview)
    messages.success(request, "Saved." if outcome.changes else "Nothing was different, so nothing was changed.")
    return HttpResponseRedirect(views.schedule_url(name), status=303)


def _before_all(
    request: HttpRequest, actor: Actor, held: Held, name: str, draft: Draft, body: Mapping[str, Any]
) -> Verdict:
    """What stands against a change before anybody looks at the document."""
    if not name or (not held.name and name == RESERVED):
        return Verdict(at={"title": ("Give the schedule a name that says whose or what it is for.",)})
    if not held.name and name in held.seen.schedules:
        return Verdict(at={"title": (f"There is a schedule called {name} already.",)})
    if draft.effective and not schedule_fields.is_day(draft.effective):
        return Verdict(at={"effective": ("Write it as 2026-04-01, or leave it empty.",)})
    if not ownership.may_write(actor, held.seen.snapshot, "schedules", name, body):
        return form_fields.not_theirs("team", draft.team, "team")
    if held.name and _is_outdated(request, held):
        said = "somebody else changed this schedule meanwhile. Open it again and make your change there"
        return Verdict(at={}, above=(f"Nothing was saved: {said}.",))
    return form_fields.FINE


def _validated(name: str, body: Mapping[str, Any]) -> ScheduleDocument | Refused:
    try:
        return ScheduleDocument.model_validate(body)
    except ValidationError as error:
        found = explain.Explainer(ScheduleDocument).explain(error, body, lambda held: held)
        return Refused(
            problems=tuple(
                Problem(message=one.message, fix=one.fix, path=("schedules", name, *one.path)) for one in found
            )
        )


def _editable_schedule(actor: Actor, name: str) -> Held:
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    if name not in seen.schedules:
        raise Http404
    if not ownership.may_change(actor, seen.snapshot, "schedules", name):
        raise PermissionDenied(Right.CONFIGURE.value)
    origin = configuration.state(reader).origins[("schedules", name)]
    return Held(
        reader=reader,
        seen=seen,
        name=name,
        body=secrecy.dump(seen.schedules[name]),
        base=seen.snapshot.version,
        file=origin.file if origin.managed_by is ManagedBy.FILE else "",
    )


def _is_outdated(request: HttpRequest, held: Held) -> bool:
    """Whether the schedule is another than the one the form was made from; other documents may have changed."""
    base = form_fields.number(request.POST, "base")
    then = configuration.at_version(held.reader, base) if base is not None else None
    if then is None:
        return True
    return then.snapshot.sections.get("schedules", {}).get(held.name) != held.seen.schedules[held.name]


def _base(request: HttpRequest, held: Held) -> int:
    """The version a change is made from: the one that was looked at, or a later one with the same schedule."""
    if held.name and _is_outdated(request, held):
        return form_fields.number(request.POST, "base") or 0
    return held.base


def _show(
    request: HttpRequest, held: Held, draft: Draft, verdict: Verdict = form_fields.FINE, preview: Preview | None = None
) -> HttpResponse:
    page = _page(held, draft, verdict, preview)
    return show(request, "oncall/schedule_form.html", page, status=422 if verdict.wrong else 200)


def _page(held: Held, draft: Draft, verdict: Verdict, preview: Preview | None, *, removing: bool = False) -> FormPage:
    known: Sequence[Mapping[str, Any]] = held.body.get("layers", ())
    return FormPage(
        name=held.name,
        title=held.seen.title(held.name) if held.name else "",
        url=views.schedule_url(held.name) if held.name else reverse("schedules"),
        yaml_url=reverse("config_edit", kwargs={"section": "schedules", "name": held.name}) if held.name else "",
        identity=form_fields.with_problems(_identity(held.seen, draft), verdict),
        layers=tuple(
            schedule_fields.part(index, layer, known, draft.layers, held.seen.names, verdict)
            for index, layer in enumerate(draft.layers)
        ),
        effective=form_fields.with_problems((schedule_fields.effective(draft),), verdict)[0],
        base=held.base,
        verdict=verdict,
        file=held.file,
        is_calendar="ical" in held.body,
        preview=preview,
        removing=removing,
    )


def _identity(seen: Viewer, draft: Draft) -> tuple[FormField, ...]:
    teams = {name: team.name for name, team in seen.snapshot.all("teams", TeamDocument).items()}
    return (
        FormField(name="title", label="Name", value=draft.title, required=True, placeholder="Payments, first line"),
        form_fields.select("team", "Team", teams, draft.team, nothing="None", hint="Its managers may change it."),
        FormField(name="zone", label="Time zone", value=draft.zone, required=True, placeholder="Europe/Berlin"),
        FormField(name="description", label="What it is for", value=draft.description, kind="area"),
    )


def _only_team(actor: Actor) -> str:
    return next(iter(actor.managed_teams)) if len(actor.managed_teams) == 1 else ""


def _day(seen: Viewer, later: timedelta = timedelta(0)) -> str:
    return tz.wall_date(seen.zone.wall(tz.second(seen.now + later))).isoformat()
