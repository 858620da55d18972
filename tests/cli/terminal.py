"""Running the command line: in this process where it needs no database, as a process of its own where it does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tocsin.cli.app import main


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Terminal:
    """A terminal of somebody who is not at a terminal: no colour, no wrapping."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def run(self, *arguments: str) -> Ran:
        """Run it here."""
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = self._capture.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)


def spawn(*arguments: str, stdin: str = "", **environment: str) -> Ran:
    """Run it as an operator's shell does, with nothing of ours in its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        env={**outside(), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def outside() -> dict[str, str]:
    """An environment with nothing of ours in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "DJANGO_"))}
