"""`tocsin apply`, `plan`, `export`, `check`, `schema`, `history`, `rollback`: on a database here, or through the API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tocsin.cli import caller, local_config, offline, options, output, problems, remote_config
from tocsin.cli import database as databases
from tocsin.cli.exits import Stop
from tocsin.cli.local_config import Wish
from tocsin.cli.options import Data, Database, Json
from tocsin.kit import text

app = typer.Typer()
Files = Annotated[
    list[str], typer.Argument(metavar="FILE", help="YAML or JSON files, together the configuration; - is stdin.")
]
Scope = Annotated[str, typer.Option(help="A name for this set of files, if several sets are applied separately.")]
Force = Annotated[bool, typer.Option("--force", help="Also if nobody will be on call at times when somebody is now.")]
CHANGES_SAID_MAX = 20  # of one schedule
Alone = Annotated[bool, typer.Option("--prune", help="Remove whatever the files do not hold, wherever it came from.")]


@app.command()
def apply(
    files: Files,
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for the history.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="The same as `tocsin plan`.")] = False,
    base_version: Annotated[int | None, typer.Option(help="Refuse if another version holds by now.")] = None,
    scope: Scope = "",
    prune: Alone = False,
    force: Force = False,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Make the configuration what the files say: all of it, or nothing if anything is wrong."""
    wish = Wish(
        offline.read(files), message=message, base=base_version, scope=scope, alone=prune, force=force, by=caller.who()
    )
    if dry_run:
        _show_plan(_on(data, database, lambda: local_config.plan(wish), lambda: remote_config.plan(wish)), json_=json_)
        return
    _show_applied(_on(data, database, lambda: local_config.apply(wish), lambda: remote_config.apply(wish)), json_=json_)


@app.command()
def plan(
    files: Files,
    scope: Scope = "",
    prune: Alone = False,
    force: Force = False,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Say what `apply` would change, and change nothing."""
    wish = Wish(offline.read(files), scope=scope, alone=prune, force=force, by=caller.who())
    _show_plan(_on(data, database, lambda: local_config.plan(wish), lambda: remote_config.plan(wish)), json_=json_)


@app.command()
def export(
    json_: Json = False,
    redact: Annotated[bool, typer.Option("--redact", help="A variable instead of each secret.")] = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Write the configuration in force as one file, on stdout."""
    form = "json" if json_ else "yaml"
    sys.stdout.write(
        _on(
            data,
            database,
            lambda: local_config.export(form, redact=redact),
            lambda: remote_config.export(form, redact=redact),
        )
    )


@app.command()
def check(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE", help="Check these files instead of what is in force.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as problems.")] = False,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Find what is allowed but will hurt. With files and no database, it needs neither server nor database.

    What is in force is also judged by what it led to: pages that went out, calendars, absences. Files cannot tell.
    """
    if files and not data and not database:
        found = local_config.check_files(offline.read(files))
    else:
        wish = Wish(offline.read(files), by=caller.who()) if files else None
        found = _on(data, database, lambda: local_config.check(wish), lambda: remote_config.check(wish))
    _show_check(found, strict=strict, json_=json_)


@app.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors."""
    output.as_json(local_config.schema())


@app.command()
def history(
    limit: Annotated[int, typer.Option(help="How many versions.")] = 20,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """List the versions of the configuration, newest first: when, who, what."""
    found = _on(data, database, lambda: local_config.history(limit), lambda: remote_config.history(limit))
    if json_:
        output.as_json(found)
        return
    rows = [[str(one["version"]), one["at"], one["by"], one["message"] or _first_words(one)] for one in found]
    output.table(["VERSION", "AT", "BY", "WHAT"], rows)


@app.command()
def rollback(
    version: Annotated[int, typer.Argument(help="The version that is to hold again.")],
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for the history.")] = "",
    force: Force = False,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Make an earlier version of the configuration hold again, as a new version."""
    said = message or f"back to version {version}"
    found = _on(
        data,
        database,
        lambda: local_config.roll_back(version, said, caller.who(), force=force),
        lambda: remote_config.roll_back(version, said, force=force),
    )
    _show_applied(found, json_=json_)


def _on(data: str, database: str, here: Callable[[], Any], there: Callable[[], Any]) -> Any:
    """Do it on the chosen database, or through the API when TOCSIN_URL is set and no database is named."""
    if options.is_remote(data, database):
        return there()
    with databases.installation(data, database):
        return here()


def _show_plan(found: dict[str, Any], *, json_: bool) -> None:
    if json_:
        output.as_json(found)
    else:
        _say_changes(found, "would change")
    if found["problems"]:
        raise Stop("" if json_ else "nothing can be applied until this is right")


def _show_applied(found: dict[str, Any], *, json_: bool) -> None:
    if json_:
        output.as_json(found)
    else:
        _say_changes(found, "changed")
        if not found["problems"]:
            output.say(f"Version {found['version']} of the configuration holds.")
    if found["problems"]:
        raise Stop("" if json_ else "nothing was changed")


def _say_changes(found: dict[str, Any], verb: str) -> None:
    for line in problems.problem_lines(found["problems"]):
        print(text.shown(line), file=sys.stderr)
    for one in found.get("consequences", ()):
        _say_consequence(one)
    if found["problems"]:
        return
    for change in found["changes"]:
        output.say(f"{_SIGNS[change['change']]} {change['words']}")
    for note in found["notes"]:
        output.say(f"note: {note}")
    for line in problems.finding_lines(found.get("findings", ())):
        output.say(line)
    if not found["changes"]:
        output.say(f"Nothing {verb}." if verb == "changed" else "Nothing would change.")


def _say_consequence(one: dict[str, Any]) -> None:
    """Who would be on duty instead of whom, and when; who would be paged instead is told among the notes."""
    if "schedule" not in one:
        return
    if one["changes"]:
        output.say(f"schedule {one['schedule']}:")
    for change in one["changes"][:CHANGES_SAID_MAX]:
        before, after = (", ".join(change[side]) or "nobody" for side in ("before", "after"))
        output.say(f"  {change['start']} to {change['end']}: {after} instead of {before}")
    if one["changed"] > CHANGES_SAID_MAX:
        output.say(f"  and {one['changed'] - CHANGES_SAID_MAX} more times; --json lists them")


def _show_check(found: dict[str, Any], *, strict: bool, json_: bool) -> None:
    if json_:
        output.as_json(found)
    else:
        for line in (*problems.problem_lines(found["problems"]), *problems.finding_lines(found["findings"])):
            output.say(line)
        if not found["problems"] and not found["findings"]:
            output.say("Nothing found.")
    levels = {"error", "warning"} if strict else {"error"}
    if found["problems"] or any(one["level"] in levels for one in found["findings"]):
        raise Stop("")


def _first_words(version: dict[str, Any]) -> str:
    words: list[str] = [change["words"] for change in version["changes"]]
    if not words:
        return "who manages what"  # the documents say the same as before
    return words[0] + (f" and {len(words) - 1} more" if len(words) > 1 else "")


_SIGNS = {"add": "+", "change": "~", "remove": "-", "move": "~"}
