"""Forms for documents: fields with what was typed and what is wrong with it, and what an outcome means for them. Pure.

A form knows some of a document's keys. It is read into the body that was there before, so what it does not know is
kept, and so is what was left as it was shown: a form that is saved unchanged changes nothing. A problem is shown at
the field that caused it, and what belongs to no field above them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tocsin.config.actions import Applied, Outcome, Outdated
from tocsin.config.domain import NAME_CHARS_MAX, Problem
from tocsin.kit import text

OPENS_GAP = "opens-gap"
CHARS_MAX = 20_000
DIGITS_MAX = 12


class Typed(Protocol):
    """What a form brought: each field's text, and lists of what was ticked."""

    def get(self, name: str, default: str, /) -> str | None: ...
    def getlist(self, name: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One entry of a selection."""

    value: str
    title: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of a form."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"  # text | area | url | number | select | ticks
    hint: str = ""
    placeholder: str = ""
    required: bool = False
    options: tuple[Option, ...] = ()
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a refused change means for its form."""

    at: Mapping[str, tuple[str, ...]]  # by the field's name
    above: tuple[str, ...] = ()
    may_force: bool = False  # only what it opens stands against it

    @property
    def wrong(self) -> bool:
        """Whether anything was refused."""
        return bool(self.at or self.above)


FINE = Verdict(at={})


def nothing_shows(_: Problem) -> None:
    """The form has no field of its own for any problem."""


def nearest(problem: Problem, fields: Mapping[str, str]) -> str | None:
    """The field for the innermost key of the problem's path within its document that has one; None if none has."""
    for part in reversed(problem.path[2:]):
        if str(part) in fields:
            return fields[str(part)]
    return None


def not_theirs(field: str, given: str, what: str) -> Verdict:
    """The choice in a field would give the document to nobody, or to a team that whoever asks does not manage."""
    said = f"Choose a {what} of a team that you manage." if given else f"Choose a {what}."
    return Verdict(at={field: (said,)})


def verdict_of(outcome: Outcome, field_of: Callable[[Problem], str | None] = nothing_shows) -> Verdict:
    """Why a change was not made; a problem that `field_of` has no field for is shown above them all."""
    if isinstance(outcome, Applied):
        return FINE
    if isinstance(outcome, Outdated):
        said = (
            "somebody else changed the configuration meanwhile: look at what holds now, and save again if you mean it"
        )
        return Verdict(at={}, above=(f"Nothing was saved: {said}.",))
    at: dict[str, tuple[str, ...]] = {}
    above: list[str] = []
    for problem in outcome.problems:
        field = field_of(problem)
        if field is None:
            above.append(words(problem))
        else:
            at[field] = (*at.get(field, ()), words(problem))
    may_force = bool(outcome.problems) and all(one.code == OPENS_GAP for one in outcome.problems)
    return Verdict(at=at, above=tuple(above), may_force=may_force)


def with_problems(fields: Sequence[FormField], verdict: Verdict) -> tuple[FormField, ...]:
    """The fields with what is wrong at each."""
    return tuple(replace(field, wrong=verdict.at.get(field.name, ())) for field in fields)


def select(
    name: str, label: str, options: Mapping[str, str], chosen: str, *, hint: str = "", nothing: str | None = None
) -> FormField:
    """A choice of one; `nothing` is what choosing none is called, where that is allowed."""
    first = () if nothing is None else (Option(value="", title=nothing, chosen=not chosen),)
    known = tuple(Option(value=value, title=title, chosen=value == chosen) for value, title in options.items())
    return FormField(name=name, label=label, value=chosen, kind="select", hint=hint, options=first + known)


def ticks(name: str, label: str, options: Mapping[str, str], chosen: Sequence[str], *, hint: str = "") -> FormField:
    """A choice of any number."""
    known = tuple(Option(value=value, title=title, chosen=value in chosen) for value, title in options.items())
    return FormField(name=name, label=label, kind="ticks", hint=hint, options=known)


def typed(form: Typed, name: str) -> str:
    """What stands in a field, trimmed and bounded, its lines ended as we end them."""
    return (form.get(name, "") or "").replace("\r\n", "\n").strip()[:CHARS_MAX]


def is_as_shown(shown: str, sent: str, *, lines: bool = False) -> bool:
    """Whether a field was left as it was. Browsers take line breaks out of what does not hold several `lines`."""
    return sent == (shown if lines else shown.replace("\r", "").replace("\n", "")).replace("\r\n", "\n").strip()


def ordered(chosen: Collection[str], before: Sequence[str]) -> list[str]:
    """Those that were chosen: as they stood, newcomers behind, in the order they come in."""
    return [*(one for one in before if one in chosen), *(one for one in chosen if one not in before)]


def number(form: Typed, name: str) -> int | None:
    """A whole number that a field, shown or hidden, holds; None if it holds none."""
    written = whole(typed(form, name))
    return written if isinstance(written, int) else None


def whole(written: str) -> int | str:
    """A whole number; what is none is kept as it was written, for the document's check to refuse at its field."""
    return int(written) if written.isascii() and written.isdigit() and len(written) <= DIGITS_MAX else written


def put(body: dict[str, Any], key: str, value: object) -> None:
    """Write a key, or leave it out where nothing was given."""
    if value in ("", None, (), [], {}):
        body.pop(key, None)
    else:
        body[key] = value


def short_name(title: str) -> str:
    """The name a document gets in the configuration if nobody gives it one: `Card payments` is `card-payments`."""
    return text.slug(title, NAME_CHARS_MAX)


def words(problem: Problem) -> str:
    """A problem and what to do, as a sentence."""
    said = f"{problem.message[:1].upper()}{problem.message[1:]}".rstrip(".")
    return f"{said}: {problem.fix.rstrip('.')}." if problem.fix else f"{said}."
