"""The ledger of what came in: envelopes as received, and what became of each signal in them. Plain SQL, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.alerts.domain import SIGNAL_BITS, Alert, Group
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx
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
    """Make requests durable."""
    at = clock.to_us(tx.now)
    rows = [
        (one.integration, one.source, at, one.body, _pack(one.signals), len(one.signals), one.reference, one.problems)
        for one in accepted
    ]
    tx.insert_many("alerts_envelope", _ENVELOPE_COLUMNS, rows)


def put_envelope(tx: Tx, id_: int, one: Accepted) -> None:
    """Make one request durable under an id of `next_ids`."""
    at = clock.to_us(tx.now)
    row = (id_, one.integration, one.source, at, one.body, _pack(one.signals), len(one.signals), "", "")
    tx.insert_many("alerts_envelope", ("id", *_ENVELOPE_COLUMNS), [row])


def waiting_envelopes(tx: Tx, limit: int, signals_max: int) -> list[Waiting]:
    """The oldest envelopes that wait to be absorbed, with at most `signals_max` signals in all, or one envelope."""
    rows = tx.rows(_WAITING, (limit, signals_max))
    return [Waiting(row[0], row[1], clock.from_us(row[2]), _signals.decode(row[3])) for row in rows]


# How many signals wait stands in the index: what is in an envelope is read only of those that are taken.
_WAITING = (
    "SELECT id, integration, received_at, signals FROM alerts_envelope WHERE id IN (SELECT id FROM"
    " (SELECT id, signal_count, sum(signal_count) OVER (ORDER BY id) AS total FROM"
    " (SELECT id, signal_count FROM alerts_envelope WHERE absorbed_at IS NULL ORDER BY id LIMIT %s) oldest) counted"
    " WHERE total <= %s OR total = signal_count) ORDER BY id"
)


def envelope(reader: Reader, envelope_id: int) -> Waiting | None:
    """One envelope, absorbed or not; None if it is not kept any more."""
    row = reader.row("SELECT id, integration, received_at, signals FROM alerts_envelope WHERE id = %s", (envelope_id,))
    return None if row is None else Waiting(row[0], row[1], clock.from_us(row[2]), _signals.decode(row[3]))


def mark_absorbed(tx: Tx, envelope_ids: Sequence[int]) -> None:
    """These are accounted for."""
    tx.execute(
        f"UPDATE alerts_envelope SET absorbed_at = %s WHERE {tx.among('id')}",
        (clock.to_us(tx.now), tx.listed(envelope_ids)),
    )


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
