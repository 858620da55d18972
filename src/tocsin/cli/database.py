"""The database that `--data` or `--database` names, made ready for a verb."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.apps import apps
from django.db.utils import OperationalError

from tocsin.cli.exits import Exit, Stop
from tocsin.config.store import SecretLost
from tocsin.kit import db
from tocsin.site import environment, logs, startup, upgrade

LOST_HINT = "give TOCSIN_SECRETS, or put the file `secret` back beside the database"


def prepare(arguments: Sequence[str]) -> None:
    """Make this process ready for the database that these arguments name, before they are properly parsed."""
    port = given(arguments, "--port")
    if port not in ("", "0"):  # links lead here unless the operator says where people come in
        os.environ.setdefault("TOCSIN_BASE_URL", f"http://localhost:{port}")
    set_up(given(arguments, "--data"), given(arguments, "--database"))


def prepare_for_help() -> None:
    """Make this process ready to describe verbs: it needs no database, and leaves nothing behind."""
    os.environ["TOCSIN_SECRETS"] = "help needs no secret, only something as long as one"
    set_up(tempfile.gettempdir(), "")


def given(arguments: Sequence[str], option: str) -> str:
    """The value of an option, empty if it is not among the arguments."""
    found = ""
    for one, following in zip(arguments, (*arguments[1:], ""), strict=False):
        name, equals, value = one.partition("=")
        if name == option:
            found = value if equals else following
    return found


def set_up(data: str, database: str) -> None:
    """Make this process ready to work on the chosen database; at once if it is already."""
    if apps.ready:
        return
    if data and database:
        raise Stop(
            "--data and --database exclude each other: one names an embedded database, one PostgreSQL", Exit.USAGE
        )
    startup.choose(data, database)
    logs.configure(environment.get("TOCSIN_LOG"))
    try:
        startup.set_up()
    except SystemExit as refused:
        raise Stop(str(refused), Exit.USAGE) from None
    except OSError as error:
        where = error.filename or data or environment.get("TOCSIN_DATA")
        raise Stop(
            f"cannot keep anything in {where}: {error.strerror}; name a directory with --data", Exit.USAGE
        ) from None


@contextmanager
def installation(data: str, database: str) -> Iterator[None]:
    """Work on the chosen database, which must have this version's tables."""
    set_up(data, database)
    try:
        missing = upgrade.pending()
        if missing:
            where = data or database or environment.get("TOCSIN_DATABASE") or environment.get("TOCSIN_DATA")
            raise Stop(f"the database has not this version's tables: run `tocsin migrate` first ({_hidden(where)})")
        yield
    except SecretLost as lost:
        raise Stop(f"{lost}: {LOST_HINT}") from None
    except OperationalError as error:
        raise Stop(f"the database cannot be used: {str(error).strip()}", Exit.UNREACHABLE) from None
    finally:
        db.drop_connection()


def _hidden(where: str) -> str:
    """Without the password of a database's address."""
    head, at, tail = where.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else where
