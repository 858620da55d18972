"""Escalation policies as documents: who is woken, in which order, and what happens when nobody answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from tocsin.config import cycles
from tocsin.config.domain import Document, Duration, Kind, Problem, Reference, Snapshot, lasting, wrong
from tocsin.people.domain import TEXT_CHARS_MAX, Urgency

STEPS_MAX = 50
TARGETS_MAX = 50
REPEAT_MAX = 9  # as PagerDuty's, so that its policies can be brought along
WAIT_DEFAULT = timedelta(minutes=5)  # the time usually given to answer a page
WAIT_MAX = timedelta(days=7)  # longer than a week nobody means to wait
ACKNOWLEDGEMENT_MIN = timedelta(minutes=1)
ACKNOWLEDGEMENT_MAX = timedelta(days=30)


class TargetKind(StrEnum):
    """What a step can page."""

    PERSON = "person"
    SCHEDULE = "schedule"
    TEAM = "team"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """Someone to page: a person, whoever a schedule says, or everybody in a team. `str()` is its written form."""

    kind: TargetKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SECTION_OF = {TargetKind.PERSON: "people", TargetKind.SCHEDULE: "schedules", TargetKind.TEAM: "teams"}
_TARGET = re.compile(r"(person|schedule|team):\s*([^\s:]+)")


def target(written: object) -> Target:
    """Read `person:ann`, `schedule:primary` or `team:payments`. Raises an error that shows the form."""
    if isinstance(written, Target):
        return written
    found = _TARGET.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise wrong(f"{written!r} is not somebody to page", fix="write person:NAME, schedule:NAME or team:NAME")
    return Target(TargetKind(found[1]), found[2])


TargetText = Annotated[
    Target,
    BeforeValidator(target),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(person|schedule|team):.+$", "examples": ["schedule:primary"]}),
]


class Condition(Document):
    """When a step applies."""

    urgency: Urgency = Field(description="Only for problems of this urgency.")


class StepDocument(Document):
    """One rung: page these, then wait this long for an answer before the next."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    page: Annotated[tuple[TargetText, ...], Field(min_length=1, max_length=TARGETS_MAX)] = Field(
        description="Who is woken."
    )
    wait: Annotated[Duration, lasting(most=WAIT_MAX)] = Field(
        default=WAIT_DEFAULT, description="How long they have to answer before the next step."
    )
    round_robin: bool = Field(default=False, description="Page one of them at a time, in turn from group to group.")
    only_if: Condition | None = Field(default=None, alias="if", description="Skip this step unless this holds.")

    def applies(self, urgency: Urgency) -> bool:
        """Whether this step is taken for a problem of this urgency."""
        return self.only_if is None or self.only_if.urgency is urgency


class PolicyDocument(Document):
    """Who is woken when something breaks, until somebody answers."""

    name: str = Field(min_length=1, max_length=200, description="The policy's name, as others read it.")
    description: str = Field(default="", max_length=TEXT_CHARS_MAX, description="What it is for.")
    steps: Annotated[tuple[StepDocument, ...], Field(min_length=1, max_length=STEPS_MAX)] = Field(
        description="The rungs, in order."
    )
    repeat: Annotated[int, Field(ge=0, le=REPEAT_MAX)] = Field(
        default=0, description="How many more times all steps are taken if nobody answers."
    )
    then: str | None = Field(default=None, description="The policy that takes over when this one is exhausted.")
    last_resort: Annotated[tuple[TargetText, ...], Field(max_length=TARGETS_MAX)] = Field(
        default=(), description="Who is woken when there is nobody left."
    )
    acknowledgement_expires: (
        Annotated[Duration, lasting(least=ACKNOWLEDGEMENT_MIN, most=ACKNOWLEDGEMENT_MAX)] | None
    ) = Field(default=None, description="An acknowledgement without a resolve counts this long, then it starts again.")


def _references(_: str, document: Document) -> Iterator[Reference]:
    if not isinstance(document, PolicyDocument):
        return
    for index, step in enumerate(document.steps):
        for at, one in enumerate(step.page):
            yield Reference(path=("steps", index, "page", at), section=SECTION_OF[one.kind], name=one.name)
    for at, one in enumerate(document.last_resort):
        yield Reference(path=("last_resort", at), section=SECTION_OF[one.kind], name=one.name)
    if document.then is not None:
        yield Reference(path=("then",), section="policies", name=document.then)


def _no_circle(snapshot: Snapshot) -> Iterator[Problem]:
    policies = snapshot.all("policies", PolicyDocument)
    edges = {name: (policy.then,) if policy.then is not None else () for name, policy in policies.items()}
    for circle in cycles.find(edges):
        yield Problem(
            message=f"policies hand over to each other in a circle: {' → '.join(circle)}",
            fix="remove one `then`, or use `repeat`",
            path=("policies", circle[0], "then"),
        )


KIND = Kind(
    section="policies",
    noun="policy",
    model=PolicyDocument,
    order=70,
    references=_references,
    validate=_no_circle,
    verbs={
        "wait": "waits",
        "page": "pages",
        "repeat": "repeats",
        "then": "hands over to",
        "acknowledgement_expires": "lets an acknowledgement expire after",
    },
)
