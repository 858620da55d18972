"""`tocsin demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli import database, demo_prepare
from tocsin.cli.exits import Stop
from tocsin.site import server
from tocsin.site.demo import run

app = typer.Typer()


@app.command()
def demo(
    data: Annotated[str, typer.Option(metavar="DIR", help="Where the demo keeps its database.")] = demo_prepare.DATA,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = demo_prepare.PORT,
    no_monitor: Annotated[bool, typer.Option("--no-monitor", help="Without the synthetic monitor.")] = False,
) -> None:
    """Run a demo organisation with a synthetic monitor and a mail sink, to see a page arrive, climb and stop.

    A database with a configuration or accounts that are not a demo's is refused and left as it is.
    """
    database.make(data, "")
    place = run.Place(data=Path(data), password=demo_prepare.password(), sink=demo_prepare.sink())
    try:
        run.run(host, port, place, monitor=not no_monitor, say=demo_prepare.say)
    except (run.NotApplied, server.StartFailed) as failed:
        raise Stop(str(failed)) from None
    except OSError as error:
        raise Stop(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
