"""What would happen if this signal came at that time and nobody answered. Pure: configuration and time alone.

It asks the very rules the engine asks (`sources`, `alerts.rules`, `paging.rules`, `paging.ways`), in the order in
which the engine would ask them, so what it predicts is what the engine does; a differential test proves it. What only
the engine can know is left out, and said (`LEFT_OUT`). Which contacts are proven or dead is known if the standing knows
it; without, contacts that a file brings count as proven and others do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import structs

from tocsin.alerts import rules as alert_rules
from tocsin.alerts.domain import Dropped, Outcome, Reason, Routed
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.catalog.domain import IntegrationDocument
from tocsin.paging import plans
from tocsin.paging import rules as paging_rules
from tocsin.paging.domain import Why
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Request, Signal
from tocsin.sources.registry import SOURCES

STEPS_MAX = 2000
LEFT_OUT = (
    "Left out, because only the engine knows it: alerts that already fire, silences, storms, messages that are bundled,"
    " wait for their address's limit or do not get through, and whose turn it is in a round robin (here: the first's)."
)


class NoSuchIntegration(Exception):
    """The configuration has no integration of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no integration {name!r}; there are: {', '.join(known) or 'none'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message that would go out."""

    at: datetime
    person: str
    channel: str
    contact: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    """One person a step would page, why, and by which messages; without messages nothing reaches them."""

    person: str
    name: str
    why: str
    messages: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrace:
    """One step that would be taken, or skipped and why."""

    at: datetime
    policy: str
    step: int  # 0 is the last resort
    cycle: int
    targets: tuple[str, ...]
    wait: timedelta
    paged: tuple[Paged, ...]
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTrace:
    """What would become of one signal."""

    action: str
    dedup_key: str
    title: str
    severity: str
    labels: Mapping[str, str]
    outcome: str  # opened, held, suppressed, joined, refreshed, dropped, nothing
    reason: str
    route: int | None = None
    service: str = ""
    group_labels: Mapping[str, str] | None = None
    urgency: str = ""
    urgent_from: datetime | None = None
    held_until: datetime | None = None
    policy: str = ""
    why_policy: str = ""
    acknowledgement_expires: timedelta | None = None
    steps: tuple[StepTrace, ...] = ()
    exhausted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The answer of a what-if."""

    integration: str
    source: str
    at: datetime
    configuration: int
    signals: tuple[SignalTrace, ...]
    reply_status: int
    problems: tuple[str, ...]


def what_if(
    standing: Standing,
    integration: str,
    body: bytes,
    at: datetime,
    *,
    headers: Mapping[str, str] | None = None,
) -> Trace:
    """The whole trace. Raises NoSuchIntegration; a body its source cannot read gives a trace with `problems`."""
    documents = standing.snapshot.all("integrations", IntegrationDocument)
    document = documents.get(integration)
    if document is None:
        raise NoSuchIntegration(integration, list(documents))
    source = SOURCES[document.source]
    settings = structs.replace(document.reading, secret="")  # nobody signs a sample
    request = Request(
        method="POST",
        path=f"/in/{source.name}/{document.key}",
        headers={name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        key=document.key,
    )
    reading = source.read(request, settings, at)
    problems = reading.problems
    if not reading.signals and reading.reply.status >= 400:
        problems = (*problems, reading.reply.body.decode("utf-8", "replace"))
    return Trace(
        integration=integration,
        source=source.name,
        at=at,
        configuration=standing.snapshot.version,
        signals=tuple(_together(standing, integration, reading.signals, at)),
        reply_status=reading.reply.status,
        problems=problems,
    )


def of_signal(
    standing: Standing, integration: str, signal: Signal, at: datetime, urgency: Urgency | None = None
) -> SignalTrace:
    """The trace of one signal of an integration; of Tocsin's own, the service in its labels. With an urgency, as if it had that."""
    if signal.action is not Action.TRIGGER:
        return _described(signal, "nothing", f"a signal that says {signal.action} pages nobody")
    book = compile_rulebook(standing.snapshot)
    routed = alert_rules.route(book, integration, signal, at)
    if isinstance(routed, Dropped):
        return _described(signal, "dropped", routed.why, route=routed.route)
    if urgency is not None:
        routed = replace(routed, urgency=urgency, urgent_from=None)
    return _of_routed(standing, signal, routed, at)


def _together(standing: Standing, integration: str, signals: Sequence[Signal], at: datetime) -> list[SignalTrace]:
    """The traces of one request's signals: what belongs to a group that an earlier one opens pages with it, not again."""
    book = compile_rulebook(standing.snapshot)
    traces: list[SignalTrace] = []
    opened: dict[tuple[str, str, bool], tuple[int, Signal, Routed]] = {}
    heard: set[str] = set()
    for signal in signals:
        routed = alert_rules.route(book, integration, signal, at) if signal.action is Action.TRIGGER else None
        if not isinstance(routed, Routed):
            traces.append(of_signal(standing, integration, signal, at))
            continue
        found = _find(opened, routed)
        if found is None:
            key = (routed.service, routed.group_key, routed.suppress is not None)
            opened[key] = (len(traces), signal, routed)
            traces.append(_of_routed(standing, signal, routed, at))
        else:
            place, first, before = opened[found]
            merged = _merged(before, routed)
            if merged != before:
                opened[found] = (place, first, merged)
                is_second = not before.hold and merged.urgency is not before.urgency
                traces[place] = _of_routed(standing, first, merged, at, turn=int(is_second))
            fate = (
                (Outcome.REFRESHED, Reason.REPEAT) if signal.dedup_key in heard else (Outcome.JOINED, Reason.SAME_GROUP)
            )
            traces.append(_routed(signal, routed, *map(str, fate)))
        heard.add(signal.dedup_key)
    return traces


def _find(
    opened: Mapping[tuple[str, str, bool], tuple[int, Signal, Routed]], routed: Routed
) -> tuple[str, str, bool] | None:
    """The group it comes into: one that a route keeps quiet takes only what is kept quiet."""
    pages, quiet = ((routed.service, routed.group_key, is_quiet) for is_quiet in (False, True))
    if routed.suppress is not None and quiet in opened:
        return quiet
    return pages if pages in opened else None


def _merged(group: Routed, joins: Routed) -> Routed:
    """The group with another problem in it: as urgent as the more urgent one, and held only if both are."""
    if group.suppress is not None:
        return group
    urgency = alert_rules.more_urgent(group.urgency, joins.urgency)
    raised = urgency is not group.urgency
    return replace(
        group,
        urgency=urgency,
        urgent_from=None if raised else group.urgent_from,
        hold=group.hold if joins.hold else timedelta(0),
    )


def _of_routed(standing: Standing, signal: Signal, routed: Routed, at: datetime, turn: int = 0) -> SignalTrace:
    placement = alert_rules.place((), routed, None, at)
    if routed.suppress is not None:
        return _routed(signal, routed, "suppressed", routed.suppress)
    outcome = "held" if routed.hold else str(placement.outcome)
    base = _routed(signal, routed, outcome, str(placement.reason))
    return _escalated(standing, base, routed, at + routed.hold, turn)


def _escalated(standing: Standing, base: SignalTrace, routed: Routed, begins: datetime, turn: int) -> SignalTrace:
    """Steps as of `begins`; a low group that becomes urgent at `urgent_from` starts again, as urgent, then."""
    steps, policy, exhausted_at = _climbs(standing, routed, routed.urgency, begins, until=routed.urgent_from, turn=turn)
    if routed.urgent_from is not None and routed.urgency is Urgency.LOW:
        again, policy, exhausted_at = _climbs(
            standing, routed, Urgency.HIGH, max(routed.urgent_from, begins), until=None, turn=turn + 1
        )
        steps += again
    plan = plans.plan_for(standing, routed.service, routed.urgency)
    expires = plan.acknowledgement_expires_s
    return replace(
        base,
        held_until=begins if routed.hold else None,
        policy=policy,
        why_policy=plan.why,
        acknowledgement_expires=timedelta(seconds=expires) if expires else None,
        steps=tuple(steps),
        exhausted_at=exhausted_at,
    )


def _climbs(
    standing: Standing, routed: Routed, urgency: Urgency, begins: datetime, *, until: datetime | None, turn: int
) -> tuple[list[StepTrace], str, datetime | None]:
    """Every step of one escalation, up to (not including) `until`; its policy; when it is exhausted, if it gets there."""
    plan = plans.plan_for(standing, routed.service, urgency)
    policy = plan.policies[0].name if plan.policies else ""
    steps: list[StepTrace] = []
    now, position = begins, 0
    for _ in range(STEPS_MAX):
        if until is not None and now >= until:
            return steps, policy, None
        decided = paging_rules.climb(plan, position, turn, standing.resolver, standing.can_reach, now)
        steps += [_skipped(one, now) for one in decided.skipped]
        if isinstance(decided, paging_rules.Exhausted):
            return steps, policy, now
        steps.append(_taken(standing, decided, urgency, now))
        position = decided.next_position
        now += decided.rung.wait
    return steps, policy, None


def _taken(standing: Standing, climb: paging_rules.Climb, urgency: Urgency, now: datetime) -> StepTrace:
    return StepTrace(
        at=now,
        policy=climb.rung.policy,
        step=climb.rung.step,
        cycle=climb.rung.cycle,
        targets=climb.rung.targets,
        wait=climb.rung.wait,
        paged=tuple(_paged(standing, called, urgency, now) for called in climb.called),
    )


def _paged(standing: Standing, called: paging_rules.Called, urgency: Urgency, now: datetime) -> Paged:
    document = standing.people[called.person]
    usable = standing.usable(called.person)
    planned = standing.ways(called.person, urgency, now)
    return Paged(
        person=called.person,
        name=document.name,
        why=called.why if planned else f"{called.why}; {Why.NO_CONTACT}",
        messages=tuple(
            Told(
                at=way.at,
                person=called.person,
                channel=way.channel,
                contact=way.contact,
                address=usable[way.contact].address,
            )
            for way in planned
        ),
    )


def _skipped(one: paging_rules.Skipped, now: datetime) -> StepTrace:
    return StepTrace(
        at=now,
        policy=one.rung.policy,
        step=one.rung.step,
        cycle=one.rung.cycle,
        targets=one.rung.targets,
        wait=timedelta(0),
        paged=(),
        skipped=one.why,
    )


def _routed(signal: Signal, routed: Routed, outcome: str, reason: str) -> SignalTrace:
    base = _described(signal, outcome, reason, route=routed.route)
    return replace(
        base,
        labels=routed.labels,
        severity=routed.severity.value,
        service=routed.service,
        group_labels=routed.group_labels,
        urgency=routed.urgency.value,
        urgent_from=routed.urgent_from,
    )


def _described(signal: Signal, outcome: str, reason: str, *, route: int | None = None) -> SignalTrace:
    return SignalTrace(
        action=signal.action.value,
        dedup_key=signal.dedup_key,
        title=signal.title,
        severity=signal.severity.value,
        labels=signal.labels,
        outcome=outcome,
        reason=reason,
        route=route,
    )


def messages(trace: Trace) -> Iterator[Told]:
    """Every message of a trace that goes out if nobody answers, in time order per signal.

    A person who is paged again by a later step goes on hearing what the earlier page still has to say: a page that is
    due is never taken back because another one follows.
    """
    for signal in trace.signals:
        told = [one for step in signal.steps for paged in step.paged for one in paged.messages]
        yield from sorted(told, key=lambda one: (one.at, one.person, one.contact))
