"""Absorbing: accepted signals become alerts and groups, in order, in batches, each batch in one transaction.

If a batch (batch.py) raises, its signals are absorbed one by one, each undone alone if it raises again; such a signal
is set aside and told, and its neighbours go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from tocsin.alerts import actions, batch, ledger, lifecycle, store
from tocsin.alerts.domain import Group, Outcome, Reason, SignalSetAside, Silence
from tocsin.alerts.ledger import Accepted, Waiting
from tocsin.alerts.rules import Rulebook
from tocsin.alerts.working_set import Arrived
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import clock, db, text
from tocsin.kit.db import Tx
from tocsin.sources.domain import Signal

log = structlog.get_logger()
ENVELOPES_PER_TX_MAX = 400
SIGNALS_PER_TX_MAX = 400
WHY_CHARS_MAX = 500
ABSORB_LOCK = 7_000_001  # one absorber at a time per installation keeps each integration's signals in order


def absorb_some(rulebook: Callable[[Tx], Rulebook], now: datetime) -> int:
    """Absorb what waits, a bounded piece of it; how many signals that was, or 1 for an envelope that holds none."""
    reader = db.reader(now)
    if not ledger.is_waiting(reader):
        return 0
    try:
        with db.transact(now, replayable=True) as tx:
            return _absorb(tx, rulebook, singly=False)
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("absorb.batch_failed", hint="each signal of the batch is now absorbed alone")
    with db.transact(now, replayable=True) as tx:
        return _absorb(tx, rulebook, singly=True)


def _absorb(tx: Tx, rulebook: Callable[[Tx], Rulebook], *, singly: bool) -> int:
    tx.lock(ABSORB_LOCK)  # after whoever absorbs: it may have looked before what we were woken for was there
    tx.lock(LEDGER_LOCK)
    waiting = ledger.waiting_envelopes(tx, ENVELOPES_PER_TX_MAX, SIGNALS_PER_TX_MAX)
    if not waiting:
        return 0
    _set_unread_aside(tx, waiting)
    book = rulebook(tx)
    silences = lifecycle.silences(tx)
    if singly:
        for envelope in waiting:
            for place, signal in enumerate(envelope.signals):
                _absorb_alone(tx, book, silences, (envelope, place, signal))
    else:
        arrived = [(envelope, place, signal) for envelope in waiting for place, signal in enumerate(envelope.signals)]
        batch.absorb(tx, book, silences, arrived)
    ledger.mark_absorbed(tx, [envelope.id for envelope in waiting])
    return sum(len(envelope.signals) or 1 for envelope in waiting)


def _absorb_alone(tx: Tx, book: Rulebook, silences: Sequence[Silence], arrived: Arrived) -> None:
    envelope, place, signal = arrived
    try:
        with tx.savepoint():
            batch.absorb(tx, book, silences, [arrived])
            tx.settle()
    except db.DatabaseGone:
        raise
    except Exception as error:
        log.exception("absorb.set_aside", integration=envelope.integration, envelope=envelope.id, place=place)
        why = _why(f"{type(error).__name__}: {error}")
        id_ = ledger.signal_id(envelope.id, place)
        ledger.put_results(tx, [batch.result(envelope, place, signal, (Outcome.SET_ASIDE, why, None, None))])
        tx.record(SignalSetAside(signal=id_, integration=envelope.integration, error=why))
        tx.settle()  # now, or a neighbour that raises as well would take the fact with it


def _set_unread_aside(tx: Tx, waiting: Sequence[Waiting]) -> None:
    """Whatever is in envelopes that cannot be read is kept, counted and told; those behind them go on."""
    for envelope in waiting:
        if envelope.unread:
            log.error("absorb.unreadable", envelope=envelope.id, error=envelope.problem)
            why = _why(envelope.problem)
            ledger.put_unread(tx, envelope, why)
            first = ledger.signal_id(envelope.id, 0)
            tx.record(SignalSetAside(signal=first, integration=envelope.integration, error=why))
            tx.settle()


def _why(error: str) -> str:
    return text.storable(text.cut(f"{Reason.BUG}: {error}", WHY_CHARS_MAX))


def expire_some(now: datetime | None = None) -> int:
    """Alerts whose end has passed are over; how many that were."""
    at = now or clock.now()
    due = store.next_expiry(db.reader(at))
    if due is None or due > at:
        return 0
    with db.transact(at) as tx:
        return actions.expire_alerts(tx)


def absorb_now(tx: Tx, book: Rulebook, integration: str, signals: Sequence[Signal]) -> list[Group]:
    """Accept and absorb in the caller's transaction; the groups the signals came into. For what people do by hand."""
    tx.lock(LEDGER_LOCK)
    (id_,) = tx.next_ids("alerts_envelope", 1)
    ledger.put_envelope(tx, id_, Accepted(integration, integration, b"", tuple(signals)))
    envelope = Waiting(id_, integration, tx.now, tuple(signals))
    arrived = [(envelope, place, signal) for place, signal in enumerate(signals)]
    opened = batch.absorb(tx, book, lifecycle.silences(tx), arrived)
    ledger.mark_absorbed(tx, [id_])
    return opened
