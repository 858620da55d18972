"""Receipts: how the auditor notices that an envelope vanished before anything came of it.

Numbers of envelopes have gaps wherever a transaction was undone, so a missing one proves nothing. Therefore each
transaction that takes signals in also leaves a receipt that says how many, and at every instant the receipts say as
many as the envelopes hold. Both are counted from where the auditor has found them settled: what was in order up to
there is not looked at again, and an envelope that goes later has done its work. What has vanished is counted for as
long as it would have been kept.

Envelopes are wide, and reading those of ten busy seconds takes a core for a quarter of a second. So the first question is
whether the receipts say as many as wait and have a result; if they do, nothing is amiss, and only what waits is read.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx

COUNTED_MAX = 1_000_000  # envelopes in one look; beyond that the last look's answer stands until there are fewer


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How far both have been counted, and what came of it, in signals."""

    to: int = 0  # receipts
    envelopes_to: int = 0
    balance: int = 0  # of receipts up to there, less that of envelopes up to there
    seen: int = 0  # the last receipt there was when this was written
    vanished: int = 0
    since_us: int | None = None  # since when it is known


def are_all_accounted(reader: Reader, counted: Counted, complete_to: int) -> bool:
    """Whether all signals by receipts wait or have a result, at one instant; up to this envelope that is known."""
    if counted.vanished or counted.envelopes_to != complete_to:
        return False
    received, waiting, results = reader.rows(
        "SELECT (SELECT coalesce(sum(signals), 0) FROM alerts_receipt WHERE id > %s),"
        " (SELECT coalesce(sum(signal_count), 0) FROM alerts_waiting waiting WHERE id > %s"
        " AND (SELECT envelope.id FROM alerts_envelope envelope WHERE envelope.id = waiting.id) IS NOT NULL),"
        " (SELECT count(*) FROM alerts_signal WHERE id >= %s)",
        (counted.to, complete_to, (complete_to + 1) << SIGNAL_BITS),
    )[0]
    return counted.balance + int(received) == int(waiting) + int(results)


def vanished(counted: Counted, surplus: int | None) -> int:
    """How many signals have gone with their envelopes, with this surplus of receipts; None says that it is not known."""
    return counted.vanished if surplus is None else max(surplus, 0)


def further(
    reader: Reader, before: Counted, complete_to: int, forgotten: datetime, surplus: int | None, *, all_accounted: bool
) -> Counted:
    """Count on to this envelope, and to the last receipt of the look before; both must be settled.

    Where all is accounted for, the results up to there are as many as the envelopes held.
    """
    balance = before.balance + _receipts(reader, before.to, before.seen)
    balance -= (_results if all_accounted else _envelopes)(reader, before.envelopes_to, complete_to)
    lost = vanished(before, surplus)
    if surplus is not None and surplus < 0:
        balance -= surplus  # a version that wrote no receipts took these in
    since_us = (clock.to_us(reader.now) if before.since_us is None else before.since_us) if lost else None
    if since_us is not None and since_us < clock.to_us(forgotten):
        balance, lost, since_us = balance - lost, 0, None
    return Counted(
        to=max(before.to, before.seen),
        envelopes_to=max(before.envelopes_to, complete_to),
        balance=balance,
        seen=int(reader.value("SELECT max(id) FROM alerts_receipt") or before.seen),
        vanished=lost,
        since_us=since_us,
    )


def forget(tx: Tx, counted: Counted, limit: int) -> int:
    """Receipts that are counted are needed no more; how many that were, at most `limit`."""
    return tx.execute(
        "DELETE FROM alerts_receipt WHERE id IN (SELECT id FROM alerts_receipt WHERE id <= %s ORDER BY id LIMIT %s)",
        (counted.to, limit),
    )


def surplus(reader: Reader, counted: Counted) -> int | None:
    """Signals by receipts less those in envelopes, at one instant; None if there are too many to count."""
    last = int(reader.value("SELECT max(id) FROM alerts_envelope") or 0)
    if last - counted.envelopes_to > COUNTED_MAX:
        return None
    by_receipts, by_envelopes = reader.rows(
        "SELECT (SELECT coalesce(sum(signals), 0) FROM alerts_receipt WHERE id > %s),"
        " (SELECT coalesce(sum(signal_count), 0) FROM alerts_envelope WHERE id > %s)",
        (counted.to, counted.envelopes_to),
    )[0]
    return counted.balance + int(by_receipts) - int(by_envelopes)


def _receipts(reader: Reader, after: int, to: int) -> int:
    sql = "SELECT coalesce(sum(signals), 0) FROM alerts_receipt WHERE id > %s AND id <= %s"
    return int(reader.value(sql, (after, to)))


def _results(reader: Reader, after: int, to: int) -> int:
    sql = "SELECT count(*) FROM alerts_signal WHERE id >= %s AND id < %s"
    return int(reader.value(sql, ((after + 1) << SIGNAL_BITS, (to + 1) << SIGNAL_BITS)))


def _envelopes(reader: Reader, after: int, to: int) -> int:
    sql = "SELECT coalesce(sum(signal_count), 0) FROM alerts_envelope WHERE id > %s AND id <= %s"
    return int(reader.value(sql, (after, to)))
