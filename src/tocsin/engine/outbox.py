"""The outbox: messages to the outside are rows. Claim with a lease (claims.py), send, settle.

A delivery is marked delivered only after the other side has taken it, so a crash can send it twice but never not at
all. `attempt` is the fence: whoever settles must still hold the lease under the same attempt number, otherwise the
result is dropped, because somebody else has taken over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.engine import bell
from tocsin.engine.domain import (
    BACKOFF_FIRST,
    BACKOFF_MAX,
    FAILING_AFTER_ATTEMPTS,
    FAILING_AFTER_SILENCE,
    FAILING_AFTER_WAIT,
    LANES,
    LEDGER_LOCK,
    NewDelivery,
    Parcel,
    Settled,
    SettledHandler,
    State,
    Verdict,
    VerdictKind,
)
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx

_NEW = (
    "id",
    "lane",
    "state",
    "channel",
    "address",
    "address_key",
    "bucket",
    "body",
    "subject",
    "created_at",
    "due_at",
    "give_up_at",
    "attempts",
    "takeovers",
    "failing",
    "owner",
    "receipt",
    "reason",
)
_UNWANTED = 0  # in `give_up_at`: cancelled while it was being sent, so this attempt is the last
Jitter = Callable[[], float]


def put(tx: Tx, deliveries: Sequence[NewDelivery]) -> list[int]:
    """Place messages in the outbox; their ids, in order."""
    if not deliveries:
        return []
    ids = tx.next_ids("engine_delivery", len(deliveries))
    now = clock.to_us(tx.now)
    rows = [
        (
            id_,
            new.lane,
            State.WAITING.value,
            new.channel,
            new.address,
            new.address_key,
            new.bucket,
            new.body,
            new.subject,
            now,
            clock.to_us(new.due_at),
            clock.to_us(new.give_up_at),
            0,
            0,
            False,
            "",
            "",
            "",
        )
        for id_, new in zip(ids, deliveries, strict=True)
    ]
    tx.insert_many("engine_delivery", _NEW, rows)
    bell.ring(tx, bell.OUTBOX)
    return ids


def cancel(tx: Tx, subjects: Sequence[str], reason: str) -> int:
    """Nothing more is sent for these subjects. What is being sent this moment is not tried again; how many that were."""
    if not subjects:
        return 0
    return tx.execute(
        "UPDATE engine_delivery SET state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE state END, reason = %s,"
        " settled_at = %s, give_up_at = %s"
        f" WHERE state IN ('waiting', 'leased') AND {tx.among('subject')}",
        (reason, clock.to_us(tx.now), _UNWANTED, tx.listed(subjects)),
    )


class _Held(msgspec.Struct, frozen=True):
    """What the row of a message under way says."""

    failing: bool
    wanted: bool  # nobody has cancelled it in the meantime


class Reached(msgspec.Struct, frozen=True):
    """A way by which somebody has been told."""

    channel: str
    address: str
    address_key: str
    bucket: str


def first_reached(tx: Tx, subjects: Sequence[str]) -> dict[str, Reached]:
    """For each subject, the first way that got through or is being tried this moment."""
    rows = tx.rows(
        "SELECT subject, channel, address, address_key, bucket FROM engine_delivery"
        f" WHERE state IN ('delivered', 'leased') AND {tx.among('subject')} ORDER BY id DESC",
        (tx.listed(subjects),),
    )
    return {row[0]: Reached(*row[1:]) for row in rows}


def any_delivered(reader: Reader, subjects: Sequence[str]) -> bool:
    """Whether any message for any of these subjects got through."""
    found = reader.row(
        f"SELECT 1 FROM engine_delivery WHERE state = 'delivered' AND {reader.among('subject')} LIMIT 1",
        (reader.listed(subjects),),
    )
    return found is not None


class SubjectState(msgspec.Struct, frozen=True):
    """How the messages for one subject stand."""

    told: bool  # one got through
    under_way: bool  # one is still to be tried, or being tried, and not known to fail


def subject_state(tx: Tx, subject: str) -> SubjectState:
    """How the messages for a subject stand."""
    rows = tx.rows("SELECT state, failing FROM engine_delivery WHERE subject = %s", (subject,))
    return SubjectState(
        told=any(state == State.DELIVERED for state, _ in rows),
        under_way=any(state in (State.WAITING, State.LEASED) and not failing for state, failing in rows),
    )


def hurry_next(tx: Tx, subject: str) -> bool:
    """Send the next message for this subject that has not been tried yet now; False if there is none."""
    now = clock.to_us(tx.now)
    found = tx.execute(
        "UPDATE engine_delivery SET due_at = %s WHERE id = (SELECT id FROM engine_delivery WHERE subject = %s"
        " AND state = 'waiting' AND attempts = 0 AND due_at > %s ORDER BY due_at, id LIMIT 1)",
        (now, subject, now),
    )
    if found:
        bell.ring(tx, bell.OUTBOX)
    return bool(found)


def next_due(reader: Reader) -> datetime | None:
    """When the next message is due, or the next lease ends."""
    waiting = reader.value("SELECT min(due_at) FROM engine_delivery WHERE state = 'waiting'")
    leased = reader.value("SELECT min(lease_until) FROM engine_delivery WHERE state = 'leased'")
    dues = [due for due in (waiting, leased) if due is not None]
    return clock.from_us(min(dues)) if dues else None


def has_work(reader: Reader) -> bool:
    """Whether a message is due now or a lease has run out: a cheap look before a write transaction is opened."""
    now = clock.to_us(reader.now)
    due = "SELECT 1 FROM engine_delivery WHERE state = 'waiting' AND lane = %s AND due_at <= %s LIMIT 1"
    ended = "SELECT 1 FROM engine_delivery WHERE state = 'leased' AND lease_until <= %s LIMIT 1"
    return any(reader.row(due, (lane, now)) for lane in LANES) or reader.row(ended, (now,)) is not None


def take_over(tx: Tx) -> int:
    """Put back what an engine claimed and did not settle within its lease; how many."""
    now = clock.to_us(tx.now)
    return tx.execute(
        f"UPDATE engine_delivery SET state = CASE give_up_at WHEN {_UNWANTED} THEN 'cancelled' ELSE 'waiting' END,"
        " owner = '', lease_until = NULL, takeovers = takeovers + 1,"
        " due_at = CASE WHEN due_at > %s THEN %s ELSE due_at END"
        " WHERE id IN (SELECT id FROM engine_delivery WHERE state = 'leased' AND lease_until <= %s"
        f"{tx.skip_locked})",
        (now, now, now),
    )


def settle(
    tx: Tx, owner: str, results: Sequence[tuple[Parcel, Verdict]], on_settled: SettledHandler, jitter: Jitter
) -> list[Settled]:
    """Write down what became of the attempts and tell the slices; results whose lease was lost are dropped."""
    if any(verdict.kind is not VerdictKind.DELIVERED or parcel.attempt > 1 for parcel, verdict in results):
        tx.lock(LEDGER_LOCK)  # these may change a page or hurry an escalation
    leased = _still_held(tx, owner, [parcel for parcel, _ in results])
    dead = _failing_addresses(tx, [parcel for parcel, verdict in results if verdict.kind is VerdictKind.RETRY])
    settled, rows = [], []
    for parcel, verdict in results:
        before = leased.get((parcel.id, parcel.attempt))
        if before is None:
            continue
        attempt, row = _outcome(parcel, verdict, before, tx.now, jitter, is_dead=parcel.address_key in dead)
        settled.append(attempt)
        rows.append(row)
    columns = ("state", "owner", "lease_until", "due_at", "failing", "receipt", "reason", "settled_at")
    tx.update_many("engine_delivery", columns, rows)
    tx.insert_many(
        "engine_attempt",
        ("delivery_id", "at", "attempt", "outcome", "reason", "receipt"),
        [
            (
                attempt.parcel.id,
                clock.to_us(attempt.at),
                attempt.parcel.attempt,
                attempt.verdict.kind.value,
                attempt.verdict.reason,
                attempt.verdict.receipt,
            )
            for attempt in settled
        ],
    )
    if settled:
        on_settled(tx, settled)
    return settled


def backoff(attempt: int, jitter: Jitter) -> timedelta:
    """How long to wait after this many attempts: 1, 2, 4 … 60 s, each stretched by up to a quarter."""
    plain: timedelta = min(BACKOFF_FIRST * 2 ** min(attempt - 1, 10), BACKOFF_MAX)
    return plain * (1 + jitter() / 4)


def random_jitter() -> float:
    """Between 0 and 1, so that many failing messages do not come back in step."""
    return random.random()  # noqa: S311  spreading load, not guarding a secret


def _outcome(
    parcel: Parcel, verdict: Verdict, before: _Held, now: datetime, jitter: Jitter, *, is_dead: bool
) -> tuple[Settled, tuple[object, ...]]:
    state, due = _next_state(parcel, verdict, now, jitter)
    if state is State.WAITING and not before.wanted:
        state, due = State.CANCELLED, parcel.due_at
    final = state is not State.WAITING
    put_off = due - now > FAILING_AFTER_WAIT or now - parcel.claimed_at >= FAILING_AFTER_SILENCE
    hopeless = put_off or is_dead or parcel.attempt >= FAILING_AFTER_ATTEMPTS
    troubled = state is State.FAILED or (state is State.WAITING and hopeless)
    failing = troubled and before.wanted and not before.failing
    settled = Settled(parcel=parcel, verdict=verdict, at=now, failing=failing, final=final)
    row = (
        parcel.id,
        state.value,
        "",
        None,
        clock.to_us(due),
        before.failing or troubled,
        verdict.receipt,
        verdict.reason,
        clock.to_us(now) if final else None,
    )
    return settled, row


def _next_state(parcel: Parcel, verdict: Verdict, now: datetime, jitter: Jitter) -> tuple[State, datetime]:
    if verdict.kind is VerdictKind.DELIVERED:
        return State.DELIVERED, parcel.due_at
    if verdict.kind is VerdictKind.FAILED:
        return State.FAILED, parcel.due_at
    wait = backoff(parcel.attempt, jitter)
    if verdict.after_s is not None:
        wait = max(wait, timedelta(seconds=verdict.after_s))
    again = now + wait
    return (State.FAILED, parcel.due_at) if again > parcel.give_up_at else (State.WAITING, again)


def _failing_addresses(tx: Tx, parcels: Sequence[Parcel]) -> set[str]:
    """Those of their addresses that something else already fails to get through to: one more attempt says enough."""
    if not parcels:
        return set()
    keys = tx.listed(list({parcel.address_key for parcel in parcels}))
    rows = tx.rows(
        f"SELECT address_key FROM engine_delivery WHERE state = 'waiting' AND {tx.among('address_key')} AND failing"
        " UNION SELECT address_key FROM engine_delivery WHERE state = 'leased' AND lease_until > 0"
        f" AND {tx.among('address_key')} AND failing",
        (keys, keys),
    )
    return {row[0] for row in rows}


def _still_held(tx: Tx, owner: str, parcels: Sequence[Parcel]) -> dict[tuple[int, int], _Held]:
    rows = tx.rows(
        f"SELECT id, attempts, failing, give_up_at FROM engine_delivery"
        f" WHERE state = 'leased' AND owner = %s AND {tx.among('id')}{tx.for_update}",
        (owner, tx.listed([parcel.id for parcel in parcels])),
    )
    return {(row[0], row[1]): _Held(bool(row[2]), row[3] != _UNWANTED) for row in rows}
