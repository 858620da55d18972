"""`tocsin backup` and `tocsin restore`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from django.db.utils import DatabaseError

from tocsin.cli import database as databases
from tocsin.cli import output
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database
from tocsin.config import store as configuration
from tocsin.engine import beat
from tocsin.engine.health import ALIVE_WITHIN
from tocsin.kit import clock, db
from tocsin.kit.secrets import Box
from tocsin.site import backup as backups
from tocsin.site import environment, upgrade

app = typer.Typer()
PASSPHRASE_CHARS_MIN = 12
_NOT_READABLE = (
    "but the secrets of its configuration are encrypted with another secret than this installation's, so nothing can"
    " start. Put the file `secret` that belongs to the backup in the place of {secret}, or its TOCSIN_SECRETS into the"
    " environment; or restore again with --with-secret"
)


@app.command()
def backup(
    file: Annotated[
        Path, typer.Argument(help="The file to write; one that is there is replaced when the new one is whole.")
    ],
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="Write FILE.secret as well: the secrets, locked with a passphrase.")
    ] = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Write the whole database into one file, while everything runs, and check it."""
    with databases.installation(data, database):
        passphrase = _passphrase(new=True) if with_secret else ""
        try:
            size = backups.write(file)
            locked = backups.write_secret(file, passphrase) if with_secret else None
        except (backups.BackupFailed, OSError) as failed:
            raise Stop(str(failed)) from None
    output.say(f"{file}: {size / 1_000_000:.1f} MB, checked.")
    if locked is not None:
        output.say(f"{locked}: the installation's secrets, for whoever knows the passphrase.")
    elif not environment.get("TOCSIN_SECRETS"):
        secret = environment.data_dir() / environment.SECRET_FILE
        output.say(f"Keep {secret} as well: without it the secrets of the configuration cannot be read again.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    force: Annotated[bool, typer.Option("--force", help="Even while somebody uses the database.")] = False,
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="Take the secrets in FILE.secret, and make them this installation's.")
    ] = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Put a backup in the place of the database, and bring its tables to this version. Stop everything first."""
    databases.make(data, database)
    held = environment.installation_secrets()
    try:
        if not force:
            _refuse_if_in_use()
        if with_secret:
            held = _carried(file)
        backups.put_back(file)
        steps = upgrade.upgrade()
        with db.transact(clock.now()) as tx:
            beat.forget_all(tx)
            readable = configuration.is_readable(tx, Box(held, "document"))
    except backups.BackupFailed as failed:
        raise Stop(str(failed)) from None
    except DatabaseError as error:
        raise databases.unreachable(error) from None
    finally:
        db.drop_connection()
    more = f", and {len(steps)} steps of its tables were brought up to date" if steps else ""
    output.say(
        f"The database holds what {file} held{more}. What waited to be sent then goes out when an engine starts."
    )
    if with_secret:
        output.say(f"Its secrets stand in {environment.put_secret(held[0])}.")
    if not readable:
        raise Stop(_NOT_READABLE.format(secret=environment.data_dir() / environment.SECRET_FILE))


def _carried(file: Path) -> tuple[str, ...]:
    if environment.get("TOCSIN_SECRETS"):
        raise Stop("TOCSIN_SECRETS names the secrets: put the backup's there, or unset it to have them in a file")
    return backups.read_secret(file, _passphrase(new=False))


def _passphrase(*, new: bool) -> str:
    given = environment.get("TOCSIN_BACKUP_PASSPHRASE")
    if not given and not sys.stdin.isatty():
        raise Stop("set TOCSIN_BACKUP_PASSPHRASE, or be at a terminal to be asked for the passphrase", Exit.USAGE)
    passphrase: str = given or typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new)
    if new and len(passphrase) < PASSPHRASE_CHARS_MIN:
        raise Stop(f"a passphrase has at least {PASSPHRASE_CHARS_MIN} characters", Exit.USAGE)
    return passphrase


def _refuse_if_in_use() -> None:
    try:
        engines = beat.alive(db.reader(clock.now()), ALIVE_WITHIN)
    except DatabaseError:  # no tables yet
        db.drop_connection()
        engines = 0
    if engines:
        raise Stop("an engine runs on this database: stop it first, or say --force")
    if backups.others_use_it():
        raise Stop("a server or another command uses this database: stop it first, or say --force")
