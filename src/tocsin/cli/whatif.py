"""`tocsin what-if`: from a server, from files alone, or from a database here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from tocsin.alerts import listing
from tocsin.alerts.domain import Silence
from tocsin.cli import database as databases
from tocsin.cli import offline, options, output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Data, Database, Json
from tocsin.kit import clock, db
from tocsin.paging.standing import Standing, standing_at
from tocsin.simulate import values, whatif
from tocsin.simulate.whatif import NoSuchIntegration

app = typer.Typer()


@app.command("what-if")
def what_if(
    integration: Annotated[str, typer.Option(help="The integration the signal would come through.")],
    signal: Annotated[str, typer.Option(metavar="FILE", help="The body of the request; - is stdin.")],
    at: Annotated[str, typer.Option(help="When: now, +2h, 2026-12-25T03:00.")] = "now",
    header: Annotated[list[str] | None, typer.Option(help="A header of the request, as Name: value.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", metavar="CONFIG.yaml", help="Use these files; no server is asked.")
    ] = None,
    no_silences: Annotated[bool, typer.Option("--no-silences", help="As if nothing were silenced.")] = False,
    json_: Json = False,
    data: Data = "",
    database: Database = "",
) -> None:
    """Trace what a signal would do at any time if nobody answered: who would be paged, when, how and why."""
    instant = times.instant(at, clock.now())
    body, headers = offline.content(signal), _headers(header or [])
    if file:
        found = _trace(Standing(offline.snapshot(file)), integration, body, instant, headers)
    elif options.is_remote(data, database):
        found = remote.call(
            "POST",
            "/what-if",
            {
                "integration": integration,
                "body": body.decode(errors="replace"),
                "headers": headers,
                "at": instant.isoformat(),
                "silences": not no_silences,
            },
        )
    else:
        with databases.installation(data, database):
            reader = db.reader(clock.now())
            quiet = () if no_silences else listing.silences_at(reader, instant)
            found = _trace(standing_at(reader, instant), integration, body, instant, headers, quiet)
    if json_:
        output.as_json(found)
    else:
        _print_trace(found)
    if found["problems"] and not found["signals"]:
        raise typer.Exit(Exit.PROBLEM)


def _trace(
    current: Standing,
    integration: str,
    body: bytes,
    at: datetime,
    headers: dict[str, str],
    quiet: Sequence[Silence] = (),
) -> dict[str, Any]:
    try:
        return values.of_trace(whatif.what_if(current, integration, body, at, headers=headers, silences=quiet))
    except NoSuchIntegration as unknown:
        raise Stop(str(unknown)) from None


def _headers(written: list[str]) -> dict[str, str]:
    found = {}
    for one in written:
        name, colon, value = one.partition(":")
        if not colon:
            raise Stop(f"{one!r} is not a header: write it as Name: value", Exit.USAGE)
        found[name.strip()] = value.strip()
    return found


def _print_trace(trace: dict[str, Any]) -> None:
    output.say(f"At {words.local(trace['at'])} through {trace['integration']} ({trace['source']}):")
    for problem in trace["problems"]:
        output.say(f"  problem: {problem}")
    for signal in trace["signals"]:
        _print_signal(signal)
    if not trace["signals"]:
        output.say("  nothing would be read from this.")
    for signal in trace["unanswered"]:
        _print_signal(signal)
    _print_messages(trace["messages"])


def _print_signal(signal: dict[str, Any]) -> None:
    output.say(
        f"\n{signal['action']} {signal['title'] or signal['dedup_key']}: {signal['outcome']}, {signal['reason']}"
    )
    if signal["service"]:
        route = f"route {signal['route']}" if signal["route"] else "no route matched"
        output.say(f"  {route}; service {signal['service']}, {signal['urgency']} urgency, {signal['severity']}")
    if signal["group_labels"] is not None:
        of = ", ".join(f'{name}="{value}"' for name, value in signal["group_labels"].items())
        output.say(f"  grouped by {of}" if of else "  a group of its own")
    if signal["held_until"]:
        output.say(f"  held until {words.local(signal['held_until'])}, in case it goes away by itself")
    if signal["silence"]:
        quiet = signal["silence"]
        said = f": {quiet['comment']}" if quiet["comment"] else ""
        output.say(f"  silence {quiet['id']} of {quiet['author']} holds until {words.local(quiet['ends_at'])}{said}")
    if signal["pages_from"] and signal["outcome"] in ("held", "suppressed"):
        output.say(f"  pages from {words.local(signal['pages_from'])}")
    if signal["urgent_from"]:
        output.say(f"  becomes urgent at {words.local(signal['urgent_from'])}")
    if signal["policy"] or signal["why_policy"]:
        why = f": {signal['why_policy']}" if signal["why_policy"] else ""
        output.say(f"  policy {signal['policy']}{why}")
    for step in signal["steps"]:
        _say_step(step)
    if signal["exhausted_at"]:
        output.say(f"  {words.local(signal['exhausted_at'])}  everybody has been tried")


def _say_step(step: dict[str, Any]) -> None:
    name = f"step {step['step']}" if step["step"] else "last resort"
    round_ = f", round {step['cycle']}" if step["cycle"] > 1 else ""
    head = f"  {words.local(step['at'])}  {step['policy']} {name}{round_}"
    if step["skipped"]:
        output.say(f"{head}: skipped, {step['skipped']}")
        return
    output.say(f"{head}: {', '.join(step['targets'])}; then waits {step['wait']}")
    for paged in step["paged"]:
        ways = ", ".join(one["contact"] for one in paged["messages"]) or "no usable way to reach them"
        output.say(f"      {paged['name']} ({paged['why']}) by {ways}")


def _print_messages(messages: list[dict[str, Any]]) -> None:
    if not messages:
        output.say("\nNo message would go out.")
        return
    output.say("\nMessages if nobody answers")
    rows = [
        [words.local(one["at"]), one["person"], one["channel"], one["contact"], one["address"], _why_so(one)]
        for one in messages
    ]
    output.table(["AT", "PERSON", "CHANNEL", "CONTACT", "ADDRESS", ""], rows)
    output.say(f"\n{whatif.LEFT_OUT}")


def _why_so(message: dict[str, Any]) -> str:
    """What is not as the steps say: said again to a device, several problems in one message, or later than it was due."""
    again = "said again" if message["again"] else ""
    together = f"{len(message['groups'])} groups in one message" if len(message["groups"]) > 1 else ""
    waited = (
        f"due {words.local(message['due_at'])}, within the address's limit"
        if message["at"] != message["due_at"]
        else ""
    )
    return "; ".join(said for said in (again, together, waited) if said)
