"""What a batch of signals touches: the alerts and groups, loaded once, changed in memory by what is decided, and
written once, in the caller's transaction.

Signals and new alerts have no id yet: here they are known by their identity in memory. The batch keeps the signals
and the working set the alerts, so none of these identities is given away twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.alerts import columns, ledger, rules, store
from tocsin.alerts.domain import Alert, AlertStatus, Dropped, Group, Routed, Silence
from tocsin.alerts.ledger import SignalResult, Waiting
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.alerts.rules import Rulebook
from tocsin.kit.db import Tx
from tocsin.sources import repeats
from tocsin.sources.domain import Action, Signal

Arrived = tuple[Waiting, int, Signal]  # an envelope, the signal's place in it from 0, the signal
Told = tuple[Alert, Signal, dict[str, str]]  # an alert, the signal that says what it is about, the labels matchers see


class WorkingSet:
    """The alerts and groups that some signals touch. Nothing is written before `save`."""

    def __init__(self, tx: Tx, book: Rulebook, silences: Sequence[Silence]) -> None:
        self.tx = tx
        self.book = book
        self.silences = silences
        self.work = UnitOfWork(tx)
        self.firing: dict[str, Alert] = {}  # by the identity of integration and dedup key
        self._candidates: dict[str, list[Group]] = {}  # by the identity of service and group key
        self._routed: dict[int, Routed | Dropped] = {}  # by signal
        self._crcs: dict[int, int] = {}  # by signal
        self._saying: dict[int, Signal] = {}  # by alert's id, of those that a repeat leaves something of unsaid
        self._storm_counts: dict[str, int] = {}  # by service
        self._new: dict[int, Told] = {}  # by alert
        self._groups_of_new: dict[int, Group] = {}  # by alert
        self._repeats: dict[int, Alert] = {}
        self._news: dict[int, Told] = {}
        self._changes: list[tuple[str, str, datetime, Signal]] = []

    # --- load

    def load(self, arrived: Sequence[Arrived]) -> None:
        """Have at hand all that these signals may touch, in a few queries however many they are."""
        keys = [columns.identity(envelope.integration, signal.dedup_key) for envelope, _, signal in arrived]
        self.firing = store.firing_alerts(self.tx, set(keys))
        self._load_named_by_id(arrived)
        needed: set[int] = set()
        leaned_on: set[int] = set()
        ending: set[int] = set()  # alerts that a resolve of this batch may end, so that a trigger after it is new
        for key, (envelope, _, signal) in zip(keys, arrived, strict=True):
            alert = self.firing.get(key)
            if alert is not None and signal.action is Action.RESOLVE:
                ending.add(alert.id)
            if signal.action is Action.TRIGGER and (alert is None or alert.id in ending):
                self._routed[id(signal)] = rules.route(self.book, envelope.integration, signal, self.tx.now)
            if alert is not None and self._touches_group(alert, signal):
                needed.add(alert.group_id)
            if alert is not None and signal.unsaid:
                leaned_on.add(alert.id)
        if leaned_on:
            self._saying = store.saying(self.tx, leaned_on)
        self._load_candidates()
        self.work.load(needed)
        for groups in self._candidates.values():
            groups[:] = [self.work.groups[group.id] for group in groups]

    def _load_named_by_id(self, arrived: Sequence[Arrived]) -> None:
        """Opsgenie's clients may name an alert by our id instead of its alias."""
        named = [
            (columns.identity(envelope.integration, signal.dedup_key), int(signal.dedup_key))
            for envelope, _, signal in arrived
            if signal.labels.get("opsgenie_identifier_type") in ("id", "tiny") and signal.dedup_key.isdecimal()
        ]
        if not named:
            return
        by_id = store.alerts_by_id(self.tx, [id_ for _, id_ in named])
        loaded = {alert.id: alert for alert in self.firing.values()}  # one that both names lead to is one object
        for key, id_ in named:
            alert = loaded.get(id_) or by_id.get(id_)
            if alert and alert.status is AlertStatus.FIRING and key.startswith(f"{alert.integration}\x1f"):
                self.firing.setdefault(key, alert)

    def _touches_group(self, alert: Alert, signal: Signal) -> bool:
        return signal.action is not Action.TRIGGER or alert.crc != self.crc(signal)

    def _load_candidates(self) -> None:
        routed = [decided for decided in self._routed.values() if isinstance(decided, Routed)]
        keys = {columns.identity(to.service, to.group_key) for to in routed}
        keys |= {columns.identity(to.service, rules.STORM_KEY) for to in routed if to.storm}
        if keys:
            self._candidates = store.candidate_groups(self.tx, keys)
        self.work.know(group for groups in self._candidates.values() for group in groups)

    # --- ask

    def crc(self, signal: Signal) -> int:
        """The checksum of what people read about an alert."""
        known = self._crcs.get(id(signal))
        if known is None:
            known = self._crcs[id(signal)] = columns.content_crc(signal)
        return known

    def filled(self, alert: Alert, signal: Signal) -> Signal:
        """The repeat with what it leaves unsaid as the alert has it by now."""
        told = self._news.get(alert.id) if alert.id else self._new.get(id(alert))
        if told is None:
            known = self._saying.get(alert.id) or store.saying(self.tx, [alert.id])[alert.id]
            return repeats.filled(signal, known)
        _, last, labels = told
        severity, dedup_key = alert.severity, alert.dedup_key
        return repeats.filled(signal, columns.as_said(dedup_key, severity, labels, last.description, last.details))

    def route(self, envelope: Waiting, signal: Signal) -> Routed | Dropped:
        """What the rules make of a trigger."""
        known = self._routed.get(id(signal))
        return rules.route(self.book, envelope.integration, signal, self.tx.now) if known is None else known

    def candidates(self, service: str, group_key: str) -> Sequence[Group]:
        """The groups that a new alert may join, also those that the batch itself has opened."""
        return self._candidates.get(columns.identity(service, group_key), ())

    def group_of(self, alert: Alert) -> Group:
        """The group an alert is in, loaded if it is not yet at hand."""
        if not alert.id:
            return self._groups_of_new[id(alert)]
        if alert.group_id not in self.work.groups:
            self.work.load([alert.group_id])
        return self.work.groups[alert.group_id]

    def groups_of_new_alerts(self) -> list[Group]:
        """One for each alert the batch has opened, so a group may stand here several times."""
        return list(self._groups_of_new.values())

    def count_new_group(self, routed: Routed) -> int:
        """How many groups the service has had in the storm's window before this one, which is counted in."""
        count = self._storm_counts.get(routed.service)
        if count is None:
            within = routed.storm.within if routed.storm else timedelta(0)
            count = store.new_groups_since(self.tx, routed.service, rules.STORM_KEY, self.tx.now - within)
        self._storm_counts[routed.service] = count + 1
        return count

    # --- change

    def add_group(self, group: Group) -> None:
        """A new group, which later signals of the batch may join."""
        self.work.add(group)
        self._candidates.setdefault(columns.identity(group.service, group.key), []).append(group)

    def add_alert(self, alert: Alert, signal: Signal, labels: dict[str, str], group: Group) -> None:
        """A new alert of this group."""
        self._new[id(alert)] = (alert, signal, labels)
        self._groups_of_new[id(alert)] = group

    def note_repeat(self, alert: Alert) -> None:
        """A signal said again what is known of an alert; one that is new is written as it then is."""
        if alert.id:
            self._repeats[alert.id] = alert

    def note_news(self, alert: Alert, signal: Signal, labels: dict[str, str]) -> None:
        """A signal said something new of an alert."""
        if alert.id:
            self._news[alert.id] = (alert, signal, labels)
        else:
            self._new[id(alert)] = (alert, signal, labels)

    def add_change(self, integration: str, service: str, at: datetime, signal: Signal) -> None:
        """A change event: a deploy, say."""
        self._changes.append((integration, service, at, signal))

    # --- save

    def save(self, results: Sequence[SignalResult]) -> None:
        """Write everything, and what became of each signal."""
        tx, work = self.tx, self.work
        work.save_groups()
        ended = [alert for alert in work.resolved_alerts if alert.id]
        store.save_status(tx, ended)  # before new ones: only one alert of a key may be firing
        for alert, _, _ in self._new.values():
            alert.group_id = self._groups_of_new[id(alert)].id
        store.put_alerts(tx, list(self._new.values()))
        ended_ids = {alert.id for alert in ended}
        store.save_repeats(tx, [alert for alert in self._repeats.values() if alert.id not in ended_ids])
        store.save_news(tx, list(self._news.values()))
        store.put_changes(tx, self._changes)
        ledger.put_results(tx, results)
        work.finish()
