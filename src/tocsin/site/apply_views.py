"""The whole configuration, or a part of it from a file, as text: planned first, then applied as one version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tocsin.catalog import editing
from tocsin.catalog.editing import Terms
from tocsin.config import actions, drafts, export, queries, registry
from tocsin.config.actions import Applied, Outcome
from tocsin.config.drafts import Thought
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.site import config_words, editor_views
from tocsin.site.config_words import PlanView, ProblemLine
from tocsin.site.editor_views import Written
from tocsin.web.pages import show

HERE, FILE = "interface", "file"
NAME_CHARS_MAX = 200
START = "tocsin: 1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Whose the text is afterwards, and whether it is all there is."""

    managed_by: str = HERE
    file: str = ""
    scope: str = ""
    alone: bool = False

    @property
    def is_file(self) -> bool:
        return self.managed_by == FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPage:
    """The text, whose it becomes, and what is wrong or what would change."""

    written: Written
    ownership: Ownership
    rows: int
    is_whole: bool = False
    problems: tuple[ProblemLine, ...] = ()
    plan: PlanView | None = None
    since: tuple[str, ...] = ()


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def apply(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A text to paste, or with `?whole=1` the configuration there is; a POST plans or applies it."""
    if not may(actor, Right.CONFIGURE):
        raise PermissionDenied(Right.CONFIGURE.value)
    snapshot = queries.current(db.reader(clock.now()))
    if request.method == "POST":
        return _post(request, actor, snapshot.version)
    is_whole = request.GET.get("whole") == "1"
    content = export.hidden_yaml(snapshot, registry.kinds()) if is_whole else START
    page = ApplyPage(
        written=Written(content=content, base=snapshot.version),
        ownership=Ownership(alone=is_whole),
        rows=editor_views.rows_for(content),
        is_whole=is_whole,
    )
    return show(request, "site/apply.html", page)


def _post(request: HttpRequest, actor: Actor, version: int) -> HttpResponse:
    written = editor_views.read_written(request)
    owned = _ownership(request)
    page = _thought(written, owned, version)
    if written.wish != "apply" or not editor_views.may_apply(page.plan, written, page.since):
        return show(request, "site/apply.html", page, status=409 if page.since else 422 if page.problems else 200)
    outcome = _apply(actor, written, owned, version)
    if isinstance(outcome, Applied):
        messages.success(request, editor_views.applied_words(outcome))
        return HttpResponseRedirect(reverse("configuration"), status=303)
    problems = config_words.problem_lines(getattr(outcome, "problems", ()), written.content)
    again = _thought(written, owned, queries.current(db.reader(clock.now())).version)
    return show(request, "site/apply.html", replace(again, problems=problems), status=409 if again.since else 422)


def _thought(written: Written, owned: Ownership, version: int) -> ApplyPage:
    reader = db.reader(clock.now())
    page = ApplyPage(
        written=replace(written, base=version),
        ownership=owned,
        rows=editor_views.rows_for(written.content),
        since=drafts.changed_since(reader, written.base),
    )
    if owned.is_file and not owned.file:
        wrong = ProblemLine(message="A file needs a name", fix="Write the name under which it is applied elsewhere")
        return replace(page, problems=(wrong,))
    thought = _think(written, owned)
    if thought.problems:
        return replace(page, problems=config_words.problem_lines(thought.problems, written.content))
    return replace(page, plan=config_words.plan_view(thought, _mark(written, owned)))


def _think(written: Written, owned: Ownership) -> Thought:
    reader = db.reader(clock.now())
    if not owned.is_file:
        return drafts.of_text(reader, written.content, alone=owned.alone)
    file = File(name=owned.file, content=written.content)
    return drafts.of_file(reader, file, scope=owned.scope, alone=owned.alone)


def _apply(actor: Actor, written: Written, owned: Ownership, version: int) -> Outcome:
    author = editing.author(actor, Terms(base=version, force=written.force, message=written.message))
    file = File(name=owned.file or drafts.PASTED, content=written.content)
    with db.transact(clock.now()) as tx:
        if owned.is_file:
            return actions.apply(tx, [file], {}, author, scope=owned.scope, alone=owned.alone)
        return actions.adopt(tx, [file], author, alone=owned.alone)


def _ownership(request: HttpRequest) -> Ownership:
    return Ownership(
        managed_by=FILE if request.POST.get("managed_by") == FILE else HERE,
        file=request.POST.get("file", "").strip()[:NAME_CHARS_MAX],
        scope=request.POST.get("scope", "").strip()[:NAME_CHARS_MAX],
        alone=request.POST.get("alone") == "yes",
    )


def _mark(written: Written, owned: Ownership) -> str:
    return config_words.mark_of(written.content, owned.managed_by, owned.file, owned.scope, str(owned.alone))
