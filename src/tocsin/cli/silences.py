"""`tocsin silence add`, `silence list`, `silence end`."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli import output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock

app = typer.Typer()
silence = typer.Typer(help="Silences: while one is active, alerts that match page nobody.", no_args_is_help=True)
app.add_typer(silence, name="silence")


@silence.callback()
def _silence() -> None:
    """Silences: while one is active, alerts that match page nobody."""


@silence.command("add")
def add(
    matchers: Annotated[
        list[str], typer.Argument(metavar="MATCHER", help="All must match: 'service=\"web\"' 'env=~\"a|b\"'.")
    ],
    comment: Annotated[str, typer.Option("--comment", "-c", help="Why.")] = "",
    for_: Annotated[str, typer.Option("--for", help="For how long: 2h, 1d.")] = "",
    until: Annotated[str, typer.Option(help="Until when: 2026-03-01T09:00, +2h.")] = "",
    starts: Annotated[str, typer.Option("--from", help="From when. [default: now]")] = "",
    json_: Json = False,
) -> None:
    """From its start to its end, alerts that match page nobody; what already pages falls silent."""
    if bool(for_) == bool(until):
        raise Stop("say either --for or --until", Exit.USAGE)
    if not comment:
        raise Stop("say why: --comment", Exit.USAGE)
    now = clock.now()
    start = times.instant(starts, now) if starts else now
    end = times.later(for_, start) if for_ else times.later(until, now)
    body = {"matchers": matchers, "comment": comment, "ends_at": end.isoformat()}
    if starts:
        body["starts_at"] = start.isoformat()
    made = remote.call("POST", "/silences", body)
    if json_:
        output.as_json(made)
    else:
        output.say(f"Silence {made['id']} holds until {words.local(made['ends_at'])}.")


@silence.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False, json_: Json = False
) -> None:
    """List silences that are active or to come."""
    found = remote.get("/silences", ended=str(all_).lower())["silences"]
    if json_:
        output.as_json(found)
        return
    if not found:
        output.say("No silences.")
        return
    rows = [
        [
            str(one["id"]),
            "active" if one["active"] else "",
            ", ".join(one["matchers"]),
            words.local(one["starts_at"]),
            words.local(one["ends_at"]),
            words.who(one["author"]),
            one["comment"],
        ]
        for one in found
    ]
    output.table(["SILENCE", "", "MATCHERS", "FROM", "UNTIL", "BY", "WHY"], rows)


@silence.command("end")
def end(number: Annotated[int, typer.Argument(metavar="SILENCE", help="Its number.")]) -> None:
    """End a silence now: what still fires pages from now on."""
    remote.call("DELETE", f"/silences/{number}")
    output.say(f"Silence {number} is over.")
