"""A trigger: the repeat of an alert that fires, or a new alert, which joins a group or opens one.

`rules` decide; this changes the working set accordingly.
"""

from __future__ import annotations

from datetime import timedelta

from tocsin.alerts import columns, lifecycle, rerouting, rules, store
from tocsin.alerts.domain import (
    ALERTS_PER_GROUP_MAX,
    Alert,
    AlertJoined,
    AlertStatus,
    Dropped,
    Group,
    GroupStatus,
    NoteAdded,
    Outcome,
    Reason,
    Routed,
    Silence,
)
from tocsin.alerts.ledger import Waiting
from tocsin.alerts.rules import Placement
from tocsin.alerts.working_set import WorkingSet
from tocsin.kit import text
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Signal

Verdict = tuple[Outcome, Reason | str, Alert | None, Group | None]


def trigger(working: WorkingSet, envelope: Waiting, signal: Signal) -> Verdict:
    """What becomes of one trigger."""
    key = columns.identity(envelope.integration, signal.dedup_key)
    alert = working.firing.get(key)
    if alert is not None and alert.status is AlertStatus.FIRING:
        return _repeat(working, envelope, signal, alert)
    routed = working.route(envelope, signal)
    if isinstance(routed, Dropped):
        return Outcome.DROPPED, f"route {routed.route}: {routed.why}", None, None
    silence = rules.silenced_by(working.silences, routed.labels, working.tx.now)
    placement = _place(working, routed, silence)
    group = placement.group or _new_group(working, envelope, signal, routed, placement, silence)
    alert = _new_alert(working, envelope, signal, routed, group, silence)
    working.firing[key] = alert
    if placement.group is not None:
        _join(working, group, alert, signal, routed, placement)
    _tell_of_lost(working, envelope, signal, group)
    return placement.outcome, placement.reason, alert, group


# --- a repeat


def _repeat(working: WorkingSet, envelope: Waiting, signal: Signal, alert: Alert) -> Verdict:
    alert.signal_count += 1
    alert.last_signal_at = envelope.received_at
    integration = working.book.integrations.get(alert.integration)
    alert.expires_at = rules.expiry(integration, signal, envelope.received_at, working.tx.now)
    working.note_repeat(alert)
    if signal.unsaid:
        signal = working.filled(alert, signal)
        crc = columns.content_crc(signal)
    else:
        crc = working.crc(signal)
    if crc != alert.crc:
        alert.crc = crc
        _take_news(working, envelope, signal, alert)
    return Outcome.REFRESHED, Reason.REPEAT, alert, None


def _take_news(working: WorkingSet, envelope: Waiting, signal: Signal, alert: Alert) -> None:
    """A repeat says something new; if that makes the group urgent, it pages again."""
    work = working.work
    routed = rules.route(working.book, envelope.integration, signal, work.tx.now)
    labels = dict(signal.labels)
    if isinstance(routed, Routed):
        group = working.group_of(alert)
        more = _more_than_known(working, group, alert, routed)
        alert.severity, labels = routed.severity, dict(routed.labels)
        alert.urgency = rules.more_urgent(alert.urgency, routed.urgency)
        group.severity = rules.worse(group.severity, routed.severity)
        work.changed(group)
        silence = rules.silenced_by(working.silences, routed.labels, work.tx.now)
        lifecycle.reconsider(work, alert, group, routed, silence)
        lifecycle.raise_urgency(work, group, routed.urgency)
        if more is not None and silence is None:
            lifecycle.stir(work, group, more)
        _tell_of_lost(working, envelope, signal, group)
    working.note_news(alert, signal, labels)


def _more_than_known(working: WorkingSet, group: Group, alert: Alert, routed: Routed) -> Reason | None:
    """Why what a repeat says is more than what somebody has or put off: because of what it says, not of the hour."""
    more = rules.stirs(group, routed, is_new=False)
    was_urgent = more is Reason.URGENCY_ROSE and rerouting.is_urgent_now(working.tx, working.book, alert)
    return None if was_urgent else more


# --- a new alert


def _place(working: WorkingSet, routed: Routed, silence: Silence | None) -> Placement:
    candidates = working.candidates(routed.service, routed.group_key)
    open_to = [group for group in candidates if group.alert_count < ALERTS_PER_GROUP_MAX]
    placement = rules.place(open_to, routed, silence, working.tx.now)
    if placement.outcome is not Outcome.OPENED or routed.storm is None:
        return placement
    if not rules.is_storm(routed, working.count_new_group(routed)):
        return placement
    storms = working.candidates(routed.service, rules.STORM_KEY)
    running = next((group for group in storms if group.status is not GroupStatus.RESOLVED), None)
    return Placement(Outcome.JOINED if running else Outcome.OPENED, Reason.STORM, running)


def _new_group(
    working: WorkingSet,
    envelope: Waiting,
    signal: Signal,
    routed: Routed,
    placement: Placement,
    silence: Silence | None,
) -> Group:
    now = working.tx.now
    storm = placement.reason is Reason.STORM
    suppressed = placement.outcome is Outcome.SUPPRESSED
    integration = working.book.integrations.get(envelope.integration)
    group = Group(
        id=0,
        service=routed.service,
        integration=envelope.integration,
        key=rules.STORM_KEY if storm else routed.group_key,
        title=rules.storm_title(routed) if storm else signal.title,
        status=GroupStatus.SUPPRESSED if suppressed else GroupStatus.OPEN,
        urgency=Urgency.HIGH if storm else routed.urgency,
        severity=routed.severity,
        opened_at=now,
        window_until=None if storm else rules.window_until(integration, None, now),
        alert_count=1,
        firing_count=1,
        route=routed.route,
        storm=storm,
        suppressed_by=lifecycle.suppressor(routed, silence) if suppressed else "",
        resolve_after=integration.resolve_after if integration else timedelta(0),
        reopen_within=integration.reopen_within if integration else timedelta(0),
    )
    working.add_group(group)
    _tell_of_new(working, group, routed, placement, silence)
    return group


def _tell_of_new(
    working: WorkingSet, group: Group, routed: Routed, placement: Placement, silence: Silence | None
) -> None:
    work = working.work
    if group.status is not GroupStatus.SUPPRESSED:
        work.tell(lambda: lifecycle.opened(group, placement.reason))
    else:
        held_until = work.tx.now + routed.hold if group.suppressed_by == "hold" else None
        until = silence.ends_at if silence else held_until
        work.tell(lambda: lifecycle.suppressed(group, routed.suppress or placement.reason, until))
        if held_until is not None:
            work.set_timer(lifecycle.RELEASE, group, held_until)
    if routed.urgent_from is not None and group.urgency is Urgency.LOW:
        work.set_timer(lifecycle.RAISE, group, routed.urgent_from)


def _new_alert(
    working: WorkingSet, envelope: Waiting, signal: Signal, routed: Routed, group: Group, silence: Silence | None
) -> Alert:
    now, received_at = working.tx.now, envelope.received_at
    alert = Alert(
        id=0,
        integration=envelope.integration,
        dedup_key=signal.dedup_key,
        service=routed.service,
        group_id=group.id,
        severity=routed.severity,
        urgency=routed.urgency,
        crc=working.crc(signal),
        signal_count=1,
        opened_at=now,
        started_at=signal.started_at or received_at,
        last_signal_at=received_at,
        expires_at=rules.expiry(working.book.integrations.get(envelope.integration), signal, received_at, now),
        silence_id=silence.id if silence else None,
    )
    working.add_alert(alert, signal, dict(routed.labels), group)
    return alert


def _join(
    working: WorkingSet, group: Group, alert: Alert, signal: Signal, routed: Routed, placement: Placement
) -> None:
    work = working.work
    more = rules.stirs(group, routed, is_new=not _was_there(working, group, alert))
    group.alert_count += 1
    group.firing_count += 1
    group.severity = rules.worse(group.severity, routed.severity)
    if not group.storm:
        integration = working.book.integrations.get(alert.integration)
        group.window_until = rules.window_until(integration, group, work.tx.now)
    lifecycle.keep_open(work, group)
    work.changed(group)
    work.tell(lambda: AlertJoined(group=group.id, alert=alert.id, title=signal.title, reason=placement.reason))
    if placement.outcome is Outcome.REOPENED:
        lifecycle.reopen(work, group, placement.reason, routed.urgency)
    elif placement.outcome is not Outcome.SUPPRESSED:
        if rules.is_silenced(group) or (group.suppressed_by == "hold" and not routed.hold):
            group.urgency = rules.more_urgent(group.urgency, routed.urgency)
            lifecycle.release(work, group, Reason.NEW_PROBLEM)
        lifecycle.raise_urgency(work, group, routed.urgency)
        if more is not None:
            lifecycle.stir(work, group, more)


def _was_there(working: WorkingSet, group: Group, alert: Alert) -> bool:
    """Whether a snoozed group has had this problem before: one that comes and goes is not another each time."""
    identity = columns.identity(alert.integration, alert.dedup_key)
    return group.status is GroupStatus.SNOOZED and store.was_in_group(working.tx, group.id, identity)


def _tell_of_lost(working: WorkingSet, envelope: Waiting, signal: Signal, group: Group) -> None:
    """Whoever looks at the group must not think that it is all there is."""
    if signal.lost:
        told = f"{text.plural(signal.lost, 'further alert')} left out by the sender, unreadable, or beyond the limit of one request"
        working.work.tell(lambda: NoteAdded(group=group.id, by=f"integration:{envelope.integration}", text=told))
