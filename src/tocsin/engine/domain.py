"""What the engine works with: timers that fall due, parcels that go out, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from tocsin.kit.db import Reader, Tx

LEASE = timedelta(seconds=20)
SEND_TIMEOUT_S = 15.0  # shorter than the lease, so a slow send ends before anybody takes it over
TIMERS_PER_TX_MAX = 200

LEDGER_LOCK = 7_000_002
"""Held by whoever decides about alerts, groups, escalations or pages, taken before any of their rows.

On SQLite there is one writer anyway. On PostgreSQL an acknowledgement, the timer of the next step, a batch of signals
and a silence would otherwise lock each other's rows crosswise, and one of them, perhaps a person's answer, would fail.
Taking signals in, claiming messages and writing down that they were delivered at the first attempt go without it.
"""
PARCELS_IN_FLIGHT_MAX = 128
PARCELS_PER_CLAIM_MAX = 48
PARCELS_PER_BUCKET_MAX = 48  # one slow receiver may hold this many sends, further ones half of what is left
FAILING_AFTER_ATTEMPTS = 4  # about 8 s of refusals: from then on the next way or person is tried as well
FAILING_AFTER_WAIT = timedelta(seconds=15)  # nor is one got through that the other side puts off for so long
FAILING_AFTER_SILENCE = timedelta(seconds=8)  # or leaves without an answer; our own patience is 10 to 15 s
BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_MAX = timedelta(seconds=60)
REASON_CHARS_MAX = 500
RETRY_AFTER_MAX_S = 24 * 3600.0
BUNDLE_MAX = 2000  # messages told as one; more than a claim takes, so that a storm drains in one go


LANE_PAGE = 0  # lower lanes outrank higher ones
LANE_NOTICE = 1
LANE_BULK = 2
LANES = (LANE_PAGE, LANE_NOTICE, LANE_BULK)


class TimerDue(msgspec.Struct, frozen=True, gc=False):
    """A timer that fell due and has been taken off the table in this transaction."""

    kind: str
    ref: int
    due_at: datetime
    payload: str = ""
    attempts: int = 0  # how often its work has failed so far
    absolute: bool = False


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"  # due at `due_at`; also between attempts
    LEASED = "leased"  # an engine is sending it now
    DELIVERED = "delivered"  # the other side took it
    FAILED = "failed"  # no use to try again, or given up
    CANCELLED = "cancelled"  # not needed any more


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message to be sent through one channel, as a slice asks for it."""

    lane: int
    channel: str
    address: str  # JSON of channels.domain.Address
    address_key: str  # equal for equal addresses: what limits and bundling go by
    bucket: str  # equal for one receiving host: what concurrency goes by
    body: str  # JSON of channels.domain.Message
    subject: str  # whose: "page:12"
    due_at: datetime
    give_up_at: datetime


class Destination(Protocol):
    """Where messages go: anything that says so in these words."""

    @property
    def channel(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def address_key(self) -> str: ...
    @property
    def bucket(self) -> str: ...


def addressed(
    to: Destination, *, lane: int, body: str, subject: str, due_at: datetime, give_up_at: datetime
) -> NewDelivery:
    """A message to a destination."""
    return NewDelivery(
        lane=lane,
        channel=to.channel,
        address=to.address,
        address_key=to.address_key,
        bucket=to.bucket,
        body=body,
        subject=subject,
        due_at=due_at,
        give_up_at=give_up_at,
    )


class Parcel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A delivery claimed for sending, at `claimed_at`. `attempt` is the fence: a later claim has a higher one."""

    id: int
    lane: int
    channel: str
    address: str
    address_key: str
    bucket: str
    body: str
    subject: str
    due_at: datetime
    give_up_at: datetime
    attempt: int
    claimed_at: datetime


class VerdictKind(StrEnum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    FAILED = "failed"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier's judgement on one attempt."""

    kind: VerdictKind
    reason: str = ""
    receipt: str = ""
    after_s: float | None = None
    disable: bool = False  # the address itself is dead


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt as it was written down.

    `failing` is True exactly once in a delivery's life: when it first counts as not getting through, by final
    failure, by too many attempts or too long a silence, or because nothing else gets through to its address either.
    `final` says that no further attempt follows.
    """

    parcel: Parcel
    verdict: Verdict
    at: datetime
    failing: bool
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLimit:
    """At most `count` messages to one address within `per`."""

    count: int
    per: timedelta


class Carrier(Protocol):
    """Who takes parcels out of the house. Plugged in by `site`."""

    def limits(self, channel: str) -> Sequence[AddressLimit]: ...

    def bundles(self, channel: str) -> bool: ...

    def at_once(self, bucket: str) -> int:
        """How many messages may be under way to this receiver; what waits for a connection is not under way, but late."""
        ...

    def learn(self, reader: Reader) -> None:
        """Look up, in the thread of the database, what carrying needs to know; before each lot of parcels."""
        ...

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """Send these (all to one address) as one message. Never raises for what the world does."""
        ...

    async def close(self) -> None:
        """Drop kept connections; the engine stops."""
        ...


TimerHandler = Callable[[Tx, Sequence[TimerDue]], None]
SettledHandler = Callable[[Tx, Sequence[Settled]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """Work that is there or not: `run` does a bounded piece and says how much it did; 0 means nothing is left.

    It is called again while it does something, when `bell` rings, and every `every_s` seconds. After a piece smaller than
    `full` it rests first (`engine/loop.py` says how long): under a steady load that makes fewer and larger pieces.
    """

    name: str
    bell: str
    run: Callable[[], int]
    every_s: float
    full: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Something small to do every so often. `run` does a bounded piece of it; where it says True there is more, and the
    next piece has its turn after the others, which would be late otherwise.
    """

    name: str
    every_s: float
    run: Callable[[], bool | None]
