"""`tocsin user` and `tocsin token`: accounts and API tokens, on the database itself."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from typing import Annotated

import typer

from tocsin.cli import caller, output, problems, times, words
from tocsin.cli import database as databases
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database, Json
from tocsin.config import actions as configuration_actions
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.people import actions, firstrun, queries
from tocsin.people.domain import Role
from tocsin.people.queries import TokenInfo
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
            actions.create_user(tx, email, person, password, by=caller.who())
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
        raw = actions.create_token(tx, account, name, scope or list(Right), ends, by=caller.who())
    print(raw)


@token.command("list")
def list_(
    email: Annotated[str, typer.Option("--user", metavar="EMAIL", help="Only those of this account.")] = "",
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """List the API tokens that could be used now, never their secrets."""
    with databases.installation(data, database):
        now = clock.now()
        found = [
            one for one in queries.tokens_in_force(db.reader(now), now) if email.strip().lower() in ("", one.email)
        ]
    if json_:
        output.as_json([_shown(one) for one in found])
    elif found:
        rows = [
            [
                str(one.id),
                one.email,
                one.name,
                ", ".join(one.scopes),
                words.local(_iso(one.last_used_at)) or "never",
                words.local(_iso(one.expires_at)) or "never",
            ]
            for one in found
        ]
        output.table(["ID", "ACCOUNT", "NAME", "MAY", "LAST USED", "ENDS"], rows)
    else:
        output.say("There is no token." if not email else f"{email} has no token.")


@token.command("revoke")
def revoke(
    ids: Annotated[list[int], typer.Argument(metavar="ID", help="As `tocsin token list` says them.")],
    data: Data = "",
    database: Database = "",
) -> None:
    """Revoke API tokens: whoever uses one is refused from now on. All of these, or none."""
    with databases.installation(data, database), db.transact(clock.now()) as tx:
        for one in ids:
            if not actions.revoke(tx, one, by=caller.who()):
                raise Stop(f"there is no token {one} in force; `tocsin token list` lists them")
    output.say(f"Revoked: {', '.join(str(one) for one in ids)}.")


def _shown(one: TokenInfo) -> dict[str, object]:
    return {
        "id": one.id,
        "account": one.email,
        "name": one.name,
        "scopes": list(one.scopes),
        "created_at": _iso(one.created_at),
        "last_used_at": _iso(one.last_used_at),
        "expires_at": _iso(one.expires_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


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
    author = Author(by=caller.who(), message=f"account for {email}", through=ManagedBy.UI)
    outcome = configuration_actions.put(tx, "people", person, body, author)
    if not isinstance(outcome, Applied):
        raise Stop(problems.refusal(outcome))
    return person
