"""The verbs: apply files, put or remove one document, go back to a version.

Each judges the whole configuration as it would be before anything is written, and writes it as one new version or
not at all. A change that says which version it was made from is refused when another came first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from pydantic import ValidationError

from tocsin.config import explain, plan, registry, rules, secrecy, store
from tocsin.config.domain import Change, Document, Finding, Kind, ManagedBy, Origin, Problem, Shape, Snapshot, State
from tocsin.config.parse import (
    ALONE,
    NAME_FIX,
    NOBODY_TOLD,
    UNSTORABLE,
    UNSTORABLE_FIX,
    File,
    Parsed,
    may_be_called,
    misnamed,
    parse,
    unstorable,
)
from tocsin.config.plan import Plan
from tocsin.journal.domain import Fact
from tocsin.kit import text
from tocsin.kit.db import Reader, Tx

MESSAGE_CHARS_MAX = 2000
CHANGES_TOLD_MAX = 50  # in the fact; the version holds all


class ConfigApplied(Fact, frozen=True, kw_only=True):
    """A new version of the configuration holds from now on. `lines` are its first changes in words."""

    audited = True
    version: int
    by: str
    message: str = ""
    sections: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    changes: int = 0

    @property
    def subject(self) -> str:
        return "config:-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """It holds now. Without `changes` everything was so already, and the version may be the one there was."""

    snapshot: Snapshot
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    before: State
    origins: rules.Origins
    parsed: Parsed | None = None  # the files it came from

    def findings(self, now: datetime) -> tuple[Finding, ...]:
        """What `check` finds since, and did not before. It may take its time: ask outside of the transaction."""
        if not self.changes:
            return ()
        found = rules.new_findings(self.before.snapshot, self.snapshot, registry.kinds(), now)
        return rules.found_in_files(found, self.parsed, self.origins)

    def as_json(self, kinds: Sequence[Kind], now: datetime) -> dict[str, object]:
        """The change for programs."""
        return {
            "version": self.snapshot.version,
            "changes": plan.changes_as_values(self.changes, plan.words(self.changes, kinds)),
            "notes": list(self.notes),
            "findings": [one.as_json() for one in self.findings(now)],
            "problems": [],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is wrong, or else what is allowed but will hurt."""

    problems: tuple[Problem, ...] = ()
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, list[dict[str, object]]]:
        """Both for programs."""
        return {
            "problems": [one.as_json() for one in self.problems],
            "findings": [one.as_json() for one in self.findings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was changed, for these reasons."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """Nothing was changed: the change was made from `base`, and `version` holds by now (or is being made)."""

    base: int | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes the configuration ("person:ann"), through which door, why, and from which version, if it matters."""

    by: str
    message: str = ""
    base: int | None = None
    through: ManagedBy = ManagedBy.API  # for single documents; what `apply` brings is managed by its file
    force: bool = False  # also if nobody will be on call at times when somebody is now


Outcome = Applied | Refused | Outdated


def plan_files(
    reader: Reader,
    files: Sequence[File],
    env: Mapping[str, str],
    *,
    scope: str = "",
    alone: bool = False,
    force: bool = False,
) -> Plan:
    """What `apply` would do."""
    before = store.current(reader)
    made = plan.make(files, registry.kinds(), before, env, scope=scope, alone=alone)
    if made.problems:
        return made
    found = rules.new_findings(before.snapshot, made.state.snapshot, registry.kinds(), reader.now)
    told = rules.found_in_files(found, made.parsed, made.state.origins)
    return replace(_foreseen(reader, before, made, force=force), findings=told)


def check_files(reader: Reader, files: Sequence[File], env: Mapping[str, str]) -> Checked:
    """What `check` says of what would hold with these files."""
    made = plan.make(files, registry.kinds(), store.current(reader), env)
    if made.problems:
        return Checked(problems=made.problems)
    found = rules.findings(made.state.snapshot, registry.kinds(), reader.now)
    return Checked(findings=rules.found_in_files(found, made.parsed, made.state.origins))


def apply(
    tx: Tx, files: Sequence[File], env: Mapping[str, str], author: Author, *, scope: str = "", alone: bool = False
) -> Outcome:
    """Make the configuration what the files say; see rules.py for what they own. With `alone`, nothing else stays."""
    before = _locked(tx, author)
    if isinstance(before, Outdated):
        return before
    thought = plan.make(files, registry.kinds(), before, env, scope=scope, alone=alone)
    if not thought.problems:
        thought = _foreseen(tx, before, thought, force=author.force)
    if thought.problems:
        return Refused(problems=thought.problems)
    outcome = _save(tx, before, thought.state, author, thought.notes)
    return replace(outcome, parsed=thought.parsed)


def adopt(tx: Tx, files: Sequence[File], author: Author, *, alone: bool = False) -> Outcome:
    """Make the configuration what text written through a door says; see rules.adopted."""
    before = _locked(tx, author)
    if isinstance(before, Outdated):
        return before
    parsed = parse(files, registry.kinds(), {}, before.snapshot.sections)
    judged = rules.adopted(parsed, before, registry.kinds(), author.through, alone=alone)
    return Refused(problems=judged.problems) if judged.problems else _judge_and_save(tx, before, judged.state, author)


def put(tx: Tx, section: str, name: str, body: object, author: Author) -> Outcome:
    """Write one document; in a list, a name that is not there yet adds it at the end. Files keep what is theirs.

    A new document has a name that a file could give it, so that what is exported can be applied.
    """
    kind = registry.kind_of(section)
    if kind is None:
        return _no(section, name, f"there is no section `{section}`")
    before = _locked(tx, author)
    if isinstance(before, Outdated):
        return before
    foreign = _of_a_file(before, kind, name)
    if foreign is not None:
        return foreign
    document = read(before, kind, name, body)
    if isinstance(document, Refused):
        return document
    origin = Origin(managed_by=author.through)
    return _judge_and_save(tx, before, rules.changed(before, kind, name, (document, origin)), author)


def remove(tx: Tx, section: str, name: str, author: Author) -> Outcome:
    """Take one document out; refused while another names it, or a file brings it."""
    before = _locked(tx, author)
    if isinstance(before, Outdated):
        return before
    kind = registry.kind_of(section)
    if kind is None or (section, name) not in before.origins:
        return _no(section, name, f"there is no `{name}` in {section}")
    return _of_a_file(before, kind, name) or _judge_and_save(
        tx, before, rules.changed(before, kind, name, None), author
    )


def roll_back(tx: Tx, number: int, author: Author) -> Outcome:
    """Make what held at version `number` hold again, as a new version."""
    before = _locked(tx, author)
    if isinstance(before, Outdated):
        return before
    then = store.at_version(tx, number)
    if then is None:
        return Refused(problems=(Problem(message=f"there is no version {number}", fix="see the list of versions"),))
    return _judge_and_save(tx, before, then, author)


def read(before: State, kind: Kind, name: str, body: object) -> Document | Refused:
    """The document as written, or what is wrong with it; a secret that says it is hidden is the one there was."""
    held = before.snapshot.sections.get(kind.section, {}).get(name)
    body = secrecy.kept(body, held)
    path = (kind.section, name)
    if held is None and not _may_be_called(kind, name):
        return Refused(problems=(Problem(message=misnamed(kind, name), fix=NAME_FIX, path=path),))
    try:
        document = kind.model.model_validate(body)
    except ValidationError as error:
        masks = secrecy.masks(held)
        found = explain.explainer(kind.model).explain(error, body, lambda text: _masked(text, masks))
        return Refused(
            problems=tuple(
                Problem(message=_masked(one.message, masks), fix=_masked(one.fix, masks), path=(*path, *one.path))
                for one in found
            )
        )
    wrong = [
        Problem(message=NOBODY_TOLD, fix="write the secret itself", path=(*path, *hidden))
        for hidden in secrecy.never_told(document)
    ]
    wrong += [Problem(message=UNSTORABLE, fix=UNSTORABLE_FIX, path=(*path, *lying)) for lying in unstorable(body)]
    return Refused(problems=tuple(wrong)) if wrong else document


def _may_be_called(kind: Kind, name: str) -> bool:
    match kind.shape:
        case Shape.MAP:
            return may_be_called(name)
        case Shape.LIST:
            return True  # it is called by its place
        case Shape.ONE:
            return name == ALONE


def _masked(written: str, masks: Mapping[str, str]) -> str:
    for held, shown in masks.items():
        written = written.replace(held, shown)
    return written


def _locked(tx: Tx, author: Author) -> State | Outdated:
    free = store.lock(tx)
    state = store.current(tx)
    version = state.snapshot.version
    if not free or author.base not in {None, version}:
        return Outdated(base=author.base, version=version)
    return state


def _no(section: str, name: str, message: str) -> Refused:
    return Refused(problems=(Problem(message=message, path=(section, name)),))


def _of_a_file(before: State, kind: Kind, name: str) -> Refused | None:
    origin = before.origins.get((kind.section, name))
    if origin is None or origin.managed_by is not ManagedBy.FILE:
        return None
    problem = Problem(
        message=f"{kind.noun} {name} is managed by the file {origin.file}",
        fix="change it there and apply the file",
        path=(kind.section, name),
    )
    return Refused(problems=(problem,))


def _judge_and_save(tx: Tx, before: State, after: State, author: Author) -> Outcome:
    found = tuple(rules.problems(before, after, registry.kinds()))
    meant = registry.Consequences() if found else registry.consequences(tx, before.snapshot, after.snapshot)
    if not author.force:
        found += meant.problems
    return Refused(problems=found) if found else _save(tx, before, after, author, meant.notes)


def _foreseen(reader: Reader, before: State, made: Plan, *, force: bool) -> Plan:
    meant = registry.consequences(reader, before.snapshot, made.state.snapshot)
    found = () if force else meant.problems
    return replace(
        made,
        notes=(*made.notes, *meant.notes),
        problems=made.parsed.sorted_problems(made.parsed.located(one, key=True) for one in found),
        consequences=meant.details,
    )


def _save(tx: Tx, before: State, after: State, author: Author, notes: tuple[str, ...]) -> Applied:
    kinds = registry.kinds()
    changes = plan.diff(before, after, kinds)
    lines = plan.words(changes, kinds)
    message = text.cut(author.message, MESSAGE_CHARS_MAX)
    written = msgspec.json.encode(plan.changes_as_values(changes, lines)).decode()
    snapshot = store.save(tx, before, after, by=author.by, message=message, changes=written)
    if snapshot is None:
        return Applied(snapshot=before.snapshot, changes=(), notes=notes, before=before, origins=before.origins)
    tx.record(
        ConfigApplied(
            version=snapshot.version,
            by=author.by,
            message=message,
            sections=tuple(dict.fromkeys(change.section for change in changes)),
            lines=tuple(lines[:CHANGES_TOLD_MAX]),
            changes=len(changes),
        )
    )
    return Applied(snapshot=snapshot, changes=changes, notes=notes, before=before, origins=after.origins)
