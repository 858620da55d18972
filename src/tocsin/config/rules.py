"""What a configuration would be after an apply, and whether it may be.

The theory. A set of files owns what it contains. Files are applied in a *scope* (the empty one unless named): what
files of that scope brought before and bring no longer is removed; what other scopes' files, people in the interface
or programs brought stays. A name that a file brings too is taken over by the file, with a note.

In a list, which has no names, the order decides, so an apply moves nothing but its own. Its documents stand in the
order of its files: one that was there keeps its place among the others, a changed one too, a new one follows the one
before it in the file. The first of a scope stand behind those of files whose scopes' names come before, and before
all else. Hence applying a file again changes nothing, whatever came meanwhile. Taken over is an equal document that
somebody made in the interface or a program brought, where it stands; of two files that bring equal ones, each has its
own. Text written in the interface puts its own documents anywhere, and leaves those of a file in the file's order.

The result is accepted as a whole or not at all: every name leads somewhere, and every section's own demands hold; of
these, what was not so before already, which an older release may have taken and must not stop every other change.
Leaves out what only hurts (`findings`): that is allowed.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.config import explain, secrecy
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

_Documents = Mapping[str, Document]
_Others = Mapping[str, Origin | None]
"""What is held, with whose it stays; None if it is the files' that are applied, or gone"""

_WHO = {ManagedBy.FILE: "from", ManagedBy.UI: "made in the interface", ManagedBy.API: "made through the API"}


_Pair = tuple[Document, Origin]
_Pairs = dict[str, _Pair]
Step = tuple[str, int, int, int, int]
"""What to do with a stretch of one list to get to another, as difflib says it: word, from, to, from, to there"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The state an apply would lead to, and why it cannot if there are problems; `notes` are worth knowing."""

    state: State
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    parsed: Parsed | None = None  # the files, with the documents of a list by their places in `state`


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
        held = before.snapshot.sections.get(kind.section, {})
        taken = _taken_over(kind, parsed, held, kept)
        for name in (name for name in held if name in taken):
            shown = int(name) + 1 if kind.shape is Shape.LIST else name
            said = described(kept[kind.section, name])
            notes.append(f"{kind.noun} {shown}, {said}, is from now on managed by its file")
        brought = _brought(kind, parsed, scope)
        others = {name: kept.get((kind.section, name)) if name not in taken else None for name in held}
        pairs = brought | {name: (held[name], origin) for name, origin in others.items() if origin is not None}
        if kind.shape is Shape.LIST:
            joined = _joined(brought, held, others, scope)
            pairs = {f"{place:04}": pair for place, (_, pair) in enumerate(joined)}
            parsed = parsed.placed(kind.section, {name: f"{at:04}" for at, (name, _) in enumerate(joined) if name})
        if pairs:
            sections[kind.section] = {name: document for name, (document, _) in pairs.items()}
            origins |= {(kind.section, name): origin for name, (_, origin) in pairs.items()}
    state = state_of(before.snapshot.version, sections, origins)
    return Judged(state=state, problems=_all_problems(parsed, before, state, kinds), notes=tuple(notes), parsed=parsed)


def _taken_over(kind: Kind, parsed: Parsed, held: _Documents, kept: Origins) -> set[str]:
    """The names of what is held that the files bring too. In a list each document of the files stands for one held."""
    if kind.shape is not Shape.LIST:
        return parsed.attempted.get(kind.section, set()) & {name for section, name in kept if section == kind.section}
    brought = list(parsed.sections.get(kind.section, {}).values())
    taken = set()
    for name in sorted(held, key=lambda name: (kind.section, name) in kept):  # the files' own from before stand first
        origin = kept.get((kind.section, name))
        if held[name] in brought and (origin is None or origin.managed_by is not ManagedBy.FILE):
            brought.remove(held[name])
            taken |= {name} if origin else set()
    return taken


def _joined(brought: _Pairs, held: _Documents, others: _Others, scope: str) -> list[tuple[str, _Pair]]:
    """A list of what stays, in its order, and what the files bring, in theirs; the latter by its name in the files."""
    added = list(brought.items())
    own = [name for name, origin in others.items() if origin is None]
    following: dict[str, list[tuple[str, _Pair]]] = {name: [] for name in own}
    leading: list[tuple[str, _Pair]] = []
    for _, start, end, first, last in how_becomes([held[name] for name in own], [one for _, (one, _) in added]):
        for new in range(first, last):
            place = min(start + new - first, end - 1)  # of what it was, or of what stands before it
            (following[own[place]] if place >= 0 else leading).append(added[new])
    next_one = own[0] if own else _next_to(others, scope)
    joined: list[tuple[str, _Pair]] = []
    for name, origin in others.items():
        joined += leading if name == next_one else []
        joined += following[name] if origin is None else [("", (held[name], origin))]
    return joined if next_one is not None else joined + leading


def _next_to(others: _Others, scope: str) -> str | None:
    """What the first documents of a scope stand before; None for nothing."""
    names = list(others)
    scopes = [origin.scope if origin and origin.managed_by is ManagedBy.FILE else None for origin in others.values()]
    before = [place for place, other in enumerate(scopes) if other is not None and other < scope]
    of_files = [place for place, other in enumerate(scopes) if other is not None]
    place = before[-1] + 1 if before else of_files[0] if of_files else 0
    return names[place] if place < len(names) else None


def _brought(kind: Kind, parsed: Parsed, scope: str) -> _Pairs:
    return {
        name: (
            document,
            Origin(managed_by=ManagedBy.FILE, file=parsed.file_of(kind.section, name) or "", scope=scope),
        )
        for name, document in parsed.sections.get(kind.section, {}).items()
    }


def how_becomes(before: Sequence[Document], after: Sequence[Document]) -> Sequence[Step]:
    """The steps from one list to another, leaving the longest stretches where they are."""
    texts = [[json.dumps(secrecy.dump(one, everything=True)) for one in side] for side in (before, after)]
    return difflib.SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes()


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
    found = _all_problems(parsed, before, state, kinds)
    return Judged(state=state, problems=parsed.sorted_problems((*found, *wrong)) if wrong else found)


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
    """What is written is the whole list. Each file's documents must be there, in the order they had."""
    held = {
        name: (document, before.origins[kind.section, name])
        for name, document in before.snapshot.sections.get(kind.section, {}).items()
    }
    if not parsed.attempted.get(kind.section) and not alone:
        return held, []
    left = dict(parsed.sections.get(kind.section, {}))
    origins: dict[str, Origin] = {}
    last: dict[str, int] = {}  # by scope: where its last document was found
    wrong: list[Problem] = []
    for document, origin in sorted(held.values(), key=lambda pair: pair[1].managed_by is not ManagedBy.FILE):
        is_of_file = origin.managed_by is ManagedBy.FILE
        after = last.get(origin.scope, -1) if is_of_file else -1
        at = next((name for name, other in left.items() if int(name) > after and other == document), None)
        if at is not None:
            del left[at]
            origins[at] = origin
            last |= {origin.scope: int(at)} if is_of_file else {}
        elif is_of_file and not parsed.problems:
            wrong.append(
                replace(_of_file(kind, "", origin, "is missing here, changed or moved, but managed by"), path=())
            )
    written = parsed.sections.get(kind.section, {})
    return {name: (document, origins.get(name, own)) for name, document in written.items()}, wrong


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


def problems(
    before: State, after: State, kinds: Sequence[Kind], attempted: Mapping[str, set[str]] | None = None
) -> list[Problem]:
    """What makes `after` unacceptable as a whole; each path begins with section and name."""
    return list(_dangling(after, kinds, attempted or {})) or [
        problem for kind in kinds for problem in _new_problems(kind, before.snapshot, after.snapshot)
    ]


def _new_problems(kind: Kind, before: Snapshot, after: Snapshot) -> list[Problem]:
    found = list(kind.validate(after))
    known = {_same(problem) for problem in kind.validate(before)} if found else set()
    return [problem for problem in found if _same(problem) not in known]


def _same(problem: Problem) -> tuple[object, ...]:
    """What tells a problem from another; one that has a code says all it means."""
    return (problem.code or problem.path, problem.message)


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


def _all_problems(parsed: Parsed, before: State, state: State, kinds: Sequence[Kind]) -> tuple[Problem, ...]:
    judged: Iterable[Problem] = _dangling_of(parsed, state, kinds)
    if not parsed.problems:
        judged = problems(before, state, kinds, parsed.attempted)
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
