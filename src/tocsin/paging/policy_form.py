"""The form of a policy: what was sent, taken apart and put together as a document, whatever stands in it.

A document may have fields the form does not show: what the form was filled from is what it changes, so they stay, and
so does what was left as it was shown, in the words it was written in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest, QueryDict

from tocsin.catalog import form_fields
from tocsin.config import secrecy
from tocsin.config.domain import Problem
from tocsin.config.drafts import Thought
from tocsin.kit import text
from tocsin.paging.documents import STEPS_MAX, TARGETS_MAX, WAIT_DEFAULT, PolicyDocument

TEXT_CHARS_MAX = 5000
LINE_CHARS_MAX = 200
NEW_WAIT = text.format_duration(WAIT_DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """One step as it stands in the form."""

    origin: int = -1  # which step of the document it was; -1 for a new one
    page: tuple[str, ...] = ()
    wait: str = NEW_WAIT
    round_robin: bool = False
    urgency: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyForm:
    """The whole form. `wrong` tells what is wrong by the field's name; `focus` is where one goes on."""

    name: str = ""
    title: str = ""
    description: str = ""
    steps: tuple[StepForm, ...] = (StepForm(),)
    repeat: str = "0"
    then: str = ""
    last_resort: tuple[str, ...] = ()
    expires: str = ""
    base: int = 0
    wish: str = ""
    force: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)
    focus: str = ""
    since: tuple[str, ...] = ()  # what others changed meanwhile
    gaps: tuple[str, ...] = ()  # times it would leave without anybody
    meant: Thought | None = None  # what saving it would do, if that was asked


def of_document(name: str, document: PolicyDocument, base: int) -> PolicyForm:
    """The form filled from a document."""
    return PolicyForm(
        name=name,
        title=document.name,
        description=document.description,
        steps=tuple(
            StepForm(
                origin=index,
                page=tuple(map(str, step.page)),
                wait=text.format_duration(step.wait),
                round_robin=step.round_robin,
                urgency=step.only_if.urgency.value if step.only_if else "",
            )
            for index, step in enumerate(document.steps)
        ),
        repeat=str(document.repeat),
        then=document.then or "",
        last_resort=tuple(map(str, document.last_resort)),
        expires=text.format_duration(document.acknowledgement_expires) if document.acknowledgement_expires else "",
        base=base,
    )


def read(request: HttpRequest) -> PolicyForm:
    """What was sent."""
    sent = request.POST
    count = min(_number(sent.get("steps", "")), STEPS_MAX)
    return PolicyForm(
        name=_line(sent, "name"),
        title=_line(sent, "title"),
        description=sent.get("description", "").replace("\r\n", "\n").strip()[:TEXT_CHARS_MAX],
        steps=tuple(_step(sent, f"step-{index}") for index in range(count)),
        repeat=_line(sent, "repeat"),
        then=_line(sent, "then"),
        last_resort=_targets(sent, "last"),
        expires=_line(sent, "expires"),
        base=_number(sent.get("base", "")),
        wish=sent.get("do", "save"),
        force=sent.get("force") == "yes",
    )


def changed(form: PolicyForm) -> PolicyForm | None:
    """The form after a press that changes only the form (`add`, `up-1`, `down-0`, `remove-2`); None for any other."""
    verb, _, number = form.wish.partition("-")
    steps, at = list(form.steps), _number(number)
    if verb == "pick":
        return replace(form, focus=f"add-{number}")
    if verb == "add" and len(steps) < STEPS_MAX:
        return replace(form, steps=(*steps, StepForm()), focus=f"add-{len(steps)}")
    if verb not in ("up", "down", "remove") or at >= len(steps):
        return None
    step = steps.pop(at)
    if verb == "remove":
        return replace(form, steps=tuple(steps), focus=f"add-{min(at, len(steps) - 1)}" if steps else "add-step")
    to = max(0, at - 1) if verb == "up" else min(len(steps), at + 1)
    steps.insert(to, step)
    edge = "down" if to == 0 else "up" if to == len(steps) - 1 else verb
    return replace(form, steps=tuple(steps), focus=f"{edge}-{to}")


def body(form: PolicyForm, before: PolicyDocument | None) -> dict[str, Any]:
    """The document that the form means, with what it does not show as it was."""
    written: dict[str, Any] = secrecy.dump(before) if before is not None else {}
    shown = of_document(form.name, before, form.base) if before is not None else PolicyForm()
    old_steps = written.get("steps", [])
    if before is None or not form_fields.is_as_shown(shown.title, form.title):
        written["name"] = form.title
    if not form_fields.is_as_shown(shown.description, form.description, lines=True):
        _set_unless_default(written, "description", form.description, "")
    written["steps"] = [_step_body(step, old_steps, shown.steps) for step in form.steps]
    if form.repeat != shown.repeat:
        _set_unless_default(written, "repeat", int(form.repeat) if form.repeat.isdecimal() else form.repeat, 0)
    if form.then != shown.then:
        _set_unless_default(written, "then", form.then, "")
    if form.last_resort != shown.last_resort:
        _set_unless_default(written, "last_resort", list(form.last_resort), [])
    if form.expires != shown.expires:
        _set_unless_default(written, "acknowledgement_expires", form.expires, "")
    return written


def refused(form: PolicyForm, problems: Sequence[Problem]) -> PolicyForm:
    """The form with each problem at its field; what belongs to none stands at the top."""
    at_top: dict[str, str] = {}
    steps = list(form.steps)
    for problem in problems:
        said = " ".join(f"{part[:1].upper()}{part[1:].rstrip('.')}." for part in (problem.message, problem.fix) if part)
        match problem.path[2:]:
            case ("steps", int(index), *rest) if index < len(steps):
                name = str(rest[0]) if rest and rest[0] in ("page", "wait", "round_robin", "if") else "page"
                if name == "page" and not steps[index].page:
                    said = "Choose whom this step pages, or remove the step."
                steps[index] = replace(steps[index], wrong={**steps[index].wrong, name: said})
            case (("name" | "description" | "repeat" | "then" | "last_resort" | "acknowledgement_expires") as name, *_):
                at_top.setdefault(str(name), said)
            case ("steps",):
                at_top["steps"] = said
            case _:
                at_top["form"] = f"{at_top['form']} {said}" if "form" in at_top else said
    return replace(form, steps=tuple(steps), wrong={**form.wrong, **at_top})


def _step_body(step: StepForm, old_steps: Sequence[dict[str, Any]], shown: Sequence[StepForm]) -> dict[str, Any]:
    written = dict(old_steps[step.origin]) if 0 <= step.origin < len(old_steps) else {}
    if written and replace(step, wrong={}) == shown[step.origin]:
        return written
    written["page"] = list(step.page)
    written["wait"] = step.wait
    _set_unless_default(written, "round_robin", step.round_robin, False)
    _set_unless_default(written, "if", {"urgency": step.urgency} if step.urgency else None, None)
    return written


def _set_unless_default(written: dict[str, Any], name: str, value: object, otherwise: object) -> None:
    """What is left at its default is not written down, unless it is already."""
    if value == otherwise:
        written.pop(name, None)
    else:
        written[name] = value


def _step(sent: QueryDict, prefix: str) -> StepForm:
    origin = sent.get(f"{prefix}-origin", "")
    return StepForm(
        origin=int(origin) if origin.isdecimal() and len(origin) < 4 else -1,
        page=_targets(sent, prefix),
        wait=_line(sent, f"{prefix}-wait"),
        round_robin=sent.get(f"{prefix}-round") == "yes",
        urgency=_line(sent, f"{prefix}-if"),
    )


def _targets(sent: QueryDict, prefix: str) -> tuple[str, ...]:
    """Those that were left ticked, and the one chosen to be added."""
    chosen = [*sent.getlist(f"{prefix}-page"), sent.get(f"{prefix}-add", "")]
    return tuple(dict.fromkeys(one[:LINE_CHARS_MAX] for one in chosen if one))[:TARGETS_MAX]


def _line(sent: QueryDict, name: str) -> str:
    return sent.get(name, "").strip()[:LINE_CHARS_MAX]


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 18 else 0
