"""A configuration from files alone: no server, no database."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tocsin.cli import problems
from tocsin.cli.exits import Exit, Stop
from tocsin.config import rules
from tocsin.config.domain import EMPTY, Snapshot
from tocsin.config.parse import File, parse
from tocsin.site.kinds import KINDS

FILE_BYTES_MAX = 20_000_000


def snapshot(names: Sequence[str]) -> Snapshot:
    """What these files say. Raises Stop with everything that is wrong with them."""
    judged = rules.judge(parse(read(names), KINDS, os.environ), EMPTY, KINDS)
    if judged.problems:
        lines = problems.problem_lines([one.as_json() for one in judged.problems])
        raise Stop("the configuration cannot be used:\n" + "\n".join(lines))
    return judged.state.snapshot


def read(names: Sequence[str]) -> list[File]:
    """The files' contents; - is stdin. Raises Stop."""
    return [File(name=name if name != "-" else "stdin", content=content(name)) for name in names]


def content(name: str) -> bytes:
    """One file's content. Raises Stop."""
    try:
        found = sys.stdin.buffer.read(FILE_BYTES_MAX + 1) if name == "-" else _beginning(Path(name))
    except OSError as error:
        raise Stop(f"cannot read {name}: {error.strerror}", Exit.USAGE) from None
    if len(found) > FILE_BYTES_MAX:
        raise Stop(f"{name} is larger than {FILE_BYTES_MAX // 1_000_000} MB")
    return found


def _beginning(path: Path) -> bytes:
    """As much as a file may hold and a byte more: a device never ends."""
    with path.open("rb") as opened:
        return opened.read(FILE_BYTES_MAX + 1)
