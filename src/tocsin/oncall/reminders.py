"""Telling people in time: shifts that begin and end, the pager passing on, gaps and conflicts ahead.

What is to be told within the next day and a half stands ready as timers; they are derived anew after each change of
schedules, people, overrides, absences or calendars, and once a day. A ledger of what was told sees to it that nobody
is told twice, however often that happens.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tocsin.config import queries as configuration
from tocsin.config.actions import ConfigApplied
from tocsin.engine import timers
from tocsin.engine.domain import TimerDue
from tocsin.kit import tz
from tocsin.kit.db import Tx
from tocsin.oncall import agenda, intervals, queries, rights, rules, store
from tocsin.oncall.agenda import Moment, MomentKind
from tocsin.oncall.desk import GAP_END_WITHIN, CalendarKind, Handover
from tocsin.oncall.domain import ScheduleDocument, Shift
from tocsin.oncall.facts import DutyConflict, GapAhead, HandoverOffered, ShiftEnds, ShiftNear
from tocsin.oncall.intervals import Interval
from tocsin.oncall.queries import Outlook
from tocsin.people.domain import PersonDocument, ShiftNotices

DERIVE = "oncall.derive"
MOMENT = "oncall.moment"
DERIVE_EVERY = timedelta(days=1)
READY_FOR = timedelta(hours=36)
JUST_NOW = timedelta(minutes=2)  # an edge so recent is still told by a change made now
LATE_MAX = timedelta(hours=1)  # after that a reminder reminds of nothing
CONFLICTS_AHEAD = timedelta(days=14)
TOLD_KEPT = timedelta(days=400)
GAPS_TOLD_MAX = 20  # of one schedule at once; the later ones when these have passed
_moment = msgspec.json.Decoder(Moment)
_encode = msgspec.json.Encoder().encode


def rearm(tx: Tx, _: Sequence[Any]) -> None:
    """Something changed about who is on call: see what there is to tell, soon and apart from this transaction."""
    timers.set_one(tx, DERIVE, 0, tx.now)


def rearm_for_documents(tx: Tx, facts: Sequence[ConfigApplied]) -> None:
    """The same for a new configuration, if it is about schedules, or about people who may stand in some."""
    sections = {section for fact in facts for section in fact.sections}
    has_schedules = bool(configuration.current(tx).all("schedules", ScheduleDocument))
    if "schedules" in sections or (has_schedules and sections & {"people", "teams"}):
        rearm(tx, ())


def derive(tx: Tx) -> None:
    """Make ready what is to be told in the coming time, in place of what stood ready; tell of gaps and conflicts."""
    timers.cancel_ahead(tx, MOMENT)
    documents = configuration.current(tx).all("schedules", ScheduleDocument)
    if not documents:
        return
    timers.set_one(tx, DERIVE, 0, tx.now + DERIVE_EVERY)
    people = configuration.current(tx).all("people", PersonDocument)
    wishes = {name: person.notify.shifts for name, person in people.items()}
    view = queries.outlook(tx, tx.now - agenda.TRUE_END_WITHIN)
    start, end = tx.now - JUST_NOW, tx.now + READY_FOR
    found = [
        one
        for name, document in documents.items()
        for one in agenda.moments(rules.compile_schedule(name, document), view.of(name), wishes, start, end)
    ]
    ready = [(MOMENT, one.ref, tz.moment(one.at), _encode(one).decode()) for one in found]
    timers.set_many(tx, [one for one in ready if one[2] > tx.now], absolute=True)
    tell(tx, [one for one in found if tz.moment(one.at) <= tx.now], view)
    tell_of_edits(tx, view, wishes)
    warn(tx, view)
    store.forget_told(tx, tx.now - TOLD_KEPT)


def tell_due(tx: Tx, due: Sequence[TimerDue]) -> None:
    """What has fallen due is told if it is still so."""
    found = [_moment.decode(timer.payload) for timer in due]
    earliest = tz.moment(min(one.edge for one in found))
    tell(tx, found, queries.outlook(tx, earliest - agenda.TRUE_END_WITHIN))


def tell(tx: Tx, found: Sequence[Moment], view: Outlook) -> None:
    """Record each of these that still is so and was not told before; of several reminders of one edge, the latest."""
    known = [one for one in found if view.schedule(one.schedule) is not None and _is_timely(tx, one)]
    true = [one for one in known if _still_so(one, view)]
    fresh = store.first_time(tx, [one.key for one in true])
    latest: dict[tuple[object, ...], Moment] = {}
    for one in true:
        about = (one.kind, one.schedule, one.person, one.edge, one.shadow)
        if one.key in fresh and (about not in latest or latest[about].at < one.at):
            latest[about] = one
    for one in latest.values():
        _record(tx, one, view)


def tell_of_edits(tx: Tx, view: Outlook, wishes: Mapping[str, ShiftNotices]) -> None:
    """Whom a change of a schedule's document has put on call or taken off at once; not of one that is new."""
    for name in sorted(queries.changed_since(tx, tx.now - JUST_NOW)):
        versions = configuration.history_of(tx, "schedules", name, tx.now - JUST_NOW)
        schedule = view.schedule(name)
        for (_, old), (came, new) in itertools.pairwise(versions):
            if schedule is None or not isinstance(old, ScheduleDocument) or not isinstance(new, ScheduleDocument):
                continue
            edge = queries.whole(came)
            before = _on(rules.compile_schedule(name, old), view.of(name), edge, shadow=False)
            after = _on(schedule, view.of(name), edge, shadow=False)
            _tell_of_edit(
                tx,
                schedule,
                view.of(name),
                edge,
                {one: one in after for one in before ^ after if one in wishes},
                wishes,
            )


def _tell_of_edit(
    tx: Tx,
    schedule: rules.Schedule,
    counts: Sequence[Any],
    edge: datetime,
    comes: Mapping[str, bool],
    wishes: Mapping[str, ShiftNotices],
) -> None:
    name = schedule.name
    keys = {person: f"edit|{name}|{person}|{tz.second(edge)}" for person in comes}
    fresh = store.first_time(tx, keys.values())
    for person in sorted(one for one, key in keys.items() if key in fresh):
        if not comes[person] and wishes[person].end:
            tx.record(ShiftEnds(schedule=name, person=person, end=edge))
        elif comes[person] and wishes[person].start:
            held = agenda.held_at(schedule, counts, person, edge, shadow=False)
            end = held.end if held is not None and held.end < edge + agenda.TRUE_END_WITHIN else None
            tx.record(ShiftNear(schedule=name, person=person, start=edge, end=end))


def warn(tx: Tx, view: Outlook) -> None:
    """Tell of gaps and conflicts that come near, each once."""
    documents = view.snapshot.all("schedules", ScheduleDocument)
    unread = {one.owner for one in queries.calendars(tx, kind=CalendarKind.SCHEDULE) if one.tried_at is None}
    facts: dict[str, GapAhead | DutyConflict] = {}
    for name, document in documents.items():
        if name in unread:
            continue  # in a moment it is known what it says
        asked = rights.managers(view.snapshot, document)
        for gap in _gaps_near(tx.now, rules.compile_schedule(name, document), document.gap_notice, view.of(name)):
            facts[f"gap|{name}|{_gap_start(name, view, gap.start)}"] = GapAhead(
                schedule=name, start=gap.start, end=gap.end, asked=asked
            )
    for one in queries.conflicts(tx, tx.now, tx.now + CONFLICTS_AHEAD):
        asked = rights.managers(view.snapshot, documents[one.schedule])
        facts[f"conflict|{one.schedule}|{one.person}|{tz.second(one.end)}|{one.kind}"] = DutyConflict(
            schedule=one.schedule,
            person=one.person,
            kind=one.kind,
            start=one.start,
            end=one.end,
            about=one.about,
            asked=asked,
        )
    fresh = store.first_time(tx, facts)
    for key, fact in facts.items():
        if key in fresh:
            tx.record(fact)


def _gaps_near(now: datetime, schedule: rules.Schedule, notice: timedelta, counts: Sequence[Any]) -> list[Interval]:
    """Those that begin before the notice is up, to their true ends."""
    until = now + notice
    gaps = rules.gaps(schedule, now, until, counts)
    if gaps and gaps[-1].end >= until.replace(microsecond=0):
        rest = rules.gaps(schedule, gaps[-1].start, until + GAP_END_WITHIN, counts)
        gaps = [*gaps[:-1], *rest[:1]]
    return gaps[:GAPS_TOLD_MAX]


def _gap_start(name: str, view: Outlook, start: Any) -> int:
    """Since when nobody is on call: a gap that goes on is no news the next day."""
    schedule = view.schedule(name)
    since = rules.answer(schedule, start, view.of(name)).since if schedule is not None else None
    return tz.second(since) if since is not None else 0


def _is_timely(tx: Tx, one: Moment) -> bool:
    return one.kind is MomentKind.HANDOVER or tx.now - tz.moment(one.at) <= LATE_MAX


def _still_so(one: Moment, view: Outlook) -> bool:
    schedule, edge = view.schedule(one.schedule), tz.moment(one.edge)
    if schedule is None:
        return False
    counts = view.of(one.schedule)
    if one.kind is MomentKind.HANDOVER:
        return all(agenda.passed(schedule, counts, edge))
    before = one.person in _on(schedule, counts, edge - agenda.SECOND, shadow=one.shadow)
    after = one.person in _on(schedule, counts, edge, shadow=one.shadow)
    return after and not before if one.kind is MomentKind.START else before and not after


def _on(schedule: rules.Schedule, counts: Sequence[Any], at: Any, *, shadow: bool) -> set[str]:
    found = rules.answer(schedule, at, counts)
    return {duty.person for duty in (found.shadows if shadow else found.duties)}


def _record(tx: Tx, one: Moment, view: Outlook) -> None:
    schedule, edge, counts = view.schedule(one.schedule), tz.moment(one.edge), view.of(one.schedule)
    assert schedule is not None  # asked before
    match one.kind:
        case MomentKind.START:
            held = agenda.held_at(schedule, counts, one.person, edge, shadow=one.shadow)
            end = held.end if held is not None and held.end < edge + agenda.TRUE_END_WITHIN else None
            tx.record(ShiftNear(schedule=one.schedule, person=one.person, start=edge, end=end, shadow=one.shadow))
        case MomentKind.END:
            tx.record(ShiftEnds(schedule=one.schedule, person=one.person, end=edge))
        case MomentKind.HANDOVER:
            _hand_over(tx, one, schedule, counts)


def _since(served: Sequence[Shift], person: str, edge: datetime) -> datetime:
    """Since when a person had been on call until the edge, whatever documents said so."""
    own = intervals.union(Interval(one.start, one.end) for one in served if one.person == person and not one.shadow)
    return own[-1].start if own and own[-1].end == edge else edge


def _hand_over(tx: Tx, one: Moment, schedule: rules.Schedule, counts: Sequence[Any]) -> None:
    edge = tz.moment(one.edge)
    outgoing, incoming = agenda.passed(schedule, counts, edge)
    served = queries.shifts_between(tx, one.schedule, edge - agenda.TRUE_END_WITHIN, edge)
    since = min((_since(served, person, edge) for person in outgoing), default=edge)
    made = store.put_handover(
        tx,
        Handover(
            id=0,
            schedule=one.schedule,
            at=edge,
            since=since,
            outgoing=outgoing,
            incoming=incoming,
            summary="",
            accepted_by="",
            accepted_at=None,
        ),
    )
    if made is not None:
        tx.record(
            HandoverOffered(
                schedule=one.schedule,
                handover=made.id,
                at=edge,
                since=since,
                outgoing=outgoing,
                incoming=incoming,
            )
        )
