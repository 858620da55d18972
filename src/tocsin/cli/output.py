"""What commands print: tables for people, JSON for programs. No colour where nobody sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

WIDTH_MIN = 100  # of a table that goes into a file or a pipe


def console() -> Console:
    """Where tables go. Rich itself heeds NO_COLOR and a stdout that is no terminal."""
    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=max(plain.width, WIDTH_MIN), soft_wrap=True)


def as_json(value: object) -> None:
    """For programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings, without lines."""
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold", show_edge=False)
    for row in rows:
        drawn.add_row(*row)
    console().print(drawn)


def say(text: str = "") -> None:
    """One line of plain text."""
    print(text)
