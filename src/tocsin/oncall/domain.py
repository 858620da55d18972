"""Schedules as people write them, and the words for who carries the pager.

A schedule is a stack of layers; each layer is a rotation of people, cut down to the times it applies to. What they
mean at an instant is decided in `rules`; this file only says what can be written and why something cannot.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

import msgspec
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tocsin.config.domain import Document, Duration, SecretText, ZoneName, lasting, refuse, wrong
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
ALIASES_MAX = 500
REFRESH_LEAST, REFRESH_MOST = timedelta(minutes=5), timedelta(days=1)
GAP_NOTICE_MOST = timedelta(days=90)
LATE_DAY = 27  # every month has it, and one after it
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


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

    Out may be EVERYBODY: in takes over alone, whoever was on call. Counts in whole seconds. With `layer`, it is what a
    schedule's calendar says and not a change of it: it counts as that layer's turn.
    """

    id: str
    schedule: str
    person_out: str | None
    person_in: str | None
    start: datetime
    end: datetime
    layer: str | None = None

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
        raise wrong(f"{value!r} is a number, not a date", fix="write it as 2026-01-05")
    return value


def _edge(value: object) -> object:
    if isinstance(value, str) and _DATE.fullmatch(value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)  # so that a date stays one, and is written back as one
    return _no_number(value)


Text = Annotated[str, Field(min_length=1, max_length=100)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Day = Annotated[date, BeforeValidator(_no_number)]
Edge = Annotated[datetime | date, BeforeValidator(_edge)]
DateText = Annotated[str, BeforeValidator(_as_text)]


def _each(read: Callable[[str], object]) -> AfterValidator:
    """Refuse a list in which something cannot be read, at its place."""

    def check(written: tuple[str, ...]) -> tuple[str, ...]:
        for index, text in enumerate(written):
            _read(read, text, (index,))
        return written

    return AfterValidator(check)


def _read(read: Callable[[str], object], text: str, path: tuple[str | int, ...]) -> None:
    try:
        read(text)
    except ValueError as error:
        message, _, fix = str(error).partition("; ")
        raise wrong(message, fix=fix, path=path) from None


class LayerDocument(Document):
    """A rotation of people and the times it applies to."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    name: Text = Field(description="What the layer is called, for example weekly; shifts name it.")
    rotation: Rotation = Field(description="What hand-overs are counted in: hourly, daily, weekly or monthly.")
    every: int = Field(default=1, ge=1, le=EVERY_MAX, description="The turns repeat after so many hours, days, …")
    handoff: str | None = Field(
        default=None,
        description='When the next person takes over: "09:00", Mon 09:00, or 1 09:00 for day 1 of a month.',
    )
    handoffs: Annotated[Texts, Field(max_length=HANDOFFS_MAX)] = Field(
        default=(), description="Several hand-overs instead of one: [Mon 09:00, Fri 17:00]."
    )
    start: Day = Field(description="The day the rotation begins, at its first hand-over: 2026-01-05.")
    people: Annotated[Texts, Field(min_length=1, max_length=PEOPLE_MAX)] = Field(
        description=f"Who takes turns, in this order; `{NOBODY}` for nobody on purpose."
    )
    at_once: int = Field(default=1, ge=1, le=PEOPLE_MAX, description="How many people share each turn.")
    between: Annotated[Texts, Field(max_length=WINDOWS_MAX), _each(grammar.window)] = Field(
        default=(), description='Only at these times: ["08:00-20:00"], or [Fri 17:00-Mon 09:00].'
    )
    weekdays: Annotated[Texts, Field(max_length=7), _each(grammar.weekdays)] = Field(
        default=(), description="Only on these days: [Mon-Fri]. A window over midnight belongs to the day it begins on."
    )
    dates: Annotated[
        tuple[DateText, ...], BeforeValidator(_listed), Field(max_length=WINDOWS_MAX), _each(grammar.dates)
    ] = Field(default=(), description="Only on these dates: [2026-12-24..2026-12-26, 2026-12-31].")
    timezone: ZoneName | None = Field(default=None, description="The layer's own zone, if not the schedule's.")
    from_: Edge | None = Field(default=None, alias="from", description="In force from here on: a date or an instant.")
    until: Edge | None = Field(default=None, description="In force up to here: a date's first moment, or an instant.")
    shadow: bool = Field(default=False, description="Its people are told, but have no duty.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse([*_handoff_problems(self), *_other_problems(self)])
        return self

    @property
    def handovers(self) -> tuple[grammar.Handoff, ...]:
        """The hand-overs of one cycle, as written; an hourly rotation without any starts at midnight."""
        written = self.handoffs or (self.handoff if self.handoff is not None else "00:00",)
        return tuple(grammar.handoff(text, self.rotation) for text in written)


class CalendarDocument(Document):
    """A calendar kept elsewhere that says who is on call: each event is somebody's turn."""

    url: Annotated[SecretText, Field(max_length=2_000)] = Field(
        description="Where the calendar is read from, https:// or webcal://; it is kept as a secret."
    )
    refresh: Annotated[Duration, lasting(least=REFRESH_LEAST, most=REFRESH_MOST)] = Field(
        default=timedelta(hours=1), description="How often it is read again."
    )
    match: Annotated[dict[str, str], Field(max_length=ALIASES_MAX)] = Field(
        default={}, description="Whom an event means that names nobody here by name or mail address: {Ann L.: ann}."
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if not self.url.startswith(("https://", "http://", "webcal://")):
            raise wrong("this is not the address of a calendar", fix="write it with https://", path=("url",))
        return self


class ScheduleDocument(Document):
    """Who carries the pager, when. Later layers lie above earlier ones: the topmost that has somebody on decides."""

    name: str = Field(default="", max_length=200, description="The schedule's name, as others read it.")
    description: str = Field(default="", max_length=2_000, description="What it is for.")
    timezone: ZoneName = Field(description="The zone its local times are in: Europe/Berlin.")
    team: str | None = Field(default=None, description="Whose schedule it is: its managers may change it.")
    layers: Annotated[tuple[LayerDocument, ...], Field(max_length=LAYERS_MAX)] = Field(
        default=(), description="The rotations, lowest first: a later one hides an earlier one where it applies."
    )
    ical: CalendarDocument | None = Field(default=None, description="A calendar kept elsewhere instead of layers.")
    gap_notice: Annotated[Duration, lasting(most=GAP_NOTICE_MOST)] = Field(
        default=timedelta(days=7), description="How long before a gap its managers are told of it."
    )

    @model_validator(mode="after")
    def _layers_fit(self) -> Self:
        if not self.layers and self.ical is None:
            raise wrong("a schedule without layers puts nobody on call", fix="add `layers`, or a calendar as `ical`")
        if self.layers and self.ical is not None:
            raise wrong("there are `layers` and `ical`", fix="write one of the two", path=("ical",))
        refuse(_layer_problems(self))
        return self


def edge_second(edge: datetime | date, zone: tz.Zone) -> int:
    """The instant of a `from` or `until`: a date is its first moment in the zone, a time without zone is the zone's."""
    if isinstance(edge, datetime) and edge.tzinfo is not None:
        return tz.second(edge)
    return zone.first_instant(tz.wall_second(edge))


def _layer_problems(schedule: ScheduleDocument) -> Iterator[PydanticCustomError]:
    seen: set[str] = set()
    for index, layer in enumerate(schedule.layers):
        path = ("layers", index)
        if layer.name in seen:
            yield wrong(f"two layers are called {layer.name!r}", fix="give each its own name", path=(*path, "name"))
        seen.add(layer.name)
        zone = tz.zone(layer.timezone or schedule.timezone)
        if layer.from_ is None or layer.until is None:
            continue
        if edge_second(layer.until, zone) <= edge_second(layer.from_, zone):
            fix = "write an `until` that is later than `from`"
            yield wrong(f"layer {layer.name!r} ends before it begins", fix=fix, path=(*path, "until"))


def _handoff_problems(layer: LayerDocument) -> Iterator[PydanticCustomError]:
    if layer.handoff is not None and layer.handoffs:
        yield wrong("there is `handoff` and `handoffs`", fix="write one of the two", path=("handoffs",))
    elif layer.handoff is not None or layer.handoffs:
        yield from _handover_problems(layer)
    elif layer.rotation is not Rotation.HOURLY:
        fix = f'add when the next person takes over: handoff: "{grammar.EXAMPLES[layer.rotation]}"'
        yield wrong(f"a {layer.rotation} rotation needs a `handoff`", fix=fix)


def _handover_problems(layer: LayerDocument) -> Iterator[PydanticCustomError]:
    read: list[grammar.Handoff] = []
    path: tuple[str | int, ...] = ("handoff",)
    for index, text in enumerate(layer.handoffs or (layer.handoff or "",)):
        path = ("handoffs", index) if layer.handoffs else path
        try:
            one = grammar.handoff(text, layer.rotation)
        except ValueError as error:
            message, _, fix = str(error).partition("; ")
            yield wrong(message, fix=fix, path=path)
            continue
        if one in read:
            yield wrong(f"the hand-over {text!r} stands there twice", fix="leave one out", path=path)
        if not 1 <= one.period <= layer.every:
            fix = "leave the number out, or write a greater `every`"
            yield wrong(f"{text!r} is in number {one.period}, but `every` is {layer.every}", fix=fix, path=path)
        read.append(one)
    if layer.rotation is Rotation.HOURLY and len(read) > 1:
        fix = "leave one `handoff`, or make it a daily rotation"
        yield wrong("an hourly rotation counts from one time of day", fix=fix, path=path)
    if len([one for one in read if (one.day or 0) > LATE_DAY]) > 1:
        fix = "write at most one day after the 27th"
        yield wrong("February would mix up these hand-overs at the end of the month", fix=fix, path=("handoffs",))


def _other_problems(layer: LayerDocument) -> Iterator[PydanticCustomError]:
    distinct = set(layer.people) - {NOBODY}
    if layer.at_once > max(1, len(distinct)):
        message = f"{layer.at_once} people at once are asked for, but only {len(distinct)} are listed"
        yield wrong(message, fix="add people, or write a smaller number", path=("at_once",))
    if layer.weekdays and any(not grammar.window(written).daily for written in layer.between):
        yield wrong("`between` names weekdays itself", fix="leave `weekdays` out", path=("weekdays",))
    for key, when in (("start", layer.start), ("from", layer.from_), ("until", layer.until)):
        if when is not None and not grammar.YEAR_MIN <= when.year <= grammar.YEAR_MAX:
            fix = f"write a year from {grammar.YEAR_MIN} to {grammar.YEAR_MAX}"
            yield wrong(f"the year {when.year} cannot be meant", fix=fix, path=(key,))
