"""`tocsin doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from tocsin.cli import database as databases
from tocsin.cli import output
from tocsin.cli.exits import Stop
from tocsin.cli.options import Data, Database, Json
from tocsin.kit import db
from tocsin.site import doctor as examination
from tocsin.site.doctor import State

app = typer.Typer()


@app.command()
def doctor(json_: Json = False, data: Data = "", database: Database = "") -> None:
    """Look for what is wrong with this installation, and say what to do. Exit code 1 if something is."""
    databases.must_be_there(data, database)
    try:
        found = list(examination.examine())
    finally:
        db.drop_connection()
    if json_:
        output.as_json([asdict(one) for one in found])
    else:
        width = max(len(one.check) for one in found)
        for one in found:
            output.say(f"{one.state.value:<8} {one.check:<{width}}  {one.message}")
            if one.fix:
                output.say(f"{'':<8} {'':<{width}}  → {one.fix}")
    if any(one.state is State.PROBLEM for one in found):
        raise Stop("")
