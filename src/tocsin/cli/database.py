"""The database that `--data` or `--database` names, made ready for a verb."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.db import connections
from django.db.utils import OperationalError

from tocsin.cli.exits import Exit, Stop
from tocsin.config.store import SecretLost
from tocsin.kit import db, troubles
from tocsin.site import environment, logs, startup, upgrade

PORT_MAX = 65535
LOST_HINT = "give TOCSIN_SECRETS, or put the file `secret` back beside the database"


def prepare(arguments: Sequence[str]) -> None:
    """Make this process ready for the database that these arguments name, before they are properly parsed.

    Nothing is made on disk: whoever goes on says whether the database must be there, or may be made.
    """
    port = given_port(arguments)
    if port:  # links lead here unless the operator says where people come in
        os.environ.setdefault("TOCSIN_BASE_URL", f"http://localhost:{port}")
    set_up(given(arguments, "--data"), given(arguments, "--database"))


def prepare_for_help() -> None:
    """Make this process ready to describe verbs: it needs no database and no setting, and leaves nothing behind."""
    environment.forget()
    set_up("", "")


def given(arguments: Sequence[str], option: str) -> str:
    """The value of an option, empty if it is not among the arguments."""
    found = ""
    for one, following in zip(arguments, (*arguments[1:], ""), strict=False):
        name, equals, value = one.partition("=")
        if name == option:
            found = value if equals else following
    return found


def given_port(arguments: Sequence[str]) -> str:
    """The value of --port if it is a port that can be listened on, else empty."""
    port = given(arguments, "--port")
    return port if port.isdecimal() and 0 < int(port) <= PORT_MAX else ""


def set_up(data: str, database: str) -> None:
    """Let this process know which database is meant; at once if it does. Nothing is made on disk."""
    if apps.ready:
        return
    if data and database:
        raise Stop(
            "--data and --database exclude each other: one names an embedded database, one PostgreSQL", Exit.USAGE
        )
    startup.choose(data, database)
    logs.configure(environment.get("TOCSIN_LOG"))
    environment.hold_back()
    with _kept(data):
        try:
            startup.set_up()
        except SystemExit as refused:
            raise Stop(str(refused), Exit.USAGE) from None


def make(data: str, database: str) -> None:
    """Make this process ready to work on the chosen database, and what it needs on disk if that is not there."""
    set_up(data, database)
    with _kept(data):
        environment.keep()


def must_be_there(data: str, database: str) -> None:
    """The same for a database that is there. Raises Stop if none is: a mistyped directory must not become an empty one."""
    set_up(data, database)
    held = environment.get("TOCSIN_DATA")
    if is_missing():
        raise Stop(f"there is no database in {held}: run `tocsin migrate` first, or name its directory with --data")
    has_secret = environment.get("TOCSIN_SECRETS") or (Path(held) / environment.SECRET_FILE).exists()
    if not _is_file() and not has_secret:
        raise Stop(f"the installation's secret is not in {held}: set TOCSIN_DATA to its directory, or TOCSIN_SECRETS")
    make(data, database)


def is_missing() -> bool:
    """Whether the database is an embedded one, and not there."""
    return _is_file() and not Path(connections["default"].settings_dict["NAME"]).exists()


@contextmanager
def installation(data: str, database: str) -> Iterator[None]:
    """Work on the chosen database, which must be there and have this version's tables."""
    must_be_there(data, database)
    try:
        missing = upgrade.pending()
        if missing:
            where = data or database or environment.get("TOCSIN_DATABASE") or environment.get("TOCSIN_DATA")
            raise Stop(f"the database has not this version's tables: run `tocsin migrate` first ({_hidden(where)})")
        yield
    except SecretLost as lost:
        raise Stop(f"{lost}: {LOST_HINT}") from None
    except OperationalError as error:
        raise unreachable(error) from None
    finally:
        db.drop_connection()


def unreachable(error: Exception) -> Stop:
    """The end of a verb whose database does not answer, or is damaged, with the reason."""
    if isinstance(error, troubles.Damaged):
        return Stop(f"{error}; {startup.DAMAGED_FIX}", Exit.UNREACHABLE)
    return Stop(f"the database cannot be reached: {startup.why_unreachable() or str(error).strip()}", Exit.UNREACHABLE)


def _is_file() -> bool:
    return connections["default"].vendor == "sqlite"


@contextmanager
def _kept(data: str) -> Iterator[None]:
    """What cannot be kept on disk ends the verb, with where and why."""
    try:
        yield
    except OSError as error:
        where = error.filename or data or environment.get("TOCSIN_DATA")
        raise Stop(
            f"cannot keep anything in {where}: {error.strerror}; name a directory with --data", Exit.USAGE
        ) from None
    except environment.AlreadyMade as already:
        raise Stop(str(already)) from None


def _hidden(where: str) -> str:
    """Without the password of a database's address."""
    head, at, tail = where.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else where
