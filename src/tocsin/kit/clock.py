"""The only reader of the clock. Everything else gets `now` as an argument.

All instants are aware UTC datetimes; in the database they are microseconds since the Unix epoch. On PostgreSQL the
database's clock is the reference of every process: `sync` takes its time, and from there the seconds are counted on a
clock that nobody can set, so that a machine whose wall clock jumps between two looks tells the right time all along.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock; once there is a reference, the reference's time counted on from the last look at it."""

    def __init__(self) -> None:
        self._looked: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        looked = self._looked
        if looked is None:
            return datetime.now(UTC)
        reference, at_s = looked
        return reference + timedelta(seconds=time.monotonic() - at_s)

    def sync(self, reference: datetime) -> None:
        """From now on tell the reference's time; `reference` was read this moment."""
        self._looked = (reference.astimezone(UTC), time.monotonic())

    def looked_ago_s(self) -> float | None:
        """How long ago the last look at the reference was; None if there was none."""
        return None if self._looked is None else time.monotonic() - self._looked[1]


class VirtualClock:
    """A clock that stands still until it is told to move. For stories, drills and the simulator."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Jump, forward or (to rehearse a broken clock) backward."""
        self._now = instant


system = SystemClock()
_current: Clock = system


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _current.now()


@contextmanager
def use(clock: Clock) -> Iterator[None]:
    """Let the whole process live by another clock inside the `with`."""
    global _current  # noqa: PLW0603  the one deliberate process-wide switch
    before, _current = _current, clock
    try:
        yield
    finally:
        _current = before


def monotonic() -> float:
    """Seconds that only ever grow: for measuring how long something took, never for deciding what is due."""
    return time.monotonic()


def to_us(instant: datetime) -> int:
    """Microseconds since the epoch, exact."""
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The instant that `to_us` gave."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_us_or_none(instant: datetime | None) -> int | None:
    """As `to_us`, for a column that may be empty."""
    return None if instant is None else to_us(instant)


def from_us_or_none(microseconds: int | None) -> datetime | None:
    """As `from_us`, for a column that may be empty."""
    return None if microseconds is None else from_us(microseconds)
