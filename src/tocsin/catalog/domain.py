"""Services and integrations as documents: what can break, whose it is, and how we hear of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tocsin.catalog.hours import SupportHours
from tocsin.config.domain import Document, Duration, SecretText, lasting, refuse, wrong
from tocsin.people.domain import TEXT_CHARS_MAX, Urgency, WebAddress
from tocsin.sources import mapping, registry
from tocsin.sources.domain import Settings, Severity
from tocsin.sources.tools import TOOLS

DEPENDENCIES_MAX = 100
LINKS_MAX = 50
LABELS_MAX = 50
GROUP_LABELS_MAX = 20
MAPPING_FIELDS_MAX = 50
KEY_CHARS_MIN = 6
KEY_CHARS_MAX = 200
GROUP_WINDOW_MIN = timedelta(seconds=60)
GROUP_WINDOW_MAX = timedelta(hours=48)
HOLD_MAX = timedelta(hours=1)  # longer is a silence that nobody ends
DELAY_MAX = timedelta(days=1)
SILENCE_MAX = timedelta(days=366)
MISSES_MAX = 100  # of a heartbeat's interval
RATE_MAX = 10_000_000
STORM_GROUPS_DEFAULT = 100
STORM_WITHIN_DEFAULT = timedelta(minutes=1)

SOURCES = tuple(sorted(registry.SOURCES))

LabelName = Annotated[str, Field(min_length=1, max_length=200)]


class UrgencyByHours(Document):
    """Urgency that follows the clock: one inside the support hours, another outside."""

    hours: SupportHours = Field(description="When somebody is there for this service.")
    inside: Urgency = Field(default=Urgency.HIGH, description="The urgency in those hours.")
    outside: Urgency = Field(default=Urgency.LOW, description="The urgency at any other time.")


def _word_or_map(value: object) -> str:
    return "map" if isinstance(value, Mapping | Document) else "word"


UrgencyRule = Annotated[
    Annotated[Urgency, Tag("word")] | Annotated[UrgencyByHours, Tag("map")], Discriminator(_word_or_map)
]


class Storm(Document):
    """When new groups of one service collapse into a single storm group."""

    groups: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=STORM_GROUPS_DEFAULT, description="More new groups than this within the time make a storm."
    )
    within: Annotated[Duration, lasting(least=timedelta(seconds=1), most=timedelta(hours=1))] = Field(
        default=STORM_WITHIN_DEFAULT, description="The time they are counted over."
    )


StormRule = Annotated[
    Annotated[Literal["off"], Tag("word")] | Annotated[Storm, Tag("map")], Discriminator(_word_or_map)
]


class ServiceDocument(Document):
    """Something that works or does not, and has an owner."""

    name: str = Field(min_length=1, max_length=200, description="The service's name, as others read it.")
    team: str = Field(description="The team that owns it.")
    tier: Annotated[int, Field(ge=1, le=4)] = Field(
        default=3, description="1 business-critical, 2 important, 3 ordinary, 4 internal convenience."
    )
    description: str = Field(default="", max_length=TEXT_CHARS_MAX, description="What it does for whom.")
    policy: str | None = Field(default=None, description="The escalation policy that wakes people for it.")
    plan: str | None = Field(default=None, description="The response plan for its incidents.")
    depends_on: Annotated[tuple[str, ...], Field(max_length=DEPENDENCIES_MAX)] = Field(
        default=(), description="Services it cannot work without."
    )
    runbook: WebAddress | None = Field(default=None, description="Where it is written what to do.")
    links: Annotated[Mapping[str, WebAddress], Field(max_length=LINKS_MAX)] = Field(
        default={}, description="Where to look, by a title."
    )
    urgency: UrgencyRule = Field(
        default=Urgency.HIGH,
        description="high, low, or {hours: {timezone: …}, inside: high, outside: low}; a route may say otherwise.",
    )
    storm: StormRule = Field(
        default=Storm(),
        description="The storm breaker: off, or {groups: 100, within: 1m}, which is also the default.",
    )
    labels: Annotated[Mapping[LabelName, str], Field(max_length=LABELS_MAX)] = Field(
        default={}, description="Labels that matchers see on everything of this service."
    )

    def urgency_at(self, now: datetime) -> Urgency:
        """How urgent a problem of this service is at this instant."""
        if isinstance(self.urgency, Urgency):
            return self.urgency
        return self.urgency.inside if self.urgency.hours.covers(now) else self.urgency.outside

    def raises_at(self, now: datetime) -> datetime | None:
        """The next instant after `now` at which a low problem becomes high; None if it is high now or never will be."""
        if isinstance(self.urgency, Urgency) or self.urgency_at(now) is Urgency.HIGH:
            return None
        changes = self.urgency.hours.changes_after(now)
        return next((at for at in changes if self.urgency_at(at) is Urgency.HIGH), None)


class WindowKind(StrEnum):
    """Where a group window starts to count."""

    FIXED = "fixed"  # from the group's first alert
    ROLLING = "rolling"  # from its latest alert


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` signals within `per_s` seconds."""

    count: int
    per_s: int

    def __str__(self) -> str:
        return f"{self.count}/{_UNIT_OF[self.per_s]}"


_RATE = re.compile(r"(\d{1,9})/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_UNIT_OF = {seconds: unit for unit, seconds in _SECONDS.items()}


def _rate(value: object) -> Rate:
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 1 <= int(found[1]) <= RATE_MAX:
        raise wrong(f"{value!r} is not a rate", fix="write a number per unit: 20/s, 1000/m, 50000/h")
    return Rate(int(found[1]), _SECONDS[found[2]])


RateLimit = Annotated[
    Rate,
    BeforeValidator(_rate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+/(s|m|h)$", "examples": ["1000/m"]}),
]

_KEY = re.compile(r"[A-Za-z0-9._~-]+")


def _key(value: str) -> str:
    if not KEY_CHARS_MIN <= len(value) <= KEY_CHARS_MAX or _KEY.fullmatch(value) is None:
        raise wrong(
            f"this key cannot be used: {KEY_CHARS_MIN} to {KEY_CHARS_MAX} letters, digits and . _ ~ - are allowed",
            fix="make one with: openssl rand -hex 16",
        )
    return value


def _source(value: str) -> str:
    if value not in SOURCES:
        raise wrong(f"`{value}` is not a source", fix=f"the sources are {', '.join(SOURCES)}")
    return value


def _tool(value: str) -> str:
    if value and value not in TOOLS:
        raise wrong(f"`{value}` is not a tool with a set-up of its own", fix=f"these have one: {', '.join(TOOLS)}")
    return value


ToolName = Annotated[str, AfterValidator(_tool), WithJsonSchema({"enum": ["", *TOOLS]})]
SourceName = Annotated[str, AfterValidator(_source), WithJsonSchema({"enum": list(SOURCES)})]

# Fields that mean something for these sources only.
_ONLY_FOR = {
    "every": ("heartbeat",),
    "grace": ("heartbeat",),
    "misses": ("heartbeat",),
    "mapping": ("generic", "email"),
    "resolve_timeout": ("prometheus",),
    "secret": ("sentry", "grafana"),  # nobody else signs: a secret nobody asks for would protect nothing
}


class IntegrationDocument(Document):
    """A door through which one sender's signals come in."""

    service: str = Field(description="The service its signals belong to unless a route says otherwise.")
    source: SourceName = Field(description="What kind of sender it is.")
    tool: ToolName = Field(
        default="", description="The tool behind it: its set-up is shown, and test alerts look like its own."
    )
    key: Annotated[SecretText, AfterValidator(_key)] = Field(description="The secret that the sender shows.")
    secret: SecretText | None = Field(
        default=None, max_length=KEY_CHARS_MAX, description="What the sender signs bodies with, if it does."
    )
    description: str = Field(default="", max_length=TEXT_CHARS_MAX, description="Where the sender is to be found.")
    group_by: Annotated[tuple[LabelName, ...], Field(max_length=GROUP_LABELS_MAX)] = Field(
        default=(),
        description="Labels whose equal values put alerts into one group; without any, each alert is its own group.",
    )
    group_window: Annotated[Duration, lasting(least=GROUP_WINDOW_MIN, most=GROUP_WINDOW_MAX)] | None = Field(
        default=None, description="How long a group takes new alerts in, 60s to 48h; absent: as long as it is open."
    )
    window_kind: WindowKind = Field(
        default=WindowKind.FIXED, description="Whether the window counts from the first alert or from the latest."
    )
    reopen_within: Annotated[Duration, lasting(most=DELAY_MAX)] = Field(
        default=timedelta(0), description="A problem that comes back this soon reopens its group instead of a new one."
    )
    resolve_after: Annotated[Duration, lasting(most=DELAY_MAX)] = Field(
        default=timedelta(0), description="A resolve counts only after it has lasted this long."
    )
    hold: Annotated[Duration, lasting(most=HOLD_MAX)] = Field(
        default=timedelta(0), description="Wait this long before anyone is paged; what resolves meanwhile pages nobody."
    )
    auto_resolve_after: Annotated[Duration, lasting(least=timedelta(minutes=1), most=SILENCE_MAX)] | None = Field(
        default=None, description="An alert nobody has repeated for this long is taken as resolved."
    )
    every: Annotated[Duration, lasting(least=timedelta(seconds=10), most=SILENCE_MAX)] | None = Field(
        default=None, description="Heartbeat: how often it must be heard."
    )
    grace: Annotated[Duration, lasting(most=SILENCE_MAX)] = Field(
        default=timedelta(0), description="Heartbeat: how late one may be."
    )
    misses: Annotated[int, Field(ge=1, le=MISSES_MAX)] = Field(
        default=1, description="Heartbeat: how many in a row must be missed."
    )
    mapping: Annotated[Mapping[str, str], Field(max_length=MAPPING_FIELDS_MAX)] = Field(
        default={}, description="Generic JSON: which expression gives which field of the signal."
    )
    severity: Severity | None = Field(default=None, description="The severity where the sender says none.")
    rate_limit: RateLimit | None = Field(
        default=None,
        description="More requests than this (`20/s`, `1000/m`, `50000/h`), in each server process, are answered with 429; "
        "absent: 300,000 a minute.",
    )
    resolve_timeout: Annotated[Duration, lasting(least=timedelta(seconds=1), most=DELAY_MAX)] = Field(
        default=timedelta(minutes=5),
        description="Prometheus: an alert without an end ends this long after its last push.",
    )

    @model_validator(mode="after")
    def _fits_its_source(self) -> Self:
        refuse(_problems(self))
        return self

    @cached_property
    def reading(self) -> Settings:
        """What its source needs to know to read a request."""
        return Settings(
            mapping=self.mapping,
            severity=self.severity,
            resolve_timeout_s=self.resolve_timeout.total_seconds(),
            secret=self.secret or "",
        )


def _problems(integration: IntegrationDocument) -> Iterator[PydanticCustomError]:
    written = integration.model_fields_set
    for field, sources in _ONLY_FOR.items():
        if field in written and integration.source not in sources and getattr(integration, field) is not None:
            yield wrong(
                f"`{field}` means nothing for a {integration.source} integration",
                fix=f"remove it; it belongs to source {' or '.join(sources)}",
                path=(field,),
            )
    if integration.tool and TOOLS[integration.tool].source != integration.source:
        source = TOOLS[integration.tool].source
        yield wrong(f"{integration.tool} does not speak {integration.source}", fix=f"source: {source}", path=("tool",))
    if integration.source == "heartbeat" and integration.every is None:
        yield wrong("a heartbeat needs `every`", fix="say how often it is to be heard: every: 5m", path=("every",))
    if "window_kind" in written and integration.group_window is None:
        yield wrong("`window_kind` needs `group_window`", fix="add group_window: 1h", path=("window_kind",))
    for index, label in enumerate(integration.group_by):
        if label in integration.group_by[:index]:
            yield wrong(f"`{label}` stands twice", fix="remove one of the two", path=("group_by", index))
    for problem in mapping.check(integration.mapping):
        message, _, fix = problem.message.partition("; ")
        colon = "" if message.startswith("is ") else ":"
        yield wrong(f"`{problem.field}`{colon} {message}", fix=fix, path=("mapping", problem.field))
