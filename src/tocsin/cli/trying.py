"""`tocsin test-alert`: a test through an integration, and what became of it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from tocsin.cli import output, remote
from tocsin.cli.exits import Stop
from tocsin.cli.options import Json

app = typer.Typer()
LOOKS_MAX, LOOK_EVERY_S = 50, 0.2  # it is absorbed within milliseconds, unless something is wrong


@app.command("test-alert")
def try_integration(
    integration: Annotated[str, typer.Argument(help="The integration it comes in through.")],
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Send it, and do not wait for what becomes of it.")
    ] = False,
    json_: Json = False,
) -> None:
    """Send a test alert by the way its sender's take: it carries test="yes", opens a group, and pages."""
    path = f"/integrations/{remote.name(integration)}/test"
    found = remote.call("POST", path)
    for _ in range(0 if no_wait else LOOKS_MAX):
        if not found["waiting"]:
            break
        time.sleep(LOOK_EVERY_S)
        found = remote.get(f"{path}/{found['number']}")
    if json_:
        output.as_json(found)
    else:
        _print_test(found)
    if found["waiting"] and not no_wait:
        raise Stop("" if json_ else "nothing has become of it yet: is an engine running?")


def _print_test(found: dict[str, Any]) -> None:
    output.say(f"Test {found['number']} was accepted by {found['integration']}.")
    for one in found["signals"]:
        group = f", AG-{one['group']}" if one["group"] else ""
        output.say(f"  signal {one['id']}: {one['outcome']}{group}: {one['reason']}")
