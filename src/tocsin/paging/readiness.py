"""Whether a service is ready for the night on which it breaks: what is there, what is missing, what to do about it.

Promises: each check is about what would happen if the service broke now or within LOOK_AHEAD, by the configuration in
force and what is known of contacts, and each that fails leads to the page where it is mended. Leaves out whether a
runbook is any good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.urls import reverse

from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config import registry, rules
from tocsin.config.domain import Finding, Snapshot
from tocsin.kit.db import Reader
from tocsin.oncall import queries as duty
from tocsin.paging import ways
from tocsin.paging.documents import TargetKind, target
from tocsin.paging.domain import Plan
from tocsin.paging.plans import plan_for
from tocsin.paging.reach import Reach
from tocsin.paging.rules import call, rung_at
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency

LOOK_AHEAD = timedelta(days=14)  # as far as gaps ahead are told
RUNGS_LOOKED_AT_MAX = 100
LEVELS_MIN = 2  # one to be woken, and one for when that one sleeps on


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing a service should have; `url` is where it is mended."""

    name: str
    ok: bool
    words: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """How ready one service is."""

    service: str
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def met(self) -> int:
        """How many checks are passed."""
        return sum(check.ok for check in self.checks)

    @property
    def is_ready(self) -> bool:
        """Whether all of them do."""
        return self.met == len(self.checks)

    @property
    def missing(self) -> tuple[Check, ...]:
        """The checks that are not passed."""
        return tuple(check for check in self.checks if not check.ok)


class Look:
    """One configuration at one moment, looked at for readiness; remembers what services share."""

    def __init__(self, standing: Standing, reach: Reach, now: datetime) -> None:
        self.standing = standing
        self.now = now
        self._reach = reach
        self._covered: dict[str, bool] = {}
        self.doors: dict[str, list[str]] = defaultdict(list)
        for name, one in standing.snapshot.all("integrations", IntegrationDocument).items():
            self.doors[one.service].append(name)

    def is_covered(self, policy: str) -> bool:
        """Whether the policy always reaches somebody within LOOK_AHEAD."""
        if policy not in self._covered:
            self._covered[policy] = not self._reach.uncovered(policy, Urgency.HIGH)
        return self._covered[policy]


def look(reader: Reader, standing: Standing) -> Look:
    """The present. The standing must know its contacts."""
    end = reader.now + LOOK_AHEAD
    counts = duty.in_force(reader, reader.now, end)
    return Look(standing, Reach(standing.snapshot, reader.now, end, counts), reader.now)


def of_service(looked: Look, name: str) -> Ready:
    """How ready one service is, with what `tocsin check` has to say about all it relies on."""
    document = looked.standing.services[name]
    found = tuple(_checks(looked, name, document))
    return Ready(service=name, checks=found, findings=tuple(_findings(looked, name, document)))


def _checks(looked: Look, name: str, document: ServiceDocument) -> Iterator[Check]:
    edit = reverse("edit_service", kwargs={"name": name})
    plan = plan_for(looked.standing, name, Urgency.HIGH)
    yield Check(
        name="Policy",
        ok=document.policy is not None,
        words="an escalation policy says who is woken"
        if document.policy
        else "no escalation policy: the team is paged",
        url=edit,
    )
    levels = _levels(plan)
    yield Check(
        name="Two levels",
        ok=levels >= LEVELS_MIN,
        words="somebody else is paged if the first does not answer" if levels >= LEVELS_MIN else "nobody else is tried",
        url=reverse("policy", kwargs={"name": document.policy}) if document.policy else edit,
    )
    covered = document.policy is None or looked.is_covered(document.policy)
    yield Check(
        name="Covered",
        ok=covered,
        words="somebody is there at any time of the next two weeks" if covered else "at times it would reach nobody",
        url=reverse("policy", kwargs={"name": document.policy}) if document.policy else edit,
    )
    asleep = _not_woken(looked, plan)
    names = ", ".join(looked.standing.people[one].name for one in asleep)
    yield Check(
        name="Contacts",
        ok=not asleep,
        words=f"nothing wakes {names}" if asleep else "everybody it would page now can be woken",
        url=reverse("config_edit", kwargs={"section": "people", "name": asleep[0]}) if asleep else edit,
    )
    yield Check(
        name="Runbook",
        ok=document.runbook is not None,
        words="it is written what to do" if document.runbook else "no runbook says what to do",
        url=edit,
    )
    yield Check(
        name="Integration",
        ok=bool(looked.doors[name]),
        words="Tocsin hears of its problems" if looked.doors[name] else "no integration: nothing would be heard of it",
        url=f"{reverse('new_integration')}?service={name}",
    )


def _levels(plan: Plan) -> int:
    """How many rungs page somebody whom none before them does, by what is written."""
    seen: set[str] = set()
    levels = 0
    for position in range(RUNGS_LOOKED_AT_MAX):
        rung = rung_at(plan, position)
        if rung is None:
            break
        levels += bool(set(rung.targets) - seen)
        seen |= set(rung.targets)
    return levels


def _not_woken(looked: Look, plan: Plan) -> list[str]:
    found: dict[str, None] = {}
    for position in range(RUNGS_LOOKED_AT_MAX):
        rung = rung_at(plan, position)
        if rung is None:
            break
        everybody = replace(rung, round_robin=False)
        for called in call(everybody, 0, looked.standing.resolver, looked.standing.can_reach, looked.now)[0]:
            if looked.standing.reach(called.person, looked.now) is not ways.Reach.WAKES:
                found.setdefault(called.person)
    return list(found)


def _findings(looked: Look, name: str, document: ServiceDocument) -> Iterator[Finding]:
    """What is said of the service, its integrations and its policy, and of whom and what the policy names."""
    plan = plan_for(looked.standing, name, Urgency.HIGH)
    about = {("services", name), *(("integrations", one) for one in looked.doors[name])}
    if document.policy is not None:
        about |= {("policies", policy.name) for policy in plan.policies}
        about |= _named(looked.standing.snapshot, plan)
    for finding in all_findings(looked.standing.snapshot, looked.now):
        if (finding.section, finding.name) in about:
            yield finding


def _named(snapshot: Snapshot, plan: Plan) -> set[tuple[str, str]]:
    sections = {TargetKind.PERSON: "people", TargetKind.SCHEDULE: "schedules", TargetKind.TEAM: "teams"}
    written = {one for policy in plan.policies for step in policy.steps for one in step.targets} | set(plan.last_resort)
    found = {(sections[one.kind], one.name) for one in map(target, written)}
    return {(section, name) for section, name in found if name in snapshot.sections.get(section, {})}


class _Kept:
    """The findings of one configuration in one hour: looking 90 days ahead over all schedules takes its time."""

    snapshot: Snapshot | None = None
    hour: datetime | None = None
    findings: tuple[Finding, ...] = ()


_kept = _Kept()


def all_findings(snapshot: Snapshot, now: datetime) -> Sequence[Finding]:
    """What `tocsin check` says of this configuration, at most an hour old."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    if _kept.snapshot is not snapshot or _kept.hour != hour:
        _kept.findings = rules.findings(snapshot, registry.kinds(), now)
        _kept.snapshot, _kept.hour = snapshot, hour
    return _kept.findings


def by_team(found: Mapping[str, Ready], services: Mapping[str, ServiceDocument]) -> dict[str, tuple[int, int]]:
    """For each team: how many of its services are ready, of how many."""
    counted: dict[str, tuple[int, int]] = {}
    for name, ready in found.items():
        team = services[name].team
        met, total = counted.get(team, (0, 0))
        counted[team] = (met + ready.is_ready, total + 1)
    return counted
