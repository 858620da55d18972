"""The editor of one document as YAML: what is wrong at which line, what it would change, then the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.catalog import editing, ownership
from tocsin.catalog.editing import Terms
from tocsin.config import drafts, export, parse, plan, queries, registry, secrecy
from tocsin.config.actions import Applied, Outdated
from tocsin.config.domain import Kind, Shape, State
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.site import config_skeletons, config_words
from tocsin.site.config_skeletons import FieldHelp
from tocsin.site.config_words import PlanView, ProblemLine
from tocsin.web.pages import show

MESSAGE_CHARS_MAX = 500
ROWS_MIN, ROWS_MAX = 12, 34
NAME_WRONG = "Use lower-case letters, digits, hyphens, underscores and dots: payments-primary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody sent: the text, and on which terms."""

    content: str
    base: int
    message: str = ""
    force: bool = False
    planned: str = ""
    wish: str = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The document that is written: one there is, or a new one."""

    kind: Kind
    name: str
    is_new: bool
    name_wrong: str = ""

    @property
    def asks_name(self) -> bool:
        return self.is_new and self.kind.shape is Shape.MAP


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorPage:
    """The editor, with what is wrong or what would change."""

    title: str
    place: Place
    written: Written
    rows: int
    may_write: bool
    read_only: str
    fields: tuple[FieldHelp, ...]
    problems: tuple[ProblemLine, ...] = ()
    plan: PlanView | None = None
    since: tuple[str, ...] = ()  # what others changed meanwhile
    has_secrets: bool = False
    page_url: str = ""  # where people read it


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def edit(request: HttpRequest, actor: Actor, section: str, name: str) -> HttpResponse:
    """One document as text; a POST plans or applies what was written."""
    reader = db.reader(clock.now())
    state = queries.state(reader)
    place = _existing_place(state, section, name)
    if request.method == "POST":
        return _post(request, place)
    document = state.snapshot.sections[section][name]
    written = Written(content=export.document_yaml(document), base=state.snapshot.version)
    return show(request, "site/editor.html", _page(actor, state, place, written))


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def new(request: HttpRequest, actor: Actor, section: str) -> HttpResponse:
    """A new document of a section."""
    state = queries.state(db.reader(clock.now()))
    kind = _kind(section)
    if request.method == "POST":
        return _post(request, _new_place(state, kind, request.POST.get("name", "").strip()))
    written = Written(content=config_skeletons.skeleton(section), base=state.snapshot.version)
    place = Place(kind=kind, name=request.GET.get("name", "")[:100], is_new=True)
    return show(request, "site/editor.html", _page(actor, state, place, written))


@require_POST
@permit(Right.CONFIGURE)
def problems(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 - told who stands there
    """What is wrong with what somebody is typing, as a part of the page."""
    reader = db.reader(clock.now())
    content = read_written(request).content
    kind = registry.kind_of(request.POST.get("section", ""))
    if kind is None:
        found = drafts.wrong_in_text(reader, content)
    else:
        name = request.POST.get("name", "") or "new"
        found = drafts.wrong_in_document(reader, kind, name, content)
    return show(request, "site/problems.html", config_words.problem_lines(found, content))


def read_written(request: HttpRequest) -> Written:
    """The form, whatever stands in it."""
    base = request.POST.get("base", "")
    return Written(
        content=request.POST.get("content", "").replace("\r\n", "\n"),
        base=int(base) if base.isdecimal() and len(base) < 18 else 0,
        message=request.POST.get("message", "").strip()[:MESSAGE_CHARS_MAX],
        force=request.POST.get("force") == "yes",
        planned=request.POST.get("planned", ""),
        wish=request.POST.get("do", "plan"),
    )


def rows_for(content: str) -> int:
    """How high the editor is."""
    return min(ROWS_MAX, max(ROWS_MIN, content.count("\n") + 3))


@permit(Right.CONFIGURE)
def _post(request: HttpRequest, actor: Actor, place: Place) -> HttpResponse:
    reader = db.reader(clock.now())
    state = queries.state(reader)
    written = read_written(request)
    body = drafts.value_of(written.content)
    if not _is_theirs(actor, state, place, body):
        raise PermissionDenied(Right.CONFIGURE.value)
    page = _thought(reader, actor, state, place, written)
    if written.wish != "apply" or not may_apply(page.plan, written, page.since) or not isinstance(body, Mapping):
        status = 409 if page.since else 422 if page.problems or place.name_wrong else 200
        return show(request, "site/editor.html", page, status=status)
    terms = Terms(base=state.snapshot.version, force=written.force, message=written.message)
    outcome = editing.write(actor, place.kind.section, place.name, body, terms)
    if isinstance(outcome, Applied):
        messages.success(request, applied_words(outcome))
        return HttpResponseRedirect(reverse("config_edit", args=[place.kind.section, place.name]), status=303)
    return show(request, "site/editor.html", _refused(actor, place, written, outcome), status=422)


def may_apply(view: PlanView | None, written: Written, since: tuple[str, ...]) -> bool:
    """Whether exactly this was planned, nobody came before, and what it opens is meant."""
    return view is not None and not since and view.mark == written.planned and (not view.gaps or written.force)


def applied_words(outcome: Applied) -> str:
    """What is said after a change."""
    lines = plan.words(outcome.changes, registry.kinds())
    if not lines:
        return "Everything was so already; nothing was changed."
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"Version {outcome.snapshot.version} holds: {lines[0]}{more}."


def _thought(reader: Reader, actor: Actor, state: State, place: Place, written: Written) -> EditorPage:
    """The page after a look at what was written."""
    kind, name = place.kind, place.name
    since = () if place.is_new else drafts.changed_since(reader, written.base, kind, name)
    again = Written(content=written.content, base=state.snapshot.version, message=written.message, force=written.force)
    page = replace(_page(actor, state, place, again), since=since)
    if place.name_wrong:
        return page
    thought = drafts.of_document(reader, kind, name, written.content)
    if thought.problems:
        found = config_words.problem_lines(thought.problems, written.content)
        return replace(page, problems=found)
    if page.read_only:
        return replace(page, problems=(ProblemLine(message=page.read_only, fix=""),))
    made = config_words.plan_view(thought, config_words.mark_of(name, written.content))
    return replace(page, plan=made)


def _refused(actor: Actor, place: Place, written: Written, outcome: object) -> EditorPage:
    """The page after a change that another came before, or that cannot be."""
    reader = db.reader(clock.now())
    if isinstance(outcome, Outdated):
        return _thought(reader, actor, queries.state(reader), place, written)
    found = drafts.located(written.content, place.kind, place.name, getattr(outcome, "problems", ()))
    page = _thought(reader, actor, queries.state(reader), place, written)
    lines = config_words.problem_lines(found, written.content)
    return replace(page, problems=lines)


def _page(actor: Actor, state: State, place: Place, written: Written) -> EditorPage:
    section = place.kind.section
    theirs = (
        may_anywhere(actor, Right.CONFIGURE)
        if place.is_new
        else ownership.may_change(actor, state.snapshot, section, place.name)
    )
    title = f"New {place.kind.noun}" if place.is_new else config_words.title_of(section, place.name)
    return EditorPage(
        title=title,
        place=place,
        written=written,
        rows=rows_for(written.content),
        may_write=theirs,
        read_only="" if place.is_new else ownership.read_only(state, section, place.name),
        fields=config_skeletons.help_for(place.kind),
        page_url="" if place.is_new else config_words.page_of(section, place.name),
        has_secrets=secrecy.HIDDEN in written.content,
    )


def _is_theirs(actor: Actor, state: State, place: Place, body: object) -> bool:
    section, snapshot = place.kind.section, state.snapshot
    if isinstance(body, Mapping):
        return ownership.may_write(actor, snapshot, section, place.name, body)
    return place.is_new or ownership.may_change(actor, snapshot, section, place.name)


def _existing_place(state: State, section: str, name: str) -> Place:
    kind = _kind(section)
    if (section, name) not in state.origins:
        raise Http404
    return Place(kind=kind, name=name, is_new=False)


def _new_place(state: State, kind: Kind, name: str) -> Place:
    held = state.snapshot.sections.get(kind.section, {})
    if kind.shape is Shape.LIST:
        return Place(kind=kind, name=f"{len(held):04}", is_new=True)
    if kind.shape is Shape.ONE:
        return Place(kind=kind, name=parse.ALONE, is_new=True)
    if not parse.may_be_called(name):
        return Place(kind=kind, name=name, is_new=True, name_wrong=NAME_WRONG)
    if name in held:
        return Place(kind=kind, name=name, is_new=True, name_wrong=f"There is a {kind.noun} of this name already")
    return Place(kind=kind, name=name, is_new=True)


def _kind(section: str) -> Kind:
    kind = registry.kind_of(section)
    if kind is None:
        raise Http404
    return kind
