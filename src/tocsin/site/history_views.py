"""The history of the configuration: who changed what when and why, and the way back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.catalog import editing
from tocsin.catalog.editing import Terms
from tocsin.config import actions, drafts, export, queries
from tocsin.config.actions import Applied
from tocsin.config.domain import ChangeKind, Document, Snapshot
from tocsin.config.queries import VersionInfo
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.site import config_words, editor_views
from tocsin.site.config_words import PlanView, ProblemLine
from tocsin.site.editor_views import Written
from tocsin.web.pages import show

PAGE = 20
LINES_SHOWN_MAX = 5
DIFF_LINES_MAX = 2000
HIDDEN_OTHER = "another secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One version of the list."""

    number: int
    at: datetime
    by: str
    message: str
    lines: tuple[str, ...]
    more: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Versions, newest first."""

    versions: tuple[VersionLine, ...]
    older: int | None
    may_return: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field before and after."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line of the differences of the text."""

    text: str
    kind: str  # plus, minus, place or nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One document that changed in a version."""

    title: str
    words: str
    url: str
    fields: tuple[FieldLine, ...]
    diff: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """One version in full."""

    version: VersionLine
    changed: tuple[Changed, ...]
    is_current: bool
    may_return: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """What going back to a version would do."""

    version: VersionLine
    written: Written
    problems: tuple[ProblemLine, ...]
    plan: PlanView | None


@require_safe
@permit(Right.SEE)
def history(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The versions, newest first; older ones behind a link."""
    reader = db.reader(clock.now())
    before = request.GET.get("before", "")
    found = queries.versions(
        reader, before=int(before) if before.isdecimal() and len(before) < 18 else None, limit=PAGE + 1
    )
    snapshot = queries.current(reader)
    page = HistoryPage(
        versions=tuple(_line(snapshot, one) for one in found[:PAGE]),
        older=found[PAGE - 1].number if len(found) > PAGE else None,
        may_return=may(actor, Right.CONFIGURE),
    )
    return show(request, "site/history.html", page)


@require_safe
@permit(Right.SEE)
def version(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """One version: each document that changed, field by field and as text."""
    reader = db.reader(clock.now())
    found = _found(reader, number)
    snapshot = queries.current(reader)
    page = VersionPage(
        version=_line(snapshot, found),
        changed=tuple(_changed(reader, found)),
        is_current=number == snapshot.version,
        may_return=may(actor, Right.CONFIGURE),
    )
    return show(request, "site/version.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def go_back(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """What making a version hold again would do; a POST does it."""
    if not may(actor, Right.CONFIGURE):
        raise PermissionDenied(Right.CONFIGURE.value)
    written = editor_views.read_written(request)
    page = _return_page(number, written)
    if request.method != "POST":
        return show(request, "site/rollback.html", page)
    if page.plan is None or (page.plan.gaps and not written.force):
        return show(request, "site/rollback.html", page, status=422)
    message = written.message or f"back to version {number}"
    author = editing.author(actor, Terms(base=written.base, force=written.force, message=message))
    with db.transact(clock.now()) as tx:
        outcome = actions.roll_back(tx, number, author)
    if isinstance(outcome, Applied):
        messages.success(request, editor_views.applied_words(outcome))
        return HttpResponseRedirect(reverse("config_history"), status=303)
    messages.warning(request, "Nothing was changed: somebody changed the configuration meanwhile. Look again.")
    return show(request, "site/rollback.html", _return_page(number, written), status=409)


def _return_page(number: int, written: Written) -> ReturnPage:
    reader = db.reader(clock.now())
    thought = drafts.of_return(reader, number)
    if thought is None:
        raise Http404
    return ReturnPage(
        version=_line(queries.current(reader), _found(reader, number)),
        written=Written(content="", base=thought.base, message=written.message, force=written.force),
        problems=config_words.problem_lines(thought.problems),
        plan=None if thought.problems else config_words.plan_view(thought),
    )


def _found(reader: Reader, number: int) -> VersionInfo:
    found = queries.version(reader, number)
    if found is None:
        raise Http404
    return found


def _line(snapshot: Snapshot, one: VersionInfo) -> VersionLine:
    words = tuple(str(change["words"]) for change in one.changes)
    return VersionLine(
        number=one.number,
        at=one.at,
        by=people.name_of(snapshot, one.by),
        message=one.message,
        lines=words[:LINES_SHOWN_MAX],
        more=max(0, len(words) - LINES_SHOWN_MAX),
        is_current=one.number == snapshot.version,
    )


def _changed(reader: Reader, found: VersionInfo) -> Iterator[Changed]:
    before, after = (queries.at_version(reader, number) for number in (found.number - 1, found.number))
    current = queries.current(reader)
    left = DIFF_LINES_MAX
    for change in found.changes:
        section, name = str(change["section"]), str(change["name"])
        pair = [state.snapshot.sections.get(section, {}).get(name) if state else None for state in (before, after)]
        diff = tuple(_diff(*pair))[:left] if change["change"] != ChangeKind.MOVE else ()
        left -= len(diff)
        is_there = name in current.sections.get(section, {})
        yield Changed(
            title=config_words.title_of(section, name),
            words=str(change["words"]),
            url=reverse("config_edit", args=[section, name]) if is_there else "",
            fields=tuple(_field(one) for one in change["fields"]),
            diff=diff,
        )


def _field(one: Mapping[str, object]) -> FieldLine:
    return FieldLine(path=str(one["path"]), before=_shown(one["before"]), after=_shown(one["after"]))


def _shown(value: object) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_shown(one) for one in value) or "—"
        case dict():
            return ", ".join(f"{key}: {_shown(held)}" for key, held in value.items())
        case _:
            return str(value)


def _diff(before: Document | None, after: Document | None) -> Iterator[DiffLine]:
    old, new = (export.document_yaml(one).splitlines() if one is not None else [] for one in (before, after))
    for line in list(difflib.unified_diff(old, new, lineterm=""))[2:]:
        kind = {"+": "plus", "-": "minus", "@": "place"}.get(line[:1], "")
        yield DiffLine(text=line, kind=kind)
