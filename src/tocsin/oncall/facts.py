"""What happens to schedules beside their documents: the facts."""

from __future__ import annotations

from datetime import datetime

from tocsin.journal.domain import Fact
from tocsin.oncall.desk import CalendarKind, ConflictKind


class ScheduleFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to a schedule; part of its story."""

    schedule: str

    @property
    def subject(self) -> str:
        return f"schedule:{self.schedule}"


class OverrideFact(ScheduleFact, frozen=True, kw_only=True):
    """Base of what happens to an override."""

    override: int
    person_out: str | None
    person_in: str | None
    start: datetime
    end: datetime
    by: str
    reason: str = ""
    swap: int | None = None


class OverrideMade(OverrideFact, frozen=True, kw_only=True):
    """Who is on call changes for a while."""


class OverrideCancelled(OverrideFact, frozen=True, kw_only=True):
    """The change does not count any more, from now on."""


class SwapFact(ScheduleFact, frozen=True, kw_only=True):
    """Base of what happens to an offer. `schedule`, `start` and `end` are what is given away."""

    swap: int
    person: str
    to: str | None
    start: datetime
    end: datetime
    by: str = "tocsin"
    message: str = ""
    wants_schedule: str = ""
    wants_start: datetime | None = None
    wants_end: datetime | None = None


class SwapOffered(SwapFact, frozen=True, kw_only=True):
    """Somebody would like to give a shift away. `asked` are those who are told."""

    asked: tuple[str, ...] = ()


class SwapUnanswered(SwapFact, frozen=True, kw_only=True):
    """Nobody has taken it yet, and the offer ends at `expires`. `asked` are those who are reminded."""

    expires: datetime
    asked: tuple[str, ...] = ()


class SwapAccepted(SwapFact, frozen=True, kw_only=True):
    """Somebody takes it: overrides say so from the same moment on."""


class SwapDeclined(SwapFact, frozen=True, kw_only=True):
    """Whoever was asked does not take it."""


class SwapWithdrawn(SwapFact, frozen=True, kw_only=True):
    """It is not offered any more."""


class SwapExpired(SwapFact, frozen=True, kw_only=True):
    """Nobody took it in time."""


class AbsenceFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to an absence; part of the person's story."""

    absence: int
    person: str
    start: datetime
    end: datetime
    by: str
    about: str = ""

    @property
    def subject(self) -> str:
        return f"person:{self.person}"


class AbsenceNoted(AbsenceFact, frozen=True, kw_only=True):
    """Somebody will be away."""


class AbsenceCancelled(AbsenceFact, frozen=True, kw_only=True):
    """Somebody will not be away after all."""


class CalendarFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to a calendar kept elsewhere."""

    calendar: int
    kind: CalendarKind
    owner: str

    @property
    def subject(self) -> str:
        return f"schedule:{self.owner}" if self.kind is CalendarKind.SCHEDULE else f"person:{self.owner}"


class CalendarRead(CalendarFact, frozen=True, kw_only=True):
    """It says something new. `problems` are what could not be understood."""

    stretches: int
    problems: tuple[str, ...] = ()


class CalendarFailing(CalendarFact, frozen=True, kw_only=True):
    """It cannot be read; what was last read well, if anything was, stays in force."""

    error: str
    read: bool = True


class CalendarWorksAgain(CalendarFact, frozen=True, kw_only=True):
    """It can be read again."""


class CalendarLinked(CalendarFact, frozen=True, kw_only=True):
    """A person's calendar is read from now on."""

    by: str


class CalendarUnlinked(CalendarFact, frozen=True, kw_only=True):
    """A calendar is not read any more."""

    by: str = "tocsin"


class FeedFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to a calendar of ours."""

    feed: int
    person: str | None
    schedule: str | None
    by: str

    @property
    def subject(self) -> str:
        return f"schedule:{self.schedule}" if self.schedule is not None else f"person:{self.person}"


class FeedOpened(FeedFact, frozen=True, kw_only=True):
    """Whoever has the address can read the shifts."""


class FeedRevoked(FeedFact, frozen=True, kw_only=True):
    """The address leads nowhere from now on."""


class ShiftNear(ScheduleFact, frozen=True, kw_only=True):
    """Somebody goes on call, soon or now."""

    loud = False
    person: str
    start: datetime
    end: datetime | None
    shadow: bool = False


class ShiftEnds(ScheduleFact, frozen=True, kw_only=True):
    """Somebody goes off call, soon or now."""

    loud = False
    person: str
    end: datetime


class HandoverOffered(ScheduleFact, frozen=True, kw_only=True):
    """The pager passes on: the incoming are to say that they have it."""

    handover: int
    at: datetime
    since: datetime
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]


class HandoverAccepted(ScheduleFact, frozen=True, kw_only=True):
    """Somebody incoming says: I have it."""

    handover: int
    at: datetime
    outgoing: tuple[str, ...]
    by: str


class GapAhead(ScheduleFact, frozen=True, kw_only=True):
    """Nobody will be on call for a while; `asked` are those who can mend it."""

    start: datetime
    end: datetime
    asked: tuple[str, ...] = ()


class DutyConflict(ScheduleFact, frozen=True, kw_only=True):
    """Somebody has duty while they are away; they and `asked` are told."""

    person: str
    kind: ConflictKind
    start: datetime
    end: datetime
    about: str
    asked: tuple[str, ...] = ()
