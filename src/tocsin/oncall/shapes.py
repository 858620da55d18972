"""What overrides, swaps, absences, hand-overs and calendars look like in the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ninja import Field, Schema

from tocsin.oncall.desk import REASON_CHARS_MAX, Absence, CalendarKind, Conflict, ConflictKind, OverrideLine
from tocsin.web.asking import Asking, Instant

NAME_CHARS_MAX = 100
URL_CHARS_MAX = 2000
SHOWN_BY_DEFAULT = timedelta(days=90)  # a quarter: how far rotas are planned


class OverrideIn(Asking):
    """A change of who is on call: `person_in` alone is added, `person_out` alone removed, both: replaced.

    `person_out` may be `*`: `person_in` takes over alone. It starts now unless `start` says otherwise; what begins in
    the past begins now. `force` also if nobody is left on call.
    """

    schedule: str = Field(min_length=1, max_length=NAME_CHARS_MAX)
    person_in: str | None = Field(default=None, max_length=NAME_CHARS_MAX)
    person_out: str | None = Field(default=None, max_length=NAME_CHARS_MAX)
    start: Instant | None = None
    end: Instant | None = None
    for_: str | None = Field(default=None, alias="for")
    reason: str = Field(default="", max_length=REASON_CHARS_MAX)
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideMade(OverrideLine):
    """The override, and what speaks against whoever comes in."""

    conflicts: list[Conflict]


class SpanIn(Asking):
    """A part of a schedule's time."""

    schedule: str = Field(min_length=1, max_length=NAME_CHARS_MAX)
    start: Instant
    end: Instant


class SwapIn(Asking):
    """A shift, or a part of one, to be offered: to one person, or to everybody who could take it.

    `wants` is a shift of the other's that whoever offers takes in return; then `to` must be said.
    """

    person: str = Field(default="", max_length=NAME_CHARS_MAX)
    to: str | None = Field(default=None, max_length=NAME_CHARS_MAX)
    gives: SpanIn
    wants: SpanIn | None = None
    message: str = Field(default="", max_length=REASON_CHARS_MAX)
    expires_at: Instant | None = None


class SwapAnswer(Asking):
    """Who answers, if not whoever asks; `anyway` accepts in spite of conflicts that were shown."""

    person: str = Field(default="", max_length=NAME_CHARS_MAX)
    anyway: bool = False


class AbsenceIn(Asking):
    """A time somebody is away."""

    person: str = Field(default="", max_length=NAME_CHARS_MAX)
    start: Instant
    end: Instant
    about: str = Field(default="", max_length=REASON_CHARS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceOut(Absence):
    """A time somebody is away: said by hand (then it has an id), or by their calendar."""

    kind: ConflictKind


class AbsencesOut(Schema):
    """Absences, and the shifts they are in the way of."""

    absences: list[AbsenceOut]
    conflicts: list[Conflict]


class CalendarIn(Asking):
    """A person's calendar of absences or holidays, to be read from now on."""

    person: str = Field(default="", max_length=NAME_CHARS_MAX)
    kind: CalendarKind = CalendarKind.ABSENCES
    url: str = Field(min_length=1, max_length=URL_CHARS_MAX)


class CalendarOut(Schema):
    """A calendar kept elsewhere and how reading it goes; never its address."""

    id: int
    kind: CalendarKind
    owner: str
    read_at: datetime | None
    tried_at: datetime | None
    failing_since: datetime | None
    error: str
    problems: list[str]
    stretches: int


class FeedIn(Asking):
    """Whose shifts are to be readable: a person's or a schedule's; one's own if neither is said."""

    person: str | None = Field(default=None, max_length=NAME_CHARS_MAX)
    schedule: str | None = Field(default=None, max_length=NAME_CHARS_MAX)


class FeedOut(Schema):
    """A secret address in force, without the secret."""

    id: int
    person: str | None
    schedule: str | None
    made_by: str
    made_at: datetime
    used_at: datetime | None


class FeedMade(FeedOut):
    """The address itself, told this once."""

    url: str
    webcal_url: str
