"""The verbs: change who is on call for a while, take the pager over.

Each loads, decides, saves and records the fact inside the caller's transaction. What cannot be done is told by
CannotChange with a reason; nothing is written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import text
from tocsin.kit.db import Tx
from tocsin.oncall import intervals, queries, rules, store
from tocsin.oncall.desk import (
    AHEAD_MOST,
    OVERRIDE_MOST,
    REASON_CHARS_MAX,
    Conflict,
    Handover,
    OverrideLine,
    Span,
)
from tocsin.oncall.domain import EVERYBODY, NOBODY, Override, ScheduleDocument
from tocsin.oncall.facts import (
    HandoverAccepted,
    OverrideCancelled,
    OverrideMade,
)
from tocsin.oncall.intervals import Interval
from tocsin.people.domain import PersonDocument, Role, TeamDocument

ASKED_MAX = 200


class WhyNot(StrEnum):
    """Why a change cannot be made."""

    NO_SCHEDULE = "no such schedule"
    NO_PERSON = "no such person"
    NOBODY_CHANGES = "nobody changes"
    BAD_TIME = "bad time"
    OPENS_GAP = "opens a gap"
    NOT_ON_CALL = "not on call then"
    NOT_THERE = "not there"
    NOT_OFFERED = "not offered any more"
    NOT_ASKED = "not asked"
    CONFLICTS = "conflicts"
    TOO_MANY = "too many"
    BAD_ADDRESS = "bad address"


class CannotChange(Exception):
    """It cannot be done, for this reason; `conflicts` and `gaps` say what stands against it."""

    def __init__(
        self, why: WhyNot, message: str, *, conflicts: Sequence[Conflict] = (), gaps: Sequence[Interval] = ()
    ) -> None:
        super().__init__(message)
        self.why = why
        self.conflicts = tuple(conflicts)
        self.gaps = tuple(gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An override somebody wants. `person_out` may be EVERYBODY; `force` also if nobody is left on call."""

    schedule: str
    person_out: str | None = None
    person_in: str | None = None
    start: datetime
    end: datetime
    reason: str = ""
    force: bool = False


def make_override(tx: Tx, wish: Wish, by: str) -> OverrideLine:
    """Change who is on call for a while; what begins in the past begins now. Raises CannotChange."""
    snapshot = configuration.current(tx)
    document = schedule_of(snapshot, wish.schedule)
    if wish.person_out is None and wish.person_in is None:
        raise CannotChange(WhyNot.NOBODY_CHANGES, "say who comes in, who goes out, or both")
    known_people(snapshot, [name for name in (wish.person_out, wish.person_in) if name not in {None, EVERYBODY}])
    if wish.person_in in {EVERYBODY, wish.person_out}:
        raise CannotChange(WhyNot.NOBODY_CHANGES, "this changes nobody")
    span = span_ahead(tx.now, Span(schedule=wish.schedule, start=wish.start, end=wish.end))
    line = line_of(wish, span, by, tx.now)
    if not wish.force:
        _must_open_no_gap(tx, document, line, makes=True)
    (made,) = store.put_overrides(tx, [line])
    record_made(tx, made)
    return made


def cancel_override(tx: Tx, override_id: int, by: str, *, force: bool = False) -> OverrideLine:
    """From now on it does not count; what was before stays. `force` also if nobody is left. Raises CannotChange."""
    found = store.override(tx, override_id, lock=tx.for_update)
    if found is None or found.cancelled_at is not None or found.end <= tx.now:
        raise CannotChange(WhyNot.NOT_THERE, f"there is no override {override_id} that is still to come or under way")
    document = configuration.current(tx).all("schedules", ScheduleDocument).get(found.schedule)
    if document is not None and not force:
        _must_open_no_gap(tx, document, replace(found, start=max(found.start, tx.now)), makes=False)
    store.cancel_override(tx, override_id, by)
    tx.record(
        OverrideCancelled(
            schedule=found.schedule,
            override=found.id,
            person_out=found.person_out,
            person_in=found.person_in,
            start=found.start,
            end=found.end,
            by=by,
            reason=found.reason,
            swap=found.swap,
        )
    )
    return replace(found, cancelled_at=tx.now, cancelled_by=by)


def accept_handover(tx: Tx, handover_id: int, person: str, by: str) -> Handover:
    """Somebody incoming says: I have it. Saying it twice changes nothing. Raises CannotChange."""
    found = store.handover(tx, handover_id, lock=tx.for_update)
    if found is None:
        raise CannotChange(WhyNot.NOT_THERE, f"there is no hand-over {handover_id}")
    if person not in found.incoming:
        raise CannotChange(WhyNot.NOT_ASKED, f"the pager passed to {', '.join(found.incoming)}, not to {person}")
    if found.accepted_at is not None:
        return found
    store.accept_handover(tx, found.id, by)
    tx.record(HandoverAccepted(schedule=found.schedule, handover=found.id, at=found.at, outgoing=found.outgoing, by=by))
    return replace(found, accepted_by=by, accepted_at=tx.now)


def candidates(snapshot: Snapshot, document: ScheduleDocument, but: str) -> tuple[str, ...]:
    """Who could take a shift of this schedule: its people and its team's, without viewers."""
    people = snapshot.all("people", PersonDocument)
    team = snapshot.all("teams", TeamDocument).get(document.team or "")
    named = [person for layer in document.layers for person in layer.people if person != NOBODY]
    found = dict.fromkeys((*named, *(team.members if team else ())))
    fit = [name for name in found if name != but and name in people and people[name].role is not Role.VIEWER]
    return tuple(fit[:ASKED_MAX])


def schedule_of(snapshot: Snapshot, name: str) -> ScheduleDocument:
    """The schedule of this name. Raises CannotChange."""
    found = snapshot.all("schedules", ScheduleDocument).get(name)
    if found is None:
        raise CannotChange(WhyNot.NO_SCHEDULE, f"there is no schedule `{name}`")
    return found


def known_people(snapshot: Snapshot, names: Iterable[str | None]) -> None:
    """Each of them is in the configuration. Raises CannotChange."""
    people = snapshot.all("people", PersonDocument)
    for name in names:
        if name is not None and name not in people:
            raise CannotChange(WhyNot.NO_PERSON, f"there is no person `{name}`")


def span_ahead(now: datetime, span: Span) -> Span:
    """In whole seconds, and not in the past: who was on call stays true."""
    start = max(span.start, now).replace(microsecond=0)
    end = span.end.replace(microsecond=0)
    if end <= start or end <= now:
        raise CannotChange(WhyNot.BAD_TIME, "this ends before it begins, or in the past")
    if end - start > OVERRIDE_MOST or start - now > AHEAD_MOST:
        raise CannotChange(WhyNot.BAD_TIME, f"this is longer than {OVERRIDE_MOST.days} days, or too far ahead")
    return replace(span, start=start, end=end)


def line_of(wish: Wish, span: Span, by: str, now: datetime) -> OverrideLine:
    """The override that a wish means."""
    return OverrideLine(
        id=0,
        schedule=wish.schedule,
        person_out=wish.person_out,
        person_in=wish.person_in,
        start=span.start,
        end=span.end,
        reason=text.cut(wish.reason, REASON_CHARS_MAX),
        made_by=by,
        made_at=now,
        swap=None,
        cancelled_at=None,
        cancelled_by="",
    )


def _must_open_no_gap(tx: Tx, document: ScheduleDocument, line: OverrideLine, *, makes: bool) -> None:
    """Somebody who was on call with or without this override still is when it is made, or taken away."""
    schedule = rules.compile_schedule(line.schedule, document)
    counts = queries.in_force(tx, line.start, line.end, line.schedule).get(line.schedule, ())
    change: Override | None = line.in_force()
    others = tuple(one for one in counts if one.id != str(line.id))
    after = (*others, change) if makes and change is not None else others
    open_before = rules.gaps(schedule, line.start, line.end, counts, deliberate=True)
    open_after = rules.gaps(schedule, line.start, line.end, after, deliberate=True)
    gaps = intervals.subtract(open_after, open_before)
    if gaps:
        first = f"{gaps[0].start:%Y-%m-%d %H:%M} to {gaps[0].end:%Y-%m-%d %H:%M} UTC"
        raise CannotChange(WhyNot.OPENS_GAP, f"nobody would be on call from {first}", gaps=gaps)


def record_made(tx: Tx, made: OverrideLine) -> None:
    """Say that it was made."""
    tx.record(
        OverrideMade(
            schedule=made.schedule,
            override=made.id,
            person_out=made.person_out,
            person_in=made.person_in,
            start=made.start,
            end=made.end,
            by=made.made_by,
            reason=made.reason,
            swap=made.swap,
        )
    )
