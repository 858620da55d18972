"""Who holds which key, and how often it may be shown: what the intake asks about every request, held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import structs

from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.sources.domain import Settings

RATE_DEFAULT_COUNT, RATE_DEFAULT_PER_S = 300_000, 60  # requests per key; generous, because storms are dealt with later
KEYS_RECHECK_S = 0.1


class Bucket:
    """A token bucket: a whole period's allowance at once, refilled evenly."""

    __slots__ = ("_at", "_count", "_held", "_per_s")

    def __init__(self, count: int, per_s: int) -> None:
        self._count, self._per_s = float(count), float(per_s)
        self._held, self._at = float(count), clock.monotonic()

    def take(self) -> int | None:
        """None if there was one left, else the seconds (at least 1) after which there will be."""
        at = clock.monotonic()
        self._held = min(self._count, self._held + (at - self._at) * self._count / self._per_s)
        self._at = at
        if self._held >= 1:
            self._held -= 1
            return None
        return max(1, round((1 - self._held) * self._per_s / self._count + 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a key opens."""

    integration: str
    source: str
    settings: Settings
    bucket: Bucket
    key: bytes


@dataclass(slots=True)
class Keys:
    """Who holds which key, by the configuration in force."""

    _doors: Mapping[str, Door] = field(default_factory=dict)
    _version: int = -1
    _checked_at: float = 0.0

    def find(self, key: str) -> Door | None:
        """The door this key opens, as last known."""
        return self._doors.get(key)

    def recheck_in_s(self) -> float:
        """In how many seconds the database may be asked again about a key nobody knows."""
        return max(0.0, self._checked_at + KEYS_RECHECK_S - clock.monotonic())

    def refresh(self) -> None:
        """Take over the configuration in force; called in a thread."""
        self._checked_at = clock.monotonic()
        snapshot = configuration.current(db.reader(clock.now()))
        if snapshot.version != self._version:
            self._doors = _doors(snapshot, self._doors)
            self._version = snapshot.version


def _doors(snapshot: Snapshot, before: Mapping[str, Door]) -> dict[str, Door]:
    found = {}
    for name, document in snapshot.all("integrations", IntegrationDocument).items():
        old = before.get(document.key)
        rate = document.rate_limit
        bucket = Bucket(rate.count, rate.per_s) if rate else Bucket(RATE_DEFAULT_COUNT, RATE_DEFAULT_PER_S)
        if old is not None and old.integration == name and rate is None:
            bucket = old.bucket
        found[document.key] = Door(
            integration=name,
            source=document.source,
            settings=structs.replace(document.reading, name=name),
            bucket=bucket,
            key=document.key.encode(),
        )
    return found
