"""Signals that were set aside are tried again: at every start, because an upgrade may have mended what failed, and
every few minutes. One that fails again stays set aside, counted by the auditor, until it is absorbed or an upgrade
mends it; nothing gives it up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from tocsin.alerts import ledger, store
from tocsin.alerts.absorb import Batch
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.alerts.rules import Rulebook
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import db
from tocsin.kit.db import Tx

log = structlog.get_logger()
RETRY_EVERY_S = 300.0
RETRIED_PER_TX_MAX = 100


def retry_some(rulebook: Callable[[Tx], Rulebook], now: datetime) -> int:
    """Absorb what was set aside, oldest first; how many signals are now accounted for."""
    reader = db.reader(now)
    if reader.row("SELECT 1 FROM alerts_signal WHERE outcome = 'set_aside' LIMIT 1") is None:
        return 0
    with db.transact(now) as tx:
        tx.lock(LEDGER_LOCK)
        rows = tx.rows(
            "SELECT id FROM alerts_signal WHERE outcome = 'set_aside' ORDER BY id LIMIT %s", (RETRIED_PER_TX_MAX,)
        )
        book = rulebook(tx)
        return sum(_absorbed(tx, book, row[0]) for row in rows)


def _absorbed(tx: Tx, book: Rulebook, signal_id: int) -> bool:
    envelope = ledger.envelope(tx, signal_id >> SIGNAL_BITS)
    place = signal_id & ((1 << SIGNAL_BITS) - 1)
    if envelope is None or place >= len(envelope.signals):
        return False
    try:
        with tx.savepoint():
            tx.delete_many("alerts_signal", [signal_id])
            Batch(tx, book, store.silences(tx), [(envelope, place, envelope.signals[place])]).run()
            tx.settle()
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("retry.failed_again", integration=envelope.integration, signal=signal_id)
        return False
    return True
