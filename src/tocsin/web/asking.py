"""What a request of the JSON API may hold: a field that nobody reads is a mistake of the sender's, who should hear of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from ninja import Schema
from pydantic import AfterValidator, ConfigDict
from pydantic_core import PydanticCustomError

YEARS = range(1970, 3000)  # beyond them nothing of ours can be, and arithmetic has room on both sides
ZONE_FIX = "write it with Z or an offset: 2026-03-01T09:00:00Z"


class Asking(Schema):
    """A request's body: what it does not know is refused, as the answer to a slip of the pen."""

    model_config = ConfigDict(extra="forbid")


def instant(at: datetime) -> datetime:
    """The time in UTC. What has no zone, or is beyond any calendar of ours, is refused with what to write instead."""
    if at.tzinfo is None:
        raise PydanticCustomError("instant", "this time has no zone", {"fix": ZONE_FIX})
    if at.year not in YEARS:
        said = {"first": YEARS[0], "last": YEARS[-1], "fix": ""}
        raise PydanticCustomError("instant", "this time is not between the years {first} and {last}", said)
    return at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(instant)]
"""A time in a request: every schema and parameter that takes one has it as this."""
