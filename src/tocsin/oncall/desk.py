"""What people do to schedules beside their documents: overrides, swaps, absences, hand-overs, calendars. The nouns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tocsin.oncall.domain import Override

REASON_CHARS_MAX = 500
OVERRIDE_MOST = timedelta(days=366)
OFFER_LIVES = timedelta(days=14)  # unless the shift begins sooner
OFFER_REMINDS = timedelta(days=1)  # before it ends, but not in the first half of its life
OFFER_SHORT = timedelta(hours=2)  # nobody is reminded of one that lives no longer
AHEAD_MOST = timedelta(days=2 * 366)
GAP_END_WITHIN = timedelta(days=90)  # a gap that lasts so long is told without its end


class SwapStatus(StrEnum):
    """Where an offer stands; only the first can change."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class SwapEvent(StrEnum):
    """What can happen to an offer."""

    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


SWAP_MOVES: dict[tuple[SwapStatus, SwapEvent], SwapStatus] = {
    (SwapStatus.OFFERED, SwapEvent.ACCEPT): SwapStatus.ACCEPTED,
    (SwapStatus.OFFERED, SwapEvent.DECLINE): SwapStatus.DECLINED,
    (SwapStatus.OFFERED, SwapEvent.WITHDRAW): SwapStatus.WITHDRAWN,
    (SwapStatus.OFFERED, SwapEvent.EXPIRE): SwapStatus.EXPIRED,
}
"""Absent means illegal."""


class CalendarKind(StrEnum):
    """What a calendar kept elsewhere says: who is on call, when a person is away, which days are holidays for them."""

    SCHEDULE = "schedule"
    ABSENCES = "absences"
    HOLIDAYS = "holidays"


class ConflictKind(StrEnum):
    """Why somebody can hardly serve a shift."""

    ABSENT = "absent"
    HOLIDAY = "holiday"
    ON_CALL = "on call elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideLine:
    """An override as it was made, with what became of it."""

    id: int
    schedule: str
    person_out: str | None
    person_in: str | None
    start: datetime
    end: datetime
    reason: str
    made_by: str
    made_at: datetime
    swap: int | None
    cancelled_at: datetime | None
    cancelled_by: str

    @property
    def effective_end(self) -> datetime:
        """It counts until here: a cancelled one no longer than until it was cancelled."""
        return self.end if self.cancelled_at is None else min(self.end, self.cancelled_at)

    def in_force(self) -> Override | None:
        """What it means for the schedule; None if it was cancelled before it began."""
        end = self.effective_end.replace(microsecond=0)
        if end <= self.start:
            return None
        return Override(
            id=str(self.id),
            schedule=self.schedule,
            person_out=self.person_out,
            person_in=self.person_in,
            start=self.start,
            end=end,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a schedule's time."""

    schedule: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Somebody offers their shift, or a part of it, to somebody or (`to` None) to everybody; perhaps for another."""

    id: int
    person: str
    to: str | None
    gives: Span
    wants: Span | None  # a shift of the other's that the offerer takes in return
    status: SwapStatus
    message: str
    made_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time somebody is away. `source` is "hand" or the calendar it comes from."""

    id: int
    person: str
    start: datetime
    end: datetime
    about: str
    source: str = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Somebody has duty when they can hardly serve it."""

    kind: ConflictKind
    person: str
    schedule: str
    start: datetime
    end: datetime
    about: str


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch that a calendar kept elsewhere speaks of. Seconds since 1970; `person` is one of ours."""

    start: int
    end: int
    person: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """A calendar kept elsewhere, as it stands. Never its address."""

    id: int
    kind: CalendarKind
    owner: str
    read_at: datetime | None
    tried_at: datetime | None
    failing_since: datetime | None
    error: str
    problems: tuple[str, ...]
    booked: tuple[Booked, ...]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """A calendar of ours behind a secret address. Never the address itself."""

    id: int
    person: str | None
    schedule: str | None
    made_by: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The pager passes from some people to others; the incoming say that they have it."""

    id: int
    schedule: str
    at: datetime
    since: datetime
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]
    summary: str
    accepted_by: str
    accepted_at: datetime | None
