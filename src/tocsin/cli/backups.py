"""`tocsin backup` and `tocsin restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.db.utils import DatabaseError

from tocsin.cli import database as databases
from tocsin.cli import output
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database
from tocsin.engine import beat
from tocsin.engine.health import ALIVE_WITHIN
from tocsin.kit import clock, db
from tocsin.site import backup as backups
from tocsin.site import environment, upgrade

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[
        Path, typer.Argument(help="The file to write; one that is there is replaced when the new one is whole.")
    ],
    data: Data = "",
    database: Database = "",
) -> None:
    """Write the whole database into one file, while everything runs, and check it."""
    with databases.installation(data, database):
        try:
            size = backups.write(file)
        except (backups.BackupFailed, OSError) as failed:
            raise Stop(str(failed)) from None
    output.say(f"{file}: {size / 1_000_000:.1f} MB, checked.")
    if not environment.get("TOCSIN_SECRETS"):
        secret = environment.data_dir() / environment.SECRET_FILE
        output.say(f"Keep {secret} as well: without it the secrets of the configuration cannot be read again.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    force: Annotated[bool, typer.Option("--force", help="Even while an engine runs.")] = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Put a backup in the place of the database, and bring its tables to this version. Stop every engine first."""
    databases.set_up(data, database)
    try:
        if _is_in_use() and not force:
            raise Stop("an engine runs on this database: stop it first, or say --force")
        backups.put_back(file)
        steps = upgrade.upgrade()
        with db.transact(clock.now()) as tx:
            beat.forget_all(tx)
    except backups.BackupFailed as failed:
        raise Stop(str(failed)) from None
    except DatabaseError as error:
        raise Stop(f"the database cannot be used: {str(error).strip()}", Exit.UNREACHABLE) from None
    finally:
        db.drop_connection()
    more = f", and {len(steps)} steps of its tables were brought up to date" if steps else ""
    output.say(
        f"The database holds what {file} held{more}. What waited to be sent then goes out when an engine starts."
    )


def _is_in_use() -> bool:
    try:
        return beat.alive(db.reader(clock.now()), ALIVE_WITHIN) > 0
    except DatabaseError:  # no tables yet: nobody can be using it
        db.drop_connection()
        return False
