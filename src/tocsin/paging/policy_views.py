"""The HTML door to escalation policies: the ladder in words, who would be paged now, and the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.catalog import editing, form_fields, ownership
from tocsin.catalog.form_fields import Option
from tocsin.config import drafts, parse, plan, queries, registry
from tocsin.config.actions import Applied, Outcome, Outdated
from tocsin.config.domain import State
from tocsin.config.drafts import Thought
from tocsin.kit import clock, db, text
from tocsin.oncall import intervals
from tocsin.oncall import queries as duty
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.intervals import Interval
from tocsin.paging import foresight, ladder, policy_form, standing
from tocsin.paging.documents import KIND, REPEAT_MAX, PolicyDocument
from tocsin.paging.ladder import Ladder, Told
from tocsin.paging.policy_form import PolicyForm, StepForm
from tocsin.paging.reach import Reach
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may
from tocsin.web.pages import show

GAPS_SHOWN_MAX = 5
NAME_WRONG = "Use lower-case letters, digits, hyphens, underscores and dots: payments-primary"
SECTION = KIND.section
PREVIEW = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A document that has to do with this one."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """One policy of the list."""

    name: str
    title: str
    words: str
    services: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesPage:
    """All policies."""

    policies: tuple[PolicyLine, ...]
    may_configure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """When a policy would reach nobody."""

    urgency: str
    always: bool
    gaps: tuple[Interval, ...]
    more: int
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPage:
    """One policy: the ladder, who that is now, who uses it, when it would reach nobody."""

    name: str
    title: str
    description: str
    ladders: tuple[Ladder, ...]
    told: tuple[Told, ...]
    gaps: tuple[Gaps, ...]
    services: tuple[Link, ...]
    handed_by: tuple[Link, ...]
    expires: str
    may_change: bool
    read_only: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """Who is picked in one place of the form, and the field to pick another."""

    prefix: str
    pick: str  # the name of its button
    label: str
    chosen: tuple[Option, ...]
    wrong: str
    focus: bool

    @property
    def add_id(self) -> str:
        return f"add-{self.pick}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of the form."""

    index: int
    number: int
    form: StepForm
    picks: Picks
    focus_up: bool
    focus_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """The form, with everything there is to pick from."""

    form: PolicyForm
    is_new: bool
    groups: tuple[tuple[str, tuple[Option, ...]], ...]
    steps: tuple[StepView, ...]
    last: Picks
    policies: tuple[Option, ...]
    repeat_max: int = REPEAT_MAX


@require_safe
@permit(Right.SEE)
def policies(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All policies, each as a sentence."""
    reader = db.reader(clock.now())
    current = standing.standing(reader)
    used = [service.policy for service in current.services.values()]
    page = PoliciesPage(
        policies=tuple(
            PolicyLine(
                name=name,
                title=policy.name,
                words=ladder.sentence(policy, current, reader.now),
                services=used.count(name),
            )
            for name, policy in current.policies.items()
        ),
        may_configure=may(actor, Right.CONFIGURE),
    )
    return show(request, "paging/policies.html", page)


@require_safe
@permit(Right.SEE)
def policy(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One policy as people read it."""
    return show(request, "paging/policy.html", _policy_page(actor, name))


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def new_policy(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form of a new policy; a POST makes it."""
    state = _state_for(actor)
    if request.method != "POST":
        return _show_form(request, state, PolicyForm(base=state.snapshot.version), is_new=True)
    form = policy_form.read(request)
    if not parse.may_be_called(form.name):
        form = replace(form, name=form_fields.short_name(form.name or form.title))
    taken = state.snapshot.sections.get(SECTION, {})
    if not parse.may_be_called(form.name):
        form = replace(form, wrong={"slug": NAME_WRONG})
    elif form.name in taken:
        form = replace(form, wrong={"slug": "There is a policy of this name already."})
    return _post(request, actor, state, form, is_new=True)


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.CONFIGURE)
def edit_policy(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The form of a policy; a POST changes it."""
    state = _state_for(actor)
    document = _found(state, name)
    if ownership.read_only(state, SECTION, name):
        return show(request, "paging/policy.html", _policy_page(actor, name))
    if request.method != "POST":
        form = policy_form.of_document(name, document, state.snapshot.version)
        return _show_form(request, state, form, is_new=False)
    return _post(request, actor, state, replace(policy_form.read(request), name=name), is_new=False)


def _post(request: HttpRequest, actor: Actor, state: State, form: PolicyForm, *, is_new: bool) -> HttpResponse:
    changed = policy_form.changed(form)
    if changed is not None:
        return _show_form(request, state, replace(changed, wrong={}), is_new=is_new)
    if form.wrong:
        return _show_form(request, state, form, is_new=is_new, status=422)
    reader = db.reader(clock.now())
    since = () if is_new else drafts.changed_since(reader, form.base, KIND, form.name)
    fresh = replace(form, base=state.snapshot.version)
    if since:
        return _show_form(request, state, replace(fresh, since=since), is_new=is_new, status=409)
    before = state.snapshot.all(SECTION, PolicyDocument).get(form.name)
    body = policy_form.body(form, before)
    if form.wish == PREVIEW:
        return _previewed(request, state, fresh, drafts.of_body(reader, KIND, form.name, body), is_new=is_new)
    outcome = editing.put(actor, SECTION, form.name, body, base=state.snapshot.version, force=form.force)
    if isinstance(outcome, Applied):
        _say_applied(request, outcome)
        return HttpResponseRedirect(reverse("policy", args=[form.name]), status=303)
    return _refused(request, state, fresh, outcome, is_new=is_new)


def _previewed(request: HttpRequest, state: State, form: PolicyForm, meant: Thought, *, is_new: bool) -> HttpResponse:
    if meant.problems:
        return _show_form(request, state, policy_form.refused(form, meant.problems), is_new=is_new, status=422)
    return _show_form(request, state, replace(form, meant=meant), is_new=is_new)


def _refused(request: HttpRequest, state: State, form: PolicyForm, outcome: Outcome, *, is_new: bool) -> HttpResponse:
    if isinstance(outcome, Outdated):
        said = ("somebody changed the configuration at this very moment",)
        return _show_form(request, state, replace(form, since=said), is_new=is_new, status=409)
    problems = getattr(outcome, "problems", ())
    opened = tuple(one.message for one in problems if one.code == foresight.OPENS_GAP)
    form = policy_form.refused(form, [one for one in problems if one.code != foresight.OPENS_GAP])
    return _show_form(request, state, replace(form, gaps=opened), is_new=is_new, status=422)


def _show_form(
    request: HttpRequest,
    state: State,
    form: PolicyForm,
    *,
    is_new: bool,
    status: int = 200,
) -> HttpResponse:
    groups = _choices(Standing(state.snapshot))
    titles = {choice.value: f"{kind}: {choice.title}" for kind, choices in groups for choice in choices}
    last = _picks("last", "Last resort: page when there is nobody left", form.last_resort, titles)
    page = FormPage(
        form=form,
        is_new=is_new,
        groups=groups,
        steps=tuple(_step_view(index, step, form.focus, titles) for index, step in enumerate(form.steps)),
        last=replace(last, wrong=form.wrong.get("last_resort", ""), focus=form.focus == "add-last"),
        policies=tuple(
            Option(value=name, title=one.name)
            for name, one in state.snapshot.all(SECTION, PolicyDocument).items()
            if name != form.name
        ),
    )
    return show(request, "paging/policy_form.html", page, status=status)


def _step_view(index: int, step: StepForm, focus: str, titles: Mapping[str, str]) -> StepView:
    picks = _picks(f"step-{index}", f"Page in step {index + 1}", step.page, titles)
    return StepView(
        index=index,
        number=index + 1,
        form=step,
        picks=replace(picks, wrong=step.wrong.get("page", ""), focus=focus == f"add-{index}"),
        focus_up=focus == f"up-{index}",
        focus_down=focus == f"down-{index}",
    )


def _picks(prefix: str, label: str, chosen: tuple[str, ...], titles: Mapping[str, str]) -> Picks:
    return Picks(
        prefix=prefix,
        pick=prefix.removeprefix("step-"),
        label=label,
        chosen=tuple(Option(value=one, title=titles.get(one, one)) for one in chosen),
        wrong="",
        focus=False,
    )


def _choices(current: Standing) -> tuple[tuple[str, tuple[Option, ...]], ...]:
    sections = (
        ("Schedule", "schedule", current.snapshot.all("schedules", ScheduleDocument)),
        ("Team", "team", current.teams),
        ("Person", "person", current.people),
    )
    return tuple(
        (
            title,
            tuple(Option(value=f"{kind}:{name}", title=document.name) for name, document in documents.items()),
        )
        for title, kind, documents in sections
    )


def _policy_page(actor: Actor, name: str) -> PolicyPage:
    reader = db.reader(clock.now())
    state = queries.state(reader)
    document = _found(state, name)
    current = standing.standing(reader)
    current.know_contacts(reader, current.people)
    return PolicyPage(
        name=name,
        title=document.name,
        description=document.description,
        ladders=ladder.ladders(document, name, current, reader.now),
        told=ladder.told(name, current, reader.now),
        gaps=_gaps(reader, state, name),
        services=tuple(
            Link(name=one, title=service.name) for one, service in current.services.items() if service.policy == name
        ),
        handed_by=tuple(
            Link(name=one, title=other.name) for one, other in current.policies.items() if other.then == name
        ),
        expires=text.format_duration(document.acknowledgement_expires) if document.acknowledgement_expires else "",
        may_change=ownership.may_change(actor, state.snapshot, SECTION, name),
        read_only=ownership.read_only(state, SECTION, name),
    )


def _gaps(reader: db.Reader, state: State, name: str) -> tuple[Gaps, ...]:
    end = reader.now + foresight.HORIZON
    reach = Reach(state.snapshot, reader.now, end, duty.in_force(reader, reader.now, end))
    high, low = (reach.uncovered(name, urgency) for urgency in (Urgency.HIGH, Urgency.LOW))
    if high == low:
        return _gap(reach, high, "")
    return _gap(reach, high, " for high urgency") + _gap(reach, low, " for low urgency")


def _gap(reach: Reach, gaps: list[Interval], when: str) -> tuple[Gaps, ...]:
    if not gaps:
        return ()
    return (
        Gaps(
            urgency=when,
            always=gaps == [reach.whole],
            gaps=tuple(gaps[:GAPS_SHOWN_MAX]),
            more=max(0, len(gaps) - GAPS_SHOWN_MAX),
            total=text.format_duration(intervals.total(gaps)),
        ),
    )


def _say_applied(request: HttpRequest, outcome: Applied) -> None:
    lines = plan.words(outcome.changes, registry.kinds())
    said = f"Saved: {lines[0]}." if lines else "Everything was so already; nothing was changed."
    messages.success(request, said)


def _state_for(actor: Actor) -> State:
    """Policies belong to everybody, so they take the right everywhere."""
    if not may(actor, Right.CONFIGURE):
        raise PermissionDenied(Right.CONFIGURE.value)
    return queries.state(db.reader(clock.now()))


def _found(state: State, name: str) -> PolicyDocument:
    document = state.snapshot.all(SECTION, PolicyDocument).get(name)
    if document is None:
        raise Http404
    return document
