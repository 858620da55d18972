"""What happened to a schedule, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.config.queries import VersionInfo
from tocsin.journal.domain import Entry
from tocsin.kit import clock
from tocsin.oncall.viewer import Viewer
from tocsin.people import queries as people
from tocsin.web import times

SHOWN_MAX = 40
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened."""

    at: datetime
    words: str
    why: str = ""


def story(entries: Iterable[Entry], versions: Iterable[VersionInfo], seen: Viewer) -> tuple[Line, ...]:
    """Facts and changes of the document, newest first."""
    found = [
        Line(
            at=clock.from_us(one.at_us),
            words=_WORDS[one.name](one.body, _by(seen, one.actor), seen),
            why=_why(one.body),
        )
        for one in entries
        if one.name in _WORDS
    ]
    found += [
        Line(at=one.at, words=f"{_by(seen, one.by)} changed the schedule (version {one.number})", why=one.message)
        for one in versions
    ]
    return tuple(sorted(found, key=lambda line: line.at, reverse=True)[:SHOWN_MAX])


def change_words(out: str | None, into: str | None, seen: Viewer) -> str:
    """What an override does: `Bob Ortiz instead of Ann Lee`."""
    if into is not None and out is not None:
        return f"{seen.name(into)} instead of {seen.name(out)}"
    return f"{seen.name(into)} as well" if into is not None else f"without {seen.name(out)}"


def _by(seen: Viewer, actor: str) -> str:
    return people.name_of(seen.snapshot, actor)


def _why(body: Body) -> str:
    return str(body.get("reason") or body.get("message") or "")


def _span(body: Body, seen: Viewer) -> str:
    start, end = (datetime.fromisoformat(str(body[name])) for name in ("start", "end"))
    return f"{times.clock_time(start, seen.now, seen.clock)} to {times.clock_time(end, seen.now, seen.clock)}"


def _override(body: Body, by: str, seen: Viewer) -> str:
    return f"{by} made an override: {change_words(body['person_out'], body['person_in'], seen)}, {_span(body, seen)}"


def _cancelled(body: Body, by: str, seen: Viewer) -> str:
    return (
        f"{by} cancelled the override {change_words(body['person_out'], body['person_in'], seen)}, {_span(body, seen)}"
    )


def _offered(body: Body, _by: str, seen: Viewer) -> str:
    to = seen.name(body["to"]) if body["to"] else "whoever can take it"
    return f"{seen.name(body['person'])} offered {_span(body, seen)} to {to}"


def _swap(done: str) -> Callable[[Body, str, Viewer], str]:
    return lambda body, by, seen: f"{by} {done} the shift {seen.name(body['person'])} offered, {_span(body, seen)}"


def _expired(body: Body, _by: str, seen: Viewer) -> str:
    return f"Nobody took the shift {seen.name(body['person'])} offered, {_span(body, seen)}"


def _accepted(_body: Body, by: str, _seen: Viewer) -> str:
    return f"{by} took the pager over"


def _gap(body: Body, _by: str, seen: Viewer) -> str:
    return f"A gap is coming: nobody is on call {_span(body, seen)}"


def _conflict(body: Body, _by: str, seen: Viewer) -> str:
    return f"{seen.name(body['person'])} is on call while away, {_span(body, seen)}"


_WORDS: Mapping[str, Callable[[Body, str, Viewer], str]] = {
    "OverrideMade": _override,
    "OverrideCancelled": _cancelled,
    "SwapOffered": _offered,
    "SwapAccepted": _swap("took"),
    "SwapDeclined": _swap("declined"),
    "SwapWithdrawn": _swap("withdrew"),
    "SwapExpired": _expired,
    "HandoverAccepted": _accepted,
    "GapAhead": _gap,
    "DutyConflict": _conflict,
    "FeedOpened": lambda _body, by, _seen: f"{by} made a calendar address",
    "FeedRevoked": lambda _body, by, _seen: f"{by} revoked a calendar address",
    "CalendarFailing": lambda body, _by, _seen: f"The calendar cannot be read: {body['error']}",
    "CalendarWorksAgain": lambda _body, _by, _seen: "The calendar can be read again",
}
