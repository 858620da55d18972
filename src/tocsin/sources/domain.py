"""What a tool sent, in our own words.

A source is pure: it turns one request's bytes into signals and into the answer its sender expects. It never
looks at the clock, the database or the network; whether a key exists is told to it, not asked by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

SIGNALS_PER_REQUEST_MAX = 10_000
TITLE_CHARS_MAX = 1024
DEDUP_KEY_CHARS_MAX = 512
TEXT_CHARS_MAX = 25_000
LABELS_MAX = 200
LABEL_NAME_CHARS_MAX = 200
LABEL_VALUE_CHARS_MAX = 2048
DETAIL_LABEL_CHARS_MAX = 256  # a free-form value longer than this is text to read, not something to match on
DETAILS_MAX = 200  # entries on one level of the details
DETAILS_DEPTH_MAX = 8
DETAILS_VALUES_MAX = 2_000  # in all
LINKS_MAX = 50
IMAGES_MAX = 20
HREF_CHARS_MAX = 2048
NAME_CHARS_MAX = 200  # a person or a tool
PROBLEMS_MAX = 20
LOST_MAX = 2**31 - 1  # alerts a sender may say it left out; more than anybody has


class Action(StrEnum):
    """What a signal asks for."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    RESOLVE = "resolve"
    NOTE = "note"
    SNOOZE = "snooze"
    PING = "ping"  # a heartbeat: the sender is alive
    CHANGE = "change"  # a deployment or other change: stored and shown, never pages


class Severity(StrEnum):
    """How bad the sender says it is; most severe first. Vendors' words are mapped onto these five."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _RANKS[self]


_RANKS: dict[Severity, int] = {severity: rank for rank, severity in enumerate(Severity)}


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where to look: a runbook, a graph, the alert at its origin."""

    href: str
    text: str = ""


class Image(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A picture the sender attached by address."""

    src: str
    href: str = ""
    alt: str = ""


class Signal(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One thing one tool said, normalised.

    Stored as MessagePack in field order: append new fields at the end, with a default, and never reorder.
    All instants are aware UTC datetimes; None means the sender did not say.
    """

    action: Action
    dedup_key: str  # which problem of this integration; never empty
    title: str = ""
    severity: Severity = Severity.CRITICAL
    labels: dict[str, str] = msgspec.field(default_factory=dict)  # flat; what matchers and grouping see
    description: str = ""
    details: dict[str, object] = msgspec.field(default_factory=dict)  # free-form, shown, not matched
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    started_at: datetime | None = None  # when the problem began, by the sender's clock
    expires_at: datetime | None = (
        None  # the sender's own end: without news by then it is over; of a resolve, when it was
    )
    by: str = ""  # who, when a person acted in the other tool
    note: str = ""
    until: datetime | None = None  # snooze until
    lost: int = 0  # alerts of its request that are no signals: left out by the sender, too many, or not to be read
    unsaid: tuple[str, ...] = ()  # fields of the request that were not in it: a repeat leaves them as they are


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP request as received. Header names are lower case."""

    method: str
    path: str  # percent-decoded, as ASGI hands it over
    query: str = ""  # raw, undecoded
    headers: Mapping[str, str] = {}
    body: bytes = b""
    key: str = ""  # the key if it stood in the path (/in/<source>/<key>), else ""
    tail: str = ""  # what follows the key in /in/<source>/<key>…, else the whole path: "/api/v2/alerts" in both cases


class Reply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer in the vendor's own shape, byte for byte."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one request says: the signals to keep and the answer once they are durable.

    `signals` may be non-empty beside an error reply: a bad neighbour never costs the good ones.
    """

    signals: tuple[Signal, ...]
    reply: Reply
    problems: tuple[str, ...] = ()  # what was wrong or cut, for the integration's page
    reference: str = ""  # what the answer tells the sender to ask for it by later (Opsgenie's requestId)


class RefusalKind(StrEnum):
    """Why a request is turned away before or instead of being read."""

    UNKNOWN_KEY = "unknown_key"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"  # it could not be made durable; the sender should try again
    METHOD = "method"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request turned away; `retry_after_s` where trying again makes sense."""

    kind: RefusalKind
    retry_after_s: int | None = None
    body_bytes_max: int | None = None
    allow: tuple[str, ...] = ()  # the methods that would do, when the method was wrong


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the integration's document says that matters to reading. Unused fields stay at their defaults."""

    mapping: Mapping[str, str] = {}  # generic source: field -> expression; see sources/generic.py
    severity: Severity | None = None  # when the payload does not say
    resolve_timeout_s: float = 300.0  # Prometheus push: an alert without endsAt ends after this
    name: str = ""  # the integration's; for what says nothing of itself
    secret: str = ""  # what the sender signs bodies with (Sentry); empty accepts unsigned ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address a source answers on. `path` is exact, or a prefix when it ends in `/`."""

    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One kind of sender.

    `key` finds the credential wherever this sender puts it, None if it is missing or the request is unreadable. The
    addresses (as `Request.tail` has them) at which it may stand in the body are `key_in_body`: there the intake still
    calls `read`, with default settings, so that a malformed body gets the vendor's own error.
    `read` must be total: for any bytes it returns a Reading and never raises. `now` is for senders whose rules
    depend on the time of receipt.
    """

    name: str
    title: str
    endpoints: tuple[Endpoint, ...]
    key: Callable[[Request], str | None]
    read: Callable[[Request, Settings, datetime], Reading]
    refuse: Callable[[Request, Refusal], Reply]
    key_in_body: tuple[str, ...] = ()
    body_bytes_max: int = 512 * 1024
