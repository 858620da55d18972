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


class Retry:
    """Goes through all that is set aside, oldest first, a piece at a time.

    Every signal has its turn: those that fail again do not stand before those that an upgrade has mended.
    """

    def __init__(self, rulebook: Callable[[Tx], Rulebook]) -> None:
        self._rulebook = rulebook
        self._last = -1

    def run(self, now: datetime) -> bool:
        """Try the next piece again; whether there may be more, else the next time begins with the oldest."""
        waiting = _set_aside(db.reader(now), after=self._last)
        if not waiting:
            self._last = -1
            return False
        self._last = waiting[-1]
        with db.transact(now) as tx:
            tx.lock(LEDGER_LOCK)
            book = self._rulebook(tx)
            still = set(_set_aside(tx, after=waiting[0] - 1)) & set(waiting)  # another engine may have been quicker
            for id_ in sorted(still):
                _absorb(tx, book, id_)
        return True


def _set_aside(reader: Reader, *, after: int) -> list[int]:
    rows = reader.rows(
        "SELECT id FROM alerts_signal WHERE outcome = 'set_aside' AND id > %s ORDER BY id LIMIT %s",
        (after, RETRIED_PER_TX_MAX),
    )
    return [row[0] for row in rows]


def _absorb(tx: Tx, book: Rulebook, signal_id: int) -> None:
    envelope = ledger.envelope(tx, signal_id >> SIGNAL_BITS)
    place = signal_id & ((1 << SIGNAL_BITS) - 1)
    if envelope is None or place >= len(envelope.signals):
        return
    try:
        with tx.savepoint():
            tx.delete_many("alerts_signal", [signal_id])
            batch.absorb(tx, book, lifecycle.silences(tx), [(envelope, place, envelope.signals[place])])
            tx.settle()
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("retry.failed_again", integration=envelope.integration, signal=signal_id)
