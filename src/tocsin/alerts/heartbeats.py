"""Heartbeats: a sign of life that is expected at intervals, and an alert when it does not come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.alerts import actions, columns, lifecycle, store
from tocsin.alerts.domain import HeartbeatMissed, Outcome, Reason
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.alerts.rules import Rulebook
from tocsin.config import queries as configuration
from tocsin.engine import timers
from tocsin.engine.domain import LEDGER_LOCK, TimerDue
from tocsin.kit import clock
from tocsin.kit.db import Tx
from tocsin.sources.domain import Action, Severity, Signal

OVERDUE = "alerts.heartbeat"  # the timer: a sign of life is overdue
MISSED_KEY = "heartbeat missed"
FAILED_KEY = "heartbeat"  # the sender itself said that something failed
_COLUMNS = ("id", "integration", "last_at", "due_at", "missed")


def arm(tx: Tx, facts: Sequence[object]) -> None:
    """Expect the first sign of life of each new heartbeat, and none of those taken out of the configuration."""
    if not facts:
        return
    tx.lock(LEDGER_LOCK)
    book = compile_rulebook(configuration.current(tx))
    expected = {name: how.heartbeat_within for name, how in book.integrations.items() if how.heartbeat_within}
    known = {row[1]: row[0] for row in tx.rows("SELECT id, integration FROM alerts_heartbeat")}
    gone = [id_ for name, id_ in known.items() if name not in expected]
    timers.cancel(tx, OVERDUE, gone)
    tx.delete_many("alerts_heartbeat", gone)
    new = {name: within for name, within in expected.items() if name not in known}
    ids = tx.next_ids("alerts_heartbeat", len(new))
    dues = [(id_, name, tx.now + within) for id_, (name, within) in zip(ids, new.items(), strict=True)]
    tx.insert_many(
        "alerts_heartbeat", _COLUMNS, [(id_, name, None, clock.to_us(due), False) for id_, name, due in dues]
    )
    timers.set_many(tx, [(OVERDUE, id_, due, "") for id_, _, due in dues])


def ping(work: UnitOfWork, book: Rulebook, integration: str, at: datetime) -> tuple[Outcome, Reason, None, None]:
    """Note a sign of life: the next is due an interval later, and an alert for a missed one is resolved."""
    how = book.integrations.get(integration)
    if how is None or how.heartbeat_within is None:
        return Outcome.IGNORED, Reason.NO_HEARTBEAT, None, None
    tx = work.tx
    due = at + how.heartbeat_within
    row = tx.row(f"SELECT id FROM alerts_heartbeat WHERE integration = %s{tx.for_update}", (integration,))
    if row is None:
        (id_,) = tx.next_ids("alerts_heartbeat", 1)
        tx.insert_many("alerts_heartbeat", _COLUMNS, [(id_, integration, clock.to_us(at), clock.to_us(due), False)])
    else:
        id_ = row[0]
        tx.update_many(
            "alerts_heartbeat", ("last_at", "due_at", "missed"), [(id_, clock.to_us(at), clock.to_us(due), False)]
        )
    timers.set_one(tx, OVERDUE, id_, due)
    _resolve_missed(work, integration)
    return Outcome.BEAT, Reason.HEARTBEAT, None, None


def miss(tx: Tx, due: Sequence[TimerDue]) -> None:
    """Open an alert for each sign of life that did not come in time."""
    for timer in due:
        row = tx.row(f"SELECT integration, last_at FROM alerts_heartbeat WHERE id = %s{tx.for_update}", (timer.ref,))
        if row is None:
            continue
        tx.update_many("alerts_heartbeat", ("missed",), [(timer.ref, True)])
        last_at = clock.from_us_or_none(row[1])
        tx.record(HeartbeatMissed(integration=row[0], last_at=last_at))
        last = f"The last one came at {last_at:%Y-%m-%d %H:%M:%S} UTC." if last_at else "None has ever come."
        signal = Signal(
            action=Action.TRIGGER,
            dedup_key=MISSED_KEY,
            title=f"Heartbeat {row[0]} is missing",
            severity=Severity.CRITICAL,
            labels={"alertname": "HeartbeatMissed"},
            description=f"No sign of life in time. {last}",
            started_at=tx.now,
        )
        actions.accept(tx, row[0], "heartbeat", b"", [signal])


def _resolve_missed(work: UnitOfWork, integration: str) -> None:
    keys = [columns.identity(integration, key) for key in (MISSED_KEY, FAILED_KEY)]
    for alert in store.firing_alerts(work.tx, keys).values():
        work.load([alert.group_id])
        by = f"integration:{integration}"
        lifecycle.resolve_alert(work, alert, work.groups[alert.group_id], by, Reason.HEARTBEAT_BACK)
