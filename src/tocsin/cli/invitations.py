"""`tocsin invitation list`, `invitation send`, `invitation withdraw`: letting people in, through the API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import output, remote, words
from tocsin.cli.exits import Stop
from tocsin.cli.options import Json

app = typer.Typer()
invitation = typer.Typer(help="Invitations: people of the configuration get an account.", no_args_is_help=True)
app.add_typer(invitation, name="invitation")
Who = Annotated[str, typer.Argument(metavar="WHO", help="A person of the configuration, or an account's address.")]


@invitation.callback()
def _invitation() -> None:
    """Invitations: people of the configuration get an account."""


@invitation.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Every account, invited or not.")] = False, json_: Json = False
) -> None:
    """List the accounts whose invitation can still be used."""
    found = [one for one in _accounts() if all_ or one["standing"] == "invited"]
    if json_:
        output.as_json(found)
    elif found:
        rows = [
            [one["person"], one["email"], one["standing"], words.local(one["invited_until"] or "")] for one in found
        ]
        output.table(["PERSON", "ADDRESS", "ACCOUNT", "INVITED UNTIL"], rows)
    else:
        output.say("Nobody is invited.")


@invitation.command("send")
def send(who: Who, json_: Json = False) -> None:
    """Invite somebody, or send the invitation again; the links sent before are worth nothing from now on."""
    held = _account(who)
    if held is None:
        made = remote.call("POST", f"/people/{remote.name(who)}/account")
    else:
        made = remote.call("POST", f"/accounts/{held['id']}/invitation")
    if json_:
        output.as_json(made)
        return
    output.say(f"{made['email']} is invited until {words.local(made['invited_until'])}.")
    if made["link"]:
        output.say(f"No mail is sent here. Give them this link:\n{made['link']}")


@invitation.command("withdraw")
def withdraw(who: Who) -> None:
    """Take an invitation back: its link is worth nothing any more."""
    held = _account(who)
    if held is None:
        raise Stop(f"there is no account for {who}")
    remote.call("DELETE", f"/accounts/{held['id']}/invitation")
    output.say(f"The invitation of {held['email']} is worth nothing any more.")


def _account(who: str) -> dict[str, Any] | None:
    return next((one for one in _accounts() if who.lower() in (one["person"], one["email"])), None)


def _accounts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = remote.get("/accounts")["accounts"]
    return found
