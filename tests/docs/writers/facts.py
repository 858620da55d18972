"""docs/reference/facts.md: everything that can happen, and what follows from it."""

from __future__ import annotations

import typing
from datetime import datetime
from typing import Any

import msgspec
from tests.docs.writers import marks

from tocsin import story
from tocsin.journal.domain import Fact


def write() -> dict[str, str]:
    """The page."""
    sections: dict[str, list[type[Fact]]] = {}
    for fact in story.REACTIONS:
        sections.setdefault(fact.__module__.split(".")[1], []).append(fact)
    parts = []
    for slice_, facts in sections.items():
        parts += [f"## {slice_}", *(_section(fact) for fact in facts)]
    return {
        "facts.md": marks.page(
            "Facts",
            "A fact is an entry of the journal: something that happened, written once, never changed. The timeline of"
            " a group, the audit and `tocsin explain` all read the journal. A fact and everything that follows from it"
            " are written in one transaction. `subject` says whose story it belongs to; all facts about one alert group"
            " have the same subject. Those marked *quiet* are kept, but do not make open pages look again.",
            *parts,
        )
    }


def _section(fact: type[Fact]) -> str:
    rows = [
        (marks.code(field.name), _type(field.type), _default(field.default)) for field in msgspec.structs.fields(fact)
    ]
    quiet = "" if fact.loud else " *(quiet)*"
    follows = [f"- {marks.promise(one)} (`{_name(one)}`)" for one in story.REACTIONS[fact]]
    lines = [f"### {fact.__name__}", f"{marks.promise(fact)}{quiet}"]
    lines.append("\n".join(["What follows:", "", *follows]) if follows else "Nothing follows from it.")
    lines.append(marks.table(("field", "type", "if left out"), rows))
    return "\n\n".join(lines)


def _name(reaction: Any) -> str:
    return f"{reaction.__module__.removeprefix('tocsin.')}.{reaction.__name__}"


def _type(kind: Any) -> str:
    args = typing.get_args(kind)
    if type(None) in args:
        return " or ".join(_type(one) for one in args if one is not type(None)) + ", or none"
    if typing.get_origin(kind) in (tuple, list):
        return f"list of {_type(args[0])}"
    return {str: "text", int: "number", float: "number", bool: "yes or no", datetime: "instant"}.get(kind) or "text"


def _default(value: Any) -> str:
    if value is msgspec.NODEFAULT:
        return "required"
    if value is None or isinstance(value, bool):
        return marks.code({None: "none", True: "true", False: "false"}[value])
    return marks.code(str(value)) if value or value == 0 else "empty"
