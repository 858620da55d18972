"""The HTML door to overrides: a form with a preview of what it changes, made by people's own clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.oncall import actions, diff, queries, rights, rules, schedule_views, views
from tocsin.oncall.actions import CannotChange, WhyNot, Wish
from tocsin.oncall.desk import REASON_CHARS_MAX, Conflict, ConflictKind, OverrideLine, Span
from tocsin.oncall.domain import EVERYBODY
from tocsin.oncall.intervals import Interval
from tocsin.oncall.story import change_words
from tocsin.oncall.viewer import ChangeShown, Viewer, viewer
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import back, show

LASTS_BY_DEFAULT = timedelta(hours=8)
CHANGES_SHOWN_MAX = 50
KINDS = (
    ("replace", "Somebody takes over", "instead of one person, or of whoever is on call"),
    ("add", "Somebody joins", "beside those who are on call"),
    ("remove", "Somebody steps out", "and nobody comes in their place"),
)
AT_FIELD = {WhyNot.BAD_TIME: "to", WhyNot.NO_PERSON: "into", WhyNot.NOBODY_CHANGES: "into"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person to choose."""

    value: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands in the form."""

    kind: str = "replace"
    into: str = ""
    out: str = EVERYBODY
    start: str = ""
    end: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePage:
    """The form, and what it would change."""

    name: str
    title: str
    url: str
    asked: Asked
    kinds: tuple[tuple[str, str, str], ...]
    near: tuple[Person, ...]  # those of the schedule and its team
    far: tuple[Person, ...]
    outs: tuple[Person, ...]
    wrong: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[ChangeShown, ...] | None = None
    changes_left: int = 0
    conflicts: tuple[Conflict, ...] = ()
    gaps: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPage:
    """An override whose end would leave nobody on call."""

    id: int
    title: str
    url: str
    words: str
    gaps: tuple[Interval, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.RESPOND)
def new(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Make an override, or see what it would change."""
    reader = db.reader(clock.now())
    seen = schedule_views.known(viewer(reader, actor), name)
    if request.method != "POST":
        asked = _prefilled(seen, request.GET)
        _, wish = _wish(seen, name, asked)
        page = _foreseen(reader, seen, asked, wish) if wish is not None else _page(seen, name, asked)
        return show(request, "oncall/override.html", page)
    asked = _read(request.POST)
    wrong, wish = _wish(seen, name, asked)
    if wish is None:
        return show(request, "oncall/override.html", _page(seen, name, asked, wrong=wrong), status=422)
    if not rights.may_change(actor, seen.schedules[name].team, (wish.person_in, wish.person_out)):
        said = {
            "form": "You may change what concerns you: name yourself as who comes in or who goes out. The rest takes a manager."
        }
        return show(request, "oncall/override.html", _page(seen, name, asked, wrong=said), status=403)
    if request.POST.get("do") == "preview":
        return show(request, "oncall/override.html", _foreseen(reader, seen, asked, wish))
    return _save_override(request, actor, seen, asked, replace(wish, force=request.POST.get("do") == "force"))


@require_POST
@permit(Right.RESPOND)
def cancel(request: HttpRequest, actor: Actor, override_id: int) -> HttpResponse:
    """From now on it does not count. Where that leaves nobody on call, it takes a second press."""
    reader = db.reader(clock.now())
    found = queries.override(reader, override_id)
    if found is None:
        raise Http404
    seen = viewer(reader, actor)
    document = seen.schedules.get(found.schedule)
    if not rights.may_change(actor, document.team if document else None, (found.person_in, found.person_out)):
        raise PermissionDenied(Right.CONFIGURE.value)
    try:
        with db.transact(clock.now()) as tx:
            actions.cancel_override(tx, override_id, actor.by, force="force" in request.POST)
    except CannotChange as why:
        if why.why is WhyNot.OPENS_GAP:
            return show(request, "oncall/override_cancel.html", _cancelled(seen, found, why.gaps), status=422)
        messages.warning(request, f"Nothing was changed: {why}.")
    else:
        messages.success(request, "The override does not count any more.")
    return back(request, views.schedule_url(found.schedule))


def _cancelled(seen: Viewer, line: OverrideLine, gaps: tuple[Interval, ...]) -> CancelPage:
    return CancelPage(
        id=line.id,
        title=seen.title(line.schedule),
        url=views.schedule_url(line.schedule),
        words=change_words(line.person_out, line.person_in, seen),
        gaps=gaps,
    )


def _save_override(request: HttpRequest, actor: Actor, seen: Viewer, asked: Asked, wish: Wish) -> HttpResponse:
    try:
        with db.transact(clock.now()) as tx:
            made = actions.make_override(tx, wish, actor.by)
    except CannotChange as why:
        page = _foreseen(db.reader(clock.now()), seen, asked, wish)
        if why.why is WhyNot.OPENS_GAP:
            return show(request, "oncall/override.html", replace(page, gaps=why.gaps), status=422)
        wrong = {AT_FIELD.get(why.why, "form"): f"{why}"}
        return show(request, "oncall/override.html", replace(page, wrong=wrong, changes=None), status=422)
    messages.success(request, "The override counts. Everybody it concerns is told.")
    return HttpResponseRedirect(views.schedule_url(made.schedule), status=303)


def _foreseen(reader: Reader, seen: Viewer, asked: Asked, wish: Wish) -> OverridePage:
    """The form with what it would change beneath."""
    name = wish.schedule
    try:
        span = actions.span_ahead(reader.now, Span(schedule=name, start=wish.start, end=wish.end))
    except CannotChange as why:
        return _page(seen, name, asked, wrong={"to": str(why)})
    before = queries.in_force(reader, span.start, span.end, name).get(name, ())
    change = actions.line_of(wish, span, "", reader.now).in_force()
    after = (*before, change) if change is not None else before
    compiled = rules.compile_schedule(name, seen.schedules[name])
    found = diff.overridden(compiled, span.start, span.end, before, after)
    against = queries.hindrances(reader, wish.person_in, name, span.start, span.end) if wish.person_in else []
    elsewhere = [one for one in against if one.kind is not ConflictKind.ON_CALL or one.schedule != name]
    return replace(
        _page(seen, name, asked),
        changes=seen.changes(found.changes[:CHANGES_SHOWN_MAX]),
        changes_left=max(0, len(found.changes) - CHANGES_SHOWN_MAX),
        conflicts=seen.against(elsewhere),
    )


def _page(seen: Viewer, name: str, asked: Asked, *, wrong: Mapping[str, str] | None = None) -> OverridePage:
    document = seen.schedules[name]
    near = list(dict.fromkeys((*([seen.me] if seen.me else []), *actions.candidates(seen.snapshot, document, ""))))
    far = sorted(set(seen.names) - set(near), key=lambda one: seen.name(one).casefold())
    outs = [EVERYBODY, *(one for layer in document.layers for one in layer.people if one in seen.names)]
    if asked.out and asked.out not in outs and asked.out in seen.names:
        outs.append(asked.out)
    return OverridePage(
        name=name,
        title=seen.title(name),
        url=views.schedule_url(name),
        asked=asked,
        kinds=KINDS,
        near=_people(seen, near, asked.into),
        far=_people(seen, far, asked.into),
        outs=_people(seen, dict.fromkeys(outs), asked.out),
        wrong=wrong or {},
    )


def _people(seen: Viewer, persons: Iterable[str], chosen: str) -> tuple[Person, ...]:
    return tuple(Person(value=one, name=seen.name(one), chosen=one == chosen) for one in persons)


def _prefilled(seen: Viewer, given: Mapping[str, str]) -> Asked:
    """What a span chosen on the timeline says; else the next hours."""
    next_hour = seen.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    start = seen.instant(given.get("from", "")) or next_hour
    end = seen.instant(given.get("to", "")) or start + LASTS_BY_DEFAULT
    return Asked(into=seen.me, start=seen.local(start), end=seen.local(end))


def _read(given: Mapping[str, str]) -> Asked:
    return Asked(
        kind=given.get("kind", ""),
        into=given.get("into", ""),
        out=given.get("out", ""),
        start=given.get("from", ""),
        end=given.get("to", ""),
        reason=given.get("reason", "").strip()[:REASON_CHARS_MAX],
    )


def _wish(seen: Viewer, name: str, asked: Asked) -> tuple[dict[str, str], Wish | None]:
    """What the form means, or what is wrong with it by field."""
    start, end = seen.instant(asked.start), seen.instant(asked.end)
    wrong: dict[str, str] = {}
    if asked.kind not in {kind for kind, _, _ in KINDS}:
        wrong["kind"] = "Choose what changes."
    if start is None:
        wrong["from"] = "This is not a time. Write it as 2026-03-02T09:00."
    if end is None:
        wrong["to"] = "This is not a time. Write it as 2026-03-02T17:00."
    if start is not None and end is not None and end <= start:
        wrong["to"] = "This is not after the start."
    if asked.kind in ("replace", "add") and asked.into not in seen.names:
        wrong["into"] = "Choose who comes in."
    if asked.kind in ("replace", "remove") and asked.out not in {*seen.names, EVERYBODY}:
        wrong["out"] = "Choose who goes out."
    if asked.kind == "replace" and asked.into == asked.out:
        wrong["into"] = "This changes nobody: choose somebody else."
    if wrong or start is None or end is None:
        return wrong, None
    return {}, Wish(
        schedule=name,
        person_in=asked.into if asked.kind != "remove" else None,
        person_out=asked.out if asked.kind != "add" else None,
        start=start,
        end=end,
        reason=asked.reason,
    )
