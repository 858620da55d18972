"""docs/reference/exit-codes.md: how a command ends."""

from __future__ import annotations

from tests.docs.writers import marks

from tocsin.cli.exits import Exit

PLAIN = {Exit.OK: "it was done", Exit.INTERRUPTED: "it was stopped with Ctrl+C"}


def write() -> dict[str, str]:
    """The page."""
    said = dict(marks.members(Exit))
    rows = [
        (marks.code(str(code.value)), code.name.lower().replace("_", " "), said[str(code.value)] or PLAIN[code])
        for code in Exit
    ]
    return {
        "exit-codes.md": marks.page(
            "Exit codes",
            "The same for every command of `tocsin`. Messages go to standard error, results to standard output, so a"
            " script can use both.",
            marks.table(("code", "name", "when"), rows),
        )
    }
