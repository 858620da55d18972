"""What would happen if this signal came at that time and nobody answered. Pure: configuration and time alone.

It asks the very rules the engine asks (`sources`, `alerts.rules`, `paging.rules`, `paging.ways`, `engine.pacing`), in
the order in which the engine would ask them, so what it predicts is what the engine does; a differential test proves
it. What only the engine can know is left out, and said (`LEFT_OUT`). Silences count if they are given. Which contacts
are proven or dead is known if the standing knows it; without, contacts that a file brings count as proven and others
do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import structs

from tocsin.alerts.domain import OWN, Routed, Silence
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.catalog.domain import IntegrationDocument
from tocsin.paging import plans, unanswered
from tocsin.paging import rules as paging_rules
from tocsin.paging.domain import Why
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency
from tocsin.simulate import sending
from tocsin.simulate.gathering import Fate, Gathering, Spell
from tocsin.simulate.sending import Parcel, Recall
from tocsin.simulate.trace import Hush, Message, Paged, SignalTrace, StepTrace, Told, Trace
from tocsin.sources.domain import Action, Request, Signal
from tocsin.sources.registry import SOURCES

STEPS_MAX = 2000
LEFT_OUT = (
    "Left out, because only the engine knows it: what fires already, and what else each address is sent; news of these"
    " problems, and that they end; messages that do not get through; and whose turn it is in a round robin (here: the"
    " first's)."
)


class NoSuchIntegration(Exception):
    """The configuration has no integration of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no integration {name!r}; there are: {', '.join(known) or 'none'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Climbed:
    """What one spell of a group does."""

    spell: Spell
    policy: str
    steps: list[StepTrace]
    parcels: list[Parcel]
    exhausted_at: datetime | None


def what_if(
    standing: Standing,
    integration: str,
    body: bytes,
    at: datetime,
    *,
    headers: Mapping[str, str] | None = None,
    silences: Sequence[Silence] = (),
) -> Trace:
    """The whole trace. Raises NoSuchIntegration; a body its source cannot read gives a trace with `problems`."""
    documents = standing.snapshot.all("integrations", IntegrationDocument)
    document = documents.get(integration)
    if document is None:
        raise NoSuchIntegration(integration, list(documents))
    source = SOURCES[document.source]
    settings = structs.replace(document.reading, name=integration, secret="")  # nobody signs a sample
    request = Request(
        method="POST",
        path=f"/in/{source.name}/{document.key}",
        headers={name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        key=document.key,
    )
    reading = source.read(request, settings, at)
    problems = reading.problems
    if not source.endpoints:
        problems = (f"this version takes nothing in by {source.title.lower()}",)
    elif not reading.signals and reading.reply.status >= 400:
        problems = (*problems, reading.reply.body.decode("utf-8", "replace"))
    gathering = Gathering(compile_rulebook(standing.snapshot), silences, integration, at)
    signals, climbed = _followed(standing, gathering, reading.signals)
    told, also_climbed = _unanswered(standing, gathering, climbed)
    return Trace(
        integration=integration,
        source=source.name,
        at=at,
        configuration=standing.snapshot.version,
        signals=tuple(signals),
        reply_status=reading.reply.status,
        problems=problems,
        messages=tuple(_messages([*climbed, *also_climbed])),
        unanswered=tuple(told),
    )


def of_signal(
    standing: Standing, integration: str, signal: Signal, at: datetime, urgency: Urgency | None = None
) -> SignalTrace:
    """The trace of one signal of an integration; of Tocsin's own, the service in its labels. With an urgency, as if it had that.

    What the administrators are told when everybody has been tried is left out.
    """
    gathering = Gathering(compile_rulebook(standing.snapshot), (), integration, at)
    return _followed(standing, gathering, [signal], urgency)[0][0]


def _followed(
    standing: Standing,
    gathering: Gathering,
    signals: Sequence[Signal],
    urgency: Urgency | None = None,
    *,
    groups_before: int = 0,
) -> tuple[list[SignalTrace], list[_Climbed]]:
    """What becomes of each signal, and every escalation of all of it; groups are numbered on from `groups_before`."""
    fates = [gathering.take(one, urgency) if one.action is Action.TRIGGER else None for one in signals]
    first_urgency = {number: group.urgency for number, group in gathering.groups.items()}
    climbed: dict[int, list[_Climbed]] = {}
    for spell in gathering.spells():
        of_group = climbed.setdefault(spell.group, [])
        numbered = replace(spell, group=groups_before + spell.group)
        of_group.append(_climbs(standing, gathering.groups[spell.group].service, numbered, len(of_group)))
    traces = []
    for signal, fate in zip(signals, fates, strict=True):
        trace = _of_fate(signal, fate, gathering)
        if fate is not None and fate.group:
            trace = replace(trace, group=groups_before + fate.group)
            if not fate.joins and fate.group in climbed:
                trace = _escalated(standing, trace, climbed[fate.group], first_urgency[fate.group])
        traces.append(trace)
    return traces, [one for found in climbed.values() for one in found]


def _unanswered(
    standing: Standing, gathering: Gathering, climbed: Sequence[_Climbed]
) -> tuple[list[SignalTrace], list[_Climbed]]:
    """What the administrators are told of groups that nobody answers, and how that escalates.

    Of each group once; should it be exhausted again with more urgency, what they were told becomes urgent then.
    """
    messages = _messages(climbed)
    told: dict[int, list[tuple[datetime, Signal]]] = {}
    for one in climbed:
        if one.exhausted_at is not None:
            number, at = one.spell.group, one.exhausted_at
            reached = any(number in said.groups and one.spell.begins <= said.at < at for said in messages)
            signal = unanswered.alert(number, gathering.groups[number].title, one.spell.urgency, reached=reached)
            told.setdefault(number, []).append((at, signal))
    traces: list[SignalTrace] = []
    also_climbed: list[_Climbed] = []
    groups = len(gathering.groups)
    for (at, signal), *again in sorted(told.values(), key=lambda found: found[0][0]):
        own = Gathering(gathering.book, gathering.silences, OWN, at, worse=again)
        of_it, its_climbs = _followed(standing, own, [signal], groups_before=groups)
        groups += len(own.groups)
        traces += of_it
        also_climbed += its_climbs
    return traces, also_climbed


def _messages(climbed: Sequence[_Climbed]) -> list[Message]:
    """Every message of these escalations."""
    by_group: dict[int, list[_Climbed]] = {}
    for one in climbed:
        by_group.setdefault(one.spell.group, []).append(one)
    recalls = [recall for found in by_group.values() for recall in _recalls(found)]
    every = sorted(climbed, key=lambda one: one.spell.begins)
    return sending.send((parcel for one in every for parcel in one.parcels), recalls)


def _recalls(climbed: Sequence[_Climbed]) -> Iterator[Recall]:
    """An escalation that another one replaces, or a silence ends, leaves unsaid what it has still to say."""
    for number, one in enumerate(climbed):
        until = one.spell.until
        if until is None:
            continue
        replaced = any(other.spell.begins == until for other in climbed[number + 1 :])
        if not replaced or one.exhausted_at is None:
            yield Recall(until, one.spell.group, number + 1)


def _of_fate(signal: Signal, fate: Fate | None, gathering: Gathering) -> SignalTrace:
    if fate is None:
        return _described(signal, "nothing", f"a signal that says {signal.action} pages nobody")
    if not isinstance(fate.routed, Routed):
        return _described(signal, fate.outcome, fate.reason, route=fate.routed.route)
    trace = _routed(signal, fate.routed, fate.outcome, fate.reason)
    trace = replace(trace, group=fate.group, silence=_hush(fate.silence))
    if fate.joins:
        return trace
    return replace(
        trace,
        storm=gathering.groups[fate.group].storm,
        urgent_from=gathering.urgent_from.get(fate.group),
        held_until=gathering.held_until.get(fate.group),
    )


def _hush(silence: Silence | None) -> Hush | None:
    if silence is None:
        return None
    return Hush(id=silence.id, author=silence.author, comment=silence.comment, ends_at=silence.ends_at)


def _escalated(standing: Standing, base: SignalTrace, climbed: Sequence[_Climbed], urgency: Urgency) -> SignalTrace:
    """With the steps of all its spells."""
    plan = plans.plan_for(standing, base.service, urgency)
    expires = plan.acknowledgement_expires_s
    begins = climbed[0].spell.begins
    return replace(
        base,
        urgency=urgency.value,
        pages_from=begins,
        policy=climbed[-1].policy,
        why_policy=plan.why,
        acknowledgement_expires=timedelta(seconds=expires) if expires else None,
        steps=tuple(step for one in climbed for step in one.steps),
        exhausted_at=climbed[-1].exhausted_at,
    )


def _climbs(standing: Standing, service: str, spell: Spell, number: int) -> _Climbed:
    """Every step of one escalation, up to (not including) the end of its spell, and when it is exhausted, if it gets there."""
    plan = plans.plan_for(standing, service, spell.urgency)
    steps: list[StepTrace] = []
    parcels: list[Parcel] = []
    now, position = spell.begins, 0
    exhausted_at = None
    for _ in range(STEPS_MAX):
        if spell.until is not None and now >= spell.until:
            break
        decided = paging_rules.climb(plan, position, spell.turn, standing.resolver, standing.can_reach, now)
        steps += [_skipped(one, now) for one in decided.skipped]
        if isinstance(decided, paging_rules.Exhausted):
            exhausted_at = now
            break
        paged = [(one, _parcels(standing, one.person, spell, number, now)) for one in decided.called]
        steps.append(_taken(standing, decided, paged, now))
        parcels += [parcel for _, of_person in paged for parcel in of_person]
        position = decided.next_position
        now += decided.rung.wait
    policy = plan.policies[0].name if plan.policies else ""
    return _Climbed(spell=spell, policy=policy, steps=steps, parcels=parcels, exhausted_at=exhausted_at)


def _parcels(standing: Standing, person: str, spell: Spell, number: int, now: datetime) -> list[Parcel]:
    return [
        Parcel(
            group=spell.group,
            spell=number,
            person=person,
            paged_at=now,
            urgent=spell.urgency is Urgency.HIGH,
            way=way,
            due_at=way.at,
        )
        for way in standing.ways(person, spell.urgency, now)
    ]


def _taken(
    standing: Standing,
    climb: paging_rules.Climb,
    paged: Sequence[tuple[paging_rules.Called, list[Parcel]]],
    now: datetime,
) -> StepTrace:
    return StepTrace(
        at=now,
        policy=climb.rung.policy,
        step=climb.rung.step,
        cycle=climb.rung.cycle,
        targets=climb.rung.targets,
        wait=climb.rung.wait,
        paged=tuple(_paged(standing, called, planned) for called, planned in paged),
    )


def _paged(standing: Standing, called: paging_rules.Called, planned: Sequence[Parcel]) -> Paged:
    return Paged(
        person=called.person,
        name=standing.people[called.person].name,
        why=called.why if planned else f"{called.why}; {Why.NO_CONTACT}",
        messages=tuple(
            Told(
                at=one.due_at,
                person=one.person,
                channel=one.way.channel,
                contact=one.way.contact,
                address=one.way.shown,
            )
            for one in planned
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
