"""What alert groups, signals and silences look like in the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ninja import Field, Schema

from tocsin.alerts import listing
from tocsin.alerts.domain import COMMENT_CHARS_MAX, MATCHERS_MAX, NOTE_CHARS_MAX, GroupStatus
from tocsin.alerts.listing import AlertLine, GroupLine, SignalLine
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity
from tocsin.web.asking import Asking, Instant

QUERY_CHARS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOut(GroupLine):
    """One alert group."""

    team: str | None


class GroupsOut(Schema):
    """A page of groups; ask again with `before` set to `next` for more."""

    groups: list[GroupOut]
    next: int | None


class FactOut(Schema):
    """Something that happened."""

    id: int
    at: datetime
    name: str
    by: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShown(GroupOut):
    """One group with its alerts and everything that happened to it. Its pages: `GET /groups/{id}/pages`."""

    alerts: list[AlertLine]
    journal: list[FactOut]


class SignalsOut(Schema):
    """A page of signals; ask again with `before` set to `next` for more."""

    signals: list[SignalLine]
    next: int | None


class RawOut(Schema):
    """The request a signal came in, as received."""

    source: str
    received_at: datetime
    body: str
    encoding: str
    problems: list[str]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalShown(SignalLine):
    """One signal with what was read from it and the request it came in, as long as that is kept."""

    said: dict[str, Any] | None
    raw: RawOut | None


class Snooze(Asking):
    """Until when: an instant, or a duration such as 2h."""

    until: Instant | None = None
    for_: str | None = Field(default=None, alias="for")


class Note(Asking):
    """Something to write down."""

    text: str = Field(min_length=1, max_length=NOTE_CHARS_MAX)


class SilenceIn(Asking):
    """A silence to be made: every matcher must match. It starts now unless `starts_at` says otherwise."""

    matchers: list[str] = Field(min_length=1, max_length=MATCHERS_MAX)
    comment: str = Field(min_length=1, max_length=COMMENT_CHARS_MAX)
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    for_: str | None = Field(default=None, alias="for")


class Asked(Schema):
    """Filters of a list of groups."""

    status: list[GroupStatus] = Field(default_factory=list)
    service: str = ""
    team: str = ""
    urgency: Urgency | None = None
    severity: Severity | None = None
    q: str = Field(default="", max_length=QUERY_CHARS_MAX)
    since: Instant | None = None
    until: Instant | None = None
    before: int | None = None
    limit: int = Field(default=listing.LIMIT_DEFAULT, ge=1, le=listing.LIMIT_MAX)
