"""A batch of signals: what becomes of each.

The working set (the alerts and groups the signals touch) is loaded once, changed in memory by what `rules` decides,
and written once, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tocsin.alerts import columns, ledger, lifecycle, rerouting, rules, store
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
from tocsin.alerts.ledger import SignalResult, Waiting
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.alerts.rules import Placement, Rulebook
from tocsin.kit import clock, text
from tocsin.kit.db import Tx
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Signal

CHANGE_SERVICE_CHARS_MAX = 200  # longer than any service's name; and an index of PostgreSQL holds it
Verdict = tuple[Outcome, Reason | str, Alert | None, Group | None]
Arrived = tuple[Waiting, int, Signal]


class Batch:
    """The working set of some signals, and what becomes of them."""

    def __init__(self, tx: Tx, book: Rulebook, silences: Sequence[Silence], arrived: Sequence[Arrived]) -> None:
        self.tx = tx
        self.book = book
        self.silences = silences
        self.arrived = arrived
        self.work = UnitOfWork(tx)
        self.firing: dict[str, Alert] = {}
        self.by_group: dict[str, list[Group]] = {}
        self.routed: dict[int, Routed | Dropped] = {}  # by the signal's identity, as are the next
        self.crcs: dict[int, int] = {}
        self.new: list[tuple[Alert, Signal, dict[str, str]]] = []
        self.new_groups_of: dict[int, Group] = {}
        self.news: dict[int, tuple[Alert, Signal, dict[str, str]]] = {}
        self.repeats: dict[int, Alert] = {}
        self.storm_counts: dict[str, int] = {}
        self.changes: list[tuple[str, str, datetime, Signal]] = []

    def run(self) -> None:
        """Decide every signal, then write everything."""
        self._load()
        results = [result(one, self._decide(one[0], one[2])) for one in self.arrived]
        self._save(results)

    # --- load

    def _load(self) -> None:
        identities = {columns.identity(one.integration, signal.dedup_key) for one, _, signal in self.arrived}
        self.firing = store.firing_alerts(self.tx, identities)
        self._load_named_by_id()
        needed: set[int] = set()
        ending: set[int] = set()  # alerts that a resolve of this batch may end, so that a trigger after it is new
        for envelope, _, signal in self.arrived:
            alert = self.firing.get(columns.identity(envelope.integration, signal.dedup_key))
            if alert is not None and signal.action is Action.RESOLVE:
                ending.add(alert.id)
            if signal.action is Action.TRIGGER and (alert is None or alert.id in ending):
                self.routed[id(signal)] = rules.route(self.book, envelope.integration, signal, self.tx.now)
            if alert is not None and self._touches_group(alert, signal):
                needed.add(alert.group_id)
        keys = {columns.identity(one.service, one.group_key) for one in self.routed.values() if isinstance(one, Routed)}
        storms = {
            columns.identity(one.service, rules.STORM_KEY)
            for one in self.routed.values()
            if isinstance(one, Routed) and one.storm
        }
        if keys:
            self.by_group = store.candidate_groups(self.tx, keys | storms)
        self.work.know(group for found in self.by_group.values() for group in found)
        self.work.load(needed)
        for found in self.by_group.values():
            found[:] = [self.work.groups[group.id] for group in found]

    def _load_named_by_id(self) -> None:
        """Opsgenie's clients may name an alert by our id instead of its alias."""
        named = [
            (columns.identity(one.integration, signal.dedup_key), int(signal.dedup_key))
            for one, _, signal in self.arrived
            if signal.labels.get("opsgenie_identifier_type") in ("id", "tiny") and signal.dedup_key.isdecimal()
        ]
        if named:
            by_id = store.alerts_by_id(self.tx, [id_ for _, id_ in named])
            held = {alert.id: alert for alert in self.firing.values()}  # one that both names lead to is one object
            for key, id_ in named:
                alert = held.get(id_) or by_id.get(id_)
                if alert and alert.status is AlertStatus.FIRING and key.startswith(f"{alert.integration}\x1f"):
                    self.firing.setdefault(key, alert)

    def _touches_group(self, alert: Alert, signal: Signal) -> bool:
        return signal.action is not Action.TRIGGER or alert.crc != self._crc(signal)

    def _crc(self, signal: Signal) -> int:
        known = self.crcs.get(id(signal))
        if known is None:
            known = self.crcs[id(signal)] = columns.content_crc(signal)
        return known

    # --- decide

    def _decide(self, envelope: Waiting, signal: Signal) -> Verdict:
        action = signal.action
        if action is Action.TRIGGER:
            return self._trigger(envelope, signal)
        if action is Action.PING:
            return lifecycle.ping(self.work, self.book, self._heartbeat_of(envelope, signal), envelope.received_at)
        if action is Action.CHANGE:
            rules_ = self.book.integrations.get(envelope.integration)
            service = signal.labels.get("service") or (rules_.service if rules_ else "-")
            service = text.cut(service, CHANGE_SERVICE_CHARS_MAX)
            self.changes.append((envelope.integration, service, envelope.received_at, signal))
            return Outcome.CHANGE, Reason.CHANGE_STORED, None, None
        alert = self.firing.get(columns.identity(envelope.integration, signal.dedup_key))
        if alert is None or alert.status is not AlertStatus.FIRING:
            return Outcome.IGNORED, Reason.NOTHING_OPEN, None, None
        return self._on_firing(envelope, signal, alert)

    def _on_firing(self, envelope: Waiting, signal: Signal, alert: Alert) -> Verdict:
        group = self._group_of(alert)
        by = signal.by or f"integration:{envelope.integration}"
        if signal.action is Action.RESOLVE:
            if rules.is_late_resolve(alert, signal):
                return Outcome.IGNORED, Reason.LATE, alert, group
            alert.signal_count += 1
            alert.last_signal_at = envelope.received_at
            self.firing.pop(columns.identity(envelope.integration, signal.dedup_key))
            lifecycle.resolve_alert(self.work, alert, group, by, Reason.SENDER_RESOLVED)
            return Outcome.RESOLVED, Reason.SENDER_RESOLVED, alert, group
        if signal.action is Action.NOTE:
            self.work.tell(lambda: NoteAdded(group=group.id, by=by, text=signal.note))
            return Outcome.NOTED, Reason.BY_TOOL, alert, group
        changes: dict[Action, tuple[Outcome, Callable[[], bool]]] = {
            Action.ACKNOWLEDGE: (
                Outcome.ACKNOWLEDGED,
                lambda: lifecycle.acknowledge(self.work, group, by, via=envelope.integration),
            ),
            Action.UNACKNOWLEDGE: (
                Outcome.UNACKNOWLEDGED,
                lambda: lifecycle.unacknowledge(self.work, group, by, Reason.BY_TOOL),
            ),
            Action.SNOOZE: (Outcome.SNOOZED, lambda: self._snooze(group, by, signal.until)),
        }
        outcome, change = changes[signal.action]
        return (
            (outcome, Reason.BY_TOOL, alert, group)
            if change()
            else (Outcome.IGNORED, Reason.NO_GROUP_WAITS, alert, group)
        )

    def _heartbeat_of(self, envelope: Waiting, signal: Signal) -> str:
        """A ping through an Opsgenie key names the heartbeat it is for; any other key is the heartbeat's own."""
        how = self.book.integrations.get(envelope.integration)
        return envelope.integration if how is not None and how.heartbeat_within else signal.dedup_key

    def _snooze(self, group: Group, by: str, until: datetime | None) -> bool:
        return until is not None and until > self.tx.now and lifecycle.snooze(self.work, group, by, until)

    def _trigger(self, envelope: Waiting, signal: Signal) -> Verdict:
        key = columns.identity(envelope.integration, signal.dedup_key)
        alert = self.firing.get(key)
        if alert is not None and alert.status is AlertStatus.FIRING:
            return self._repeat(envelope, signal, alert)
        routed = self._route(envelope, signal)
        if isinstance(routed, Dropped):
            return Outcome.DROPPED, f"route {routed.route}: {routed.why}", None, None
        silence = rules.silenced_by(self.silences, routed.labels, self.tx.now)
        placement = self._place(routed, silence)
        group = placement.group or self._new_group(envelope, signal, routed, placement, silence)
        alert = self._new_alert(envelope, signal, routed, group, silence)
        self.firing[key] = alert
        if placement.group is not None:
            self._join(group, alert, signal, routed, placement)
        self._tell_of_lost(envelope, signal, group)
        return placement.outcome, placement.reason, alert, group

    def _repeat(self, envelope: Waiting, signal: Signal, alert: Alert) -> Verdict:
        alert.signal_count += 1
        alert.last_signal_at = envelope.received_at
        alert.expires_at = rules.expiry(
            self.book.integrations.get(alert.integration), signal, envelope.received_at, self.tx.now
        )
        if alert.id:
            self.repeats[alert.id] = alert
        crc = self._crc(signal)
        if crc != alert.crc:
            self._take_news(envelope, signal, alert, crc)
        return Outcome.REFRESHED, Reason.REPEAT, alert, None

    def _take_news(self, envelope: Waiting, signal: Signal, alert: Alert, crc: int) -> None:
        """A repeat says something new; if that makes the group urgent, it pages again."""
        routed = rules.route(self.book, envelope.integration, signal, self.tx.now)
        alert.crc = crc
        labels = dict(signal.labels)
        if isinstance(routed, Routed):
            group = self._group_of(alert)
            more = self._more_than_known(group, alert, routed)
            alert.severity, labels = routed.severity, dict(routed.labels)
            alert.urgency = rules.more_urgent(alert.urgency, routed.urgency)
            group.severity = rules.worse(group.severity, routed.severity)
            self.work.changed(group)
            silence = rules.silenced_by(self.silences, routed.labels, self.tx.now)
            lifecycle.reconsider(self.work, alert, group, routed, silence)
            lifecycle.raise_urgency(self.work, group, routed.urgency)
            if more is not None and silence is None:
                lifecycle.stir(self.work, group, more)
            self._tell_of_lost(envelope, signal, group)
        if alert.id:
            self.news[alert.id] = (alert, signal, labels)
        else:
            self.new = [(one, signal, labels) if one is alert else (one, said, had) for one, said, had in self.new]

    def _tell_of_lost(self, envelope: Waiting, signal: Signal, group: Group) -> None:
        """Whoever looks at the group must not think that it is all there is."""
        if signal.lost:
            told = f"{text.plural(signal.lost, 'further alert')} left out by the sender, or beyond the limit of one request"
            self.work.tell(lambda: NoteAdded(group=group.id, by=f"integration:{envelope.integration}", text=told))

    def _route(self, envelope: Waiting, signal: Signal) -> Routed | Dropped:
        known = self.routed.get(id(signal))
        return rules.route(self.book, envelope.integration, signal, self.tx.now) if known is None else known

    def _place(self, routed: Routed, silence: Silence | None) -> Placement:
        candidates = self.by_group.get(columns.identity(routed.service, routed.group_key), ())
        open_to = [one for one in candidates if one.alert_count < ALERTS_PER_GROUP_MAX]
        placement = rules.place(open_to, routed, silence, self.tx.now)
        if placement.outcome is not Outcome.OPENED or routed.storm is None:
            return placement
        count = self._count_new_group(routed)
        if not rules.is_storm(routed, count):
            return placement
        storm = self.by_group.get(columns.identity(routed.service, rules.STORM_KEY), ())
        running = next((one for one in storm if one.status is not GroupStatus.RESOLVED), None)
        return Placement(Outcome.JOINED if running else Outcome.OPENED, Reason.STORM, running)

    def _count_new_group(self, routed: Routed) -> int:
        """How many groups the service has had in the storm's window before this one, which is counted in."""
        count = self.storm_counts.get(routed.service)
        if count is None:
            within = routed.storm.within if routed.storm else timedelta(0)
            count = store.new_groups_since(self.tx, routed.service, rules.STORM_KEY, self.tx.now - within)
        self.storm_counts[routed.service] = count + 1
        return count

    # --- change

    def _new_group(
        self, envelope: Waiting, signal: Signal, routed: Routed, placement: Placement, silence: Silence | None
    ) -> Group:
        storm = placement.reason is Reason.STORM
        suppressed = placement.outcome is Outcome.SUPPRESSED
        how = self.book.integrations.get(envelope.integration)
        group = Group(
            id=0,
            service=routed.service,
            integration=envelope.integration,
            key=rules.STORM_KEY if storm else routed.group_key,
            title=f"Alert storm on {routed.service_title}" if storm else signal.title,
            status=GroupStatus.SUPPRESSED if suppressed else GroupStatus.OPEN,
            urgency=Urgency.HIGH if storm else routed.urgency,
            severity=routed.severity,
            opened_at=self.tx.now,
            window_until=None if storm else rules.window_until(how, None, self.tx.now),
            alert_count=1,
            firing_count=1,
            route=routed.route,
            storm=storm,
            suppressed_by=lifecycle.suppressor(routed, silence) if suppressed else "",
            resolve_after=how.resolve_after if how else timedelta(0),
            reopen_within=how.reopen_within if how else timedelta(0),
        )
        self.work.add(group)
        self.by_group.setdefault(columns.identity(group.service, group.key), []).append(group)
        if not suppressed:
            self.work.tell(lambda: lifecycle.opened(group, placement.reason))
        else:
            until = silence.ends_at if silence else self.tx.now + routed.hold if group.suppressed_by == "hold" else None
            self.work.tell(lambda: lifecycle.suppressed(group, routed.suppress or placement.reason, until))
            if group.suppressed_by == "hold":
                self.work.set_timer(lifecycle.RELEASE, group, self.tx.now + routed.hold)
        if routed.urgent_from is not None and group.urgency is Urgency.LOW:
            self.work.set_timer(lifecycle.RAISE, group, routed.urgent_from)
        return group

    def _new_alert(
        self, envelope: Waiting, signal: Signal, routed: Routed, group: Group, silence: Silence | None
    ) -> Alert:
        alert = Alert(
            id=0,
            integration=envelope.integration,
            dedup_key=signal.dedup_key,
            service=routed.service,
            group_id=group.id,
            severity=routed.severity,
            urgency=routed.urgency,
            crc=self._crc(signal),
            signal_count=1,
            opened_at=self.tx.now,
            started_at=signal.started_at or envelope.received_at,
            last_signal_at=envelope.received_at,
            expires_at=rules.expiry(
                self.book.integrations.get(envelope.integration), signal, envelope.received_at, self.tx.now
            ),
            silence_id=silence.id if silence else None,
        )
        self.new.append((alert, signal, dict(routed.labels)))
        self.new_groups_of[id(alert)] = group
        return alert

    def _join(self, group: Group, alert: Alert, signal: Signal, routed: Routed, placement: Placement) -> None:
        how = self.book.integrations.get(alert.integration)
        more = rules.stirs(group, routed, is_new=not self._was_there(group, alert))
        group.alert_count += 1
        group.firing_count += 1
        group.severity = rules.worse(group.severity, routed.severity)
        if not group.storm:
            group.window_until = rules.window_until(how, group, self.tx.now)
        lifecycle.keep_open(self.work, group)
        self.work.changed(group)
        self.work.tell(lambda: AlertJoined(group=group.id, alert=alert.id, title=signal.title, reason=placement.reason))
        if placement.outcome is Outcome.REOPENED:
            lifecycle.reopen(self.work, group, placement.reason, routed.urgency)
        elif placement.outcome is not Outcome.SUPPRESSED:
            if rules.is_silenced(group) or (group.suppressed_by == "hold" and not routed.hold):
                group.urgency = rules.more_urgent(group.urgency, routed.urgency)
                lifecycle.release(self.work, group, Reason.NEW_PROBLEM)
            lifecycle.raise_urgency(self.work, group, routed.urgency)
            if more is not None:
                lifecycle.stir(self.work, group, more)

    def _was_there(self, group: Group, alert: Alert) -> bool:
        """Whether a snoozed group has had this problem before: one that comes and goes is not another each time."""
        identity = columns.identity(alert.integration, alert.dedup_key)
        return group.status is GroupStatus.SNOOZED and store.was_in_group(self.tx, group.id, identity)

    def _more_than_known(self, group: Group, alert: Alert, routed: Routed) -> Reason | None:
        """Why what a repeat says is more than what somebody has or put off: because of what it says, not of the hour."""
        more = rules.stirs(group, routed, is_new=False)
        return None if more is Reason.URGENCY_ROSE and rerouting.is_urgent_now(self.tx, self.book, alert) else more

    def _group_of(self, alert: Alert) -> Group:
        if alert.id:
            if alert.group_id not in self.work.groups:
                self.work.load([alert.group_id])
            return self.work.groups[alert.group_id]
        return self.new_groups_of[id(alert)]

    # --- save

    def _save(self, results: Sequence[SignalResult]) -> None:
        tx, work = self.tx, self.work
        work.save_groups()
        was_there = [one for one in work.resolved_alerts if one.id]
        store.save_status(tx, was_there)  # before new ones: only one alert of a key may be firing
        for alert, _, _ in self.new:
            alert.group_id = self.new_groups_of[id(alert)].id
        store.put_alerts(tx, self.new)
        resolved = {one.id for one in was_there}
        store.save_repeats(tx, [one for one in self.repeats.values() if one.id not in resolved])
        store.save_news(tx, list(self.news.values()))
        store.put_changes(tx, self.changes)
        ledger.put_results(tx, results)
        work.finish()


def result(arrived: Arrived, verdict: Verdict) -> SignalResult:
    """How it is written down."""
    envelope, place, signal = arrived
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
