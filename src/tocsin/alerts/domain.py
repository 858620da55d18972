"""Signals become alerts, alerts become alert groups: the nouns, the decisions and the facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

from tocsin.catalog.domain import ServiceDocument
from tocsin.journal.domain import Fact
from tocsin.kit.matchers import Matcher
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity

GroupId = NewType("GroupId", int)

SIGNAL_BITS = 14  # a signal's id is its envelope's id and its place in it; 2**14 > SIGNALS_PER_REQUEST_MAX
BY_HAND = "by-hand"  # the integration of what people page by hand
OWN = "tocsin"  # the integration of what Tocsin has to say about itself
UNROUTED = "-"  # the service of alerts whose integration is gone: nobody's, so the admins'
ALERTS_PER_GROUP_MAX = 100_000
NOTE_CHARS_MAX = 25_000
MATCHERS_MAX = 50
COMMENT_CHARS_MAX = 2000  # of a silence
SILENCE_MAX = timedelta(days=366)  # what is quiet for longer should not be an alert
SNOOZE_MAX = timedelta(days=366)


class AlertStatus(StrEnum):
    """Where one problem stands."""

    FIRING = "firing"
    RESOLVED = "resolved"


class GroupStatus(StrEnum):
    """Where an alert group stands; `rules.GROUP_MACHINE` says what leads where."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


class GroupEvent(StrEnum):
    """What can happen to an alert group."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"  # by a person or tool, because the acknowledgement expired, or as it became urgent
    SNOOZE = "snooze"
    WAKE = "wake"  # the snooze is over, or what came meanwhile is more than was put off
    SUPPRESS = "suppress"
    RELEASE = "release"  # what suppressed it is over, or edited away, and it still fires
    RESOLVE = "resolve"
    REOPEN = "reopen"


class Outcome(StrEnum):
    """What became of one accepted signal. Every signal ends as exactly one of these."""

    OPENED = "opened"  # a new alert in a new group: pages
    JOINED = "joined"  # a new alert in a group that was there
    REOPENED = "reopened"  # a new alert in a group resolved a moment ago: pages again
    REFRESHED = "refreshed"  # a repeat of an alert that is firing
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    SNOOZED = "snoozed"
    NOTED = "noted"
    SUPPRESSED = "suppressed"  # a new alert that pages nobody for now; the reason says until when
    DROPPED = "dropped"  # a route says so
    IGNORED = "ignored"  # nothing it could apply to; the reason says why
    BEAT = "beat"  # a heartbeat
    CHANGE = "change"  # a change event, stored
    SET_ASIDE = "set_aside"  # absorbing it failed; kept, told, and tried again every few minutes


class Reason(StrEnum):
    """Why; said with every outcome and every change of a group."""

    NEW_PROBLEM = "new problem"
    SAME_GROUP = "same service and group labels"
    STORM = "too many new groups for this service in a short time"
    WITHIN_REOPEN = "the group was resolved a moment ago"
    REPEAT = "the alert is already firing"
    SENDER_RESOLVED = "the sender says it is over"
    NOT_SEEN = "not heard of again in time"
    NOTHING_OPEN = "no alert with this key is firing"
    NO_HEARTBEAT = "no heartbeat integration has this name"
    LATE = "it ends before the firing alert began"
    SILENCED = "a silence matches"
    ROUTE_SUPPRESSES = "a route keeps it from paging"
    HELD = "held, in case it goes away by itself"
    NO_GROUP_WAITS = "the group is in a state where this changes nothing"
    HEARTBEAT = "a sign of life"
    HEARTBEAT_BACK = "the heartbeat is back"
    CHANGE_STORED = "changes are stored and shown, they never page"
    BY_HAND = "a person did it"
    BY_TOOL = "the tool that sent it did it"
    ACKNOWLEDGEMENT_EXPIRED = "acknowledged, but not resolved in time"
    SNOOZE_OVER = "the snooze is over"
    SILENCE_OVER = "the silence is over and it still fires"
    HOLD_OVER = "it did not go away by itself"
    URGENCY_ROSE = "it became urgent"
    GOT_WORSE = "it is worse than what was put off"
    MANY_MORE = "far more problems came than were put off"
    ROUTE_OVER = "the configuration does not keep it quiet any more and it still fires"
    NEWS = "what it says now is not kept quiet"
    ALL_RESOLVED = "all its alerts are resolved"
    BUG = "absorbing it raised an error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One compiled rule of the `routes` section; the first that matches decides."""

    place: int  # 1 is the first
    when: tuple[Matcher, ...]
    service: str | None = None
    urgency: Urgency | None = None
    severity: Severity | None = None
    drop: str | None = None
    suppress: str | None = None
    group_by: tuple[str, ...] | None = None
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """More than `groups` new groups within `within`: the rest collapses into one storm group."""

    groups: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRules:
    """What a service's document means for its alerts."""

    name: str
    title: str
    tier: int | None = None
    team: str | None = None
    document: ServiceDocument | None = None  # decides the urgency by the hour
    storm: Storm | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRules:
    """What an integration's document means for the signals that come through it."""

    name: str
    service: str
    source: str
    group_by: tuple[str, ...] = ()
    window: timedelta | None = None  # None: alerts join for as long as the group is not resolved
    window_rolling: bool = False
    reopen_within: timedelta = timedelta(0)
    resolve_after: timedelta = timedelta(0)
    hold: timedelta = timedelta(0)
    auto_resolve_after: timedelta | None = None
    heartbeat_within: timedelta | None = None  # interval, grace and allowed misses together


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """While it is active, alerts that match page nobody."""

    id: int
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str

    def is_active(self, now: datetime) -> bool:
        """From its start up to, not including, its end."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where a new problem belongs."""

    service: str
    service_title: str
    group_key: str  # equal for alerts that belong together; "" groups nothing
    group_labels: Mapping[str, str]
    urgency: Urgency
    severity: Severity
    labels: Mapping[str, str]  # what the matchers saw
    route: int | None  # place of the route that matched
    hold: timedelta
    storm: Storm | None
    suppress: str | None = None  # a route says that it pages nobody, and why
    urgent_from: datetime | None = None  # when a low urgency becomes high by the support hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A route throws it away, and says why."""

    route: int
    why: str


class Alert(msgspec.Struct, kw_only=True):
    """One problem, one dedup key: what absorbing needs to know of it."""

    id: int
    integration: str
    dedup_key: str
    service: str
    group_id: int
    severity: Severity
    urgency: Urgency
    crc: int  # of title, severity, text and labels: whether a repeat brings news
    signal_count: int
    opened_at: datetime
    started_at: datetime
    last_signal_at: datetime
    expires_at: datetime | None
    silence_id: int | None = None
    status: AlertStatus = AlertStatus.FIRING


class Group(msgspec.Struct, kw_only=True):
    """What pages people: one or more alerts."""

    id: int
    service: str
    integration: str
    key: str
    title: str
    status: GroupStatus
    urgency: Urgency
    severity: Severity
    opened_at: datetime
    window_until: datetime | None = None
    reopen_until: datetime | None = None  # once resolved: until then a new alert reopens it
    alert_count: int = 0
    firing_count: int = 0
    route: int | None = None
    storm: bool = False
    suppressed_by: str = ""  # "silence:7", "hold" or "route:3"
    resolving_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_alerts: int | None = None  # how many it had when it was snoozed
    resolved_at: datetime | None = None
    resolved_by: str = ""
    resolve_after: timedelta = timedelta(0)
    reopen_within: timedelta = timedelta(0)

    @property
    def reference(self) -> str:
        """How people name it: AG-12."""
        return f"AG-{self.id}"


class GroupFact(Fact, frozen=True, kw_only=True):
    """Base of facts about one alert group."""

    group: int
    by: str = "tocsin"
    reason: str = ""

    @property
    def subject(self) -> str:
        return f"group:{self.group}"


class AlertGroupOpened(GroupFact, frozen=True, kw_only=True):
    """A group needs a person: it is new, was released, reopened, became urgent, or its acknowledgement expired."""

    service: str
    title: str
    urgency: str
    severity: str
    integration: str = ""
    storm: bool = False


class AlertGroupSuppressed(GroupFact, frozen=True, kw_only=True):
    """A group pages nobody for now."""

    service: str
    title: str
    until: datetime | None = None


class AlertJoined(GroupFact, frozen=True, kw_only=True):
    """Another alert came into a group that was there."""

    alert: int
    title: str
    silent: bool = True


class AlertResolved(GroupFact, frozen=True, kw_only=True):
    """One of several alerts of a group is over."""

    alert: int


class AlertGroupAcknowledged(GroupFact, frozen=True, kw_only=True):
    """Somebody has it."""

    expires_at: datetime | None = None
    via: str = ""


class AlertGroupUnacknowledged(GroupFact, frozen=True, kw_only=True):
    """Nobody has it any more."""

    service: str
    urgency: str
    integration: str = ""


class AlertGroupSnoozed(GroupFact, frozen=True, kw_only=True):
    """Nobody is bothered until then."""

    until: datetime


class AlertGroupResolved(GroupFact, frozen=True, kw_only=True):
    """It is over."""

    service: str
    via: str = ""


class NoteAdded(GroupFact, frozen=True, kw_only=True):
    """Somebody wrote something down."""

    text: str


class SilenceCreated(Fact, frozen=True, kw_only=True):
    """From now on, or from its start, matching alerts page nobody."""

    silence: int
    by: str
    comment: str
    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime

    @property
    def subject(self) -> str:
        return f"silence:{self.silence}"


class SilenceEnded(Fact, frozen=True, kw_only=True):
    """Matching alerts page again."""

    silence: int
    by: str
    reason: str

    @property
    def subject(self) -> str:
        return f"silence:{self.silence}"


class SignalSetAside(Fact, frozen=True, kw_only=True):
    """A signal could not be absorbed; it is kept, and its integration's people are told."""

    signal: int
    integration: str
    error: str

    @property
    def subject(self) -> str:
        return f"integration:{self.integration}"


class HeartbeatMissed(Fact, frozen=True, kw_only=True):
    """A sign of life did not come in time."""

    integration: str
    last_at: datetime | None

    @property
    def subject(self) -> str:
        return f"integration:{self.integration}"
