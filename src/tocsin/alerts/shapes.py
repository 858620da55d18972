"""What alert groups, signals and silences look like in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from tocsin.alerts import listing
from tocsin.alerts.domain import NOTE_CHARS_MAX, GroupStatus, Outcome
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity

MATCHERS_MAX = 50
QUERY_CHARS_MAX = 200
COMMENT_CHARS_MAX = 2000


class GroupOut(Schema):
    """One alert group."""

    id: int
    reference: str
    title: str
    service: str
    team: str | None = None
    integration: str
    status: GroupStatus
    urgency: Urgency
    severity: Severity
    opened_at: datetime
    alert_count: int
    firing_count: int
    storm: bool
    suppressed_by: str
    acknowledged_by: str
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    resolving_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str
    route: int | None


class GroupsOut(Schema):
    """A page of groups; ask again with `before` set to `next` for more."""

    groups: list[GroupOut]
    next: int | None


class AlertOut(Schema):
    """One alert of a group."""

    id: int
    integration: str
    dedup_key: str
    status: str
    severity: Severity
    urgency: Urgency
    title: str
    description: str
    labels: dict[str, str]
    details: dict[str, Any]
    links: list[dict[str, str]]
    images: list[dict[str, str]]
    signal_count: int
    opened_at: datetime
    started_at: datetime
    last_signal_at: datetime
    expires_at: datetime | None
    resolved_at: datetime | None
    silence: int | None


class FactOut(Schema):
    """Something that happened."""

    id: int
    at: datetime
    name: str
    by: str
    body: dict[str, Any]


class GroupShown(GroupOut):
    """One group with its alerts and everything that happened to it. Its pages: `GET /groups/{id}/pages`."""

    alerts: list[AlertOut]
    journal: list[FactOut]


class SignalOut(Schema):
    """What became of one signal, and why."""

    id: int
    integration: str
    at: datetime
    action: str
    dedup_key: str
    outcome: Outcome
    reason: str
    alert: int | None
    group: int | None


class SignalsOut(Schema):
    """A page of signals; ask again with `before` set to `next` for more."""

    signals: list[SignalOut]
    next: int | None


class RawOut(Schema):
    """The request a signal came in, as received."""

    source: str
    received_at: datetime
    body: str
    encoding: str
    problems: list[str]
    reference: str


class SignalShown(SignalOut):
    """One signal with what was read from it and the request it came in, as long as that is kept."""

    said: dict[str, Any] | None
    raw: RawOut | None


class SilenceOut(Schema):
    """One silence."""

    id: int
    matchers: list[str]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    created_at: datetime
    active: bool


class Snooze(Schema):
    """Until when: an instant, or a duration such as 2h."""

    until: datetime | None = None
    for_: str | None = Field(default=None, alias="for")


class Note(Schema):
    """Something to write down."""

    text: str = Field(min_length=1, max_length=NOTE_CHARS_MAX)


class SilenceIn(Schema):
    """A silence to be made: every matcher must match. It starts now unless `starts_at` says otherwise."""

    matchers: list[str] = Field(min_length=1, max_length=MATCHERS_MAX)
    comment: str = Field(min_length=1, max_length=COMMENT_CHARS_MAX)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    for_: str | None = Field(default=None, alias="for")


class Asked(Schema):
    """Filters of a list of groups."""

    status: list[GroupStatus] = Field(default_factory=list)
    service: str = ""
    team: str = ""
    urgency: Urgency | None = None
    severity: Severity | None = None
    q: str = Field(default="", max_length=QUERY_CHARS_MAX)
    since: datetime | None = None
    before: int | None = None
    limit: int = Field(default=listing.LIMIT_DEFAULT, ge=1, le=listing.LIMIT_MAX)
