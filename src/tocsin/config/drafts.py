"""A change somebody is still writing, thought through: what is wrong and where, what it would change, what that means.

Nothing is changed here. What forcing would overrule (a gap it opens) is told apart from what cannot be at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tocsin.config import actions, parse, plan, registry, rules, store, yaml12
from tocsin.config.actions import Refused
from tocsin.config.domain import Change, Finding, Kind, ManagedBy, Origin, Problem, Shape, State
from tocsin.config.parse import File
from tocsin.config.rules import Judged
from tocsin.kit.db import Reader

PASTED = "pasted.yaml"
VARIABLE_FIX = "write the value itself, give a default: ${NAME:-…}, or write $${ for the characters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A draft thought through. Only without `problems` can it be applied, and only by force with `gaps`."""

    base: int
    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()  # the changes in words
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    gaps: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()  # that are not there yet


def of_document(reader: Reader, kind: Kind, name: str, content: str) -> Thought:
    """One document, written or written anew."""
    before, judged = _document(reader, kind, name, content)
    return _thought(reader, before, judged)


def of_body(reader: Reader, kind: Kind, name: str, body: object) -> Thought:
    """One document as a form means it, as `put` would take it."""
    before = store.current(reader)
    document = actions.read(before, kind, name, body)
    if isinstance(document, Refused):
        return Thought(base=before.snapshot.version, problems=document.problems)
    after = rules.changed(before, kind, name, (document, Origin(managed_by=ManagedBy.UI)))
    return _thought(
        reader, before, Judged(state=after, problems=tuple(rules.problems(before, after, registry.kinds())))
    )


def of_text(reader: Reader, content: str, *, alone: bool) -> Thought:
    """Sections of a configuration, as `adopt` would take them."""
    before, judged = _text(reader, content, alone=alone)
    return _thought(reader, before, judged)


def of_file(reader: Reader, file: File, *, scope: str, alone: bool) -> Thought:
    """A file, as `apply` would take it, with nothing from the environment."""
    before = store.current(reader)
    made = plan.make([file], registry.kinds(), before, {}, scope=scope, alone=alone)
    return _thought(reader, before, Judged(state=made.state, problems=made.problems, notes=made.notes))


def wrong_in_document(reader: Reader, kind: Kind, name: str, content: str) -> tuple[Problem, ...]:
    """What is wrong with one document, and nothing about what it would mean: for while somebody is typing."""
    return _in_the_editors_words(_document(reader, kind, name, content)[1].problems)


def wrong_in_text(reader: Reader, content: str) -> tuple[Problem, ...]:
    """The same of sections of a configuration."""
    return _in_the_editors_words(_text(reader, content, alone=False)[1].problems)


def of_removal(reader: Reader, kind: Kind, name: str) -> Thought:
    """Taking one document out."""
    before = store.current(reader)
    after = rules.changed(before, kind, name, None)
    return _thought(
        reader, before, Judged(state=after, problems=tuple(rules.problems(before, after, registry.kinds())))
    )


def of_return(reader: Reader, number: int) -> Thought | None:
    """Going back to a version; None if there is none of this number."""
    before, then = store.current(reader), store.at_version(reader, number)
    if then is None:
        return None
    return _thought(reader, before, Judged(state=then, problems=tuple(rules.problems(before, then, registry.kinds()))))


def value_of(content: str) -> object:
    """What the text of one document says, its secrets hidden still."""
    return yaml12.read(content, "", {}).value


def located(content: str, kind: Kind, name: str, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Problems of a refusal with the lines they are about."""
    parsed = parse.parse_one(content, kind, name, {})
    return tuple(parsed.located(one) for one in problems)


def _in_the_editors_words(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems in words for somebody who writes here, where no environment is read."""
    return tuple(
        replace(one, message="variables are filled in by `tocsin apply` alone", fix=VARIABLE_FIX)
        if one.message.startswith(yaml12.NO_VARIABLE)
        else one
        for one in problems
    )


def _document(reader: Reader, kind: Kind, name: str, content: str) -> tuple[State, Judged]:
    before = store.current(reader)
    parsed = parse.parse_one(content, kind, name, before.snapshot.sections)
    document = parsed.sections.get(kind.section, {}).get(name)
    if document is None or parsed.problems:
        return before, Judged(state=before, problems=parsed.sorted_problems())
    after = rules.changed(before, kind, name, (document, Origin(managed_by=ManagedBy.UI)))
    found = rules.problems(before, after, registry.kinds())
    placed = (rules.placed(one, parsed, after, registry.kinds()) for one in found)
    return before, Judged(state=after, problems=parsed.sorted_problems(placed))


def _text(reader: Reader, content: str, *, alone: bool) -> tuple[State, Judged]:
    before = store.current(reader)
    parsed = parse.parse([File(name=PASTED, content=content)], registry.kinds(), {}, before.snapshot.sections)
    return before, rules.adopted(parsed, before, registry.kinds(), ManagedBy.UI, alone=alone)


def _thought(reader: Reader, before: State, judged: Judged) -> Thought:
    base, after = before.snapshot.version, judged.state
    if judged.problems:
        return Thought(base=base, problems=_in_the_editors_words(judged.problems))
    kinds = registry.kinds()
    changes = plan.diff(before, after, kinds)
    meant = registry.consequences(reader, before.snapshot, after.snapshot)
    return Thought(
        base=base,
        changes=changes,
        lines=tuple(plan.words(changes, kinds)),
        notes=(*judged.notes, *meant.notes),
        gaps=meant.problems,
        findings=rules.new_findings(before.snapshot, after.snapshot, kinds, reader.now) if changes else (),
    )


def changed_since(reader: Reader, base: int, kind: Kind | None = None, name: str = "") -> tuple[str, ...]:
    """What others changed since a version, in words: of one document, of a whole list, or of everything."""
    now, then = store.current(reader), store.at_version(reader, base)
    if then is None or then.snapshot.version == now.snapshot.version:
        return ()
    kinds = registry.kinds()
    changes = [
        change
        for change in plan.diff(then, now, kinds)
        if kind is None or (change.section == kind.section and (kind.shape is Shape.LIST or change.name == name))
    ]
    return tuple(plan.words(changes, kinds))
