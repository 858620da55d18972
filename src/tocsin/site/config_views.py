"""The configuration as a whole: what there is and who manages it, what the check says, and export."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tocsin.catalog import editing, ownership
from tocsin.catalog.editing import Terms
from tocsin.config import drafts, export, queries, registry, rules
from tocsin.config.actions import Applied
from tocsin.config.domain import Document, Kind, Level, Shape, State
from tocsin.kit import clock, db
from tocsin.paging import duty
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may, may_anywhere
from tocsin.site import config_words, editor_views
from tocsin.site.config_words import FindingLine, PlanView, ProblemLine
from tocsin.site.editor_views import Written
from tocsin.web.pages import show

FORMS = {"yaml": "application/yaml", "json": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One document of the list."""

    name: str
    title: str
    url: str
    managed_by: str
    file: str
    page_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All documents of a kind."""

    section: str
    noun: str
    documents: tuple[DocumentLine, ...]
    new_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Findings of one level."""

    level: str
    words: str
    findings: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationPage:
    """Everything there is."""

    version: int
    sections: tuple[Section, ...]
    grades: tuple[Grade, ...]
    may_configure: bool
    may_apply: bool
    may_export_secrets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePage:
    """What taking a document out would do."""

    title: str
    section: str
    name: str
    written: Written
    read_only: str
    problems: tuple[ProblemLine, ...]
    plan: PlanView | None


@require_http_methods(["GET", "HEAD"])
@permit(Right.SEE)
def configuration(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every document and who manages it, and what is allowed but will hurt."""
    reader = db.reader(clock.now())
    state = queries.state(reader)
    found = (*rules.findings(state.snapshot, registry.kinds(), reader.now), *duty.lived_through(reader))
    page = ConfigurationPage(
        version=state.snapshot.version,
        sections=tuple(_section(state, kind, actor) for kind in registry.kinds()),
        grades=tuple(
            Grade(
                level=level.value,
                words=config_words.LEVEL_WORDS[level],
                findings=config_words.finding_lines([one for one in found if one.level is level]),
            )
            for level in Level
        ),
        may_configure=may_anywhere(actor, Right.CONFIGURE),
        may_apply=may(actor, Right.CONFIGURE),
        may_export_secrets=may(actor, Right.ADMINISTER),
    )
    return show(request, "site/configuration.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def export_file(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The configuration as a file; with its secrets it takes a press, and an administrator."""
    with_secrets = request.method == "POST" and request.POST.get("secrets") == "yes"
    if with_secrets and not may(actor, Right.ADMINISTER):
        raise PermissionDenied(Right.ADMINISTER.value)
    form = request.GET.get("form") or request.POST.get("form") or "yaml"
    if form not in FORMS:
        raise Http404
    snapshot = queries.current(db.reader(clock.now()))
    write = export.as_json if form == "json" else export.as_yaml
    response = HttpResponse(write(snapshot, registry.kinds(), redact=not with_secrets), content_type=FORMS[form])
    response["Content-Disposition"] = f'attachment; filename="tocsin-{snapshot.version}.{form}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def remove(request: HttpRequest, actor: Actor, section: str, name: str) -> HttpResponse:
    """What taking a document out would do; a POST takes it out."""
    state = queries.state(db.reader(clock.now()))
    kind = registry.kind_of(section)
    if kind is None or (section, name) not in state.origins:
        raise Http404
    if not ownership.may_change(actor, state.snapshot, section, name):
        raise PermissionDenied(Right.CONFIGURE.value)
    written = editor_views.read_written(request)
    page = _removal(state, kind, name, written)
    if request.method != "POST":
        return show(request, "site/remove.html", page)
    if page.plan is None or page.read_only or (page.plan.gaps and not written.force):
        return show(request, "site/remove.html", page, status=422)
    terms = Terms(base=written.base, force=written.force, message=written.message)
    outcome = editing.take_out(actor, section, name, terms)
    if isinstance(outcome, Applied):
        messages.success(request, editor_views.applied_words(outcome))
        return HttpResponseRedirect(reverse("configuration"), status=303)
    messages.warning(request, "Nothing was removed: something changed meanwhile. Look again.")
    return show(request, "site/remove.html", _removal(state, kind, name, written), status=409)


def _removal(state: State, kind: Kind, name: str, written: Written) -> RemovePage:
    thought = drafts.of_removal(db.reader(clock.now()), kind, name)
    return RemovePage(
        title=config_words.title_of(kind.section, name),
        section=kind.section,
        name=name,
        written=Written(content="", base=thought.base, message=written.message, force=written.force),
        read_only=ownership.read_only(state, kind.section, name),
        problems=config_words.problem_lines(thought.problems),
        plan=None if thought.problems else config_words.plan_view(thought),
    )


def _section(state: State, kind: Kind, actor: Actor) -> Section:
    held = state.snapshot.sections.get(kind.section, {})
    return Section(
        section=kind.section,
        noun=kind.noun,
        documents=tuple(_line(state, kind, name, document) for name, document in held.items()),
        new_url=reverse("config_new", args=[kind.section]) if may_anywhere(actor, Right.CONFIGURE) else "",
    )


def _line(state: State, kind: Kind, name: str, document: Document) -> DocumentLine:
    origin = state.origins[kind.section, name]
    place = f"{int(name) + 1}. {route_words(document)}" if kind.shape is Shape.LIST else name
    return DocumentLine(
        name=place,
        title=str(getattr(document, "name", "")),
        url=reverse("config_edit", args=[kind.section, name]),
        managed_by=config_words.MANAGED_WORDS[origin.managed_by],
        file=origin.file,
        page_url=config_words.page_of(kind.section, name),
    )


def route_words(document: Document) -> str:
    """The conditions of a route."""
    when = getattr(document, "when", ())
    return " and ".join(when) if when else "everything"
