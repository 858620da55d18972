"""`tocsin preview`: what would be read from a sample, and which fields of a mapping find nothing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import offline, output, remote
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock
from tocsin.simulate import values
from tocsin.sources import registry
from tocsin.sources.domain import Settings

app = typer.Typer()


@app.command()
def preview(
    signal: Annotated[str, typer.Option(metavar="FILE", help="A sample request's body; - is stdin.")],
    integration: Annotated[str, typer.Option(help="An integration of the server, with its mapping.")] = "",
    source: Annotated[str, typer.Option(help="A kind of sender instead; no server is asked.")] = "",
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=EXPRESSION", help="A field of the mapping to try.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show what would be read from a sample. Nothing of it is kept."""
    if bool(integration) == bool(source):
        raise Stop("say either --integration, or --source (with --map, for generic JSON)", Exit.USAGE)
    body, tried = offline.content(signal), _mapping(mapping or [])
    if source:
        found = _preview_locally(source, body, tried)
    else:
        asked = {"body": body.decode(errors="replace"), "mapping": tried or None}
        found = remote.call("POST", f"/integrations/{remote.name(integration)}/preview", asked)
    if json_:
        output.as_json(found)
    else:
        _print_preview(found)
    if found["problems"] or found["mapping_problems"] or not found["signals"]:
        raise Stop("")


def _preview_locally(source: str, body: bytes, mapping: dict[str, str]) -> dict[str, Any]:
    if source not in registry.SOURCES:
        raise Stop(f"there is no source `{source}`; there are {', '.join(sorted(registry.SOURCES))}", Exit.USAGE)
    return values.of_preview(registry.preview(source, Settings(mapping=mapping), body, {}, clock.now()))


def _mapping(written: list[str]) -> dict[str, str]:
    found = {}
    for one in written:
        field, equals, expression = one.partition("=")
        if not equals:
            raise Stop(f"{one!r} is not a field of a mapping: write it as title=alert.name", Exit.USAGE)
        found[field.strip()] = expression.strip()
    return found


def _print_preview(found: dict[str, Any]) -> None:
    told = dict.fromkeys(
        [
            *found["problems"],
            *(f"mapping.{problem['field']}: {problem['message']}" for problem in found["mapping_problems"]),
        ]
    )
    for problem in told:
        output.say(f"problem: {problem}")
    for one in found["signals"]:
        output.say(f"{one['action']} {one['title']}")
        output.say(f"  severity {one['severity']}, key {one['dedup_key']}")
        for name, value in one["labels"].items():
            output.say(f"  {name}={value}")
    if not found["signals"]:
        output.say("Nothing would be read from this.")
