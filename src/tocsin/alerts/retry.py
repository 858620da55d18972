"""Signals that were set aside are tried again: at every start, because an upgrade may have mended what failed, and
every few minutes. One that fails again stays set aside, counted by the auditor, until it is absorbed or an upgrade
mends it; nothing gives it up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from tocsin.alerts import batch, ledger, lifecycle
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.alerts.rules import Rulebook
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import db
from tocsin.kit.db import Reader, Tx

log = structlog.get_logger()
RETRY_EVERY_S = 300.0  # what was set aside is tried again this often: the reason may have gone
RETRIED_PER_TX_MAX = 100


def retry_some(rulebook: Callable[[Tx], Rulebook], now: datetime) -> int:
    """Absorb what was set aside, oldest first; how many signals are now accounted for.

    Every one has its turn: those that fail again do not stand before those that an upgrade has mended.
    """
    accounted, last = 0, -1
    while waiting := _set_aside(db.reader(now), after=last):
        last = waiting[-1]
        with db.transact(now) as tx:
            tx.lock(LEDGER_LOCK)
            book = rulebook(tx)
            still = set(_set_aside(tx, after=waiting[0] - 1)) & set(waiting)  # another engine may have been quicker
            accounted += sum(_absorbed(tx, book, id_) for id_ in sorted(still))
    return accounted


def _set_aside(reader: Reader, *, after: int) -> list[int]:
    rows = reader.rows(
        "SELECT id FROM alerts_signal WHERE outcome = 'set_aside' AND id > %s ORDER BY id LIMIT %s",
        (after, RETRIED_PER_TX_MAX),
    )
    return [row[0] for row in rows]


def _absorbed(tx: Tx, book: Rulebook, signal_id: int) -> bool:
    envelope = ledger.envelope(tx, signal_id >> SIGNAL_BITS)
    place = signal_id & ((1 << SIGNAL_BITS) - 1)
    if envelope is None or place >= len(envelope.signals):
        return False
    try:
        with tx.savepoint():
            tx.delete_many("alerts_signal", [signal_id])
            batch.absorb(tx, book, lifecycle.silences(tx), [(envelope, place, envelope.signals[place])])
            tx.settle()
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("retry.failed_again", integration=envelope.integration, signal=signal_id)
        return False
    return True
