"""What an apply would change, in words and as values, before anything is changed.

Documents are compared by what they mean: writing down a default changes nothing. Routes and other lists are compared
as sequences, so that a new first one is one addition and not a change of all, and one that changes places is said to
move. Secrets are said to change, never shown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from tocsin.config import rules, secrecy
from tocsin.config.domain import Change, ChangeKind, Document, Finding, Kind, Problem, Shape, State
from tocsin.config.parse import File, Parsed, parse
from tocsin.config.yaml12 import Path

HIDDEN = secrecy.HIDDEN
HIDDEN_OTHER = "(hidden, another)"

Field = tuple[str, object, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An apply thought through. Only a plan without problems can be carried out."""

    base: int  # the version it starts from
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    state: State
    parsed: Parsed
    consequences: tuple[Mapping[str, Any], ...] = ()  # what it means beyond its words, as values
    findings: tuple[Finding, ...] = ()  # that are not there yet


def make(
    files: Sequence[File],
    kinds: Sequence[Kind],
    before: State,
    env: Mapping[str, str],
    *,
    scope: str = "",
    alone: bool = False,
) -> Plan:
    """What applying the files would do. With `alone`, nothing but the files remains, wherever it came from."""
    parsed = parse(files, kinds, env, before.snapshot.sections)
    judged = rules.judge(parsed, before, kinds, scope=scope, alone=alone)
    changes = () if judged.problems else diff(before, judged.state, kinds)
    return Plan(
        base=before.snapshot.version,
        changes=changes,
        problems=judged.problems,
        notes=judged.notes,
        state=judged.state,
        parsed=judged.parsed or parsed,
    )


def diff(before: State, after: State, kinds: Sequence[Kind]) -> tuple[Change, ...]:
    """Every document that differs, in the order of sections and names."""
    return tuple(
        change for kind in sorted(kinds, key=lambda kind: kind.order) for change in _section_diff(kind, before, after)
    )


def words(changes: Iterable[Change], kinds: Sequence[Kind]) -> list[str]:
    """One line for each change: "policy payments: step 2 waits 10m (was 5m)"."""
    by_section = {kind.section: kind for kind in kinds}
    return [_line(change, by_section[change.section]) for change in changes]


def as_values(plan: Plan, kinds: Sequence[Kind]) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "base": plan.base,
        "changes": changes_as_values(plan.changes, words(plan.changes, kinds)),
        "notes": list(plan.notes),
        "consequences": [dict(one) for one in plan.consequences],
        "findings": [finding.as_json() for finding in plan.findings],
        "problems": [{**problem.as_json(), "code": problem.code} for problem in plan.problems],
    }


def changes_as_values(changes: Sequence[Change], lines: Sequence[str]) -> list[dict[str, Any]]:
    """Changes for programs, each with its words."""
    return [
        {
            "change": change.kind.value,
            "section": change.section,
            "name": change.name,
            "words": line,
            "fields": [{"path": path, "before": old, "after": new} for path, old, new in change.fields],
        }
        for change, line in zip(changes, lines, strict=True)
    ]


def _section_diff(kind: Kind, before: State, after: State) -> Iterator[Change]:
    old, new = (side.snapshot.sections.get(kind.section, {}) for side in (before, after))
    if kind.shape is Shape.LIST:
        yield from _list_diff(kind, list(old.values()), list(new.values()), after.origins)
        return
    for name in dict.fromkeys((*old, *new)):
        change = _change(kind, name, old.get(name), new.get(name))
        if change is not None:
            yield change


def _list_diff(
    kind: Kind, before: Sequence[Document], after: Sequence[Document], origins: rules.Origins
) -> Iterator[Change]:
    steps = [step for step in rules.how_becomes(before, after) if step[0] != "equal"]
    moved = _moved(steps, before, after)
    for _, start, end, new_start, new_end in steps:
        gone = [at for at in range(start, end) if at not in moved.values()]
        come = [at for at in range(new_start, new_end) if at not in moved]
        for at in range(new_start, new_end):
            if at in moved:
                yield _move(kind, moved[at], at, origins)
        for was, now in itertools.zip_longest(gone, come):
            old, new = None if was is None else before[was], None if now is None else after[now]
            change = _change(kind, f"{was if now is None else now:04}", old, new)
            if change is not None:
                yield change


def _moved(steps: Iterable[rules.Step], before: Sequence[Document], after: Sequence[Document]) -> dict[int, int]:
    """What stands elsewhere as it was: by its new place, the place it had."""
    gone = [at for _, start, end, _, _ in steps for at in range(start, end)]
    moved = {}
    for at in (at for *_, start, end in steps for at in range(start, end)):
        was = next((one for one in gone if before[one] == after[at]), None)
        if was is not None:
            gone.remove(was)
            moved[at] = was
    return moved


def _move(kind: Kind, was: int, now: int, origins: rules.Origins) -> Change:
    name = f"{now:04}"
    whose = rules.described(origins[kind.section, name])
    fields = (("place", was + 1, now + 1),)
    return Change(kind=ChangeKind.MOVE, section=kind.section, name=name, fields=fields, whose=whose)


def _change(kind: Kind, name: str, old: Document | None, new: Document | None) -> Change | None:
    if old is None:
        return Change(kind=ChangeKind.ADD, section=kind.section, name=name)
    if new is None:
        return Change(kind=ChangeKind.REMOVE, section=kind.section, name=name)
    if old == new:
        return None
    fields = tuple(_fields((), *_comparable(old, new)))
    return Change(kind=ChangeKind.CHANGE, section=kind.section, name=name, fields=fields) if fields else None


def _comparable(old: Document, new: Document) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both as values, with words for their secrets that differ where the secrets do."""
    before = {path: _at(secrecy.dump(old), path) for path in secrecy.paths(old)}
    left = secrecy.covered(secrecy.dump(old, everything=True), secrecy.paths(old), lambda _, __: HIDDEN)
    right = secrecy.covered(
        secrecy.dump(new, everything=True),
        secrecy.paths(new),
        lambda path, held: HIDDEN if before.get(path, held) == held else HIDDEN_OTHER,
    )
    return left, right


def _at(values: Any, path: Path) -> object:
    for part in path:
        values = values[part]
    return values


def _fields(path: Path, old: Any, new: Any) -> Iterator[Field]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _fields((*path, key), old.get(key), new.get(key))
    elif _is_list_of_maps(old) and _is_list_of_maps(new):
        for index in range(max(len(old), len(new))):
            pair = (side[index] if index < len(side) else None for side in (old, new))
            yield from _fields((*path, index), *pair)
    else:
        yield ".".join(str(part) for part in path), old, new


def _is_list_of_maps(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _line(change: Change, kind: Kind) -> str:
    name = f"{int(change.name) + 1}" if kind.shape is Shape.LIST else change.name
    subject = kind.noun if kind.shape is Shape.ONE else f"{kind.noun} {name}"
    match change.kind:
        case ChangeKind.ADD:
            return f"{subject} is added"
        case ChangeKind.REMOVE:
            return f"{subject} is removed"
        case ChangeKind.MOVE:
            ((_, was, now),) = change.fields
            return f"{kind.noun} {was}, {change.whose}, becomes {kind.noun} {now}"
        case ChangeKind.CHANGE:
            return f"{subject}: {'; '.join(_phrase(field, kind) for field in change.fields)}"


def _phrase(field: Field, kind: Kind) -> str:
    path, old, new = field
    *around, leaf = path.split(".")
    where = _where(around)
    if leaf.isdigit():
        return f"{_where([*around, leaf]).rstrip()} {'is removed' if new is None else f'is added: {_said(new)}'}"
    subject = leaf.replace("_", " ")
    many = isinstance(new or old, list) and (leaf.endswith("s") or leaf == "people")
    if HIDDEN_OTHER in (old, new):
        return f"{where}{subject} is another"
    if _is_list_of_words(old) and _is_list_of_words(new) and set(old) != set(new):
        return f"{where}{subject} {_gained(old, new, many=many)}"
    if new in (None, [], {}):
        return f"{where}{subject} {'are' if many else 'is'} removed (was {_said(old)})"
    was = f" (was {_said(old)})" if old not in (None, [], {}) else ""
    return f"{where}{kind.verbs.get(leaf) or subject + (' are' if many else ' is')} {_said(new)}{was}"


def _where(parts: Sequence[str]) -> str:
    """("steps", "1") -> "step 2 "; ("contacts", "phone") -> "contacts phone "."""
    said: list[str] = []
    for part in parts:
        if part.isdigit() and said:
            said[-1] = f"{said[-1].removesuffix('s')} {int(part) + 1}"
        else:
            said.append(part)
    return " ".join(said) + " " if said else ""


def _is_list_of_words(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _gained(old: Sequence[str], new: Sequence[str], *, many: bool) -> str:
    gained = ", ".join(one for one in new if one not in old)
    lost = ", ".join(one for one in old if one not in new)
    end = "" if many else "s"
    return " and ".join(part for part in (gained and f"gain{end} {gained}", lost and f"lose{end} {lost}") if part)


def _said(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_said(one) for one in value) or "nothing"
        case dict():
            return ", ".join(f"{key} {_said(held)}" for key, held in value.items() if held not in (None, [], {}, False))
        case _:
            return str(value) if value != "" else "empty"
