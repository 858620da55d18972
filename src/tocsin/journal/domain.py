"""What a fact is: something that happened, said once, never changed."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every fact. A slice's facts stand in its domain.py; their class name is their name in the journal.

    `subject` says whose story the fact belongs to, as "<noun>:<id>" ("group:12", "config:-"); everything that
    happened to one alert group, whichever slice said it, has the same subject and so reads as one timeline.
    `by` is who did it: "person:ann", "token:7", "integration:checkout-events", or "tocsin" for the engine itself.
    """

    loud: ClassVar[bool] = True  # False: kept, but too small to wake open pages for

    audited: ClassVar[bool] = False  # True: about who may come in and what holds here; the audit shows it

    @property
    def subject(self) -> str:
        raise NotImplementedError

    @property
    def actor(self) -> str:
        return str(getattr(self, "by", "tocsin"))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as the journal holds it."""

    id: int
    at_us: int
    name: str
    subject: str
    actor: str
    body: dict[str, Any]
