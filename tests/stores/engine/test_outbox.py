"""The outbox on both databases: leases, fences, limits, bundles, lanes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.engine import claims, outbox
from tocsin.engine.domain import (
    FAILING_AFTER_ATTEMPTS,
    FAILING_AFTER_SILENCE,
    LANE_BULK,
    LANE_NOTICE,
    LANE_PAGE,
    LEASE,
    PARCELS_PER_BUCKET_MAX,
    AddressLimit,
    NewDelivery,
    Parcel,
    Settled,
    State,
    Verdict,
    VerdictKind,
)
from tocsin.kit import db
from tocsin.kit.db import Reader

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DELIVERED = Verdict(kind=VerdictKind.DELIVERED, receipt="r-1")
BUSY = Verdict(kind=VerdictKind.RETRY, reason="busy")
GONE = Verdict(kind=VerdictKind.FAILED, reason="gone")
ONE_A_MINUTE = AddressLimit(count=1, per=timedelta(minutes=1))

pytestmark = pytest.mark.usefixtures("database")


class Rules:
    """A carrier that only says how much an address may get."""

    def __init__(self, *limits: AddressLimit, at_once: int = PARCELS_PER_BUCKET_MAX) -> None:
        self._limits = limits
        self._at_once = at_once

    def limits(self, channel: str) -> Sequence[AddressLimit]:
        """The same for every channel."""
        return self._limits

    def bundles(self, channel: str) -> bool:
        """Where there are limits."""
        return bool(self._limits)

    def at_once(self, bucket: str) -> int:
        """The same for every receiver."""
        return self._at_once

    def learn(self, reader: Reader) -> None:
        """Nothing to learn."""

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """Nothing is sent here."""
        raise AssertionError(parcels)


def put(*subjects: str, lane: int = LANE_PAGE, at: datetime = NOW, address: str = "a", give_up_s: int = 3600) -> None:
    """Messages to one address."""
    new = [
        NewDelivery(
            lane=lane,
            channel="email",
            address="{}",
            address_key=address,
            bucket="email",
            body="{}",
            subject=subject,
            due_at=at,
            give_up_at=at + timedelta(seconds=give_up_s),
        )
        for subject in subjects
    ]
    with db.transact(at) as tx:
        outbox.put(tx, new)


def claim(owner: str = "me", at: datetime = NOW, limit: int = 50, carrier: Rules | None = None) -> list[list[Parcel]]:
    """What an engine takes now."""
    with db.transact(at) as tx:
        outbox.take_over(tx)
        return claims.claim(tx, owner, {}, carrier or Rules(), limit=limit)


def settle(verdict: Verdict, *parcels: Parcel, owner: str = "me", at: datetime = NOW) -> list[Settled]:
    """Write down what became of these."""
    with db.transact(at) as tx:
        return outbox.settle(tx, owner, [(one, verdict) for one in parcels], lambda tx, settled: None, lambda: 0.0)


def states() -> dict[str, str]:
    """Each message's state, by its subject."""
    return {row[0]: row[1] for row in db.reader(NOW).rows("SELECT subject, state FROM engine_delivery")}


def subjects(bundles: list[list[Parcel]]) -> list[list[str]]:
    """Bundles by what they are about."""
    return [[one.subject for one in bundle] for bundle in bundles]


def test_a_claimed_message_is_nobody_else_s() -> None:
    """A second engine finds nothing while the first holds the lease."""
    put("page:1")
    assert subjects(claim("me")) == [["page:1"]]
    assert claim("you") == []


def test_a_lease_that_runs_out_is_taken_over_and_counted() -> None:
    """After the lease another engine gets the message, under a new attempt, and the first one's result is dropped."""
    put("page:1")
    ((mine,),) = claim("me")
    later = NOW + LEASE
    ((yours,),) = claim("you", at=later)
    assert (mine.attempt, yours.attempt) == (1, 2)
    assert settle(DELIVERED, mine, owner="me", at=later) == []
    assert len(settle(DELIVERED, yours, owner="you", at=later)) == 1
    assert db.reader(NOW).row("SELECT state, takeovers, receipt FROM engine_delivery") == ("delivered", 1, "r-1")


def test_pages_go_before_notices_and_bulk() -> None:
    """Whatever was put first, lanes are emptied in their order, and inside a lane the longest due comes first."""
    put("bulk:1", lane=LANE_BULK, at=NOW - timedelta(minutes=9))
    put("taken:1", lane=LANE_NOTICE, at=NOW - timedelta(minutes=5))
    put("page:2")
    put("page:1", at=NOW - timedelta(minutes=1))
    assert subjects(claim()) == [["page:1"], ["page:2"], ["taken:1"], ["bulk:1"]]


def test_a_message_is_not_claimed_before_it_is_due() -> None:
    """The next due time is told, and at that moment it is claimed."""
    later = NOW + timedelta(minutes=3)
    put("page:1", at=later)
    assert claim() == []
    assert outbox.next_due(db.reader(NOW)) == later
    assert subjects(claim(at=later)) == [["page:1"]]


def test_retries_back_off_and_fail_at_their_end() -> None:
    """A message that is busy is due later each time, counts as failing once, and fails when it may not wait longer."""
    put("page:1", give_up_s=30)
    at, failing, waits = NOW, [], []
    for _ in range(20):
        ((parcel,),) = claim(at=at)
        (one,) = settle(BUSY, parcel, at=at)
        failing.append(one.failing)
        if one.final:
            break
        due = outbox.next_due(db.reader(at))
        assert due is not None
        waits.append((due - at).total_seconds())
        at = due
    assert waits == [1, 2, 4, 8]
    assert failing == [False] * (FAILING_AFTER_ATTEMPTS - 1) + [True, False]
    assert states() == {"page:1": State.FAILED}


def test_a_time_the_receiver_names_is_kept() -> None:
    """Retry-After counts where it is longer than our own wait."""
    put("page:1")
    ((parcel,),) = claim()
    settle(Verdict(kind=VerdictKind.RETRY, reason="HTTP 429", after_s=120), parcel)
    assert outbox.next_due(db.reader(NOW)) == NOW + timedelta(minutes=2)


def test_a_receiver_that_puts_us_off_does_not_get_the_message_through() -> None:
    """A longer wait that it names counts as failing at once, so that the next way or person need not wait as well."""
    put("page:1", "page:2")
    for (parcel,), after_s, failing in zip(claim(), (10, 300), (False, True), strict=True):
        (one,) = settle(Verdict(kind=VerdictKind.RETRY, reason="HTTP 429", after_s=after_s), parcel)
        assert (one.failing, one.final) == (failing, False)


def test_silence_counts_as_failing_at_once() -> None:
    """An attempt that was left without an answer is told so the first time; a quick refusal only the fourth."""
    put("page:1", "page:2")
    (slow,), (quick,) = claim()
    assert not settle(BUSY, quick)[0].failing
    assert settle(BUSY, slow, at=NOW + FAILING_AFTER_SILENCE)[0].failing


@pytest.mark.parametrize("again", [False, True], ids=["waiting", "under_way"])
def test_where_nothing_gets_through_one_attempt_is_enough(again: bool) -> None:
    """What fails where something else fails already counts as failing at once; elsewhere it has its four attempts."""
    put("page:1")
    ((first,),) = claim()
    settle(BUSY, first, at=NOW + FAILING_AFTER_SILENCE)
    later = NOW + timedelta(minutes=1)
    if again:
        claim(at=later)
    put("page:2", at=later)
    put("page:3", at=later, address="b")
    claimed = {bundle[0].subject: bundle[0] for bundle in claim(at=later)}
    assert settle(BUSY, claimed["page:2"], at=later)[0].failing
    assert not settle(BUSY, claimed["page:3"], at=later)[0].failing


def test_cancelling_spares_what_is_not_sent_yet() -> None:
    """What waits is cancelled with the reason; what is being sent is not tried again, or ends as delivered."""
    put("page:1")
    put("page:2")
    put("page:3", at=NOW + timedelta(minutes=1))
    put("page:4", at=NOW + timedelta(minutes=1))
    first, second = sorted((bundle[0] for bundle in claim()), key=lambda parcel: parcel.subject)
    with db.transact(NOW) as tx:
        outbox.cancel(tx, ["page:1", "page:2", "page:3"], "answered")
    (busy,) = settle(BUSY, first)
    settle(DELIVERED, second)
    assert (busy.failing, busy.final) == (False, True)
    assert states() == {"page:1": "cancelled", "page:2": "delivered", "page:3": "cancelled", "page:4": "waiting"}


def test_a_cancelled_message_of_a_dead_engine_stays_cancelled() -> None:
    """When its lease runs out it is not sent again."""
    put("page:1")
    claim("dead")
    with db.transact(NOW) as tx:
        outbox.cancel(tx, ["page:1"], "answered")
    assert claim("alive", at=NOW + LEASE) == []
    assert states() == {"page:1": "cancelled"}


def test_what_a_limit_does_not_allow_waits_and_becomes_one() -> None:
    """The first message goes at once; the rest to the same address waits for room and then goes as one."""
    limited = Rules(ONE_A_MINUTE)
    put("page:1")
    ((first,),) = claim(carrier=limited)
    settle(DELIVERED, first)
    put("page:2", "page:3", at=NOW + timedelta(seconds=1))
    put("other:1", at=NOW + timedelta(seconds=1), address="b")
    soon, later = NOW + timedelta(seconds=10), NOW + timedelta(minutes=1)
    ((other,),) = claim(at=soon, carrier=limited)
    assert other.subject == "other:1"
    settle(DELIVERED, other, at=soon)
    assert outbox.next_due(db.reader(soon)) == later
    assert [sorted(one) for one in subjects(claim(at=later, carrier=limited))] == [["page:2", "page:3"]]


def test_a_heap_that_must_wait_holds_up_nobody() -> None:
    """Hundreds of messages that their address may not have yet do not keep one to somebody else from its turn."""
    limited = Rules(ONE_A_MINUTE)
    put("page:1")
    ((first,),) = claim(carrier=limited)
    settle(DELIVERED, first)
    put(*(f"page:{number}" for number in range(2, 400)), at=NOW + timedelta(seconds=1))
    put("other:1", at=NOW + timedelta(seconds=2), address="b")
    assert subjects(claim(at=NOW + timedelta(seconds=3), carrier=limited)) == [["other:1"]]


def test_a_receiver_gets_no_more_than_it_takes_at_once() -> None:
    """What would only wait for a connection is not claimed; what goes to one contact together takes one place."""
    few = Rules(AddressLimit(count=5, per=timedelta(minutes=1)), at_once=2)
    put("page:1", at=NOW - timedelta(seconds=4), address="a@example.org")
    put("page:2", at=NOW - timedelta(seconds=3), address="a@example.org")
    put("page:3", at=NOW - timedelta(seconds=2), address="b@example.org")
    put("page:4", at=NOW - timedelta(seconds=1), address="c@example.org")
    bundles = claim(carrier=few)
    assert subjects(bundles) == [["page:1", "page:2"], ["page:3"]]
    with db.transact(NOW) as tx:
        assert claims.claim(tx, "me", {"email": 2}, few) == []
        assert subjects(claims.claim(tx, "me", {"email": 1}, few)) == [["page:4"]]


def test_whoever_shares_an_address_shares_no_message() -> None:
    """Two people's pages to one mailbox are two messages: what becomes of one contact decides nothing about the other."""
    limited = Rules(AddressLimit(count=5, per=timedelta(minutes=1)))
    put("page:1", "page:2", address="team@example.org")
    with db.transact(NOW) as tx:
        tx.execute("UPDATE engine_delivery SET address = 'ann' WHERE subject = 'page:1'")
    assert sorted(subjects(claim(carrier=limited))) == [["page:1"], ["page:2"]]


def test_full_buckets_are_passed_over() -> None:
    """What goes to a receiver that has its hands full waits; everything else is claimed."""
    put("page:1")
    with db.transact(NOW) as tx:
        assert claims.claim(tx, "me", {"email": PARCELS_PER_BUCKET_MAX}, Rules()) == []
        assert subjects(claims.claim(tx, "me", {"sms": PARCELS_PER_BUCKET_MAX}, Rules())) == [["page:1"]]


def test_the_next_untried_message_can_be_hurried() -> None:
    """Of those that wait for one person, the soonest untried one becomes due now."""
    put("page:1", at=NOW + timedelta(minutes=9))
    put("page:1", at=NOW + timedelta(minutes=2))
    with db.transact(NOW) as tx:
        assert outbox.hurry_next(tx, "page:1")
        assert not outbox.hurry_next(tx, "page:2")
    assert len(claim()) == 1
    assert outbox.subject_state(_tx(), "page:1") == outbox.SubjectState(told=False, under_way=True)


def _tx() -> db.Tx:
    with db.transact(NOW) as tx:
        return tx
