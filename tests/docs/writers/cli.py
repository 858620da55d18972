"""docs/reference/cli.md: every verb with its arguments and options."""

from __future__ import annotations

import importlib.util
from enum import Enum
from typing import Any

import typer
from tests.docs.writers import marks

from tocsin.cli import app as table

_INTRODUCTION = """`tocsin VERB --help` says the same on the terminal. Results go to standard output, messages to \
standard error; [exit codes](exit-codes.md) are the same everywhere.

Verbs under **Server** work on a database of this machine: `--data DIR` names an embedded one, `--database URL` \
PostgreSQL, and without either [the settings](settings.md) do. Verbs under **Configuration** do so too, or go through \
the API when `TOCSIN_URL` is set and no database is named. Verbs under **Responding** always go through the API: set \
`TOCSIN_URL` and `TOCSIN_TOKEN`. Those that list or show have `--json` for programs.

Times are `now`, `+2h`, `-30m`, `2026-03-01T09:00` (the terminal's zone), or with a zone: `2026-03-01T09:00+01:00`, \
`"2026-03-01 09:00 Europe/Berlin"`. Ends may also be a duration from now: `2h`."""


def write() -> dict[str, str]:
    """The page."""
    root: Any = typer.main.get_command(table.app)
    context = typer.Context(root)
    parts = []
    for title, verbs in table.SECTIONS.items():
        parts.append(f"## {title}")
        for name, verb in verbs.items():
            if is_there(verb):
                parts += _command(root.get_command(context, name), f"tocsin {name}", verb.about)
    return {"cli.md": marks.page("Command line", _INTRODUCTION, *parts)}


def options() -> dict[str, set[str]]:
    """The options of each command, by its words: "apply", "user add"."""
    root: Any = typer.main.get_command(table.app)
    context = typer.Context(root)
    found: dict[str, set[str]] = {}
    for name, verb in table.VERBS.items():
        if is_there(verb):
            command = root.get_command(context, name)
            inner = getattr(command, "commands", None) or {"": command}
            for sub, one in inner.items():
                given = {opt for param in one.params if param.param_type_name == "option" for opt in param.opts}
                found[f"{name} {sub}".strip()] = given | {"--help", "-h"}
    return found


def is_there(verb: table.Verb) -> bool:
    """Whether the verb's module has been written."""
    return importlib.util.find_spec(f"tocsin.cli.{verb.module}") is not None


def _command(command: Any, name: str, about: str) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner:
        return [part for one in inner.values() for part in _command(one, f"{name} {one.name}", "")]
    said = " ".join((command.help or about).split())
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join([name, "[OPTIONS]" if options else "", *(_argument(one) for one in arguments)]).replace("  ", " ")
    parts = [f"### {name}", said, f"```\n{usage.strip()}\n```"]
    rows = [(marks.code(_argument(one)), one.help or "") for one in arguments]
    rows += [(_option(one), _meaning(one)) for one in options]
    return [*parts, marks.table(("", "meaning"), rows)]


def _argument(one: Any) -> str:
    name = str(one.metavar or one.name.upper()) + ("…" if one.nargs != 1 else "")
    return name if one.required else f"[{name}]"


def _option(one: Any) -> str:
    names = ", ".join(marks.code(name) for name in one.opts)
    value = "" if one.is_flag else f" {one.metavar or one.name.upper().strip('_')}"
    return f"{names}{value}"


def _meaning(one: Any) -> str:
    said = one.help or ""
    default = one.default
    if one.is_flag or callable(default) or default in (None, "", ()) or "[default" in said:
        return f"{said} Required." if one.required else said
    shown = default.value if isinstance(default, Enum) else default
    return f"{said} If left out: `{shown}`."
