"""The verbs about swaps: offer a shift, take it, decline it, withdraw it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.engine import timers
from tocsin.engine.timers import NewTimer
from tocsin.kit import text
from tocsin.kit.db import Reader, Tx
from tocsin.oncall import actions, intervals, queries, rules, store
from tocsin.oncall.actions import CannotChange, WhyNot, Wish
from tocsin.oncall.desk import (
    OFFER_LIVES,
    OFFER_REMINDS,
    OFFER_SHORT,
    REASON_CHARS_MAX,
    SWAP_MOVES,
    Conflict,
    OverrideLine,
    Span,
    Swap,
    SwapEvent,
    SwapStatus,
)
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.facts import (
    SwapAccepted,
    SwapDeclined,
    SwapExpired,
    SwapFact,
    SwapOffered,
    SwapUnanswered,
    SwapWithdrawn,
)
from tocsin.oncall.intervals import Interval

SWAP_EXPIRES = "oncall.swap_expires"
SWAP_REMINDS = "oncall.swap_reminds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A shift, or a part of one, somebody wants to give away; `wants` is one of the other's in return."""

    person: str
    to: str | None
    gives: Span
    wants: Span | None = None
    message: str = ""
    expires_at: datetime | None = None


def offer(tx: Tx, wish: Offer, by: str) -> Swap:
    """Put a shift on offer, to somebody or (`to` None) to everybody who could take it. Raises CannotChange."""
    snapshot = configuration.current(tx)
    document = actions.schedule_of(snapshot, wish.gives.schedule)
    actions.known_people(snapshot, [name for name in (wish.person, wish.to) if name is not None])
    if wish.to == wish.person:
        raise CannotChange(WhyNot.NOT_ASKED, "a shift is offered to somebody else")
    if wish.wants is not None and wish.to is None:
        raise CannotChange(WhyNot.NOT_ASKED, "a shift in return is asked of one person: say whom")
    gives = actions.span_ahead(tx.now, wish.gives)
    wants = actions.span_ahead(tx.now, wish.wants) if wish.wants is not None else None
    _must_serve(tx, wish.person, gives)
    if wants is not None and wish.to is not None:
        _must_serve(tx, wish.to, wants)
    latest = gives.end if gives.start <= tx.now else gives.start
    made = store.put_swap(
        tx,
        Swap(
            id=0,
            person=wish.person,
            to=wish.to,
            gives=gives,
            wants=wants,
            status=SwapStatus.OFFERED,
            message=text.cut(wish.message, REASON_CHARS_MAX),
            made_at=tx.now,
            expires_at=min(latest, wish.expires_at or tx.now + OFFER_LIVES),
        ),
    )
    timers.set_fresh(tx, [(SWAP_EXPIRES, made.id, made.expires_at, ""), *_reminder(made)])
    tx.record(SwapOffered(**_fields_of_facts(made, by), asked=_asked(snapshot, document, made)))
    return made


def accept_swap(tx: Tx, swap_id: int, person: str, by: str, *, anyway: bool = False) -> Swap:
    """Take the shift: from now on the overrides of both directions say so. Raises CannotChange.

    What speaks against it (being away, another shift) is told and stops it, unless `anyway`.
    """
    found = _offered(tx, swap_id)
    actions.known_people(configuration.current(tx), [person])
    if person == found.person or found.to not in {None, person}:
        raise CannotChange(WhyNot.NOT_ASKED, f"this shift is not offered to {person}")
    gives = actions.span_ahead(tx.now, found.gives)
    _must_serve(tx, found.person, gives)
    if found.wants is not None:
        _must_serve(tx, person, found.wants)
    against = [] if anyway else conflicts_of(tx, found, person)
    if against:
        raise CannotChange(WhyNot.CONFLICTS, _against(against), conflicts=against)
    lines = [_swapped(found, gives, found.person, person, by, tx.now)]
    if found.wants is not None:
        lines.append(_swapped(found, found.wants, person, found.person, by, tx.now))
    for made in store.put_overrides(tx, lines):
        actions.record_made(tx, made)
    return _decide(tx, replace(found, to=person), SwapEvent.ACCEPT, by)


def conflicts_of(tx: Reader, swap: Swap, person: str) -> list[Conflict]:
    """What speaks against a person taking a shift on offer, and against the offerer taking the one in return."""
    gives = swap.gives
    found = queries.hindrances(tx, person, gives.schedule, max(gives.start, tx.now), gives.end)
    if swap.wants is None:
        return found
    found = [one for one in found if not _inside(one, swap.wants)]
    wants = swap.wants
    back = queries.hindrances(tx, swap.person, wants.schedule, wants.start, wants.end)
    return found + [one for one in back if not _inside(one, gives)]


def decline_swap(tx: Tx, swap_id: int, person: str, by: str) -> Swap:
    """Whoever was asked does not take it. Raises CannotChange."""
    found = _offered(tx, swap_id)
    if found.to != person:
        raise CannotChange(
            WhyNot.NOT_ASKED, f"this shift was not offered to {person} alone; there is nothing to decline"
        )
    return _decide(tx, found, SwapEvent.DECLINE, by)


def withdraw_swap(tx: Tx, swap_id: int, by: str) -> Swap:
    """It is not offered any more. Raises CannotChange."""
    return _decide(tx, _offered(tx, swap_id), SwapEvent.WITHDRAW, by)


def expire_swaps(tx: Tx, swap_ids: Iterable[int]) -> None:
    """Nobody took them in time."""
    for swap_id in swap_ids:
        found = store.swap(tx, swap_id, lock=tx.for_update)
        if found is not None and found.status is SwapStatus.OFFERED:
            _decide(tx, found, SwapEvent.EXPIRE, "tocsin")


def remind_of_swaps(tx: Tx, swap_ids: Iterable[int]) -> None:
    """Nobody has answered yet, and soon it is too late."""
    snapshot = configuration.current(tx)
    schedules = snapshot.all("schedules", ScheduleDocument)
    for swap_id in swap_ids:
        found = store.swap(tx, swap_id, lock=tx.for_update)
        if found is None or found.status is not SwapStatus.OFFERED or found.gives.schedule not in schedules:
            continue
        asked = _asked(snapshot, schedules[found.gives.schedule], found)
        tx.record(SwapUnanswered(**_fields_of_facts(found, "tocsin"), expires=found.expires_at, asked=asked))


def _asked(snapshot: Snapshot, document: ScheduleDocument, found: Swap) -> tuple[str, ...]:
    return (found.to,) if found.to is not None else actions.candidates(snapshot, document, found.person)


def _reminder(made: Swap) -> list[NewTimer]:
    lives = made.expires_at - made.made_at
    if lives <= OFFER_SHORT:
        return []
    return [(SWAP_REMINDS, made.id, max(made.made_at + lives / 2, made.expires_at - OFFER_REMINDS), "")]


def _must_serve(tx: Tx, person: str, span: Span) -> None:
    """The person has duty for all of it."""
    document = actions.schedule_of(configuration.current(tx), span.schedule)
    schedule = rules.compile_schedule(span.schedule, document)
    counts = queries.in_force(tx, span.start, span.end, span.schedule).get(span.schedule, ())
    held = [
        Interval(shift.start, shift.end)
        for shift in rules.shifts(schedule, span.start, span.end, counts)
        if shift.person == person and not shift.shadow
    ]
    if intervals.subtract([Interval(span.start, span.end)], intervals.union(held)):
        said = f"{span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC"
        raise CannotChange(WhyNot.NOT_ON_CALL, f"{person} is not on call for {span.schedule} all the time from {said}")


def _offered(tx: Tx, swap_id: int) -> Swap:
    found = store.swap(tx, swap_id, lock=tx.for_update)
    if found is None:
        raise CannotChange(WhyNot.NOT_THERE, f"there is no swap {swap_id}")
    if found.status is not SwapStatus.OFFERED:
        raise CannotChange(WhyNot.NOT_OFFERED, f"swap {swap_id} is {found.status} already")
    return found


def _decide(tx: Tx, found: Swap, event: SwapEvent, by: str) -> Swap:
    after = replace(found, status=SWAP_MOVES[found.status, event], decided_by=by, decided_at=tx.now)
    store.decide_swap(tx, after)
    timers.cancel(tx, SWAP_EXPIRES, [found.id])
    timers.cancel(tx, SWAP_REMINDS, [found.id])
    tx.record(_FACTS[event](**_fields_of_facts(after, by)))
    return after


_FACTS: dict[SwapEvent, type[SwapFact]] = {
    SwapEvent.ACCEPT: SwapAccepted,
    SwapEvent.DECLINE: SwapDeclined,
    SwapEvent.WITHDRAW: SwapWithdrawn,
    SwapEvent.EXPIRE: SwapExpired,
}


def _fields_of_facts(swap: Swap, by: str) -> dict[str, Any]:
    """What every fact about an offer says."""
    wants = swap.wants
    return {
        "schedule": swap.gives.schedule,
        "swap": swap.id,
        "person": swap.person,
        "to": swap.to,
        "start": swap.gives.start,
        "end": swap.gives.end,
        "by": by,
        "message": swap.message,
        "wants_schedule": wants.schedule if wants else "",
        "wants_start": wants.start if wants else None,
        "wants_end": wants.end if wants else None,
    }


def _swapped(swap: Swap, span: Span, out: str, into: str, by: str, now: datetime) -> OverrideLine:
    wish = Wish(
        schedule=span.schedule,
        person_out=out,
        person_in=into,
        start=span.start,
        end=span.end,
        reason=f"swap {swap.id}",
    )
    return replace(actions.line_of(wish, span, by, now), swap=swap.id)


def _against(conflicts: Sequence[Conflict]) -> str:
    first = conflicts[0]
    said = first.about or str(first.kind)
    more = f", and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
    return f"{first.person}: {said}, {first.start:%Y-%m-%d %H:%M} to {first.end:%Y-%m-%d %H:%M} UTC{more}"


def _inside(conflict: Conflict, span: Span) -> bool:
    """Whether it is only the shift that is given in exchange anyway."""
    return conflict.schedule == span.schedule and span.start <= conflict.start and conflict.end <= span.end
