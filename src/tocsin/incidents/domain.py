"""Response plans as documents: when an incident is declared, who does what, who is told how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin.config.domain import Document, Duration, Kind, Name, lasting
from tocsin.kit import matchers
from tocsin.people.domain import TEXT_CHARS_MAX

MATCHERS_MAX = 50
ROLES_MAX = 50
UPDATE_EVERY_MIN = timedelta(minutes=1)
UPDATE_EVERY_MAX = timedelta(days=7)
REVIEW_DUE_MAX = timedelta(days=365)


class IncidentSeverity(StrEnum):
    """How bad an incident is; SEV1 is the worst."""

    SEV1 = "SEV1"
    SEV2 = "SEV2"
    SEV3 = "SEV3"
    SEV4 = "SEV4"
    SEV5 = "SEV5"


class Audience(StrEnum):
    """Who an update is for."""

    INTERNAL = "internal"
    PUBLIC = "public"


def _matcher(written: str) -> str:
    matchers.parse(written)
    return written


UpdateDelay = Annotated[Duration, lasting(least=UPDATE_EVERY_MIN, most=UPDATE_EVERY_MAX)]


class UpdatePromise(Document):
    """How soon and how often people are told."""

    first: UpdateDelay = Field(description="The first update comes within this time.")
    every: UpdateDelay = Field(description="The next ones come at least this often.")
    audience: Annotated[tuple[Audience, ...], Field(min_length=1, max_length=2)] = Field(
        default=(Audience.INTERNAL,), description="Who they are for."
    )


class ReviewRule(Document):
    """Which incidents are reviewed, and until when."""

    required_for: Annotated[tuple[IncidentSeverity, ...], Field(max_length=5)] = Field(
        default=(), description="Severities that cannot be closed without a review."
    )
    due: Annotated[Duration, lasting(least=timedelta(seconds=1), most=REVIEW_DUE_MAX)] = Field(
        default=timedelta(days=5), description="How long after the resolve it is to be done."
    )


class PlanDocument(Document):
    """How an incident is run."""

    name: str = Field(min_length=1, max_length=200, description="The plan's name, as others read it.")
    description: str = Field(default="", max_length=TEXT_CHARS_MAX, description="What it is for.")
    declare_when: Annotated[tuple[Annotated[str, AfterValidator(_matcher)], ...], Field(max_length=MATCHERS_MAX)] = (
        Field(
            default=(),
            description="Conditions on an alert group's labels that must all hold; none: only people declare.",
        )
    )
    severity: IncidentSeverity = Field(default=IncidentSeverity.SEV3, description="The severity it starts with.")
    roles: Annotated[tuple[Name, ...], Field(max_length=ROLES_MAX)] = Field(
        default=("incident-commander",), description="Roles to be taken."
    )
    updates: Mapping[IncidentSeverity, UpdatePromise] = Field(
        default={}, description="What is promised to whom, by severity."
    )
    review: ReviewRule = Field(default=ReviewRule(), description="Learning from it afterwards.")

    @cached_property
    def conditions(self) -> tuple[matchers.Matcher, ...]:
        """`declare_when`, compiled."""
        return tuple(matchers.parse(written) for written in self.declare_when)


KIND = Kind(section="plans", noun="plan", model=PlanDocument, order=80)
