"""What is tried to find out whom a change of the configuration touches: services whose escalation may be another, and
alerts that a changed route or integration takes. Pure.

A service is tried if its document, its policy, or somebody its policy can lead to has changed; services that would
wake the same people are tried once. A schedule is not a reason: that it puts other people on duty is told exactly
elsewhere (paging/foresight.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from msgspec import structs

from tocsin.alerts import rules as alert_rules
from tocsin.alerts.documents import RouteDocument
from tocsin.alerts.domain import OWN, UNROUTED
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config.domain import Snapshot
from tocsin.kit import matchers
from tocsin.kit.matchers import Matcher, Op
from tocsin.oncall.domain import ScheduleDocument
from tocsin.paging.documents import PolicyDocument, Target, TargetKind
from tocsin.people.domain import PersonDocument, Role, TeamDocument, Urgency
from tocsin.sources.domain import Action, Severity, Signal

INTEGRATIONS_TRIED_MAX = 20
_SECTIONS = ("services", "policies", "people", "teams", "integrations", "routes")
Named = tuple[str, str]
"""(section, name)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One problem that is tried with both configurations: of these services, or as `subjects` says."""

    subjects: tuple[str, ...]
    integration: str
    signal: Signal
    zone: str


@dataclass(frozen=True, slots=True)
class _Both:
    before: Snapshot
    after: Snapshot

    def changed(self) -> set[Named]:
        """The documents that are there on both sides and differ, or are on one side only."""
        found: set[Named] = set()
        for section in _SECTIONS:
            old, new = self.before.sections.get(section, {}), self.after.sections.get(section, {})
            if old is not new:
                found.update((section, name) for name in {*old, *new} if old.get(name) != new.get(name))
        return found


def probes(before: Snapshot, after: Snapshot) -> list[Probe]:
    """Everything worth trying; nothing if nothing changed that decides who is paged."""
    both = _Both(before, after)
    changed = both.changed()
    if not changed:
        return []
    found = [*_services(both, changed), *_routes(both), *_integrations(both, changed)]
    return list({(one.subjects, one.integration): one for one in found}.values())


def _services(both: _Both, changed: set[Named]) -> Iterator[Probe]:
    """Services that stay; those of one policy, team and support hours share a probe."""
    old, new = (side.all("services", ServiceDocument) for side in (both.before, both.after))
    reach = {id(side): _Reach(side) for side in (both.before, both.after)}
    alike: dict[str, list[str]] = {}
    for name in old:
        if name not in new:
            continue
        leads_to = {*reach[id(both.before)].of(old[name]), *reach[id(both.after)].of(new[name])}
        if ("services", name) in changed or leads_to & changed:
            alike.setdefault(f"{_kind_of(old[name])} > {_kind_of(new[name])}", []).append(name)
    for names in alike.values():
        zone = _zone(both.after, new[names[0]]) or _zone(both.before, old[names[0]]) or "UTC"
        signal = _signal({"service": names[0]})
        yield Probe(subjects=tuple(names), integration=OWN, signal=signal, zone=zone)


def _kind_of(service: ServiceDocument) -> str:
    return f"{service.policy} {service.team if service.policy is None else ''} {service.urgency!r}"


class _Reach:
    """What a service's escalation depends on, in one configuration."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._policies = snapshot.all("policies", PolicyDocument)
        self._schedules = snapshot.all("schedules", ScheduleDocument)
        self._teams = snapshot.all("teams", TeamDocument)
        people = snapshot.all("people", PersonDocument)
        self._admins = frozenset(("people", name) for name, one in people.items() if one.role is Role.ADMIN)
        self._known: dict[str, frozenset[Named]] = {}

    def of(self, service: ServiceDocument) -> frozenset[Named]:
        """Policies, teams and people."""
        if service.policy is None or service.policy not in self._policies:
            return self._admins | self._of_targets([Target(TargetKind.TEAM, service.team)])
        if service.policy not in self._known:
            self._known[service.policy] = frozenset(self._of_policies(service.policy))
        return self._known[service.policy]

    def _of_policies(self, name: str | None) -> Iterator[Named]:
        seen: set[str] = set()
        while name is not None and name in self._policies and name not in seen:
            seen.add(name)
            policy = self._policies[name]
            yield ("policies", name)
            yield from self._of_targets([*chain.from_iterable(step.page for step in policy.steps), *policy.last_resort])
            name = policy.then

    def _of_targets(self, targets: Iterable[Target]) -> frozenset[Named]:
        found: set[Named] = set()
        for one in targets:
            if one.kind is TargetKind.PERSON:
                found.add(("people", one.name))
            elif one.kind is TargetKind.TEAM:
                team = self._teams.get(one.name)
                found.add(("teams", one.name))
                found.update(("people", name) for name in (team.members if team else ()))
            elif one.name in self._schedules:
                found.update(("people", name) for name in _on_duty(self._schedules[one.name]))
        return frozenset(found)


def _on_duty(schedule: ScheduleDocument) -> Iterator[str]:
    for layer in schedule.layers:
        yield from layer.people
    if schedule.ical is not None:
        yield from schedule.ical.match.values()


def _zone(snapshot: Snapshot, service: ServiceDocument) -> str:
    """Whose night it is: of the support hours, else of the first schedule that its policy asks, else nobody's."""
    if not isinstance(service.urgency, Urgency):
        return str(service.urgency.hours.timezone)
    policy = snapshot.all("policies", PolicyDocument).get(service.policy or "")
    schedules = snapshot.all("schedules", ScheduleDocument)
    people = snapshot.all("people", PersonDocument)
    for one in chain.from_iterable(step.page for step in policy.steps) if policy else ():
        if one.kind is TargetKind.SCHEDULE and one.name in schedules:
            return str(schedules[one.name].timezone)
        if one.kind is TargetKind.PERSON and one.name in people:
            return str(people[one.name].timezone)
    return ""


def _integrations(both: _Both, changed: set[Named]) -> Iterator[Probe]:
    """Integrations that send elsewhere, or wait longer."""
    old, new = (side.all("integrations", IntegrationDocument) for side in (both.before, both.after))
    for name in old:
        if name in new and ("integrations", name) in changed:
            was, becomes = old[name], new[name]
            if (was.service, was.hold) != (becomes.service, becomes.hold):
                subject = f"alerts through {name}"
                yield Probe(
                    subjects=(subject,),
                    integration=name,
                    signal=_signal({}),
                    zone=_zone_of(both.after, becomes.service),
                )


def _routes(both: _Both) -> Iterator[Probe]:
    """An alert that each route takes which stands on one side only, or elsewhere."""
    old, new = (list(side.all("routes", RouteDocument).values()) for side in (both.before, both.after))
    if old == new:
        return
    moved = [one for one in old if one not in new] + [one for one in new if one not in old]
    for route in moved or new:
        probe = _taken_by(both, route)
        if probe is not None:
            yield probe


def _taken_by(both: _Both, route: RouteDocument) -> Probe | None:
    """An alert that satisfies the route's conditions; None if none can be made up (regular expressions)."""
    labels: dict[str, str] = {}
    for one in route.conditions:
        if one.op is Op.EQUAL:
            labels[one.label] = one.value
    severity = labels.pop("severity", "")
    signal = _signal({name: held for name, held in labels.items() if name != "integration"})
    if severity in set(Severity):
        signal = structs.replace(signal, severity=Severity(severity))
    for name in _candidates(both.after, labels.get("integration", "")):
        if _satisfies(both, name, signal, route.conditions):
            where = ", ".join(map(str, route.conditions)) or "any labels"
            service = _service_of(both.after, name)
            return Probe(
                subjects=(f"alerts with {where}",),
                integration=name,
                signal=signal,
                zone=_zone_of(both.after, route.service or service),
            )
    return None


def _candidates(snapshot: Snapshot, wanted: str) -> Sequence[str]:
    held = snapshot.all("integrations", IntegrationDocument)
    return [wanted] if wanted else list(held)[:INTEGRATIONS_TRIED_MAX]


def _satisfies(both: _Both, integration: str, signal: Signal, conditions: Iterable[Matcher]) -> bool:
    book = compile_rulebook(both.after)
    labels = alert_rules.match_labels(book, integration, _service_of(both.after, integration), signal)
    return matchers.all_match(conditions, labels)


def _service_of(snapshot: Snapshot, integration: str) -> str:
    document = snapshot.all("integrations", IntegrationDocument).get(integration)
    return document.service if document else UNROUTED


def _zone_of(snapshot: Snapshot, service: str) -> str:
    document = snapshot.all("services", ServiceDocument).get(service)
    return (_zone(snapshot, document) if document else "") or "UTC"


def _signal(labels: Mapping[str, str]) -> Signal:
    return Signal(action=Action.TRIGGER, dedup_key="probe", title=labels.get("title", "A problem"), labels=dict(labels))
