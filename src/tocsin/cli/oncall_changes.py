"""`tocsin override`, `swap`, `absence`, `handover`, `feed`: changing who is on call, through the API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock

app = typer.Typer()
override = typer.Typer(help="Overrides: somebody else is on call for a while.", no_args_is_help=True)
swap = typer.Typer(help="Swaps: offer a shift and take one.", no_args_is_help=True)
absence = typer.Typer(help="Absences: when somebody is away.", no_args_is_help=True)
handover = typer.Typer(help="Hand-overs: what happened in the shift, and who has the pager.", no_args_is_help=True)
feed = typer.Typer(
    help="Calendar feeds: shifts in any calendar program, behind a secret address.", no_args_is_help=True
)
for _verb, _name in (
    (override, "override"),
    (swap, "swap"),
    (absence, "absence"),
    (handover, "handover"),
    (feed, "feed"),
):
    app.add_typer(_verb, name=_name)
From = Annotated[str, typer.Option("--from", help="From when. [default: now]")]
For = Annotated[str, typer.Option("--for", help="For how long: 2h, 1d.")]
Until = Annotated[str, typer.Option("--until", help="Until when: 2026-03-01T09:00, +2h.")]
Person = Annotated[str, typer.Option(help="Whose. [default: one's own]")]
Number = Annotated[int, typer.Argument(metavar="NUMBER")]


@override.command("add")
def add_override(
    schedule: Annotated[str, typer.Argument(metavar="SCHEDULE")],
    into: Annotated[str, typer.Option("--in", metavar="PERSON", help="Who comes in.")] = "",
    out: Annotated[str, typer.Option("--out", metavar="PERSON", help="Who goes out; * for everybody.")] = "",
    from_: From = "",
    for_: For = "",
    until: Until = "",
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also if nobody is left on call.")] = False,
    json_: Json = False,
) -> None:
    """Replace (--in and --out), add (--in) or remove (--out) somebody for a while."""
    start, end = _span(from_, for_, until)
    body = {
        "schedule": schedule,
        "person_in": into or None,
        "person_out": out or None,
        "start": start,
        "end": end,
        "reason": reason,
        "force": force,
    }
    made = remote.call("POST", "/overrides", body)
    if json_:
        output.as_json(made)
        return
    output.say(f"Override {made['id']} holds from {words.local(made['start'])} until {words.local(made['end'])}.")
    _say_conflicts(made["conflicts"])


@override.command("list")
def list_overrides(
    schedule: Annotated[str, typer.Option(help="Only of this one.")] = "",
    from_: From = "",
    to: Annotated[str, typer.Option("--to", help="Until when.")] = "+90d",
    json_: Json = False,
) -> None:
    """List overrides that are under way or to come, in the order in which they count."""
    now = clock.now()
    start = times.instant(from_ or "now", now).isoformat()
    asked = {"schedule": schedule, "from": start, "to": times.instant(to, now).isoformat()}
    found = remote.get("/overrides", **asked)["overrides"]
    if json_:
        output.as_json(found)
        return
    rows = [
        [str(one["id"]), one["schedule"], one["person_in"] or "", one["person_out"] or "", *_when(one), one["reason"]]
        for one in found
    ]
    output.table(["OVERRIDE", "SCHEDULE", "IN", "OUT", "FROM", "UNTIL", "WHY"], rows)


@override.command("cancel")
def cancel_override(
    number: Number, force: Annotated[bool, typer.Option("--force", help="Also if nobody is left on call.")] = False
) -> None:
    """From now on it does not count; what was before stays."""
    remote.call("DELETE", f"/overrides/{number}?force=true" if force else f"/overrides/{number}")
    output.say(f"Override {number} is cancelled.")


@swap.command("offer")
def offer_swap(
    schedule: Annotated[str, typer.Argument(metavar="SCHEDULE")],
    to: Annotated[str, typer.Option(metavar="PERSON", help="To whom. [default: everybody who could]")] = "",
    from_: From = "",
    for_: For = "",
    until: Until = "",
    return_: Annotated[
        str, typer.Option("--return", metavar="FROM/UNTIL", help="A shift of theirs to take in return.")
    ] = "",
    message: Annotated[str, typer.Option("--message", "-m", help="What to tell them.")] = "",
    person: Person = "",
    json_: Json = False,
) -> None:
    """Offer one's shift, or a part of it."""
    start, end = _span(from_, for_, until)
    body: dict[str, Any] = {
        "person": person,
        "to": to or None,
        "gives": {"schedule": schedule, "start": start, "end": end},
        "message": message,
    }
    if return_:
        first, slash, last = return_.partition("/")
        if not slash:
            raise Stop("--return is two times with a slash between: 2026-03-01T09:00Z/2026-03-01T17:00Z", Exit.USAGE)
        now = clock.now()
        wanted = (times.instant(first, now).isoformat(), times.instant(last, now).isoformat())
        body["wants"] = {"schedule": schedule, "start": wanted[0], "end": wanted[1]}
    made = remote.call("POST", "/swaps", body)
    if json_:
        output.as_json(made)
    else:
        output.say(
            f"Swap {made['id']} is offered to {made['to'] or 'everybody'} until {words.local(made['expires_at'])}."
        )


@swap.command("list")
def list_swaps(
    status: Annotated[str, typer.Option(help="offered, accepted, declined, withdrawn or expired.")] = "offered",
    person: Annotated[str, typer.Option(help="Only those this person made or may take.")] = "",
    json_: Json = False,
) -> None:
    """List shifts on offer."""
    found = remote.get("/swaps", status=status, person=person)["swaps"]
    if json_:
        output.as_json(found)
        return
    rows = [
        [
            str(one["id"]),
            one["gives"]["schedule"],
            one["person"],
            one["to"] or "anybody",
            *_when(one["gives"]),
            one["status"],
        ]
        for one in found
    ]
    output.table(["SWAP", "SCHEDULE", "OF", "TO", "FROM", "UNTIL", "STATUS"], rows)


@swap.command("accept")
def accept_swap(
    number: Number,
    anyway: Annotated[bool, typer.Option("--anyway", help="In spite of conflicts.")] = False,
    person: Person = "",
) -> None:
    """Take the shift. What speaks against it is told, and stops it unless --anyway."""
    remote.call("POST", f"/swaps/{number}/acceptance", {"person": person, "anyway": anyway})
    output.say(f"Swap {number} is accepted.")


@swap.command("decline")
def decline_swap(number: Number, person: Person = "") -> None:
    """Do not take a shift that was offered to oneself."""
    remote.call("POST", f"/swaps/{number}/refusal", {"person": person})
    output.say(f"Swap {number} is declined.")


@swap.command("withdraw")
def withdraw_swap(number: Number) -> None:
    """Offer it no longer."""
    remote.call("DELETE", f"/swaps/{number}")
    output.say(f"Swap {number} is withdrawn.")


@swap.command("conflicts")
def swap_conflicts(number: Number, person: Person = "") -> None:
    """Say what speaks against taking it."""
    found = remote.get(f"/swaps/{number}/conflicts", person=person)["conflicts"]
    _say_conflicts(found)
    if not found:
        output.say("Nothing speaks against it.")


@absence.command("add")
def add_absence(
    from_: From = "",
    for_: For = "",
    until: Until = "",
    about: Annotated[str, typer.Option("--about", "-a", help="Why, as others may read it.")] = "",
    person: Person = "",
) -> None:
    """Say when one is away; shifts in that time show as conflicts."""
    start, end = _span(from_, for_, until)
    made = remote.call("POST", "/absences", {"person": person, "start": start, "end": end, "about": about})
    output.say(f"Absence {made['id']} is noted.")
    asked = {"from": start, "to": end, "person": made["person"]}
    _say_conflicts(remote.get("/absences", **asked)["conflicts"])


@absence.command("list")
def list_absences(
    person: Annotated[str, typer.Option(help="Only theirs.")] = "",
    to: Annotated[str, typer.Option("--to", help="Until when.")] = "+365d",
    json_: Json = False,
) -> None:
    """List absences to come, the calendars that say so, and the shifts they are in the way of."""
    found = remote.get("/absences", person=person, to=times.instant(to, clock.now()).isoformat())
    if json_:
        output.as_json(found)
        return
    rows = [[str(one["id"] or ""), one["person"], *_when(one), one["kind"], one["about"]] for one in found["absences"]]
    output.table(["ABSENCE", "PERSON", "FROM", "UNTIL", "", "WHY"], rows)
    for one in remote.get("/calendars", owner=person)["calendars"]:
        if one["kind"] != "schedule":
            state = (
                f"cannot be read: {one['error']}" if one["error"] else f"read {words.local(one['read_at']) or 'soon'}"
            )
            output.say(f"calendar {one['id']}: {one['kind']} of {one['owner']}, {state}")
    _say_conflicts(found["conflicts"])


@absence.command("cancel")
def cancel_absence(number: Number) -> None:
    """One will be there after all."""
    remote.call("DELETE", f"/absences/{number}")
    output.say(f"Absence {number} is cancelled.")


@absence.command("link")
def link_calendar(
    url: Annotated[str, typer.Argument(metavar="URL", help="An iCalendar address.")],
    holidays: Annotated[bool, typer.Option("--holidays", help="It holds public holidays, not absences.")] = False,
    person: Person = "",
) -> None:
    """Read absences, or public holidays, from a calendar from now on."""
    kind = "holidays" if holidays else "absences"
    made = remote.call("POST", "/calendars", {"person": person, "kind": kind, "url": url})
    output.say(f"Calendar {made['id']} is read for {made['owner']}.")


@absence.command("unlink")
def unlink_calendar(number: Number) -> None:
    """Read that calendar no longer; `absence list` tells its number."""
    remote.call("DELETE", f"/calendars/{number}")
    output.say(f"Calendar {number} is not read any more.")


@handover.command("list")
def list_handovers(
    schedule: Annotated[str, typer.Option(help="Only of this one.")] = "",
    open_: Annotated[bool, typer.Option("--open", help="Only those nobody has accepted.")] = False,
    json_: Json = False,
) -> None:
    """List hand-overs, newest first."""
    found = remote.get("/handovers", schedule=schedule, open=str(open_).lower())["handovers"]
    if json_:
        output.as_json(found)
        return
    rows = [
        [
            str(one["id"]),
            one["schedule"],
            words.local(one["at"]),
            ", ".join(one["outgoing"]),
            ", ".join(one["incoming"]),
            words.who(one["accepted_by"]) if one["accepted_by"] else "nobody yet",
        ]
        for one in found
    ]
    output.table(["HANDOVER", "SCHEDULE", "AT", "FROM", "TO", "ACCEPTED BY"], rows)


@handover.command("accept")
def accept_handover(number: Number, person: Person = "") -> None:
    """Say: I have it."""
    taken = remote.call("POST", f"/handovers/{number}/acceptance", {"person": person})
    output.say(taken["summary"] or "Accepted.")


@feed.command("create")
def create_feed(
    schedule: Annotated[str, typer.Option(help="Of a schedule. [default: one's own shifts]")] = "",
    person: Annotated[str, typer.Option(help="Of a person.")] = "",
    json_: Json = False,
) -> None:
    """Make a secret address under which any calendar program reads the shifts; it is told this once."""
    made = remote.call("POST", "/feeds", {"schedule": schedule or None, "person": person or None})
    if json_:
        output.as_json(made)
    else:
        output.say(made["url"])


@feed.command("list")
def list_feeds(json_: Json = False) -> None:
    """List the addresses in force that one may revoke."""
    found = remote.get("/feeds")["feeds"]
    if json_:
        output.as_json(found)
        return
    rows = [
        [
            str(one["id"]),
            f"person {one['person']}" if one["person"] else f"schedule {one['schedule']}",
            words.who(one["made_by"]),
            words.local(one["used_at"]) if one["used_at"] else "never",
        ]
        for one in found
    ]
    output.table(["FEED", "OF", "BY", "LAST READ"], rows)


@feed.command("revoke")
def revoke_feed(number: Number) -> None:
    """The address leads nowhere from now on."""
    remote.call("DELETE", f"/feeds/{number}")
    output.say(f"Feed {number} is revoked.")


def _span(from_: str, for_: str, until: str) -> tuple[str, str]:
    if bool(for_) == bool(until):
        raise Stop("say either --for or --until", Exit.USAGE)
    now = clock.now()
    start = times.instant(from_, now) if from_ else now
    end = times.later(for_, start) if for_ else times.later(until, now)
    return start.isoformat(), end.isoformat()


def _when(one: dict[str, Any]) -> list[str]:
    return [words.local(one["start"]), words.local(one["end"])]


def _say_conflicts(found: list[dict[str, Any]]) -> None:
    for one in found:
        about = f" ({one['about']})" if one["about"] else ""
        state = "has a holiday" if one["kind"] == "holiday" else f"is {one['kind']}"
        place = "" if one["kind"] == "on call elsewhere" else f"{one['schedule']}: "
        start, end = _when(one)
        output.say(f"conflict: {place}{one['person']} {state}{about}, {start} to {end}")
