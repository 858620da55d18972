"""The little Markdown that generated pages are made of, and reading comments that stand beside a table's rows."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from enum import Enum

HEAD = "<!-- Made from the code by `make docs`; change the code, not this page. -->"
_MEMBER = re.compile(r"^    (\w+) = (?:\"[^\"]*\"|-?\d+)(?:  # (.*))?$", re.MULTILINE)


def page(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join((f"# {title}", HEAD, *(part.strip("\n") for part in parts if part))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty if it has no rows."""
    lines = ["| " + " | ".join(cell(one) for one in row) + " |" for row in rows]
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines])


def cell(text: str) -> str:
    """Text as it may stand in a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Text as code; empty stays empty."""
    return f"`{text}`" if text else ""


def promise(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def members(kind: type[Enum]) -> list[tuple[str, str]]:
    """Each member's value and the comment beside it in the source."""
    said = dict(_MEMBER.findall(inspect.getsource(kind)))
    return [(str(member.value), said.get(member.name, "")) for member in kind]
