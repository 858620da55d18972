"""What people are told about schedules, in their own words and on their own clocks. Pure.

Each fact becomes the notices it is worth, for whom and why. Nobody is told of what they did themselves. Leaves out by
which ways: that is known to paging.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.config.domain import Snapshot
from tocsin.journal.domain import Fact
from tocsin.kit import text
from tocsin.oncall import rights
from tocsin.oncall.desk import GAP_END_WITHIN, CalendarKind, ConflictKind
from tocsin.oncall.domain import EVERYBODY, ScheduleDocument
from tocsin.oncall.facts import (
    CalendarFailing,
    DutyConflict,
    GapAhead,
    HandoverAccepted,
    HandoverOffered,
    OverrideCancelled,
    OverrideFact,
    OverrideMade,
    ShiftEnds,
    ShiftNear,
    SwapAccepted,
    SwapDeclined,
    SwapExpired,
    SwapFact,
    SwapOffered,
    SwapUnanswered,
    SwapWithdrawn,
)
from tocsin.people.domain import PersonDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing one person is told."""

    person: str
    about: str  # stable, so that the same is recognised as the same: "swap:7:offered"
    subject: str
    text: str
    reason: str


class Clerk:
    """Knows what people and schedules are called, and writes the notices."""

    def __init__(self, snapshot: Snapshot, base_url: str) -> None:
        self._snapshot = snapshot
        self._people: Mapping[str, PersonDocument] = snapshot.all("people", PersonDocument)
        self._schedules = snapshot.all("schedules", ScheduleDocument)
        self._base_url = base_url

    def notices(self, fact: Fact, now: datetime) -> Iterator[Notice]:
        """Everything this fact is worth telling."""
        match fact:
            case OverrideMade() if fact.swap is None:
                yield from self._override_made(fact)
            case OverrideCancelled():
                yield from self._override_cancelled(fact)
            case SwapFact():
                yield from self._swap(fact)
            case ShiftNear():
                yield self._near(fact, now)
            case ShiftEnds():
                yield self._ends(fact, now)
            case HandoverAccepted():
                yield from self._accepted(fact)
            case GapAhead():
                yield from self._gap(fact)
            case DutyConflict():
                yield from self._conflict(fact)
            case CalendarFailing():
                yield from self._failing(fact, now)
            case _:
                return

    def handover(self, fact: HandoverOffered, summary: str) -> Iterator[Notice]:
        """What the incoming are told, with what happened in the shift that ends."""
        title, names = self.title(fact.schedule), self.names(fact.outgoing)
        for person in fact.incoming:
            accept = f"Say that you have it: {self._base_url}/oncall/handovers/{fact.handover}"
            yield Notice(
                person=person,
                about=f"handover:{fact.handover}",
                subject=f"{title}: you take over from {names}",
                text=f"Since {self.when(fact.since, person)}, {names} had it.\n\n{summary}\n\n{accept}",
                reason=f"you are on call for {title}",
            )

    def title(self, schedule: str) -> str:
        """How people call a schedule."""
        document = self._schedules.get(schedule)
        return (document.name if document is not None else "") or schedule

    def names(self, persons: tuple[str, ...]) -> str:
        """How people call these people."""
        return ", ".join(self.name(one) for one in persons) or "nobody"

    def name(self, person: str) -> str:
        """How people call somebody."""
        document = self._people.get(person)
        return document.name if document is not None else person

    def when(self, at: datetime, person: str) -> str:
        """A time on somebody's clock: `Mon 2 Mar 09:00 (Europe/Berlin)`."""
        document = self._people.get(person)
        zone = document.timezone if document is not None else "UTC"
        local = at.astimezone(ZoneInfo(zone))
        return f"{local:%a} {local.day} {local:%b %H:%M} ({zone})"

    def _span(self, start: datetime, end: datetime, person: str) -> str:
        return f"from {self.when(start, person)} to {self.when(end, person)}"

    def _by(self, by: str) -> str:
        kind, _, name = by.partition(":")
        return self.name(name) if kind == "person" else "Tocsin" if by == "tocsin" else by

    def _override_made(self, fact: OverrideMade) -> Iterator[Notice]:
        title, who = self.title(fact.schedule), self._by(fact.by)
        why = f" Why: {fact.reason}" if fact.reason else ""
        into, out = fact.person_in, fact.person_out
        if into is not None and fact.by != f"person:{into}":
            instead = {None: "", EVERYBODY: ", alone"}.get(out, f", in place of {self.name(out or '')}")
            yield Notice(
                person=into,
                about=f"override:{fact.override}:in",
                subject=f"{title}: you are on call {self._span(fact.start, fact.end, into)}",
                text=f"{who} put you on call{instead}.{why}",
                reason="you are part of the override",
            )
        if out is not None and out != EVERYBODY and fact.by != f"person:{out}":
            then = f"{self.name(into)} is on call instead of you" if into else "you are not on call"
            yield Notice(
                person=out,
                about=f"override:{fact.override}:out",
                subject=f"{title}: {then} {self._span(fact.start, fact.end, out)}",
                text=f"{who} changed the schedule.{why}",
                reason="you are part of the override",
            )

    def _override_cancelled(self, fact: OverrideFact) -> Iterator[Notice]:
        for person in (fact.person_in, fact.person_out):
            if person is not None and person != EVERYBODY and fact.by != f"person:{person}":
                yield Notice(
                    person=person,
                    about=f"override:{fact.override}:cancelled:{person}",
                    subject=f"{self.title(fact.schedule)}: an override {self._span(fact.start, fact.end, person)} is off",
                    text=f"{self._by(fact.by)} cancelled it. From now on the schedule counts as if it were not there.",
                    reason="you were part of the override",
                )

    def _swap(self, fact: SwapFact) -> Iterator[Notice]:
        title, giver, link = (
            self.title(fact.schedule),
            self.name(fact.person),
            f"{self._base_url}/oncall/swaps/{fact.swap}",
        )
        taker = self.name(fact.to) if fact.to else "somebody"
        message = f" {giver} says: {fact.message}" if fact.message else ""
        match fact:
            case SwapOffered():
                for person in fact.asked:
                    said = f"{giver} offers a shift of {title} {self._span(fact.start, fact.end, person)}"
                    yield self._swap_notice(
                        fact, person, said, f"{said}{self._in_return(fact, person)}.{message}\n\n{link}"
                    )
            case SwapUnanswered():
                yield from self._unanswered(fact, link)
            case SwapAccepted():
                for person in {fact.person, fact.to or fact.person} - {fact.by.removeprefix("person:")}:
                    said = f"{taker} takes the shift of {title} {self._span(fact.start, fact.end, person)}"
                    yield self._swap_notice(fact, person, said, f"{said} from {giver}{self._in_return(fact, person)}.")
            case SwapDeclined() | SwapExpired():
                how = f"{taker} does not take" if isinstance(fact, SwapDeclined) else "Nobody took"
                said = f"{how} the shift of {title} {self._span(fact.start, fact.end, fact.person)}"
                yield self._swap_notice(fact, fact.person, said, f"{said}. It stays with {giver}.")
            case SwapWithdrawn() if fact.to is not None:
                said = f"{giver} keeps the shift of {title} {self._span(fact.start, fact.end, fact.to)}"
                yield self._swap_notice(fact, fact.to, said, f"{said}. The offer is withdrawn.")
            case _:
                return

    def _unanswered(self, fact: SwapUnanswered, link: str) -> Iterator[Notice]:
        title, giver = self.title(fact.schedule), self.name(fact.person)
        for person in (fact.person, *fact.asked):
            whose = "your shift" if person == fact.person else f"{giver}’s shift"
            said = f"Nobody has taken {whose} of {title} yet, {self._span(fact.start, fact.end, person)}"
            ends = f"The offer ends {self.when(fact.expires, person)}. Until somebody takes it, {giver} has the shift"
            words = f"{said}{self._in_return(fact, person)}. {ends}.\n\n{link}"
            yield self._swap_notice(fact, person, said, words)

    def _in_return(self, fact: SwapFact, person: str) -> str:
        if fact.wants_start is None or fact.wants_end is None:
            return ""
        return f", for one of {self.title(fact.wants_schedule)} {self._span(fact.wants_start, fact.wants_end, person)}"

    def _swap_notice(self, fact: SwapFact, person: str, subject: str, words: str) -> Notice:
        about = f"swap:{fact.swap}:{type(fact).__name__}:{person}"
        return Notice(person=person, about=about, subject=subject, text=words, reason=f"swap {fact.swap}")

    def _near(self, fact: ShiftNear, now: datetime) -> Notice:
        title, person = self.title(fact.schedule), fact.person
        what = "you shadow" if fact.shadow else "you are on call for"
        until = f" until {self.when(fact.end, person)}" if fact.end is not None else ""
        subject = (
            f"From now on {what} {title}"
            if fact.start <= now
            else f"{what.capitalize()} {title} from {self.when(fact.start, person)}"
        )
        return Notice(
            person=person,
            about=f"shift:{fact.schedule}:{fact.start:%Y%m%dT%H%M%S}:start:{fact.start <= now}",
            subject=f"{subject}{until}",
            text=f"{self._base_url}/schedules/{fact.schedule}",
            reason=f"{what} {title}",
        )

    def _ends(self, fact: ShiftEnds, now: datetime) -> Notice:
        title, person = self.title(fact.schedule), fact.person
        over = fact.end <= now
        subject = (
            f"Your shift of {title} is over" if over else f"Your shift of {title} ends {self.when(fact.end, person)}"
        )
        return Notice(
            person=person,
            about=f"shift:{fact.schedule}:{fact.end:%Y%m%dT%H%M%S}:end:{over}",
            subject=subject,
            text=f"{self._base_url}/schedules/{fact.schedule}",
            reason=f"you were on call for {title}" if over else f"you are on call for {title}",
        )

    def _accepted(self, fact: HandoverAccepted) -> Iterator[Notice]:
        for person in fact.outgoing:
            yield Notice(
                person=person,
                about=f"handover:{fact.handover}:accepted:{person}",
                subject=f"{self.title(fact.schedule)}: {self._by(fact.by)} has the pager",
                text=f"{self._by(fact.by)} accepted the hand-over of {self.when(fact.at, person)}.",
                reason="you handed over",
            )

    def _gap(self, fact: GapAhead) -> Iterator[Notice]:
        title = self.title(fact.schedule)
        lasts = text.format_duration(fact.end - fact.start)
        is_endless = fact.end - fact.start >= GAP_END_WITHIN
        gap = "This gap is coming, and no end of it is in sight." if is_endless else f"This gap of {lasts} is coming."
        for person in fact.asked:
            span = self._span(fact.start, fact.end, person)
            when = f"from {self.when(fact.start, person)} on" if is_endless else span
            yield Notice(
                person=person,
                about=f"gap:{fact.schedule}:{fact.start:%Y%m%dT%H%M%S}:{person}",
                subject=f"{title}: nobody is on call {when}",
                text=f"{gap} Add an override or change the schedule: {self._base_url}/schedules/{fact.schedule}",
                reason=f"you look after {title}",
            )

    def _conflict(self, fact: DutyConflict) -> Iterator[Notice]:
        title, name = self.title(fact.schedule), self.name(fact.person)
        for person in dict.fromkeys((fact.person, *fact.asked)):
            who = "you are" if person == fact.person else f"{name} is"
            away = "has a holiday" if fact.kind is ConflictKind.HOLIDAY else "away"
            about = f" ({fact.about})" if fact.about else ""
            state = f"but {away}{about}" if fact.kind is not ConflictKind.HOLIDAY else f"on a holiday{about}"
            yield Notice(
                person=person,
                about=f"conflict:{fact.schedule}:{fact.person}:{fact.end:%Y%m%dT%H%M%S}:{person}",
                subject=f"{title}: {who} on call {state} {self._span(fact.start, fact.end, person)}",
                text=f"Offer a swap or make an override: {self._base_url}/schedules/{fact.schedule}",
                reason=f"you look after {title}" if person != fact.person else f"you are on call for {title}",
            )

    def _failing(self, fact: CalendarFailing, now: datetime) -> Iterator[Notice]:
        asked = (fact.owner,) if fact.kind is not CalendarKind.SCHEDULE else self._managers(fact.owner)
        whose = f"schedule {fact.owner}" if fact.kind is CalendarKind.SCHEDULE else f"your {fact.kind}"
        kept = (
            "What was last read stays in force until it works again." if fact.read else "Nothing was read from it yet."
        )
        for person in asked:
            yield Notice(
                person=person,
                about=f"calendar:{fact.calendar}:failing:{now:%Y%m%dT%H%M%S}:{person}",
                subject=f"The calendar of {whose} cannot be read",
                text=f"{fact.error}\n\n{kept}",
                reason=f"it is the calendar of {whose}",
            )

    def _managers(self, schedule: str) -> tuple[str, ...]:
        document = self._schedules.get(schedule)
        return rights.managers(self._snapshot, document) if document is not None else ()
