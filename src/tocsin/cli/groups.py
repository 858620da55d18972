"""`tocsin groups`, `tocsin show`, `tocsin explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tocsin.cli import kept_searches, output, remote, times, words
from tocsin.cli.exits import Exit, Stop
from tocsin.cli.options import Json
from tocsin.kit import clock, text

app = typer.Typer()
UNRESOLVED = ("open", "acknowledged", "snoozed", "suppressed")
LIMIT_DEFAULT, LIMIT_MAX = 50, 1000
PAGE_MAX = 200
TITLE_CHARS_MAX = 80
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's number: AG-12, or 12.")]


@app.command()
def groups(
    status: Annotated[list[str] | None, typer.Option(help="open, acknowledged, snoozed, suppressed, resolved.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    service: Annotated[str, typer.Option(help="Only of this service.")] = "",
    team: Annotated[str, typer.Option(help="Only of this team's services.")] = "",
    urgency: Annotated[str, typer.Option(help="high or low.")] = "",
    search: Annotated[str, typer.Option("--search", "-q", help="Only with these words in the title.")] = "",
    since: Annotated[str, typer.Option(help="Only opened since: -2h, 2026-03-01.")] = "",
    kept: Annotated[str, typer.Option(metavar="NAME", help="As a search you keep asks; see `tocsin search`.")] = "",
    limit: Annotated[int, typer.Option(help=f"How many at most; up to {LIMIT_MAX}.")] = LIMIT_DEFAULT,
    json_: Json = False,
) -> None:
    """List alert groups, newest first; without --all or --status those that are not resolved."""
    if not 1 <= limit <= LIMIT_MAX:
        raise Stop(f"--limit must be between 1 and {LIMIT_MAX}", Exit.USAGE)
    asked = {
        "status": status or (None if all_ else list(UNRESOLVED)),
        "service": service,
        "team": team,
        "urgency": urgency,
        "q": search,
        "since": times.instant(since, clock.now()).isoformat() if since else None,
    }
    if kept:
        asked |= _as_kept(kept)
    found = _all_pages(asked, limit)
    if json_:
        output.as_json(found)
        return
    if not found:
        output.say("No alert groups.")
        return
    now = clock.now()
    rows = [
        [
            one["reference"],
            one["urgency"],
            one["status"],
            one["service"],
            text.cut(one["title"], TITLE_CHARS_MAX),
            str(one["alert_count"]),
            words.when(one["opened_at"], now),
            words.who(one["acknowledged_by"]),
        ]
        for one in found
    ]
    output.table(["GROUP", "URGENCY", "STATUS", "SERVICE", "TITLE", "ALERTS", "OPENED", "TAKEN BY"], rows)


def _as_kept(name: str) -> dict[str, Any]:
    """What a search that is kept asks for, in the API's words."""
    held: dict[str, str] = kept_searches.named(name)["asked"]
    unknown = sorted(set(held) - {"q", "status", "urgency", "service", "team"})
    if unknown:
        raise Stop(f"{name} asks for {', '.join(unknown)}, which only the page of the interface can")
    status = held.get("status", "")
    wanted = {"": list(UNRESOLVED), "all": None}.get(status, [status])
    return {**held, "status": wanted}


@app.command()
def show(group: Group, json_: Json = False) -> None:
    """Show one alert group with its alerts, everybody paged, and everything that happened."""
    found = remote.get(f"/groups/{remote.name(group)}")
    pages = remote.get(f"/groups/{remote.name(group)}/pages")["pages"]
    if json_:
        output.as_json({**found, "pages": pages})
        return
    _say_head(found)
    _say_alerts(found["alerts"])
    _say_pages(pages)
    _say_journal(found["journal"])


@app.command()
def explain(group: Group, json_: Json = False) -> None:
    """Say for one alert group, or for one signal (signal:4711), what was decided, and why."""
    if group.startswith("signal:"):
        _explain_signal(group.removeprefix("signal:"), json_=json_)
        return
    found = remote.get(f"/groups/{remote.name(group)}/explanation")
    if json_:
        output.as_json(found)
        return
    _say_head(found["group"])
    route = found["route"]
    output.say(
        f"\nRoute {route['place']} decided: {', '.join(route['when']) or 'it matches everything'}"
        if route
        else f"\nNo route matched, so it belongs to the service of {found['group']['integration']}."
    )
    _say_signals(found["signals"])
    _say_escalations(found["escalations"])
    _say_pages(found["pages"])
    _say_journal(found["journal"])


def _all_pages(asked: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = None
    while len(found) < limit:
        page = remote.get("/groups", **asked, before=before, limit=min(limit - len(found), PAGE_MAX))
        found += page["groups"]
        before = page["next"]
        if before is None:
            break
    return found


def _explain_signal(number: str, *, json_: bool) -> None:
    found = remote.get(f"/signals/{remote.name(number)}")
    if json_:
        output.as_json(found)
        return
    output.say(f"Signal {found['id']} from {found['integration']}, {words.local(found['at'])}")
    output.say(f"{found['action']} {found['dedup_key']}: {found['outcome']}, because {found['reason']}")
    if found["group"]:
        output.say(f"Group: AG-{found['group']}")
    if found["raw"]:
        for problem in found["raw"]["problems"]:
            output.say(f"Problem: {problem}")
        output.say(f"\n{found['raw']['body']}")


def _say_head(found: dict[str, Any]) -> None:
    output.say(f"{found['reference']}  {found['title']}")
    whose = {"acknowledged": "acknowledged_by", "resolved": "resolved_by"}.get(found["status"], "")
    taken = f" by {words.who(found[whose])}" if whose and found[whose] else ""
    state = f"{found['status']}{taken}, {found['urgency']} urgency, {found['severity']}"
    output.say(f"{state}, service {found['service']}, opened {words.local(found['opened_at'])}")
    if found["snoozed_until"]:
        output.say(f"Snoozed until {words.local(found['snoozed_until'])}")
    if found["suppressed_by"]:
        output.say(f"Suppressed by {found['suppressed_by']}")


def _say_alerts(alerts: list[dict[str, Any]]) -> None:
    output.say("\nAlerts")
    rows = [
        [
            str(one["id"]),
            one["status"],
            one["severity"],
            text.cut(one["title"], TITLE_CHARS_MAX),
            str(one["signal_count"]),
            words.local(one["last_signal_at"]),
        ]
        for one in alerts
    ]
    output.table(["ALERT", "STATUS", "SEVERITY", "TITLE", "SIGNALS", "LAST HEARD"], rows)


def _say_pages(pages: list[dict[str, Any]]) -> None:
    output.say("\nPages")
    if not pages:
        output.say("Nobody was paged.")
        return
    rows = [
        [
            page["person"] if not at else "",
            page["status"] if not at else "",
            page["reason"] if not at else "",
            *delivery,
        ]
        for page in reversed(pages)
        for at, delivery in enumerate(_delivery_cells(page))
    ]
    output.table(["PERSON", "STATUS", "WHY", "BY", "STATE", "AT", "RECEIPT"], rows)


def _delivery_cells(page: dict[str, Any]) -> list[list[str]]:
    found = [
        [
            f"{one['channel']} ({one['contact']})",
            one["state"],
            words.local(one["settled_at"] or one["due_at"]),
            text.cut(one["receipt"] or one["reason"], TITLE_CHARS_MAX),
        ]
        for one in page["deliveries"]
    ]
    return found or [["", "", words.local(page["created_at"]), ""]]


def _say_signals(signals: list[dict[str, Any]]) -> None:
    output.say("\nSignals")
    rows = [
        [str(one["id"]), words.local(one["at"]), one["action"], one["outcome"], one["reason"]]
        for one in reversed(signals)
    ]
    output.table(["SIGNAL", "AT", "SAYS", "BECAME", "BECAUSE"], rows)


def _say_escalations(escalations: list[dict[str, Any]]) -> None:
    output.say("\nEscalations")
    for one in reversed(escalations):
        policies = " then ".join(one["policies"]) or "no policy"
        why = f" ({one['why']})" if one["why"] else ""
        end = f": {one['reason']}" if one["reason"] else ""
        output.say(f"{words.local(one['started_at'])}  {policies}{why}, {one['urgency']}: {one['status']}{end}")
        following = one["next"]
        if following:
            step = "last resort" if following["last_resort"] else f"step {following['step']}"
            output.say(f"  next {words.local(one['next_at'])}: {step}, {', '.join(following['targets'])}")


def _say_journal(journal: list[dict[str, Any]]) -> None:
    output.say("\nWhat happened")
    for one in journal:
        output.say(f"{words.local(one['at'])}  {words.fact(one['name'], {**one['body'], 'by': one['by']})}")
