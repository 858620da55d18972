"""How groups and their alerts move, whoever moves them: a signal, a person, a timer.

Groups are loaded (and locked) into a `UnitOfWork`, changed in memory and written once; facts and timers may be given
before a new group has its id, because they are made only in `finish`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from tocsin.alerts import rules, store
from tocsin.alerts.domain import (
    Alert,
    AlertGroupAcknowledged,
    AlertGroupOpened,
    AlertGroupResolved,
    AlertGroupSnoozed,
    AlertGroupSuppressed,
    AlertGroupUnacknowledged,
    AlertResolved,
    AlertStatus,
    Group,
    GroupEvent,
    GroupStatus,
    Reason,
    Routed,
    Silence,
)
from tocsin.engine import timers
from tocsin.journal.domain import Fact
from tocsin.kit.db import Tx
from tocsin.people.domain import Urgency

RELEASE = "alerts.release"  # the hold is over
WAKE = "alerts.wake"  # the snooze is over
RESOLVE = "alerts.resolve"  # the resolve delay is over
RAISE = "alerts.raise_urgency"  # the support hours begin
GROUP_TIMERS = (RELEASE, WAKE, RESOLVE, RAISE)
SILENCE_END = "alerts.silence_end"
NAMED_INSTANTS = (WAKE, RAISE)  # a person or the wall clock says when; a broken clock moves them not


class UnitOfWork:
    """The groups that one transaction changes, with the facts and timers that follow; written by `done`."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.groups: dict[int, Group] = {}
        self.resolved_alerts: list[Alert] = []
        self._new: list[Group] = []
        self._changed: dict[int, Group] = {}
        self._facts: list[Callable[[], Fact]] = []
        self._timers: list[tuple[str, Group, datetime]] = []
        self._cancelled: dict[str, set[int]] = {}

    def load(self, group_ids: Iterable[int]) -> None:
        """Load and lock these groups, unless they are loaded already."""
        missing = [id_ for id_ in group_ids if id_ not in self.groups]
        if missing:
            self.groups.update(store.groups(self.tx, missing))

    def know(self, groups: Iterable[Group]) -> None:
        """Take over groups that this transaction has loaded and locked elsewhere."""
        for group in groups:
            self.groups.setdefault(group.id, group)

    def add(self, group: Group) -> None:
        """A new group; it gets its id when it is written."""
        self._new.append(group)

    def changed(self, group: Group) -> None:
        """Mark a group to be written; a new one is written anyway."""
        if group.id:
            self._changed[group.id] = group

    def tell(self, fact: Callable[[], Fact]) -> None:
        """Record a fact in the end; it is made when new groups have their ids."""
        self._facts.append(fact)

    def set_timer(self, kind: str, group: Group, due_at: datetime) -> None:
        """Set or move one of the group's timers."""
        self._timers.append((kind, group, due_at))

    def cancel_timer(self, kind: str, group: Group) -> None:
        """Take one of the group's timers off the table."""
        self._timers = [one for one in self._timers if not (one[0] == kind and one[1] is group)]
        if group.id:
            self._cancelled.setdefault(kind, set()).add(group.id)

    def save_groups(self) -> None:
        """Write the groups; from here on new ones have their ids."""
        store.put_groups(self.tx, self._new)
        store.save_groups(self.tx, list(self._changed.values()))

    def finish(self) -> None:
        """Write timers and record the facts."""
        for kind, refs in self._cancelled.items():
            timers.cancel(self.tx, kind, sorted(refs))
        for absolute in (False, True):
            wanted = [one for one in self._timers if (one[0] in NAMED_INSTANTS) is absolute]
            timers.set_many(self.tx, [(kind, group.id, due, "") for kind, group, due in wanted], absolute=absolute)
        for make in self._facts:
            self.tx.record(make())

    def done(self) -> None:
        """Write everything; for callers that have nothing of their own to write in between."""
        self.save_groups()
        store.save_status(self.tx, self.resolved_alerts)
        self.finish()


def opened(group: Group, reason: str) -> AlertGroupOpened:
    """The fact that a group needs a person."""
    return AlertGroupOpened(
        group=group.id,
        service=group.service,
        title=group.title,
        urgency=group.urgency.value,
        severity=group.severity.value,
        integration=group.integration,
        storm=group.storm,
        reason=reason,
    )


def suppressed(group: Group, reason: str, until: datetime | None) -> AlertGroupSuppressed:
    """The fact that a new group pages nobody for now."""
    return AlertGroupSuppressed(group=group.id, service=group.service, title=group.title, until=until, reason=reason)


def suppressor(routed: Routed, silence: Silence | None) -> str:
    """What suppresses a new group, as `Group.suppressed_by` has it."""
    if silence is not None:
        return f"silence:{silence.id}"
    return f"route:{routed.route}" if routed.suppress is not None else "hold"


def acknowledge(work: UnitOfWork, group: Group, by: str, *, via: str = "") -> bool:
    """Acknowledge the group: somebody sees to it. False if it is resolved."""
    if group.status is GroupStatus.RESOLVED:
        return False
    group.status = rules.move(group.status, GroupEvent.ACKNOWLEDGE)
    group.acknowledged_by, group.acknowledged_at = by, work.tx.now
    group.snoozed_until, group.suppressed_by = None, ""
    work.cancel_timer(WAKE, group)
    work.cancel_timer(RELEASE, group)
    work.cancel_timer(RAISE, group)
    work.changed(group)
    work.tell(lambda: AlertGroupAcknowledged(group=group.id, by=by, reason=_by_whom(by), via=via))
    return True


def unacknowledge(work: UnitOfWork, group: Group, by: str, reason: str) -> bool:
    """Take back the acknowledgement: the group pages from the start. False if there was none."""
    if group.status is not GroupStatus.ACKNOWLEDGED:
        return False
    group.status = rules.move(group.status, GroupEvent.UNACKNOWLEDGE)
    group.acknowledged_by, group.acknowledged_at = "", None
    work.changed(group)
    work.tell(
        lambda: AlertGroupUnacknowledged(
            group=group.id,
            by=by,
            reason=reason,
            service=group.service,
            urgency=group.urgency.value,
            integration=group.integration,
        )
    )
    return True


def snooze(work: UnitOfWork, group: Group, by: str, until: datetime) -> bool:
    """Page nobody until then. False if the group is resolved or suppressed."""
    if (group.status, GroupEvent.SNOOZE) not in rules.GROUP_MACHINE:
        return False
    group.status = rules.move(group.status, GroupEvent.SNOOZE)
    group.snoozed_until, group.snoozed_alerts = until, group.alert_count
    work.set_timer(WAKE, group, until)
    work.cancel_timer(RAISE, group)
    work.changed(group)
    work.tell(lambda: AlertGroupSnoozed(group=group.id, by=by, reason=_by_whom(by), until=until))
    return True


def wake(work: UnitOfWork, group: Group, reason: str = Reason.SNOOZE_OVER) -> bool:
    """End the snooze: the group pages from the start. False if it is not snoozed."""
    if group.status is not GroupStatus.SNOOZED:
        return False
    group.status = rules.move(group.status, GroupEvent.WAKE)
    group.snoozed_until, group.acknowledged_by, group.acknowledged_at = None, "", None
    work.cancel_timer(WAKE, group)
    work.changed(group)
    work.tell(lambda: opened(group, reason))
    return True


def stir(work: UnitOfWork, group: Group, reason: str) -> bool:
    """Page again from the start: whoever acknowledged or snoozed the group did not know of this."""
    return wake(work, group, reason) or unacknowledge(work, group, "tocsin", reason)


def silence_of(work: UnitOfWork, group: Group) -> Silence | None:
    """A silence that keeps all its firing alerts quiet, if there is one."""
    id_ = store.silence_of_group(work.tx, group.id)
    return None if id_ is None else next((one for one in silences(work.tx) if one.id == id_), None)


def silences(tx: Tx) -> list[Silence]:
    """Those that something can still end: what they keep quiet is let go by their timer.

    By the clock alone, one that ended while this transaction waited for its turn would count, and what it then kept
    quiet would stay so for good.
    """
    known = store.silences(tx)
    ends = timers.refs(tx, SILENCE_END) if known else set()
    return [one for one in known if one.id in ends]


def reconsider(
    work: UnitOfWork, alert: Alert, group: Group, routed: Routed, silence: Silence | None, why: str = Reason.NEWS
) -> None:
    """What keeps an alert quiet is asked anew, as it says something new; if nothing does any more, its group pages."""
    if alert.silence_id is not None or rules.is_kept_by_route(group):
        alert.silence_id = silence.id if silence else None
    if routed.suppress is not None or group.status is not GroupStatus.SUPPRESSED:
        return
    if silence is None:
        if group.suppressed_by != "hold" or not routed.hold:
            release(work, group, why)
    elif rules.is_kept_by_route(group):
        group.suppressed_by = f"silence:{silence.id}"
        work.changed(group)


def suppress(work: UnitOfWork, group: Group, by: Silence) -> None:
    """Suppress the group: it pages nobody as long as the silence lasts. Raises IllegalMove."""
    if group.status is not GroupStatus.SUPPRESSED:
        group.status = rules.move(group.status, GroupEvent.SUPPRESS)
    group.suppressed_by = f"silence:{by.id}"
    group.snoozed_until, group.acknowledged_by, group.acknowledged_at = None, "", None
    work.changed(group)
    work.tell(
        lambda: AlertGroupSuppressed(
            group=group.id,
            service=group.service,
            title=group.title,
            until=by.ends_at,
            by=by.author,
            reason=Reason.SILENCED,
        )
    )


def release(work: UnitOfWork, group: Group, reason: str) -> bool:
    """End the suppression: the group pages. False if it is not suppressed."""
    if group.status is not GroupStatus.SUPPRESSED:
        return False
    group.status = rules.move(group.status, GroupEvent.RELEASE)
    group.suppressed_by = ""
    work.cancel_timer(RELEASE, group)
    work.changed(group)
    work.tell(lambda: opened(group, reason))
    return True


def reopen(work: UnitOfWork, group: Group, reason: str, urgency: Urgency) -> bool:
    """Reopen a resolved group whose problem came back: it pages. False if it is not resolved."""
    if group.status is not GroupStatus.RESOLVED:
        return False
    group.status = rules.move(group.status, GroupEvent.REOPEN)
    group.urgency = rules.more_urgent(group.urgency, urgency)
    group.resolved_at, group.resolved_by, group.reopen_until = None, "", None
    group.acknowledged_by, group.acknowledged_at = "", None
    work.changed(group)
    work.tell(lambda: opened(group, reason))
    return True


def raise_urgency(work: UnitOfWork, group: Group, urgency: Urgency) -> bool:
    """Raise the urgency to at least this; an open group pages again. False if it was as high already."""
    if rules.more_urgent(group.urgency, urgency) is group.urgency:
        return False
    group.urgency = urgency
    work.cancel_timer(RAISE, group)
    work.changed(group)
    if group.status is GroupStatus.OPEN:
        work.tell(lambda: opened(group, Reason.URGENCY_ROSE))
    return True


def resolve_alert(work: UnitOfWork, alert: Alert, group: Group, by: str, reason: str) -> None:
    """Resolve an alert, and with the last one its group: at once, or after the resolve delay."""
    alert.status = AlertStatus.RESOLVED
    work.resolved_alerts.append(alert)
    group.firing_count = max(group.firing_count - 1, 0)
    work.changed(group)
    if group.firing_count:
        work.tell(lambda: AlertResolved(group=group.id, alert=alert.id, by=by, reason=reason))
    elif group.resolve_after and group.status is not GroupStatus.SUPPRESSED:
        group.resolving_at = work.tx.now + group.resolve_after
        work.set_timer(RESOLVE, group, group.resolving_at)
        work.tell(lambda: AlertResolved(group=group.id, alert=alert.id, by=by, reason=reason))
    else:
        resolve_group(work, group, by, reason)


def resolve_group(work: UnitOfWork, group: Group, by: str, reason: str, *, via: str = "") -> bool:
    """Resolve the group and cancel its timers. False if it is resolved already."""
    if group.status is GroupStatus.RESOLVED:
        return False
    group.status = rules.move(group.status, GroupEvent.RESOLVE)
    group.resolved_at, group.resolved_by = work.tx.now, by
    group.resolving_at, group.snoozed_until, group.suppressed_by = None, None, ""
    group.reopen_until = work.tx.now + group.reopen_within if group.reopen_within else None
    for kind in GROUP_TIMERS:
        work.cancel_timer(kind, group)
    work.changed(group)
    work.tell(lambda: AlertGroupResolved(group=group.id, by=by, reason=reason, service=group.service, via=via))
    return True


def keep_open(work: UnitOfWork, group: Group) -> None:
    """Cancel the pending resolve of a group, because a new alert came into it."""
    if group.resolving_at is not None:
        group.resolving_at = None
        work.cancel_timer(RESOLVE, group)


def _by_whom(by: str) -> str:
    return Reason.BY_HAND if by.startswith(("person:", "token:")) else Reason.BY_TOOL
