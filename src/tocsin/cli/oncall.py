"""`tocsin oncall` and `tocsin shifts`: from a server, or from files alone."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import offline, output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock
from tocsin.oncall import answers
from tocsin.oncall.answers import NoSuchSchedule

app = typer.Typer()
Files = Annotated[
    list[str] | None, typer.Option("--file", metavar="CONFIG.yaml", help="Use these files; no server is asked.")
]


@app.command()
def oncall(
    schedules: Annotated[list[str] | None, typer.Argument(metavar="SCHEDULE", help="Only these.")] = None,
    at: Annotated[str, typer.Option(help="When: now, +2h, 2026-03-01T09:00.")] = "now",
    person: Annotated[str, typer.Option(help="Only where this person is on call.")] = "",
    file: Files = None,
    json_: Json = False,
) -> None:
    """Say who is on call, now or at any other time."""
    instant = times.instant(at, clock.now())
    try:
        if file:
            found = answers.on_call(offline.snapshot(file), instant, {}, schedules or [], person)
        else:
            found = remote.get("/oncall", at=instant.isoformat(), schedule=schedules or [], person=person)
    except NoSuchSchedule as unknown:
        raise Stop(str(unknown)) from None
    if json_:
        output.as_json(found)
        return
    rows = [row for one in found["schedules"] for row in _rows(one)]
    if not rows:
        output.say("No schedule." if not person else f"{person} is on call nowhere then.")
        return
    output.table(["SCHEDULE", "ON CALL", "BY", "UNTIL"], rows)


@app.command()
def shifts(
    name: Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule.")],
    from_: Annotated[str, typer.Option("--from", help="From when.")] = "now",
    to: Annotated[str, typer.Option("--to", help="Until when.")] = "+14d",
    file: Files = None,
    json_: Json = False,
) -> None:
    """List the shifts of a schedule between two times."""
    now = clock.now()
    start, end = times.instant(from_, now), times.instant(to, now)
    try:
        if file:
            found = answers.shifts(offline.snapshot(file), name, start, end, {})
        else:
            query = {"from": start.isoformat(), "to": end.isoformat()}
            found = remote.get(f"/schedules/{remote.name(name)}/shifts", **query)["shifts"]
    except NoSuchSchedule as unknown:
        raise Stop(str(unknown)) from None
    except ValueError as error:
        raise Stop(str(error), Exit.USAGE) from None
    if json_:
        output.as_json(found)
        return
    rows = [
        (one["start"], _shift_row(one))
        for one in (*found, *_holes(found, answers.instant(start), answers.instant(end)))
    ]
    output.table(["PERSON", "FROM", "UNTIL", "BY"], [row for _, row in sorted(rows, key=lambda row: row[0])])


def _holes(shifts: list[dict[str, Any]], start: str, end: str) -> list[dict[str, Any]]:
    """The times in which none of these has duty; instants are written so that they sort."""
    found: list[dict[str, Any]] = []
    at = start
    for one in sorted((one for one in shifts if not one.get("shadow")), key=lambda one: str(one["start"])):
        if one["start"] > at:
            found.append({"person": "nobody", "start": at, "end": one["start"]})
        at = max(at, one["end"])
    return [*found, {"person": "nobody", "start": at, "end": end}] if at < end else found


def _rows(schedule: dict[str, Any]) -> list[list[str]]:
    until = words.local(schedule["until"]) or "for good"
    if not schedule["on_call"]:
        return [[schedule["schedule"], "nobody", schedule["why"], until]]
    return [
        [schedule["schedule"] if not at else "", f"{one['name']} ({one['person']})", _by(one), until if not at else ""]
        for at, one in enumerate(schedule["on_call"])
    ]


def _shift_row(shift: dict[str, Any]) -> list[str]:
    shadow = " (shadow)" if shift.get("shadow") else ""
    return [f"{shift['person']}{shadow}", words.local(shift["start"]), words.local(shift["end"]), _by(shift)]


def _by(one: dict[str, Any]) -> str:
    if one.get("override"):
        return f"override {one['override']}"
    return f"layer {one['layer']}" if one.get("layer") else ""
