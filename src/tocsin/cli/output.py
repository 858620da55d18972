"""What commands print: tables for people, JSON for programs. No colour where nobody sees it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_PIPED = 10_000  # nothing is wrapped for a program or a file


def as_json(value: object) -> None:
    """For programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings, without lines; plain and unwrapped where no terminal reads it. Rich heeds NO_COLOR."""
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold", show_edge=False)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
        return
    piped = Console(highlight=False, width=WIDTH_PIPED)
    with piped.capture() as captured:
        piped.print(drawn)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def say(text: str = "") -> None:
    """One line of plain text."""
    print(text)
