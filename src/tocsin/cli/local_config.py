"""The configuration verbs on a database of this machine, or on files alone. Each returns plain values."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tocsin.config import actions, queries, registry, rules
from tocsin.config import export as exporting
from tocsin.config import plan as planning
from tocsin.config import schema as schemas
from tocsin.config.actions import Applied, Author, Checked, Outdated
from tocsin.config.domain import EMPTY
from tocsin.config.parse import File, parse
from tocsin.kit import clock, db
from tocsin.site import checking
from tocsin.site.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Wish:
    """What an apply or a plan is asked for."""

    files: list[File]
    by: str = ""
    message: str = ""
    base: int | None = None
    scope: str = ""
    alone: bool = False
    force: bool = False


def plan(wish: Wish) -> dict[str, Any]:
    """What `apply` would change."""
    reader = db.reader(clock.now())
    made = actions.plan_files(reader, wish.files, os.environ, scope=wish.scope, alone=wish.alone, force=wish.force)
    return planning.as_values(made, registry.kinds())


def apply(wish: Wish) -> dict[str, Any]:
    """What was changed, or why not."""
    author = Author(by=wish.by, message=wish.message, base=wish.base, force=wish.force)
    with db.transact(clock.now()) as tx:
        found = actions.apply(tx, wish.files, os.environ, author, scope=wish.scope, alone=wish.alone)
    return outcome(found)


def roll_back(version: int, message: str, by: str, *, force: bool = False) -> dict[str, Any]:
    """What was changed, or why not."""
    with db.transact(clock.now()) as tx:
        found = actions.roll_back(tx, version, Author(by=by, message=message, force=force))
    return outcome(found)


def export(form: str, *, redact: bool) -> str:
    """The whole configuration as text."""
    snapshot = queries.current(db.reader(clock.now()))
    write = exporting.as_json if form == "json" else exporting.as_yaml
    return write(snapshot, registry.kinds(), redact=redact)


def check(wish: Wish | None) -> dict[str, Any]:
    """Findings about what is in force, or about what it would be with these files."""
    reader = db.reader(clock.now())
    found = actions.check_files(reader, wish.files, os.environ) if wish else checking.in_force(reader)
    return found.as_json()


def check_files(files: list[File]) -> dict[str, Any]:
    """Findings about files alone."""
    parsed = parse(files, KINDS, os.environ)
    judged = rules.judge(parsed, EMPTY, KINDS)
    if judged.problems:
        return Checked(problems=judged.problems).as_json()
    found = rules.findings(judged.state.snapshot, KINDS, clock.now())
    return Checked(findings=rules.found_in_files(found, parsed, judged.state.origins)).as_json()


def history(limit: int) -> list[dict[str, Any]]:
    """The newest versions."""
    return [
        {
            "version": one.number,
            "at": one.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "by": one.by,
            "message": one.message,
            "changes": list(one.changes),
        }
        for one in queries.versions(db.reader(clock.now()), limit=limit)
    ]


def schema() -> dict[str, Any]:
    """The JSON Schema of a file."""
    return schemas.whole(KINDS)


def outcome(found: actions.Outcome) -> dict[str, Any]:
    """The outcome of a change."""
    if isinstance(found, Applied):
        return found.as_json(registry.kinds(), clock.now())
    if isinstance(found, Outdated):
        message = f"it was made from version {found.base}, but version {found.version} holds by now"
        told: list[dict[str, Any]] = [
            {
                "message": message,
                "fix": "look at what changed and try again",
                "file": "",
                "line": None,
                "column": None,
                "path": [],
            }
        ]
        return {"version": found.version, "changes": [], "notes": [], "findings": [], "problems": told}
    return {
        "version": None,
        "changes": [],
        "notes": [],
        "findings": [],
        "problems": [one.as_json() for one in found.problems],
    }
