"""What people and timers do to alert groups and silences. Each verb runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tocsin.alerts import ledger, lifecycle, rules, store
from tocsin.alerts.domain import (
    Alert,
    AlertStatus,
    Group,
    GroupEvent,
    GroupId,
    GroupStatus,
    NoteAdded,
    Reason,
    Silence,
    SilenceCreated,
    SilenceEnded,
)
from tocsin.alerts.ledger import Accepted
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.engine import beat, bell, timers
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit.db import Tx
from tocsin.kit.matchers import Matcher
from tocsin.sources.domain import Signal

SILENCE_START = "alerts.silence_start"
EXPIRIES_PER_TX_MAX = 500


class NoSuchGroup(Exception):
    """There is no alert group with this number."""

    def __init__(self, group_id: int) -> None:
        super().__init__(f"there is no alert group AG-{group_id}")


def accept(tx: Tx, integration: str, source: str, body: bytes, signals: Sequence[Signal]) -> None:
    """Accept signals that did not come through the intake's fast path: ours, or a person's."""
    ledger.put_envelopes(tx, [Accepted(integration, source, body, tuple(signals))])
    bell.ring(tx, bell.SIGNALS)


def acknowledge(tx: Tx, group_id: GroupId, by: str, *, via: str = "") -> Group:
    """Acknowledge the group, so that nobody else is paged. Raises NoSuchGroup, IllegalMove."""
    return _change(
        tx, group_id, GroupEvent.ACKNOWLEDGE, lambda work, group: lifecycle.acknowledge(work, group, by, via=via)
    )


def unacknowledge(tx: Tx, group_id: GroupId, by: str, reason: str = Reason.BY_HAND) -> Group:
    """Take the acknowledgement back: it pages again, at once or after its silence. Raises NoSuchGroup, IllegalMove."""

    def give_back(work: UnitOfWork, group: Group) -> bool:
        silence = lifecycle.silence_of(work, group)
        if silence is None or group.status is not GroupStatus.ACKNOWLEDGED:
            return lifecycle.unacknowledge(work, group, by, reason)
        lifecycle.suppress(work, group, silence)
        return True

    return _change(tx, group_id, GroupEvent.UNACKNOWLEDGE, give_back)


def snooze(tx: Tx, group_id: GroupId, by: str, until: datetime) -> Group:
    """Page nobody for the group until then. Raises NoSuchGroup, IllegalMove."""
    return _change(tx, group_id, GroupEvent.SNOOZE, lambda work, group: lifecycle.snooze(work, group, by, until))


def resolve(tx: Tx, group_id: GroupId, by: str, *, via: str = "") -> Group:
    """Resolve the group and its alerts. Raises NoSuchGroup, IllegalMove."""

    def over(work: UnitOfWork, group: Group) -> bool:
        _resolve_alerts_of(work, group)
        return lifecycle.resolve_group(work, group, by, Reason.BY_HAND, via=via)

    return _change(tx, group_id, GroupEvent.RESOLVE, over)


def note(tx: Tx, group_id: GroupId, by: str, text: str) -> Group:
    """Write something down for everybody. Raises NoSuchGroup."""
    group = _lock_group(tx, group_id)
    tx.record(NoteAdded(group=group_id, by=by, text=text))
    return group


def silence(
    tx: Tx, matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, author: str, comment: str
) -> Silence:
    """From its start to its end matching alerts page nobody; what already pages falls silent when it starts."""
    tx.lock(LEDGER_LOCK)
    made = Silence(id=0, matchers=tuple(matchers), starts_at=starts_at, ends_at=ends_at, author=author, comment=comment)
    id_ = store.put_silence(tx, made)
    made = Silence(id=id_, matchers=made.matchers, starts_at=starts_at, ends_at=ends_at, author=author, comment=comment)
    timers.set_one(tx, lifecycle.SILENCE_END, id_, ends_at, absolute=True)
    tx.record(
        SilenceCreated(
            silence=id_,
            by=author,
            comment=comment,
            matchers=tuple(str(one) for one in matchers),
            starts_at=starts_at,
            ends_at=ends_at,
        )
    )
    if made.is_active(tx.now):
        begin_silence(tx, made)
    else:
        timers.set_one(tx, SILENCE_START, id_, starts_at, absolute=True)
    return made


def begin_silence(tx: Tx, made: Silence) -> None:
    """Silence the alerts that fire already, and suppress the groups in which no other alert fires."""
    matched = [
        alert
        for alert, labels in store.labels_of_firing(tx, "silence_id IS NULL", ())
        if rules.silenced_by([made], labels, tx.now)
    ]
    _set_silence(tx, matched, made.id)
    work = UnitOfWork(tx)
    group_ids = sorted({alert.group_id for alert in matched})
    work.load(group_ids)
    firing = store.firing_of_groups(tx, group_ids)
    for group in work.groups.values():
        left = [alert for alert in firing if alert.group_id == group.id and alert.silence_id is None]
        if group.status is GroupStatus.OPEN and not left:
            lifecycle.suppress(work, group, made)
    work.done()


def end_silence(tx: Tx, silence_id: int, by: str, reason: str) -> None:
    """End a silence: groups with a firing alert that no other silence matches page again."""
    tx.lock(LEDGER_LOCK)
    timers.cancel(tx, lifecycle.SILENCE_END, [silence_id])
    timers.cancel(tx, SILENCE_START, [silence_id])
    store.end_silence(tx, silence_id)
    tx.record(SilenceEnded(silence=silence_id, by=by, reason=reason))
    others = lifecycle.silences(tx)
    work = UnitOfWork(tx)
    for alert, labels in store.labels_of_firing(tx, "silence_id = %s", (silence_id,)):
        other = rules.silenced_by(others, labels, tx.now)
        _set_silence(tx, [alert], other.id if other else None)
        work.load([alert.group_id])
        group = work.groups[alert.group_id]
        if other is None:
            if rules.is_silenced(group):
                lifecycle.release(work, group, Reason.SILENCE_OVER)
        elif group.suppressed_by == f"silence:{silence_id}":
            group.suppressed_by = f"silence:{other.id}"
            work.changed(group)
    work.done()


def expire_alerts(tx: Tx) -> int:
    """Alerts nobody has heard of in time are over; how many that were.

    Nothing is over by a clock that may just have jumped, nor for want of news that waits to be absorbed.
    """
    tx.lock(LEDGER_LOCK)
    if not beat.is_time_sure(tx):
        return 0
    alerts = store.expired_alerts(tx, ledger.heard_to(tx), EXPIRIES_PER_TX_MAX)
    work = UnitOfWork(tx)
    work.load({alert.group_id for alert in alerts})
    for alert in alerts:
        lifecycle.resolve_alert(work, alert, work.groups[alert.group_id], "tocsin", Reason.NOT_SEEN)
    work.done()
    return len(alerts)


def put_off_expiries(tx: Tx, heard_by: datetime, unlived: timedelta) -> None:
    """Give alerts last heard of before a time in which no engine ran as much time as they had left then."""
    tx.lock(LEDGER_LOCK)
    store.put_off_expiries(tx, heard_by, unlived)


def _change(tx: Tx, group_id: GroupId, event: GroupEvent, change: Callable[[UnitOfWork, Group], bool]) -> Group:
    tx.lock(LEDGER_LOCK)
    group = _lock_group(tx, group_id)
    work = UnitOfWork(tx)
    work.know([group])
    if not change(work, group):
        raise rules.IllegalMove(group.status, event)
    work.done()
    return group


def _lock_group(tx: Tx, group_id: GroupId) -> Group:
    group = store.lock(tx, group_id)
    if group is None:
        raise NoSuchGroup(group_id)
    return group


def _resolve_alerts_of(work: UnitOfWork, group: Group) -> None:
    for alert in store.firing_of_groups(work.tx, [group.id]):
        alert.status = AlertStatus.RESOLVED
        work.resolved_alerts.append(alert)
    group.firing_count = 0


def _set_silence(tx: Tx, alerts: Sequence[Alert], silence_id: int | None) -> None:
    for alert in alerts:
        alert.silence_id = silence_id
    store.save_status(tx, alerts)
