"""`tocsin serve`, `tocsin engine`, `tocsin migrate`."""

from __future__ import annotations

from typing import Annotated

import typer
from django.db.utils import OperationalError

from tocsin.cli import database as databases
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database
from tocsin.config.store import SecretLost
from tocsin.kit import db, text
from tocsin.site import environment, server, upgrade
from tocsin.site.application import NotMigrated

app = typer.Typer()
HOST = "127.0.0.1"
PORT = 8080


@app.command()
def serve(
    data: Data = "",
    database: Database = "",
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any that is free.")] = PORT,
    no_engine: Annotated[bool, typer.Option("--no-engine", help="Others run the engine.")] = False,
) -> None:
    """Run everything: web, API, intake and engine. The database is upgraded first."""
    databases.make(data, database)
    try:
        server.serve(host, port, with_engine=not no_engine)
    except server.StartFailed as failed:
        raise Stop(str(failed)) from None
    except SecretLost as lost:
        raise Stop(f"{lost}: {databases.LOST_HINT}") from None
    except OperationalError as error:
        raise databases.unreachable(error) from None
    except OSError as error:
        raise Stop(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None


@app.command()
def engine(data: Data = "", database: Database = "") -> None:
    """Run an engine alone, beside others on the same PostgreSQL database."""
    databases.must_be_there(data, database)
    try:
        server.run_engine()
    except NotMigrated as error:
        raise Stop(str(error)) from None
    except SecretLost as lost:
        raise Stop(f"{lost}: {databases.LOST_HINT}") from None
    except OperationalError as error:
        raise databases.unreachable(error) from None


@app.command()
def migrate(
    data: Data = "",
    database: Database = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is missing; exit code 1 if something is.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Name each step.")] = False,
) -> None:
    """Bring the database's tables to this version."""
    if check:
        _look(data, database)
    else:
        databases.make(data, database)
    try:
        steps = upgrade.pending() if check else upgrade.upgrade()
    except OperationalError as error:
        raise databases.unreachable(error) from None
    finally:
        db.drop_connection()
    for step in steps if verbose else ():
        print(step)
    if check and steps:
        missing = "1 step is missing" if len(steps) == 1 else f"{len(steps)} steps are missing"
        print(f"{missing}: `tocsin migrate` takes what is missing.")
        raise Stop("", Exit.PROBLEM)
    taken = f" ({text.plural(len(steps), 'step')} taken)" if steps else ""
    print(f"The database has all tables of this version{taken}.")


def _look(data: str, database: str) -> None:
    """Looking makes nothing, and says what is there."""
    databases.set_up(data, database)
    if databases.is_missing():
        where = environment.get("TOCSIN_DATA")
        print(f"There is no database in {where} yet: `tocsin migrate` makes it.")
        raise Stop("", Exit.PROBLEM)
