"""The JSON door to alert groups, signals and silences."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from ninja import Query, Router, Status

from tocsin.alerts import actions, listing
from tocsin.alerts.actions import NoSuchGroup
from tocsin.alerts.domain import SILENCE_MAX, SNOOZE_MAX, Group, GroupId, Outcome, Reason
from tocsin.alerts.listing import GroupFilter, GroupLine, SilenceLine
from tocsin.alerts.rules import IllegalMove
from tocsin.alerts.shapes import (
    Asked,
    GroupOut,
    GroupShown,
    GroupsOut,
    Note,
    SignalShown,
    SignalsOut,
    SilenceIn,
    Snooze,
)
from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.journal import store as journal
from tocsin.kit import clock, db, matchers, text
from tocsin.kit.db import Reader
from tocsin.kit.matchers import Matcher
from tocsin.people.api import permit, writing
from tocsin.people.rights import Actor, Right
from tocsin.sources.domain import Signal
from tocsin.web.problems import Problem, not_found, wrong

router = Router(tags=["groups"])
signals_router = Router(tags=["signals"])
silences_router = Router(tags=["silences"])
BODY_SHOWN_CHARS_MAX = 500_000


Limit = Annotated[int, Query(ge=1, le=listing.LIMIT_MAX)]


@router.get("", response=GroupsOut)
def groups(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Alert groups, newest first."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = listing.groups(
        reader,
        GroupFilter(
            status=asked.status,
            services=_services(reader, asked.service, asked.team),
            urgency=asked.urgency or "",
            severity=asked.severity or "",
            text=asked.q,
            since=asked.since,
            until=asked.until,
            before=asked.before,
            limit=asked.limit,
        ),
    )
    following = found[-1].id if len(found) == asked.limit else None
    return {"groups": [_out(reader, one) for one in found], "next": following}


@router.get("/{group}", response=GroupShown)
def show(request: HttpRequest, group: str) -> Any:
    """One group with its alerts and its journal."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = line(reader, group)
    return {
        **_out(reader, found),
        "alerts": listing.alerts_of(reader, found.id),
        "journal": facts(reader, f"group:{found.id}"),
    }


@router.post("/{group}/acknowledgement", response=GroupOut)
def acknowledge(request: HttpRequest, group: str) -> Any:
    """Somebody has it: everybody else falls silent."""
    id_, who = respond_to(request, group)
    return _change(who, lambda tx: actions.acknowledge(tx, id_, who.by, via=_via(who)))


@router.delete("/{group}/acknowledgement", response=GroupOut)
def unacknowledge(request: HttpRequest, group: str) -> Any:
    """Nobody has it any more: it pages from the start."""
    id_, who = respond_to(request, group)
    return _change(who, lambda tx: actions.unacknowledge(tx, id_, who.by))


@router.post("/{group}/resolution", response=GroupOut)
def resolve(request: HttpRequest, group: str) -> Any:
    """It is over, and so are its alerts."""
    id_, who = respond_to(request, group)
    return _change(who, lambda tx: actions.resolve(tx, id_, who.by, via=_via(who)))


@router.post("/{group}/snooze", response=GroupOut)
def snooze(request: HttpRequest, group: str, body: Snooze) -> Any:
    """Bother nobody about it for a while."""
    id_, who = respond_to(request, group)
    until = _end(body.until, body.for_, "until", SNOOZE_MAX)
    return _change(who, lambda tx: actions.snooze(tx, id_, who.by, until))


@router.post("/{group}/notes", response={201: GroupOut})
def note(request: HttpRequest, group: str, body: Note) -> Any:
    """Write something down for everybody."""
    id_, who = respond_to(request, group)
    return Status(201, _change(who, lambda tx: actions.note(tx, id_, who.by, body.text)))


@signals_router.get("", response=SignalsOut)
def signals(
    request: HttpRequest,
    integration: str = "",
    outcome: Outcome | None = None,
    group: str = "",
    before: int | None = None,
    limit: Limit = listing.LIMIT_DEFAULT,
) -> Any:
    """What became of signals, newest first."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = listing.signals(
        reader,
        integration=integration,
        outcome=outcome,
        group_id=number(group) if group else None,
        before=before,
        limit=limit,
    )
    return {"signals": found, "next": found[-1].id if len(found) == limit else None}


@signals_router.get("/{signal_id}", response=SignalShown)
def signal(request: HttpRequest, signal_id: int) -> Any:
    """One signal: what was decided and why, what was read, and the request it came in."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = listing.signal(reader, signal_id)
    if found is None:
        raise not_found(f"there is no signal {signal_id}")
    kept = listing.raw_of(reader, signal_id)
    said = _what_was_read(kept[1]) if kept and kept[1] is not None else None
    return {**asdict(found), "said": said, "raw": _raw(kept[0]) if kept else None}


@silences_router.get("", response=dict[str, list[SilenceLine]])
def silences(request: HttpRequest, ended: bool = False, limit: Limit = listing.LIMIT_MAX) -> Any:
    """Silences in force or to come; with `ended`, those that are over too."""
    permit(request, Right.SEE)
    found = listing.silences(db.reader(clock.now()), ended_too=ended, limit=limit)
    return {"silences": found}


@silences_router.post("", response={201: SilenceLine})
def make_silence(request: HttpRequest, body: SilenceIn) -> Any:
    """From its start to its end, matching alerts page nobody."""
    who = permit(request, Right.SILENCE, _team_of_matchers(body.matchers))
    compiled = _matchers(body.matchers)
    now = clock.now()
    starts_at = body.starts_at or now
    ends_at = _end(body.ends_at, body.for_, "ends_at", SILENCE_MAX, after=starts_at)
    with writing(who) as tx:
        made = actions.silence(tx, compiled, max(starts_at, now), ends_at, who.by, body.comment)
    return Status(201, _silence(made.id))


@silences_router.get("/{silence_id}", response=SilenceLine)
def silence(request: HttpRequest, silence_id: int) -> Any:
    """One silence."""
    permit(request, Right.SEE)
    return _silence(silence_id)


@silences_router.delete("/{silence_id}", response={204: None})
def end_silence(request: HttpRequest, silence_id: int) -> Any:
    """End a silence now: what still fires pages from now on."""
    permit(request, Right.SEE)
    found = _silence(silence_id)
    who = permit(request, Right.SILENCE, _team_of_matchers(found.matchers))
    if found.ends_at <= clock.now():
        raise Problem(409, f"silence {silence_id} is over already")
    with writing(who) as tx:
        actions.end_silence(tx, silence_id, who.by, Reason.BY_HAND)
    return Status(204, None)


def number(written: str) -> int:
    """The number of a group, written 12 or AG-12."""
    digits = written.upper().removeprefix("AG-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise not_found(f"there is no alert group {text.cut(written, 40)}; a group is named by its number: AG-12")
    return int(digits)


def line(reader: Reader, written: str) -> GroupLine:
    """The group of this name. Raises Problem."""
    found = listing.group(reader, number(written))
    if found is None:
        raise not_found(f"there is no alert group AG-{number(written)}")
    return found


def respond_to(request: HttpRequest, written: str) -> tuple[GroupId, Actor]:
    """The group of this name and whoever asks, if they may respond to it. Raises Problem."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = line(reader, written)
    return GroupId(found.id), permit(request, Right.RESPOND, _team_of(reader, found.service))


def facts(reader: Reader, subject: str) -> list[dict[str, Any]]:
    """The journal of one story, oldest first."""
    return [
        {"id": one.id, "at": clock.from_us(one.at_us), "name": one.name, "by": one.actor, "body": one.body}
        for one in journal.of_subject(reader, subject)
    ]


def group_out(group_id: int) -> dict[str, Any]:
    """A group as it is now."""
    reader = db.reader(clock.now())
    return _out(reader, line(reader, str(group_id)))


def _change(who: Actor, verb: Any) -> dict[str, Any]:
    try:
        with writing(who) as tx:
            changed: Group = verb(tx)
    except NoSuchGroup as gone:
        raise not_found(str(gone)) from None
    except IllegalMove as illegal:
        raise Problem(409, str(illegal), more={"group_status": illegal.status.value}) from None
    return group_out(changed.id)


def _out(reader: Reader, line: GroupLine) -> dict[str, Any]:
    return {**asdict(line), "team": _team_of(reader, line.service)}


def _team_of(reader: Reader, service: str) -> str | None:
    document = configuration.current(reader).all("services", ServiceDocument).get(service)
    return document.team if document else None


def _services(reader: Reader, service: str, team: str) -> list[str] | None:
    if service:
        return [service]
    if not team:
        return None
    services = configuration.current(reader).all("services", ServiceDocument)
    return [name for name, document in services.items() if document.team == team]


def _team_of_matchers(written: list[str]) -> str | None:
    """A silence for one team alone says so with `team="…"` or one of its services; then the team's managers may too."""
    for matcher in _matchers(written):
        if matcher.op is matchers.Op.EQUAL and matcher.label == "team":
            return matcher.value
        if matcher.op is matchers.Op.EQUAL and matcher.label == "service":
            return _team_of(db.reader(clock.now()), matcher.value)
    return None


def _matchers(written: list[str]) -> list[Matcher]:
    compiled = []
    for place, one in enumerate(written):
        try:
            compiled.append(matchers.parse(one))
        except ValueError as error:
            raise wrong(f"matchers.{place}", str(error)) from None
    if all(one.matches({}) for one in compiled):
        raise wrong("matchers", "these match everything", fix="add one that an alert without labels does not match")
    return compiled


def _end(
    until: datetime | None, lasts: str | None, name: str, most: timedelta, after: datetime | None = None
) -> datetime:
    now = clock.now()
    start = after or now
    if (until is None) == (lasts is None):
        raise wrong(name, f"say either `{name}` or `for`")
    try:
        end = until if until is not None else start + text.parse_duration(lasts or "")
    except ValueError as error:
        raise wrong("for", str(error)) from None
    if end <= max(start, now):
        raise wrong(name, "this is in the past or before the start")
    if end - now > most:
        raise wrong(name, f"this is further away than {text.format_duration(most)}")
    return end


def _silence(silence_id: int) -> SilenceLine:
    found = listing.silence(db.reader(clock.now()), silence_id)
    if found is None:
        raise not_found(f"there is no silence {silence_id}")
    return found


def _what_was_read(signal: Signal) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(signal, name)) for name in Signal.__struct_fields__}


def _raw(kept: listing.Raw) -> dict[str, Any]:
    try:
        body, encoding = kept.body.decode(), "utf-8"
    except UnicodeDecodeError:
        body, encoding = base64.b64encode(kept.body).decode(), "base64"
    return {
        **asdict(kept),
        "body": text.cut(body, BODY_SHOWN_CHARS_MAX),
        "encoding": encoding,
        "problems": list(kept.problems),
    }


def _via(who: Actor) -> str:
    return "interface" if who.token_id is None else "api"
