"""How long the outbox waits: bounds that hold for every number of attempts and every history of an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tocsin.engine import claims, outbox, pacing
from tocsin.engine.domain import (
    BACKOFF_FIRST,
    BACKOFF_MAX,
    PARCELS_IN_FLIGHT_MAX,
    PARCELS_PER_BUCKET_MAX,
    SEND_TIMEOUT_S,
    AddressLimit,
)
from tocsin.kit import clock, mail
from tocsin.site import wiring

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SLOW_MAIL_S = 7.0
limits = st.builds(
    AddressLimit, count=st.integers(1, 20), per=st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds))
)
histories = st.lists(st.integers(0, 7200), max_size=60).map(
    lambda ages: sorted(clock.to_us(NOW - timedelta(seconds=age)) for age in ages)
)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_stays_within_its_bounds(attempt: int, jitter: float) -> None:
    """Never below the first wait, never above a minute and a quarter, however often it failed."""
    wait = outbox.backoff(attempt, lambda: jitter)
    assert BACKOFF_FIRST <= wait <= BACKOFF_MAX * 1.25


@given(st.integers(1, 10_000))
def test_backoff_never_shrinks(attempt: int) -> None:
    """A further failure never makes the next try sooner."""
    assert outbox.backoff(attempt, lambda: 0) <= outbox.backoff(attempt + 1, lambda: 0)


@given(st.lists(st.integers(1, 12), max_size=300))
def test_however_many_receivers_hang_another_finds_room(order: list[int]) -> None:
    """Whoever takes what is theirs in whatever order, a receiver that has nothing under way may always have one."""
    in_flight: dict[str, int] = {}
    for number in order:
        bucket = f"host-{number}"
        if claims.room_for(bucket, in_flight) > 0:
            in_flight[bucket] = in_flight.get(bucket, 0) + 1
    assert claims.room_for("another", in_flight) >= 1
    assert all(count <= PARCELS_PER_BUCKET_MAX for count in in_flight.values())
    assert sum(in_flight.values()) < PARCELS_IN_FLIGHT_MAX


@given(histories, st.lists(limits, min_size=1, max_size=3))
def test_what_is_sent_when_allowed_keeps_every_limit(sent: list[int], several: list[AddressLimit]) -> None:
    """At the instant said, one more message is within each limit; and if that is later than now, now it is not."""
    free = pacing.free_at(sent, several, NOW)
    assert free >= clock.to_us(NOW)
    assert all(_within(sent, limit, free) <= limit.count - 1 for limit in several)
    if free > clock.to_us(NOW):
        assert any(_within(sent, limit, free - 1) >= _at_once(limit) for limit in several)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=80), st.lists(limits, min_size=1, max_size=2))
def test_sending_whenever_allowed_never_breaks_a_limit(gaps: list[int], several: list[AddressLimit]) -> None:
    """Whatever the rhythm in which messages come up, no window ever holds more than its count."""
    sent: list[int] = []
    now = NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        now = max(now, clock.from_us(pacing.free_at(sent, several, now)))
        sent.append(clock.to_us(now))
    for limit in several:
        assert all(_within(sent[: place + 1], limit, at) <= limit.count for place, at in enumerate(sent))


@given(limits)
def test_no_limit_is_silent_for_long(limit: AddressLimit) -> None:
    """However much there is to tell, the next message is never further away than twice an even share of a long limit."""
    sent: list[int] = []
    for _ in range(3 * limit.count + 1):
        now = clock.from_us(sent[-1]) if sent else NOW
        sent.append(pacing.free_at(sent, [limit], now))
    longest = max(after - before for before, after in pairwise(sent))
    share = limit.per / timedelta(microseconds=1) / (limit.count - limit.count // 2)
    assert longest <= (share + 1 if limit.per > pacing.PACED_FROM else limit.per / timedelta(microseconds=1))


def _at_once(limit: AddressLimit) -> int:
    return limit.count // 2 or 1 if limit.per > pacing.PACED_FROM else limit.count


def _within(sent: list[int], limit: AddressLimit, at: int) -> int:
    """How many were sent within the limit's time up to this instant."""
    begins = at - limit.per // timedelta(microseconds=1)
    return sum(begins < one <= at for one in sent)


def test_mails_wait_for_no_connection_until_their_time_is_up() -> None:
    """A server that takes seconds for each still has every mail it was given within the time of one attempt."""
    mails = wiring.carrier().at_once("email")
    assert mails >= mail.CONNECTIONS_MAX
    assert mails / mail.CONNECTIONS_MAX * SLOW_MAIL_S < SEND_TIMEOUT_S
    assert wiring.carrier().at_once("webhook:hooks.example.org") == PARCELS_PER_BUCKET_MAX
