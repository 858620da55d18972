"""A batch of signals: what becomes of each, in the order they came, written at once in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.alerts import columns, heartbeats, ledger, lifecycle, rules, triggers
from tocsin.alerts.domain import Alert, AlertStatus, Group, NoteAdded, Outcome, Reason, Silence
from tocsin.alerts.ledger import SignalResult, Waiting
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.alerts.rules import Rulebook
from tocsin.alerts.triggers import Verdict
from tocsin.alerts.working_set import Arrived, WorkingSet
from tocsin.kit import clock, text
from tocsin.kit.db import Tx
from tocsin.sources.domain import Action, Signal

CHANGE_SERVICE_CHARS_MAX = 200  # longer than any service's name; and an index of PostgreSQL holds it


def absorb(tx: Tx, book: Rulebook, silences: Sequence[Silence], arrived: Sequence[Arrived]) -> list[Group]:
    """Decide every signal, then write everything; the groups that the new alerts are in."""
    working = WorkingSet(tx, book, silences)
    working.load(arrived)
    results = [
        result(envelope, place, signal, _decide(working, envelope, signal)) for envelope, place, signal in arrived
    ]
    working.save(results)
    return working.groups_of_new_alerts()


def result(envelope: Waiting, place: int, signal: Signal, verdict: Verdict) -> SignalResult:
    """What became of a signal, as it is written down."""
    outcome, reason, alert, group = verdict
    return SignalResult(
        ledger.signal_id(envelope.id, place),
        envelope.integration,
        clock.to_us(envelope.received_at),
        signal.action.value,
        signal.dedup_key,
        outcome.value,
        str(reason),
        alert,
        group,
    )


def _decide(working: WorkingSet, envelope: Waiting, signal: Signal) -> Verdict:
    if signal.action is Action.TRIGGER:
        return triggers.trigger(working, envelope, signal)
    if signal.action is Action.PING:
        heartbeat = _heartbeat_of(working, envelope, signal)
        return heartbeats.ping(working.work, working.book, heartbeat, envelope.received_at)
    if signal.action is Action.CHANGE:
        return _store_change(working, envelope, signal)
    alert = working.firing.get(columns.identity(envelope.integration, signal.dedup_key))
    if alert is None or alert.status is not AlertStatus.FIRING:
        return Outcome.IGNORED, Reason.NOTHING_OPEN, None, None
    return _on_firing(working, envelope, signal, alert)


def _heartbeat_of(working: WorkingSet, envelope: Waiting, signal: Signal) -> str:
    """A ping through an Opsgenie key names the heartbeat it is for; any other key is the heartbeat's own."""
    integration = working.book.integrations.get(envelope.integration)
    is_heartbeat = integration is not None and integration.heartbeat_within
    return envelope.integration if is_heartbeat else signal.dedup_key


def _store_change(working: WorkingSet, envelope: Waiting, signal: Signal) -> Verdict:
    integration = working.book.integrations.get(envelope.integration)
    service = signal.labels.get("service") or (integration.service if integration else "-")
    service = text.cut(service, CHANGE_SERVICE_CHARS_MAX)
    working.add_change(envelope.integration, service, envelope.received_at, signal)
    return Outcome.CHANGE, Reason.CHANGE_STORED, None, None


def _on_firing(working: WorkingSet, envelope: Waiting, signal: Signal, alert: Alert) -> Verdict:
    group = working.group_of(alert)
    by = signal.by or f"integration:{envelope.integration}"
    if signal.action is Action.RESOLVE:
        return _resolve(working, envelope, signal, alert, by)
    if signal.action is Action.NOTE:
        working.work.tell(lambda: NoteAdded(group=group.id, by=by, text=signal.note))
        return Outcome.NOTED, Reason.BY_TOOL, alert, group
    outcome, is_changed = _change_group(working, envelope, signal, group, by)
    if not is_changed:
        return Outcome.IGNORED, Reason.NO_GROUP_WAITS, alert, group
    return outcome, Reason.BY_TOOL, alert, group


def _resolve(working: WorkingSet, envelope: Waiting, signal: Signal, alert: Alert, by: str) -> Verdict:
    group = working.group_of(alert)
    if rules.is_late_resolve(alert, signal):
        return Outcome.IGNORED, Reason.LATE, alert, group
    alert.signal_count += 1
    alert.last_signal_at = envelope.received_at
    working.firing.pop(columns.identity(envelope.integration, signal.dedup_key))
    lifecycle.resolve_alert(working.work, alert, group, by, Reason.SENDER_RESOLVED)
    return Outcome.RESOLVED, Reason.SENDER_RESOLVED, alert, group


def _change_group(
    working: WorkingSet, envelope: Waiting, signal: Signal, group: Group, by: str
) -> tuple[Outcome, bool]:
    """What a tool asks of the whole group, and whether that changed anything."""
    work = working.work
    match signal.action:
        case Action.ACKNOWLEDGE:
            return Outcome.ACKNOWLEDGED, lifecycle.acknowledge(work, group, by, via=envelope.integration)
        case Action.UNACKNOWLEDGE:
            return Outcome.UNACKNOWLEDGED, lifecycle.unacknowledge(work, group, by, Reason.BY_TOOL)
        case Action.SNOOZE:
            return Outcome.SNOOZED, _snooze(work, group, by, signal.until)
        case other:
            raise ValueError(f"{other.value} is not for a group")


def _snooze(work: UnitOfWork, group: Group, by: str, until: datetime | None) -> bool:
    return until is not None and until > work.tx.now and lifecycle.snooze(work, group, by, until)
