"""`tocsin search list`, `search keep`, `search drop`: the searches one keeps, here and in the interface."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from tocsin.cli import output, remote
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json

app = typer.Typer()
search = typer.Typer(help="Searches of alert groups that you keep; `tocsin groups --kept NAME` asks one.")
app.add_typer(search, name="search", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name it is kept under.")]


@search.callback()
def _search() -> None:
    """Searches of alert groups that you keep; `tocsin groups --kept NAME` asks one."""


@search.command("list")
def list_(json_: Json = False) -> None:
    """List the searches you keep, by name."""
    found = remote.get("/searches")["searches"]
    if json_:
        output.as_json(found)
    elif found:
        output.table(["NAME", "ASKS FOR"], [[one["name"], _words(one["asked"])] for one in found])
    else:
        output.say("No searches are kept.")


@search.command("keep")
def keep(
    name: Name,
    words: Annotated[str, typer.Option("--search", "-q", help="Words in the title.")] = "",
    status: Annotated[str, typer.Option(help="open, acknowledged, snoozed, suppressed, resolved, all.")] = "",
    urgency: Annotated[str, typer.Option(help="high or low.")] = "",
    service: Annotated[str, typer.Option(help="Of this service.")] = "",
    team: Annotated[str, typer.Option(help="Of this team's services.")] = "",
    person: Annotated[str, typer.Option(help="That this person was paged for or has; the page alone asks this.")] = "",
    json_: Json = False,
) -> None:
    """Keep a search under a name; one of the same name is replaced."""
    given = {"q": words, "status": status, "urgency": urgency, "service": service, "team": team, "person": person}
    query = urlencode({field: value for field, value in given.items() if value})
    if not query:
        raise Stop("say what it searches for: --search, --status, --service, …", Exit.USAGE)
    made = remote.call("POST", "/searches", {"name": name, "query": query})
    if json_:
        output.as_json(made)
    else:
        output.say(f"{made['name']} is kept: {_words(made['asked'])}.")


@search.command("drop")
def drop(name: Name) -> None:
    """Keep a search no longer."""
    remote.call("DELETE", f"/searches/{named(name)['id']}")
    output.say(f"{name} is not kept any more.")


def named(name: str) -> dict[str, Any]:
    """The search of this name. Raises Stop."""
    found: list[dict[str, Any]] = remote.get("/searches")["searches"]
    held = next((one for one in found if one["name"] == name), None)
    if held is None:
        known = ", ".join(one["name"] for one in found) or "none"
        raise Stop(f"you keep no search called {name}; there are: {known}")
    return held


def _words(asked: dict[str, str]) -> str:
    return ", ".join(f"{field} {value}" for field, value in asked.items())
