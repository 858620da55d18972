"""The only reader of the clock. Everything else gets `now` as an argument.

All instants are aware UTC datetimes; in the database they are microseconds since the Unix epoch. On PostgreSQL the
database's clock is the reference of every node: `sync` learns how far this machine is from it.
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
    """The machine's clock, corrected to the reference if there is one."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def sync(self, reference: datetime) -> None:
        """From now on tell the reference's time; `reference` was read this moment."""
        self._offset = reference - datetime.now(UTC)


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
