"""What becomes of a signal. Pure.

Promises: every signal ends as exactly one outcome with a reason. The same signals in the same order give the same
alerts and groups. Whatever is unclear errs towards waking somebody: a rule that cannot be evaluated does not match,
an integration that is gone leaves its alerts to the admins, a repeat after a resolve is a new problem.

A trigger finds its alert by (integration, dedup key) among the firing ones. Without one it is a new problem: routes
are tried in order, the first that matches decides; the group is found by (service, group labels). New groups beyond
the service's storm limit collapse into one storm group. A silence or a hold keeps a new group from paging for now,
never for good: when it ends and the alert still fires, the group opens. Nobody is kept quiet by what keeps another
alert quiet: one that no route suppresses does not come into a group that a route keeps from paging. Nor does what
somebody acknowledged or snoozed hide what they could not know of (`stirs`). A route that keeps a group quiet is asked
again whenever the configuration changes (rerouting.py).

Urgency follows the service's support hours unless a route fixes it. Leaves out: inhibition and recurring mute
windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.alerts.domain import (
    BY_HAND,
    OWN,
    UNROUTED,
    Alert,
    Dropped,
    Group,
    GroupEvent,
    GroupStatus,
    IntegrationRules,
    Outcome,
    Reason,
    Route,
    Routed,
    ServiceRules,
    Silence,
)
from tocsin.kit import matchers
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Severity, Signal

MANY_MORE_MIN = 10  # fewer low alerts than that do not end a snooze
STORM_KEY = "\x1estorm"  # no label can hold a record separator in a group key, so no group collides with it
_OPEN, _ACK, _SNOOZED = GroupStatus.OPEN, GroupStatus.ACKNOWLEDGED, GroupStatus.SNOOZED
_SUPPRESSED, _RESOLVED = GroupStatus.SUPPRESSED, GroupStatus.RESOLVED

GROUP_MACHINE: dict[tuple[GroupStatus, GroupEvent], GroupStatus] = {
    (_OPEN, GroupEvent.ACKNOWLEDGE): _ACK,
    (_OPEN, GroupEvent.SNOOZE): _SNOOZED,
    (_OPEN, GroupEvent.SUPPRESS): _SUPPRESSED,
    (_OPEN, GroupEvent.RESOLVE): _RESOLVED,
    (_ACK, GroupEvent.ACKNOWLEDGE): _ACK,
    (_ACK, GroupEvent.UNACKNOWLEDGE): _OPEN,
    (_ACK, GroupEvent.SNOOZE): _SNOOZED,
    (_ACK, GroupEvent.SUPPRESS): _SUPPRESSED,
    (_ACK, GroupEvent.RESOLVE): _RESOLVED,
    (_SNOOZED, GroupEvent.ACKNOWLEDGE): _ACK,
    (_SNOOZED, GroupEvent.SNOOZE): _SNOOZED,
    (_SNOOZED, GroupEvent.WAKE): _OPEN,
    (_SNOOZED, GroupEvent.SUPPRESS): _SUPPRESSED,
    (_SNOOZED, GroupEvent.RESOLVE): _RESOLVED,
    (_SUPPRESSED, GroupEvent.ACKNOWLEDGE): _ACK,
    (_SUPPRESSED, GroupEvent.RELEASE): _OPEN,
    (_SUPPRESSED, GroupEvent.RESOLVE): _RESOLVED,
    (_RESOLVED, GroupEvent.REOPEN): _OPEN,
}


_IN_WORDS = {
    GroupEvent.ACKNOWLEDGE: "acknowledged",
    GroupEvent.UNACKNOWLEDGE: "given back",
    GroupEvent.SNOOZE: "snoozed",
    GroupEvent.WAKE: "woken",
    GroupEvent.SUPPRESS: "suppressed",
    GroupEvent.RELEASE: "released",
    GroupEvent.RESOLVE: "resolved",
    GroupEvent.REOPEN: "reopened",
}


class IllegalMove(Exception):
    """The group is in a status in which this cannot happen; the message says so in words."""

    def __init__(self, status: GroupStatus, event: GroupEvent) -> None:
        asked = _IN_WORDS[event]
        super().__init__(f"it is {status} already" if asked == status else f"it is {status}, so it cannot be {asked}")
        self.status, self.event = status, event


def move(status: GroupStatus, event: GroupEvent) -> GroupStatus:
    """The status after the event. Raises IllegalMove if the table has no such row."""
    after = GROUP_MACHINE.get((status, event))
    if after is None:
        raise IllegalMove(status, event)
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Everything a configuration says about signals, compiled; one per configuration version."""

    routes: tuple[Route, ...]
    integrations: Mapping[str, IntegrationRules]
    services: Mapping[str, ServiceRules]


def route(book: Rulebook, integration: str, signal: Signal, now: datetime) -> Routed | Dropped:
    """Where a new problem belongs, by the first route that matches and the integration's defaults."""
    rules = book.integrations.get(integration)
    ours = integration in (BY_HAND, OWN)  # what people page by hand and what Tocsin says of itself obeys no route
    default_service = rules.service if rules else signal.labels.get("service", UNROUTED) if ours else UNROUTED
    labels = match_labels(book, integration, default_service, signal)
    matched = None if ours else next((one for one in book.routes if matchers.all_match(one.when, labels)), None)
    if matched is not None and matched.drop is not None:
        return Dropped(route=matched.place, why=matched.drop)
    service_name = (matched.service if matched else None) or default_service
    service = book.services.get(service_name) or ServiceRules(name=UNROUTED, title="Unrouted")
    group_by = (matched.group_by if matched else None) or (rules.group_by if rules else ())
    group_labels = {label: labels.get(label, "") for label in group_by}
    by_hours = service.document.urgency_at(now) if service.document else _urgency_alone(integration, signal)
    hold = matched.hold if matched and matched.hold is not None else (rules.hold if rules else timedelta(0))
    return Routed(
        service=service.name,
        service_title=service.title,
        group_key=_group_key(integration, signal, group_labels),
        group_labels=group_labels,
        urgency=(matched.urgency if matched else None) or by_hours,
        severity=(matched.severity if matched else None) or signal.severity,
        labels=labels,
        route=matched.place if matched else None,
        hold=hold,
        storm=service.storm,
        suppress=matched.suppress if matched else None,
        urgent_from=None if matched and matched.urgency else _urgent_from(service, by_hours, now),
    )


def reroute(book: Rulebook, alert: Alert, labels: Mapping[str, str], now: datetime) -> Routed | Dropped:
    """Where an alert would belong if what matchers saw of it came now."""
    said = labels.get("severity", "")
    seen = Signal(
        action=Action.TRIGGER,
        dedup_key=alert.dedup_key,
        title=labels.get("title", ""),
        severity=Severity(said) if said in set(Severity) else alert.severity,
        labels=dict(labels),
    )
    return route(book, alert.integration, seen, now)


def match_labels(book: Rulebook, integration: str, service: str, signal: Signal) -> dict[str, str]:
    """What matchers see: the signal's own labels, then what we know: `severity`, `integration`, `service`, `tier`."""
    known = book.services.get(service)
    labels = dict(known.labels) if known else {}
    labels.update(signal.labels)
    labels["severity"] = signal.severity.value
    labels["integration"] = integration
    labels.setdefault("title", signal.title)
    labels.setdefault("service", service)
    if known and known.tier is not None:
        labels.setdefault("tier", str(known.tier))
    if known and known.team is not None:
        labels.setdefault("team", known.team)
    return labels


def silenced_by(silences: Iterable[Silence], labels: Mapping[str, str], now: datetime) -> Silence | None:
    """The active silence that matches and lasts longest, if any.

    What Tocsin says of itself is silenced only by a silence that asks for the integration: nobody who silences
    severity="critical" for a night's work means to be left without word that a page reached nobody.
    """
    if labels.get("integration") == OWN:
        silences = [one for one in silences if any(matcher.label == "integration" for matcher in one.matchers)]
    matching = [one for one in silences if one.is_active(now) and matchers.all_match(one.matchers, labels)]
    return max(matching, key=lambda one: one.ends_at, default=None)


def is_silenced(group: Group) -> bool:
    """Whether a silence keeps it from paging."""
    return group.suppressed_by.startswith("silence:")


def is_kept_by_route(group: Group) -> bool:
    """Whether a route keeps it from paging, which no timer ends."""
    return group.suppressed_by.startswith("route:")


def is_storm(routed: Routed, new_groups_in_window: int) -> bool:
    """Whether one more new group for this service would be one too many."""
    return routed.storm is not None and new_groups_in_window >= routed.storm.groups


def storm_title(routed: Routed) -> str:
    """How a storm group is called."""
    return f"Alert storm on {routed.service_title}"


@dataclass(frozen=True, slots=True)
class Placement:
    """What to do with a new alert: its outcome and, where it joins one, the group."""

    outcome: Outcome
    reason: Reason
    group: Group | None = None


def place(candidates: Sequence[Group], routed: Routed, silence: Silence | None, now: datetime) -> Placement:
    """Which group a new alert comes into; `candidates` have its service and group key, newest last."""
    for group in reversed(candidates):
        if routed.suppress is None and is_kept_by_route(group):
            continue
        if group.status is not _RESOLVED and (group.window_until is None or now < group.window_until):
            return Placement(Outcome.SUPPRESSED if silence else Outcome.JOINED, _join_reason(silence), group)
    for group in reversed(candidates):
        if group.status is _RESOLVED and group.reopen_until is not None and now < group.reopen_until and not silence:
            return Placement(Outcome.REOPENED, Reason.WITHIN_REOPEN, group)
    if silence:
        return Placement(Outcome.SUPPRESSED, Reason.SILENCED)
    if routed.suppress is not None:
        return Placement(Outcome.SUPPRESSED, Reason.ROUTE_SUPPRESSES)
    if routed.hold > timedelta(0):
        return Placement(Outcome.SUPPRESSED, Reason.HELD)
    return Placement(Outcome.OPENED, Reason.NEW_PROBLEM)


def stirs(group: Group, routed: Routed, *, is_new: bool) -> Reason | None:
    """Why an alert is more than what somebody has or put off; None if the group stays as it is. Asked before it joins.

    Who acknowledged a group has what comes into it, but not what turns a harmless problem into an urgent one. Who
    snoozed it put off what was there: a new urgent problem, a worse one, or twice as many end the snooze. In a storm
    group new ones keep coming, so there only the latter two count. `is_new` says that it was never in the group.
    """
    if routed.suppress is not None or group.status not in (_ACK, _SNOOZED):
        return None
    if more_urgent(group.urgency, routed.urgency) is not group.urgency:
        return Reason.URGENCY_ROSE
    if group.status is _ACK:
        return None
    if routed.severity.rank < group.severity.rank:
        return Reason.GOT_WORSE
    if is_new and not group.storm and routed.urgency is Urgency.HIGH:
        return Reason.NEW_PROBLEM
    then = group.alert_count if group.snoozed_alerts is None else group.snoozed_alerts
    more = group.alert_count + 1 - then
    return Reason.MANY_MORE if is_new and more >= max(then, MANY_MORE_MIN) else None


def is_late_resolve(alert: Alert, signal: Signal) -> bool:
    """A resolve of an earlier occurrence that arrives after the alert has fired anew."""
    return signal.expires_at is not None and signal.expires_at < alert.started_at


def expiry(rules: IntegrationRules | None, signal: Signal, heard_at: datetime, now: datetime) -> datetime | None:
    """Without news by then the alert is over: the sender's own end, or the integration's timeout.

    What was heard so long ago that its time is over before anybody looked has all of it from now: it waited, or was
    heard by a clock that has been set forward since.
    """
    timeout = rules.auto_resolve_after if rules else None
    by_timeout = None if not timeout else heard_at + timeout if heard_at + timeout > now else now + timeout
    ends = [end for end in (signal.expires_at, by_timeout) if end is not None]
    return min(ends) if ends else None


def window_until(rules: IntegrationRules | None, group: Group | None, now: datetime) -> datetime | None:
    """Until when further alerts may join: fixed from the opening, or rolling from the latest alert."""
    if rules is None or rules.window is None:
        return None
    if group is not None and not rules.window_rolling:
        return group.window_until
    return now + rules.window


def worse(first: Severity, second: Severity) -> Severity:
    """The more severe of two."""
    return first if first.rank <= second.rank else second


def more_urgent(first: Urgency, second: Urgency) -> Urgency:
    """High if either is."""
    return Urgency.HIGH if Urgency.HIGH in (first, second) else Urgency.LOW


def _urgency_alone(integration: str, signal: Signal) -> Urgency:
    """What belongs to no service is urgent, but for what Tocsin itself says can wait."""
    return Urgency.LOW if integration == OWN and signal.severity is Severity.LOW else Urgency.HIGH


def _urgent_from(service: ServiceRules, urgency: Urgency, now: datetime) -> datetime | None:
    if service.document is None or urgency is Urgency.HIGH:
        return None
    return service.document.raises_at(now)


def _join_reason(silence: Silence | None) -> Reason:
    return Reason.SILENCED if silence else Reason.SAME_GROUP


def _group_key(integration: str, signal: Signal, group_labels: Mapping[str, str]) -> str:
    if not group_labels:
        return f"{integration}\x1f{signal.dedup_key}"
    return "\x1f".join(f"{label}={value}" for label, value in sorted(group_labels.items()))
