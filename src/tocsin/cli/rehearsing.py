"""`tocsin rehearse`: test pages to a team or a person, and who could be reached."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import output, remote
from tocsin.cli.options import Json

app = typer.Typer()
PERSON = "person:"
RESULTS = {"quiet": "not woken"}  # it only lies in their inbox


@app.command()
def rehearse(
    who: Annotated[str, typer.Argument(metavar="WHO", help="team:web (or just web), or person:ann.")],
    last: Annotated[bool, typer.Option("--last", help="Page nobody; show what came of the last one.")] = False,
    json_: Json = False,
) -> None:
    """Page each member of a team, or one person, as a test; nobody else is woken, and it ends by itself."""
    method = "GET" if last else "POST"
    if who.startswith(PERSON):
        answer = remote.call(method, f"/people/{remote.name(who.removeprefix(PERSON))}/test")
        found = [answer["test"] if last else answer]
    else:
        found = remote.call(method, f"/teams/{remote.name(who.removeprefix('team:'))}/rehearsal")["people"]
    results = [one for one in found if one]
    if json_:
        output.as_json(results)
    elif results:
        output.table(("PERSON", "RESULT", "BY", "GROUP"), [_row(one) for one in results])
        if not last:
            output.say(f"\nIn a minute: tocsin rehearse {who} --last")
    else:
        output.say("Never rehearsed.")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    ways = ", ".join(f"{sent['channel']} {sent['state']}" for sent in one["deliveries"])
    return one["person"], RESULTS.get(one["result"], one["result"]), ways or "-", f"AG-{one['group']}"
