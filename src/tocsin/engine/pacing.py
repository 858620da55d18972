"""How much one address may be sent, and what becomes one message. Pure: the claim asks it, and so does the what-if."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from tocsin.engine.domain import AddressLimit
from tocsin.kit import clock

PACED_FROM = timedelta(minutes=1)  # what a shorter limit puts off is not late; a whole minute of silence is


class Waiting(Protocol):
    """Something that is to be sent to an address."""

    @property
    def lane(self) -> int: ...

    @property
    def address(self) -> str: ...


W = TypeVar("W", bound=Waiting)


def bundled(waiting: Sequence[W], *, bundling: bool) -> list[list[W]]:
    """One bundle per lane and contact where the channel bundles, else one per parcel."""
    if not bundling:
        return [[parcel] for parcel in waiting]
    bundles: dict[tuple[int, str], list[W]] = {}
    for parcel in waiting:
        bundles.setdefault((parcel.lane, parcel.address), []).append(parcel)
    return [bundles[key] for key in sorted(bundles)]


def free_at(sent: Sequence[int], limits: Sequence[AddressLimit], now: datetime) -> int:
    """The first instant (microseconds) at which one more message keeps every limit.

    Whoever has had half of what a limit allows gets the other half evenly over its time: a bad hour is told in a
    message a minute to its end, instead of in none at all once the hour's allowance is used up, and an urgent page
    in the middle of a noisy minute waits for seconds, not for what is left of the minute.
    """
    free = clock.to_us(now)
    for limit in limits:
        window_us = limit.per // timedelta(microseconds=1)
        at_once = limit.count // 2 if limit.per >= PACED_FROM else 0
        if at_once and len(sent) >= at_once:
            pace_us = -(-window_us // (limit.count - at_once))
            free = max(free, min(sent[-1] + pace_us, sent[-at_once] + window_us))
        if len(sent) >= limit.count:
            free = max(free, sent[-limit.count] + window_us)
    return free


def remembered(sent: Sequence[int], limits: Sequence[AddressLimit], now: datetime) -> list[int]:
    """Of what was sent (microseconds), what a limit may still ask about."""
    oldest = clock.to_us(now - max(limit.per for limit in limits))
    return [at for at in sent if at > oldest]
