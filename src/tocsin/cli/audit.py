"""`tocsin audit`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli import output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock

app = typer.Typer()
PAGE = 1000


@app.command()
def audit(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words that occur in it.")] = "",
    who: Annotated[str, typer.Option(help="Who did it: ann, token:7, tocsin.")] = "",
    what: Annotated[
        str, typer.Option(help="sign-ins, refusals, accounts, tokens, rights, configuration, or a fact's name.")
    ] = "",
    since: Annotated[str, typer.Option(help="From when: -1d, 2026-03-01T09:00.")] = "",
    until: Annotated[str, typer.Option(help="Until when.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 100,
    json_: Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object to a line.")] = False,
) -> None:
    """Show who signed in, was refused, or changed an account, a right or the configuration; newest first."""
    if json_ and jsonl:
        raise Stop("say either --json or --jsonl", Exit.USAGE)
    now = clock.now()
    asked = {
        "q": text,
        "who": who,
        "what": what,
        "since": times.instant(since, now).isoformat() if since else None,
        "until": times.instant(until, now).isoformat() if until else None,
    }
    found = _read(asked, limit)
    if json_:
        output.as_json(found)
    elif jsonl:
        for one in found:
            output.say(json.dumps(one, ensure_ascii=False))
    elif not found:
        output.say("Nothing of the kind.")
    else:
        output.table(
            ["WHEN", "WHO", "ABOUT", "WHAT"],
            [[words.local(one["at"]), one["who"], one["about"], one["says"]] for one in found],
        )


def _read(asked: dict[str, str | None], limit: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    before: int | None = None
    while len(found) < limit:
        answer = remote.get("/audit", **asked, before=before, limit=min(PAGE, limit - len(found)))
        found += answer["entries"]
        before = answer["next"]
        if before is None:
            break
    return found
