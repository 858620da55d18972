"""Schedules as people write them, and the words for who carries the pager.

A schedule is a stack of layers; each layer is a rotation of people, cut down to the times it applies to. What they
mean at an instant is decided in `rules`; this file only says what can be written and why something cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from tocsin.config.domain import Document
from tocsin.kit import tz
from tocsin.oncall import grammar
from tocsin.oncall.grammar import Rotation

NOBODY = "nobody"  # in a list of people: on purpose, nobody
EVERYBODY = "*"  # as the person an override takes out: whoever is on call, also when that is nobody
LAYERS_MAX = 50
PEOPLE_MAX = 500
HANDOFFS_MAX = 50
WINDOWS_MAX = 100
EVERY_MAX = 1_000


class Why(StrEnum):
    """Why somebody is on call, or nobody."""

    LAYER = "layer"  # it is their turn
    REPLACED = "replaced"  # an override put them in somebody's place
    ADDED = "added"  # an override put them beside the others
    SHADOW = "shadow"  # a shadow layer: told, without duty
    NOBODY = "nobody"  # a layer says `nobody` on purpose
    REMOVED = "removed"  # an override took the last person out
    GAP = "gap"  # no layer has anybody


class Duty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person on call at an instant. The whole answer stays the same from `since` until `until`.

    `since` is None if it always was so, `until` None if it stays so for good.
    """

    schedule: str
    person: str
    layer: str | None
    override: str | None
    reason: Why
    since: datetime | None
    until: datetime | None

    @property
    def shadow(self) -> bool:
        """Told of pages, but without duty."""
        return self.reason is Why.SHADOW


class Shift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person on call without interruption from `start` until `end`, by one layer or one override."""

    schedule: str
    person: str
    start: datetime
    end: datetime
    layer: str | None
    override: str | None = None
    shadow: bool = False

    def as_json(self) -> dict[str, str | bool]:
        """The shape programs get: instants in UTC, and `layer` or `override`, whichever put the person there."""
        shape: dict[str, str | bool] = {
            "schedule": self.schedule,
            "person": self.person,
            "start": self.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end": self.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if self.override is not None:
            shape["override"] = self.override
        elif self.layer is not None:
            shape["layer"] = self.layer
        if self.shadow:
            shape["shadow"] = True
        return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A change for a while. Out and in: in takes the place of out, while out is on call. Only in: added. Only out: removed.

    Out may be EVERYBODY: in takes over alone, whoever was on call. Counts in whole seconds.
    """

    id: str
    schedule: str
    person_out: str | None
    person_in: str | None
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.person_out is None and self.person_in is None:
            raise ValueError("an override changes somebody: name who comes in, who goes out, or both")
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an override's start and end need a time zone")
        if self.end <= self.start:
            raise ValueError("an override ends after it starts")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str | date) else value


def _as_text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _no_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(f"{value!r} is a number; write a date as 2026-01-05")  # noqa: TRY004 - pydantic wants ValueError
    return value


Text = Annotated[str, Field(min_length=1, max_length=100)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Day = Annotated[date, BeforeValidator(_no_number)]
Edge = Annotated[datetime | date, BeforeValidator(_no_number)]
DateText = Annotated[str, BeforeValidator(_as_text)]

_NEEDED = {
    "name": "a layer needs a `name`: name: weekly",
    "rotation": "a layer needs a `rotation`: hourly, daily, weekly or monthly",
    "start": "a layer needs a `start`, the date its rotation begins: start: 2026-01-05",
    "people": "a layer needs `people`, in the order they take turns: people: [ann, bob]",
}


class LayerDocument(Document):
    """A rotation of people and the times it applies to."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    name: Text
    rotation: Rotation
    every: int = Field(default=1, ge=1, le=EVERY_MAX)
    handoff: str | None = Field(default=None, examples=["Mon 09:00", "09:00", "1 09:00"])
    handoffs: Texts = Field(default=(), max_length=HANDOFFS_MAX, examples=[["Mon 09:00", "Fri 17:00"]])
    start: Day
    people: Texts = Field(max_length=PEOPLE_MAX)
    at_once: int = Field(default=1, ge=1, le=PEOPLE_MAX)
    between: Texts = Field(default=(), max_length=WINDOWS_MAX, examples=[["08:00-20:00"]])
    weekdays: Texts = Field(default=(), max_length=7, examples=[["Mon-Fri"]])
    dates: Annotated[tuple[DateText, ...], BeforeValidator(_listed)] = Field(default=(), max_length=WINDOWS_MAX)
    timezone: str | None = None
    from_: Edge | None = Field(default=None, alias="from")
    until: Edge | None = None
    shadow: bool = False

    @model_validator(mode="before")
    @classmethod
    def _says_the_needed(cls, raw: object) -> object:
        if isinstance(raw, dict):
            missing = [text for key, text in _NEEDED.items() if key not in raw]
            if missing:
                raise ValueError("; ".join(missing))
        return raw

    @field_validator("handoff", mode="before")
    @classmethod
    def _handoff_is_text(cls, value: object) -> object:
        if value is not None and not isinstance(value, str):
            grammar.handoff(value, Rotation.DAILY)
        return value

    @field_validator("people")
    @classmethod
    def _somebody(cls, people: tuple[str, ...]) -> tuple[str, ...]:
        if not people:
            raise ValueError(f"nobody is listed; name at least one person, or `{NOBODY}` if that is what you mean")
        return people

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            tz.zone(name)
        return name

    @field_validator("between")
    @classmethod
    def _readable_windows(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        for written in windows:
            grammar.window(written)
        return windows

    @field_validator("weekdays")
    @classmethod
    def _readable_weekdays(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for days in written:
            grammar.weekdays(days)
        return written

    @field_validator("dates")
    @classmethod
    def _readable_dates(cls, written: tuple[str, ...]) -> tuple[str, ...]:
        for days in written:
            grammar.dates(days)
        return written

    @model_validator(mode="after")
    def _fits_together(self) -> LayerDocument:
        problems = [*_handoff_problems(self), *_other_problems(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def handovers(self) -> tuple[grammar.Handoff, ...]:
        """The hand-overs of one cycle, as written; an hourly rotation without any starts at midnight."""
        written = self.handoffs or (self.handoff if self.handoff is not None else "00:00",)
        return tuple(grammar.handoff(text, self.rotation) for text in written)


class ScheduleDocument(Document):
    """Who carries the pager, when. Later layers lie above earlier ones: the topmost that has somebody on decides."""

    name: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2_000)
    timezone: str
    layers: tuple[LayerDocument, ...] = Field(max_length=LAYERS_MAX)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        tz.zone(name)
        return name

    @field_validator("layers")
    @classmethod
    def _distinct_layers(cls, layers: tuple[LayerDocument, ...]) -> tuple[LayerDocument, ...]:
        if not layers:
            raise ValueError("a schedule needs at least one layer")
        seen: set[str] = set()
        for layer in layers:
            if layer.name in seen:
                raise ValueError(f"two layers are called {layer.name!r}; give each its own name")
            seen.add(layer.name)
        return layers

    @model_validator(mode="after")
    def _edges_in_order(self) -> ScheduleDocument:
        for layer in self.layers:
            zone = tz.zone(layer.timezone or self.timezone)
            if layer.from_ is None or layer.until is None:
                continue
            if edge_second(layer.until, zone) <= edge_second(layer.from_, zone):
                raise ValueError(f"layer {layer.name!r} ends before it begins; `until` has to be later than `from`")
        return self


def edge_second(edge: datetime | date, zone: tz.Zone) -> int:
    """The instant of a `from` or `until`: a date is its first moment in the zone, a time without zone is the zone's."""
    if isinstance(edge, datetime) and edge.tzinfo is not None:
        return tz.second(edge)
    return zone.first_instant(tz.wall_second(edge))


def _handoff_problems(layer: LayerDocument) -> Iterable[str]:
    if layer.handoff is not None and layer.handoffs:
        yield "write either `handoff` or `handoffs`, not both"
        return
    if layer.handoff is None and not layer.handoffs and layer.rotation is not Rotation.HOURLY:
        example = {"daily": "09:00", "weekly": "Mon 09:00", "monthly": "1 09:00"}[layer.rotation]
        yield f'a {layer.rotation} rotation needs a `handoff`: handoff: "{example}"'
        return
    try:
        handovers = layer.handovers
    except ValueError as error:
        yield str(error)
        return
    if len(set(handovers)) < len(handovers):
        yield "the same hand-over is written twice in `handoffs`; leave one out"
    if layer.rotation is Rotation.HOURLY and len(handovers) > 1:
        yield "an hourly rotation counts from one time of day; write one `handoff`, or a daily rotation with several"
    late = [one.period for one in handovers if not 1 <= one.period <= layer.every]
    if late:
        yield f"a hand-over is in period {late[0]}, but `every` is {layer.every}; periods count from 1 to `every`"
    if len([one for one in handovers if (one.day or 0) > 27]) > 1:
        yield "only one of several monthly hand-overs can be after the 27th, or February would mix them up"


def _other_problems(layer: LayerDocument) -> Iterable[str]:
    distinct = set(layer.people) - {NOBODY}
    if layer.at_once > max(1, len(distinct)):
        yield f"`at_once` asks for {layer.at_once} people, but only {len(distinct)} are listed; add people or lower it"
    if layer.weekdays and any(not grammar.window(written).daily for written in layer.between):
        yield "`between` names weekdays itself; leave `weekdays` out"
    if layer.start.year < 1971 or layer.start.year > 2999:
        yield f"`start` is in the year {layer.start.year}; write the date the rotation begins"
