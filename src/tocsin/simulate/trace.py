"""What a what-if answers: what becomes of each signal, each step, each person, each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message as a step plans it."""

    at: datetime
    person: str
    channel: str
    contact: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """One person a step would page, why, and by which messages; without messages nothing reaches them."""

    person: str
    name: str
    why: str
    messages: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """One step that would be taken, or skipped and why."""

    at: datetime
    policy: str
    step: int  # 0 is the last resort
    cycle: int
    targets: tuple[str, ...]
    wait: timedelta
    paged: tuple[Paged, ...]
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """A silence that applies to a signal."""

    id: int
    author: str
    comment: str
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTrace:
    """What would become of one signal. The steps stand with the first signal of its group."""

    action: str
    dedup_key: str
    title: str
    severity: str
    labels: Mapping[str, str]
    outcome: str  # opened, held, suppressed, joined, refreshed, dropped, nothing
    reason: str
    group: int = 0  # the groups of this request, counted from 1; 0 is none
    storm: bool = False
    route: int | None = None
    service: str = ""
    group_labels: Mapping[str, str] | None = None
    urgency: str = ""
    urgent_from: datetime | None = None
    held_until: datetime | None = None
    silence: Hush | None = None
    pages_from: datetime | None = None
    policy: str = ""
    why_policy: str = ""
    acknowledgement_expires: timedelta | None = None
    steps: tuple[StepTrace, ...] = ()
    exhausted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that would go out. It waits for its address's limit from `due_at` on, and tells of all `groups`.

    With `again` a device is told once more of what it has got already.
    """

    at: datetime
    person: str
    channel: str
    contact: str
    address: str
    due_at: datetime
    groups: tuple[int, ...]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The answer of a what-if."""

    integration: str
    source: str
    at: datetime
    configuration: int
    signals: tuple[SignalTrace, ...]
    reply_status: int
    problems: tuple[str, ...]
    messages: tuple[Message, ...]
    unanswered: tuple[SignalTrace, ...] = ()  # what the administrators are told when everybody has been tried
