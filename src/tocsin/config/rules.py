"""What a configuration would be after an apply, and whether it may be.

The theory. A set of files owns what it contains. Files are applied in a *scope* (the empty one unless named): what
files of that scope brought before and bring no longer is removed; what other scopes' files, people in the interface
or programs brought stays, and what a file brings too (a name; in a list, which has none, an equal document) is taken
over by the file, with a note. The files' documents stand first, in their order, then what stays. The result is accepted as a whole or not at all: every name
leads somewhere, and every section's own demands hold. Leaves out what only hurts (`findings`): that is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.config import explain
from tocsin.config.domain import (
    Document,
    Finding,
    Kind,
    Level,
    ManagedBy,
    Origin,
    Problem,
    Reference,
    Shape,
    Snapshot,
    State,
    state_of,
)
from tocsin.config.parse import Parsed

Origins = Mapping[tuple[str, str], Origin]
"""Who looks after each document, by (section, name)"""

_WHO = {ManagedBy.FILE: "from", ManagedBy.UI: "made in the interface", ManagedBy.API: "made through the API"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The state an apply would lead to, and why it cannot if there are problems; `notes` are worth knowing."""

    state: State
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def judge(parsed: Parsed, before: State, kinds: Sequence[Kind], *, scope: str = "", alone: bool = False) -> Judged:
    """What the files would make of `before`. With `alone`, nothing but the files remains."""
    kept = {
        key: origin
        for key, origin in before.origins.items()
        if not alone and not (origin.managed_by is ManagedBy.FILE and origin.scope == scope)
    }
    sections: dict[str, dict[str, Document]] = {}
    origins: dict[tuple[str, str], Origin] = {}
    notes: list[str] = []
    for kind in kinds:
        brought = parsed.sections.get(kind.section, {})
        merged = dict(brought)
        held = before.snapshot.sections.get(kind.section, {})
        taken = _taken_over(kind, parsed, held, kept)
        for name in brought:
            file = parsed.file_of(kind.section, name) or ""
            origins[kind.section, name] = Origin(managed_by=ManagedBy.FILE, file=file, scope=scope)
        for name, document in held.items():
            origin = kept.get((kind.section, name))
            if origin is None:
                continue
            if name in taken:
                shown = int(name) + 1 if kind.shape is Shape.LIST else name
                notes.append(f"{kind.noun} {shown}, {described(origin)}, is from now on managed by its file")
            elif kind.shape is Shape.LIST:
                place = f"{len(merged):04}"
                merged[place], origins[kind.section, place] = document, origin
            else:
                merged[name], origins[kind.section, name] = document, origin
        if merged:
            sections[kind.section] = merged
    state = state_of(before.snapshot.version, sections, origins)
    return Judged(state=state, problems=_all_problems(parsed, state, kinds), notes=tuple(notes))


def _taken_over(kind: Kind, parsed: Parsed, held: Mapping[str, Document], kept: Origins) -> set[str]:
    """The names of what is held that the files bring too. In a list each document of the files stands for one held."""
    if kind.shape is not Shape.LIST:
        return parsed.attempted.get(kind.section, set()) & held.keys()
    brought = list(parsed.sections.get(kind.section, {}).values())
    taken = set()
    for name in sorted(held, key=lambda name: (kind.section, name) in kept):  # the files' own from before stand first
        if held[name] in brought:
            brought.remove(held[name])
            taken.add(name)
    return taken


def adopted(parsed: Parsed, before: State, kinds: Sequence[Kind], through: ManagedBy, *, alone: bool = False) -> Judged:
    """What the files would make of `before` as text written through a door: nothing becomes a file's, and what a file
    manages stays as the file has it. A list that is written is the whole list. With `alone`, nothing else remains.
    """
    sections: dict[str, dict[str, Document]] = {}
    origins: dict[tuple[str, str], Origin] = {}
    wrong: list[Problem] = []
    for kind in kinds:
        merge = _adopted_list if kind.shape is Shape.LIST else _adopted_map
        pairs, problems_here = merge(kind, parsed, before, Origin(managed_by=through), alone)
        wrong += problems_here
        if pairs:
            sections[kind.section] = {name: document for name, (document, _) in pairs.items()}
            origins |= {(kind.section, name): origin for name, (_, origin) in pairs.items()}
    state = state_of(before.snapshot.version, sections, origins)
    found = _all_problems(parsed, state, kinds)
    return Judged(state=state, problems=parsed.sorted_problems((*found, *wrong)) if wrong else found)


_Pairs = dict[str, tuple[Document, Origin]]


def _adopted_map(kind: Kind, parsed: Parsed, before: State, own: Origin, alone: bool) -> tuple[_Pairs, list[Problem]]:
    held = before.snapshot.sections.get(kind.section, {})
    brought = parsed.sections.get(kind.section, {})
    attempted = parsed.attempted.get(kind.section, set())
    pairs: _Pairs = {}
    wrong: list[Problem] = []
    for name in dict.fromkeys((*brought, *held)) if alone else dict.fromkeys((*held, *brought)):
        origin = before.origins.get((kind.section, name))
        is_of_file = origin is not None and origin.managed_by is ManagedBy.FILE
        if name in brought:
            same = origin is not None and held[name] == brought[name]
            pairs[name] = (brought[name], origin if same and origin else own)
            if is_of_file and not same and origin:
                wrong.append(parsed.located(_of_file(kind, name, origin, "is managed by"), key=True))
        elif name not in attempted and origin is not None:
            if not alone:
                pairs[name] = (held[name], origin)
            elif is_of_file:
                wrong.append(replace(_of_file(kind, name, origin, "is missing here, but managed by"), path=()))
    return pairs, wrong


def _adopted_list(kind: Kind, parsed: Parsed, before: State, own: Origin, alone: bool) -> tuple[_Pairs, list[Problem]]:
    held = before.snapshot.sections.get(kind.section, {})
    left = [(document, before.origins[kind.section, name]) for name, document in held.items()]
    if not parsed.attempted.get(kind.section) and not alone:
        return {name: (document, before.origins[kind.section, name]) for name, document in held.items()}, []
    pairs: _Pairs = {}
    for name, document in parsed.sections.get(kind.section, {}).items():
        at = next((place for place, (other, _) in enumerate(left) if other == document), None)
        pairs[name] = (document, left.pop(at)[1] if at is not None else own)
    of_files = [origin for _, origin in left if origin.managed_by is ManagedBy.FILE]
    wrong = [
        replace(_of_file(kind, "", origin, "is missing here or changed, but managed by"), path=())
        for origin in of_files
        if not parsed.problems
    ]
    return pairs, wrong


def _of_file(kind: Kind, name: str, origin: Origin, said: str) -> Problem:
    return Problem(
        message=f"{f'{kind.noun} {name}'.strip()} {said} the file {origin.file}",
        fix="change it there and apply the file",
        path=(kind.section, name),
    )


def changed(before: State, kind: Kind, name: str, to: tuple[Document, Origin] | None) -> State:
    """`before` with one document put in, replaced or (None) taken out; lists are numbered again."""
    section = dict(before.snapshot.sections.get(kind.section, {}))
    origins = dict(before.origins)
    if to is None:
        section.pop(name, None)
        origins.pop((kind.section, name), None)
    else:
        section[name], origins[kind.section, name] = to
    if kind.shape is Shape.LIST:
        held = [(document, origins.pop((kind.section, name))) for name, document in section.items()]
        section = {f"{place:04}": document for place, (document, _) in enumerate(held)}
        origins |= {(kind.section, f"{place:04}"): origin for place, (_, origin) in enumerate(held)}
    sections = {**before.snapshot.sections, kind.section: section}
    return state_of(before.snapshot.version, sections, origins)


def problems(state: State, kinds: Sequence[Kind], attempted: Mapping[str, set[str]] | None = None) -> list[Problem]:
    """What makes this state unacceptable as a whole; each path begins with section and name."""
    found = list(_dangling(state, kinds, attempted or {}))
    if not found:
        for kind in kinds:
            found += kind.validate(state.snapshot)
    return found


def findings(snapshot: Snapshot, kinds: Iterable[Kind], now: datetime) -> tuple[Finding, ...]:
    """What is allowed but will hurt, worst first, then in the order of sections and names."""
    found = [finding for kind in kinds for finding in kind.check(snapshot, now)]
    return tuple(sorted(found, key=lambda finding: list(Level).index(finding.level)))


def new_findings(before: Snapshot, after: Snapshot, kinds: Sequence[Kind], now: datetime) -> tuple[Finding, ...]:
    """Findings about `after` that were not there before."""
    known = {_said(one) for one in findings(before, kinds, now)}
    return tuple(one for one in findings(after, kinds, now) if _said(one) not in known)


def found_in_files(found: Iterable[Finding], parsed: Parsed | None, origins: Origins) -> tuple[Finding, ...]:
    """Findings with file and line, if their document stands in one of these files; else with the file that manages it."""
    return tuple(_with_file(one if parsed is None else parsed.located_finding(one), origins) for one in found)


def described(origin: Origin) -> str:
    """Where a document comes from, in words."""
    return f"{_WHO[origin.managed_by]} {origin.file}".rstrip()


def _said(finding: Finding) -> tuple[object, ...]:
    return (finding.code, finding.section, finding.name, finding.path, finding.message)


def _with_file(finding: Finding, origins: Origins) -> Finding:
    origin = origins.get((finding.section, finding.name))
    if finding.file or origin is None or origin.managed_by is not ManagedBy.FILE:
        return finding
    return replace(finding, file=origin.file)


def _all_problems(parsed: Parsed, state: State, kinds: Sequence[Kind]) -> tuple[Problem, ...]:
    judged = problems(state, kinds, parsed.attempted) if not parsed.problems else _dangling_of(parsed, state, kinds)
    return parsed.sorted_problems(placed(problem, parsed, state, kinds) for problem in judged)


def _dangling_of(parsed: Parsed, state: State, kinds: Sequence[Kind]) -> Iterable[Problem]:
    """Names that lead nowhere are told together with what could not be parsed, which counts as being there."""
    return _dangling(state, kinds, parsed.attempted)


def placed(problem: Problem, parsed: Parsed, state: State, kinds: Sequence[Kind]) -> Problem:
    """The problem with file and line; or with whose document it is, if it is in none of the files."""
    section, name = str(problem.path[0]), str(problem.path[1])
    if parsed.file_of(section, name) is not None:
        return parsed.located(problem)
    noun = next((kind.noun for kind in kinds if kind.section == section), section)
    origin = state.origins.get((section, name))
    whose = f"{noun} {name}" + (f", {described(origin)}" if origin else "")
    return replace(problem, message=f"{whose}: {problem.message}")


def _dangling(state: State, kinds: Sequence[Kind], attempted: Mapping[str, set[str]]) -> Iterator[Problem]:
    nouns = {kind.section: kind.noun for kind in kinds}
    known = {
        section: state.snapshot.sections.get(section, {}).keys() | attempted.get(section, set()) for section in nouns
    }
    for kind in kinds:
        for name, document in state.snapshot.sections.get(kind.section, {}).items():
            for reference in kind.references(name, document):
                if reference.section in known and reference.name not in known[reference.section]:
                    yield Problem(
                        message=f"there is no {nouns[reference.section]} `{reference.name}`",
                        fix=_dangling_fix(reference, known[reference.section]),
                        path=(kind.section, name, *reference.path),
                    )


def _dangling_fix(reference: Reference, known: set[str]) -> str:
    suggestion = explain.suggest(reference.name, known)
    if suggestion.startswith("did you mean"):
        return suggestion
    return f"define it under `{reference.section}:`" + (f"; {suggestion}" if known else "")
