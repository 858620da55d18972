"""What a configuration is: kinds of documents, a snapshot of all of them, findings about them.

Slices register their kinds; this package knows none of them. A snapshot is immutable and carries its version, so
that whatever a slice derives from it can be cached by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from tocsin.kit import text, tz

NAME_CHARS_MAX = 100
NAME_PATTERN = r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"


class Document(BaseModel):
    """Base of every document: unknown keys are errors, values never change after parsing."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


D = TypeVar("D", bound=Document)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise wrong(f"{value!r} is not a duration", fix="write a number with a unit: 30s, 5m, 8h, 2d, 1w")
    return text.parse_duration(value)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(text.format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w))+$", "examples": ["30s", "5m", "8h", "2d"]}),
]


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a document's text that is encrypted at rest and never shown in an error, a plan or a redacted export."""


SecretText = Annotated[str, Secret(), Field(json_schema_extra={"writeOnly": True})]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX)]


def _zone(value: str) -> str:
    return tz.zone(value).name


ZoneName = Annotated[str, AfterValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]

WRONG = "wrong"


def wrong(message: str, *, fix: str = "", path: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The error a document's validator raises; `path` leads from where the validator stands to the culprit."""
    return PydanticCustomError(WRONG, "{message}", {"message": message, "fix": fix, "path": path, "more": ()})


def lasting(*, least: timedelta = timedelta(0), most: timedelta) -> AfterValidator:
    """Bounds of a duration, both allowed; stands beside Duration in an `Annotated`."""

    def check(value: timedelta) -> timedelta:
        if least <= value <= most:
            return value
        low, high = text.format_duration(least), text.format_duration(most)
        said = "shorter than" if value < least else "longer than"
        bound = low if value < least else high
        raise wrong(f"{text.format_duration(value)} is {said} {bound}", fix=f"write a duration from {low} to {high}")

    return AfterValidator(check)


def refuse(errors: Iterable[PydanticCustomError]) -> None:
    """Raise all of these `wrong` errors as one, so that each is told; nothing if there are none."""
    found = [error.context or {} for error in errors]
    if found:
        raise PydanticCustomError(WRONG, "{message}", {**found[0], "more": tuple(found[1:])})


class Shape(StrEnum):
    """How a section looks in a file."""

    MAP = "map"  # name -> document
    LIST = "list"  # ordered documents without names; stored under "0000", "0001", …
    ONE = "one"  # the section is a single document, stored under "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One document naming another. `path` is where in the document, for the error's line."""

    path: tuple[str | int, ...]
    section: str
    name: str


class Level(StrEnum):
    """How bad a finding of `tocsin check` is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something `tocsin check` found. `code` is stable ("policy-ends-with-nobody"); docs/reference lists all codes."""

    code: str
    level: Level
    section: str
    name: str
    path: tuple[str | int, ...] = ()
    message: str
    fix: str
    details: Mapping[str, object] = field(default_factory=dict)  # JSON-able; e.g. the exact gaps
    file: str = ""  # where the document stands: one of the files that were read, or the one that manages it
    line: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, object]:
        """The finding for programs."""
        return {
            "code": self.code,
            "level": self.level.value,
            "section": self.section,
            "name": self.name,
            "path": list(self.path),
            "message": self.message,
            "fix": self.fix,
            "details": dict(self.details),
            "file": self.file,
            "line": self.line,
            "column": self.column,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a document or file cannot be accepted: always with where and what to do. Lines count from 1."""

    message: str
    fix: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None
    path: tuple[str | int, ...] = ()  # from the root of the file: ("policies", "payments", "steps", 0, "wait")
    code: str = ""  # the finding's code, where `tocsin check` has one for it

    def as_json(self) -> dict[str, object]:
        """The problem for programs."""
        return {
            "message": self.message,
            "fix": self.fix,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": list(self.path),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The whole configuration at one version. `sections[section][name]` is the parsed document.

    Two snapshots are equal only if they are the same object, so what is derived from one can be cached by it.
    `managed_by` says for (section, name) who brought the document: "file", "api" or "ui".
    """

    version: int
    sections: Mapping[str, Mapping[str, Document]]
    managed_by: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def all(self, section: str, model: type[D]) -> Mapping[str, D]:  # noqa: ARG002 - says the type
        """All documents of a section, by name, in file order; empty if the section is absent."""
        return self.sections.get(section, {})  # type: ignore[return-value]  # the kind's model was used to parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One section of a configuration file.

    `references` lists the names a document uses, so that dangling ones are refused with file and line.
    `validate` tells what is wrong with a document beyond its own shape when all the others are known (cycles,
    impossible combinations); it is called only when every reference resolves.
    `check` gives findings about a valid configuration: things that are allowed but will hurt.
    `order` is the place of the section in an export; `verbs` turns a changed field into words ("wait" -> "waits").
    """

    section: str  # "services"
    noun: str  # "service"
    model: type[Document]
    order: int
    shape: Shape = Shape.MAP
    references: Callable[[str, Document], Iterable[Reference]] = lambda _name, _document: ()
    validate: Callable[[Snapshot], Iterable[Problem]] = lambda _snapshot: ()
    check: Callable[[Snapshot, datetime], Iterable[Finding]] = lambda _snapshot, _now: ()
    verbs: Mapping[str, str] = field(default_factory=dict)


class ChangeKind(StrEnum):
    """What an apply would do to one document."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    MOVE = "move"  # to another place in a list


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One document's change; `fields` are (dotted path, before, after) in words, None for absent.

    What moves has one field, its `place` counted from 1, and `whose` it is in words.
    """

    kind: ChangeKind
    section: str
    name: str
    fields: Sequence[tuple[str, object, object]] = ()
    whose: str = ""


class ManagedBy(StrEnum):
    """Where a document is edited."""

    FILE = "file"
    UI = "ui"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who looks after a document. Files of one `scope` are applied together: what they drop is removed."""

    managed_by: ManagedBy
    file: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A snapshot and the origin of each of its documents, by (section, name)."""

    snapshot: Snapshot
    origins: Mapping[tuple[str, str], Origin]


def state_of(
    version: int, sections: Mapping[str, Mapping[str, Document]], origins: Mapping[tuple[str, str], Origin]
) -> State:
    """A state whose snapshot knows who brought each document."""
    managed_by = {key: origin.managed_by.value for key, origin in origins.items()}
    return State(snapshot=Snapshot(version, sections, managed_by), origins=origins)


EMPTY = State(snapshot=Snapshot(0, {}), origins={})
