"""`tocsin ack`, `unack`, `resolve`, `snooze`, `escalate`, `note`, `page`."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated, Any

import typer

from tocsin.cli import output, remote, times
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock, text

app = typer.Typer()
KINDS = ("person", "team", "schedule")
Groups = Annotated[list[str], typer.Argument(metavar="GROUP", help="Numbers of groups: AG-12, or 12.")]


@app.command()
def ack(groups: Groups, json_: Json = False) -> None:
    """Acknowledge alert groups: somebody has them, everybody else falls silent."""
    _each(groups, "POST", "acknowledgement", json_=json_)


@app.command()
def unack(groups: Groups, json_: Json = False) -> None:
    """Give acknowledged alert groups back: they page again, from the start."""
    _each(groups, "DELETE", "acknowledgement", json_=json_)


@app.command()
def resolve(groups: Groups, json_: Json = False) -> None:
    """Resolve alert groups: they are over, and so are their alerts."""
    _each(groups, "POST", "resolution", json_=json_)


@app.command()
def snooze(
    groups: Groups,
    for_: Annotated[str, typer.Option("--for", help="For how long: 30m, 2h, 1d.")] = "",
    until: Annotated[str, typer.Option(help="Until when: 2026-03-01T09:00, +2h.")] = "",
    json_: Json = False,
) -> None:
    """Bother nobody about alert groups for a while."""
    if bool(for_) == bool(until):
        raise Stop("say either --for or --until", Exit.USAGE)
    end = times.later(for_ or until, clock.now())
    _each(groups, "POST", "snooze", {"until": end.isoformat()}, json_=json_)


@app.command()
def escalate(groups: Groups, json_: Json = False) -> None:
    """Take the next step of the alert groups' policies now."""
    _each(groups, "POST", "escalation", json_=json_, done="takes the next step")


@app.command()
def note(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The group's number: AG-12, or 12.")],
    text: Annotated[str, typer.Argument(help="What to write down; - reads it from stdin.")],
    json_: Json = False,
) -> None:
    """Write something down on an alert group."""
    body = {"text": sys.stdin.read() if text == "-" else text}
    _each([group], "POST", "notes", body, json_=json_, done="has the note")


@app.command()
def page(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="person:ann (or just ann), team:web, schedule:first."),
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What it is about.")] = "",
    service: Annotated[str, typer.Option(help="A service instead: its policy says who is paged.")] = "",
    description: Annotated[str, typer.Option(help="More about it.")] = "",
    json_: Json = False,
) -> None:
    """Page people, teams or a service by hand, until somebody answers."""
    if not message:
        raise Stop("say what it is about: --message", Exit.USAGE)
    body = {
        "to": [_target(one) for one in targets or []],
        "service": service,
        "title": message,
        "description": description,
    }
    made = remote.call("POST", "/pages", body, {"Idempotency-Key": uuid.uuid4().hex})
    if json_:
        output.as_json(made)
    else:
        output.say(f"{made['reference']} {'pages' if _pages(made) else 'pages nobody'}: {made['title']}")
    for one in made.get("not_woken", []):
        print(f"tocsin: not woken: {one['person'] or one['target']}: {one['reason']}", file=sys.stderr)
    if made["status"] == "suppressed":
        raise Stop("nobody is paged, because a silence matches it")
    if not made.get("reached", True):
        raise Stop("nobody can be reached, so the administrators are told that nobody answered")


def _pages(made: Any) -> bool:
    return bool(made.get("reached", True)) and made["status"] != "suppressed"


def _target(written: str) -> str:
    return written if written.partition(":")[0] in KINDS and ":" in written else f"person:{written}"


def _each(groups: list[str], method: str, verb: str, body: Any = None, *, json_: bool, done: str = "") -> None:
    """Do it to each, going on after a refusal; the worst exit code is the command's. `done` tells more than a status."""
    changed, worst = [], Exit.OK
    for group in groups:
        try:
            one = remote.call(method, f"/groups/{remote.name(group)}/{verb}", body)
        except remote.Refusal as refusal:
            print(f"tocsin: {group}: {text.shown(str(refusal))}", file=sys.stderr)
            worst = max(worst, refusal.code)
            continue
        changed.append(one)
        if not json_:
            output.say(f"{one['reference']} {done or 'is ' + one['status']}: {one['title']}")
    if json_:
        output.as_json(changed)
    if worst is not Exit.OK:
        raise Stop("", worst)
