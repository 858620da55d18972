"""What commands print: tables for people, JSON for programs. No colour where nobody sees it.

What is printed was in part written by strangers, such as the title of an alert. A terminal obeys what it reads: it
would clear its screen, rename its window or fill the clipboard. So nothing of that reaches it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.kit import text as words

WIDTH_PIPED = 10_000  # nothing is wrapped for a program or a file
_UNESCAPED = re.compile(r"[\x7f-\x9f]")  # JSON allows them as they are


def as_json(value: object) -> None:
    """For programs."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    print(_UNESCAPED.sub(lambda one: f"\\u{ord(one[0]):04x}", written))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings, without lines; plain and unwrapped where no terminal reads it. Rich heeds NO_COLOR."""
    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold", show_edge=False)
    for row in rows:
        drawn.add_row(*(Text(" ".join(words.shown(cell).splitlines())) for cell in row))
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(drawn)
        return
    piped = Console(highlight=False, width=WIDTH_PIPED)
    with piped.capture() as captured:
        piped.print(drawn)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def say(text: str = "") -> None:
    """Plain text."""
    print(words.shown(text))
