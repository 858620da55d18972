"""`tocsin user add` and `tocsin token create`."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from typing import Annotated

import typer

from tocsin.cli import database as databases
from tocsin.cli import problems, times
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database
from tocsin.config import actions as configuration_actions
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.people import actions, firstrun, queries
from tocsin.people.domain import Role
from tocsin.people.rights import Right

app = typer.Typer()
user = typer.Typer(help="Accounts.", no_args_is_help=True)
token = typer.Typer(help="API tokens.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(token, name="token")

PASSWORD_CHARS_MIN = 10


@user.callback()
def _user() -> None:
    """Accounts."""


@token.callback()
def _token() -> None:
    """API tokens."""


@user.command("add")
def add(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="The full name, if the configuration has nobody with this address.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do, if the configuration has nobody yet.")] = Role.RESPONDER,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Open an account. Somebody the configuration does not know yet is added to it.

    Without --password-stdin a password is made and printed, alone, on stdout.
    """
    password = _read_password() if password_stdin else secrets.token_urlsafe(12)
    with databases.installation(data, database), db.transact(clock.now()) as tx:
        person = queries.person_with_email(configuration.current(tx), email) or _add_person(tx, email, name, role)
        try:
            actions.create_user(tx, email, person, password)
        except actions.AccountTaken as taken:
            raise Stop(str(taken)) from None
    print(f"{person} may sign in as {email}.", file=sys.stderr)
    if not password_stdin:
        print("The password, shown this once; change it after signing in:", file=sys.stderr)
        print(password)


@user.command("first")
def first(data: Data = "", database: Database = "") -> None:
    """Print the code that opens the first account in a browser. Once there is an account it is worth nothing."""
    with databases.installation(data, database):
        if not queries.is_empty():
            raise Stop("somebody has an account already; `tocsin user add EMAIL` opens another", Exit.PROBLEM)
    print(f"Open {firstrun.url()} and type:", file=sys.stderr)
    print(firstrun.code())


@token.command("create")
def create(
    email: Annotated[str, typer.Option("--user", metavar="EMAIL", help="Whose token: it can do what they may do.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[
        list[Right] | None, typer.Option(help="What it may be used for; may be given several times. [default: all]")
    ] = None,
    expires: Annotated[str, typer.Option(help="When it ends: 90d, 2027-01-01. [default: never]")] = "",
    data: Data = "",
    database: Database = "",
) -> None:
    """Make an API token and print it, alone, on stdout. It is shown this once."""
    ends = _ends(expires)
    with databases.installation(data, database), db.transact(clock.now()) as tx:
        account = queries.user_by_email(email)
        if account is None:
            raise Stop(f"there is no account for {email}: add one with `tocsin user add {email}`")
        raw = actions.create_token(tx, account, name, scope or list(Right), ends)
    print(raw)


def _ends(written: str) -> datetime | None:
    return times.later(written, clock.now()) if written else None


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < PASSWORD_CHARS_MIN:
        raise Stop(f"a password has at least {PASSWORD_CHARS_MIN} characters", Exit.USAGE)
    return password


def _add_person(tx: Tx, email: str, name: str, role: Role) -> str:
    person = queries.free_name(configuration.current(tx), email)
    body = {
        "name": name or email.partition("@")[0],
        "email": email,
        "role": role.value,
        "contacts": {"inbox": {"inbox": True}, "mail": {"email": email}},
    }
    author = Author(by="tocsin", message=f"account for {email}", through=ManagedBy.UI)
    outcome = configuration_actions.put(tx, "people", person, body, author)
    if not isinstance(outcome, Applied):
        raise Stop(problems.refusal(outcome))
    return person
