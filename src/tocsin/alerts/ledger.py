"""The ledger of what came in: envelopes as received, and what became of each signal in them. Plain SQL, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.alerts.domain import SIGNAL_BITS, Alert, Group, Outcome
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row, Tx
from tocsin.sources.domain import Signal

_pack = msgspec.msgpack.Encoder().encode
_signals = msgspec.msgpack.Decoder(tuple[Signal, ...])
_ENVELOPE_COLUMNS = (
    "integration",
    "source",
    "received_at",
    "body",
    "signals",
    "signal_count",
    "reference",
    "problems",
)
_FIRST_WAITING = "SELECT id FROM alerts_waiting ORDER BY id LIMIT 1"
_SELECT = "SELECT id, integration, received_at, signals, signal_count FROM alerts_envelope"


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """One request to be made durable."""

    integration: str
    source: str
    body: bytes
    signals: tuple[Signal, ...]
    reference: str = ""
    problems: str = ""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """One envelope not yet absorbed."""

    id: int
    integration: str
    received_at: datetime
    signals: tuple[Signal, ...]
    unread: int = 0  # how many signals it holds if they cannot be read: a later version wrote them, or a disk erred
    problem: str = ""


class SignalResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one signal, ready to be written."""

    id: int
    integration: str
    at_us: int
    action: str
    dedup_key: str
    outcome: str
    reason: str
    alert: Alert | None
    group: Group | None


def signal_id(envelope_id: int, place: int) -> int:
    """The id of the signal at this place (from 0) of an envelope."""
    return (envelope_id << SIGNAL_BITS) | place


def put_envelopes(tx: Tx, accepted: Sequence[Accepted]) -> None:
    """Write requests with their signals; the commit makes them durable."""
    at = clock.to_us(tx.now)
    rows = [
        (
            request.integration,
            request.source,
            at,
            request.body,
            _pack(request.signals),
            len(request.signals),
            request.reference,
            request.problems,
        )
        for request in accepted
    ]
    tx.insert_copied("alerts_envelope", _ENVELOPE_COLUMNS, rows, into="alerts_waiting", copied="signal_count")
    _put_receipt(tx, sum(len(request.signals) for request in accepted))


def put_envelope(tx: Tx, id_: int, request: Accepted) -> None:
    """Make one request durable under an id of `next_ids`."""
    at = clock.to_us(tx.now)
    row = (
        id_,
        request.integration,
        request.source,
        at,
        request.body,
        _pack(request.signals),
        len(request.signals),
        "",
        "",
    )
    tx.insert_many("alerts_envelope", ("id", *_ENVELOPE_COLUMNS), [row])
    tx.insert_many("alerts_waiting", ("id", "signal_count"), [(id_, len(request.signals))])
    _put_receipt(tx, len(request.signals))


def _put_receipt(tx: Tx, signals: int) -> None:
    """Numbers of envelopes have gaps where a transaction was undone, so that one is gone shows by its receipt alone."""
    tx.insert_many("alerts_receipt", ("signals",), [(signals,)])


def is_waiting(reader: Reader) -> bool:
    """Whether an envelope waits to be absorbed."""
    return reader.row(_FIRST_WAITING) is not None


def waiting_envelopes(tx: Tx, limit: int, signals_max: int) -> list[Waiting]:
    """The oldest envelopes that wait to be absorbed, with at most `signals_max` signals in all, or one envelope."""
    taken: list[int] = []
    signals = 0
    for id_, count in tx.rows("SELECT id, signal_count FROM alerts_waiting ORDER BY id LIMIT %s", (limit,)):
        signals += count
        if taken and signals > signals_max:
            break
        taken.append(id_)
    if not taken:
        return []
    found = tx.rows(f"{_SELECT} WHERE {tx.among('id')} ORDER BY id", (tx.listed(taken),))
    if len(found) < len(taken):  # somebody deleted the others; the auditor tells that by their receipts
        mark_absorbed(tx, sorted({*taken} - {row[0] for row in found}))
    return [_waiting(row) for row in found]


def heard_to(reader: Reader) -> datetime:
    """The instant up to which everything received has been absorbed."""
    waiting = reader.value(f"SELECT received_at FROM alerts_envelope WHERE id = ({_FIRST_WAITING})")
    return reader.now if waiting is None else min(reader.now, clock.from_us(waiting))


def envelope(reader: Reader, envelope_id: int) -> Waiting | None:
    """One envelope, absorbed or not; None if it is not kept any more."""
    row = reader.row(f"{_SELECT} WHERE id = %s", (envelope_id,))
    return None if row is None else _waiting(row)


def _waiting(row: Row) -> Waiting:
    """One that cannot be read stands in nobody's way: it is known by its number of signals."""
    id_, integration, received_at, packed, count = row
    signals, problem = unpacked(packed)
    return Waiting(id_, integration, clock.from_us(received_at), signals, count if problem else 0, problem)


def unpacked(packed: bytes) -> tuple[tuple[Signal, ...], str]:
    """The signals of an envelope, or none and what is wrong with them."""
    try:
        return _signals.decode(packed), ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return (), f"{type(error).__name__}: {error}"


def mark_absorbed(tx: Tx, envelope_ids: Sequence[int]) -> None:
    """These envelopes wait no more: each of their signals has its result."""
    tx.write(f"DELETE FROM alerts_waiting WHERE {tx.among('id')}", (tx.listed(envelope_ids),))


def put_unread(tx: Tx, envelope: Waiting, why: str) -> None:
    """Set aside every signal of an envelope that cannot be read."""
    at = clock.to_us(envelope.received_at)
    places = (
        SignalResult(
            signal_id(envelope.id, place), envelope.integration, at, "", "", Outcome.SET_ASIDE.value, why, None, None
        )
        for place in range(envelope.unread)
    )
    put_results(tx, list(places))


def put_results(tx: Tx, results: Sequence[SignalResult]) -> None:
    """Write what became of signals; ids of new alerts and groups must be known by now."""
    tx.insert_many(
        "alerts_signal",
        ("id", "integration", "at", "action", "dedup_key", "outcome", "reason", "alert_id", "group_id"),
        [
            (
                one.id,
                one.integration,
                one.at_us,
                one.action,
                one.dedup_key,
                one.outcome,
                one.reason,
                one.alert.id if one.alert else None,
                one.group.id if one.group else (one.alert.group_id if one.alert else None),
            )
            for one in results
        ],
    )
