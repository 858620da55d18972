"""Who would be paged differently by another configuration, at a few telling instants (now, a night, a weekend, a
working day), if nobody answered. Pure: the what-if asked twice.

Promises: a line says exactly what the what-if would say of both sides at that time. What it leaves out are other
instants, which nobody can list, and probes beyond PROBES_MAX, which are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.alerts.documents import RouteDocument
from tocsin.alerts.domain import OWN
from tocsin.config.domain import Snapshot
from tocsin.kit import text
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency
from tocsin.simulate import whatif
from tocsin.simulate.probes import Probe
from tocsin.simulate.whatif import SignalTrace, StepTrace, Told

PROBES_MAX = 30
LINES_MAX = 30
STEPS_SAID_MAX = 8
SUBJECTS_SAID_MAX = 4
NIGHT, NOON = time(3), time(12)
LOOK_AHEAD = timedelta(days=15)  # the instants lie within a week, and an escalation goes on
_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Different:
    """At these times, for these services or alerts, others are paged than before, or in another way."""

    subjects: tuple[str, ...]
    urgency: str
    when: tuple[str, ...]
    at: tuple[datetime, ...]
    before: str
    after: str

    @property
    def words(self) -> str:
        """In one line."""
        who = ", ".join(self.subjects[:SUBJECTS_SAID_MAX])
        more = len(self.subjects) - SUBJECTS_SAID_MAX
        who += f" and {more} more" if more > 0 else ""
        urgency = f", {self.urgency} urgency" if self.urgency else ""
        return f"{who}{urgency}, {', '.join(self.when)}: before {self.before}; after {self.after}"

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "subjects": list(self.subjects),
            "urgency": self.urgency,
            "summary": self.words,
            "at": [one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in self.at],
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """All differences found, and how many probes were not tried."""

    found: tuple[Different, ...]
    untried: int = 0


@dataclass(frozen=True, slots=True)
class _Instant:
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Pair:
    before: SignalTrace
    after: SignalTrace


def compare(before: Standing, after: Standing, tried: Sequence[Probe], now: datetime) -> Compared:
    """Who is paged differently, of what is tried."""
    found = [one for probe in tried[:PROBES_MAX] for one in _of_probe(before, after, probe, now)]
    merged = _merged(found)
    return Compared(found=tuple(merged[:LINES_MAX]), untried=max(0, len(tried) - PROBES_MAX))


def _of_probe(before: Standing, after: Standing, probe: Probe, now: datetime) -> Iterator[Different]:
    by_words: dict[tuple[str, str, str], list[_Instant]] = {}
    instants = _instants(now, probe.zone)
    for instant in instants:
        for urgency in _urgencies(before.snapshot, after.snapshot, probe):
            pair = _Pair(*(_trace(side, probe, instant.at, urgency) for side in (before, after)))
            if _essence(pair.before, instant.at) == _essence(pair.after, instant.at):
                continue
            said = _words(pair, instant.at)
            held = by_words.setdefault((_urgency(pair), *said), [])
            if instant not in held:
                held.append(instant)
    for (urgency_, was, becomes), held in by_words.items():
        labels = ("at every time tried",) if len(held) == len(instants) else tuple(one.label for one in held)
        yield Different(
            subjects=probe.subjects,
            urgency=urgency_,
            when=labels,
            at=tuple(one.at for one in held),
            before=was,
            after=becomes,
        )


def _trace(side: Standing, probe: Probe, at: datetime, urgency: Urgency | None) -> SignalTrace:
    return whatif.of_signal(side, probe.integration, probe.signal, at, urgency)


def _urgencies(before: Snapshot, after: Snapshot, probe: Probe) -> tuple[Urgency | None, ...]:
    """The service's own, and those that routes can give to what is not tried as a route itself."""
    routes = [one for side in (before, after) for one in side.all("routes", RouteDocument).values()]
    by_route = tuple(sorted({one.urgency for one in routes if one.urgency is not None}))
    return (None, *by_route) if probe.integration == OWN else (None,)


def _instants(now: datetime, zone: str) -> list[_Instant]:
    """Now, the next night, the next noon at a weekend and on a working day, by that zone's clock."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    days = [today + timedelta(days=ahead) for ahead in range(9)]
    night = next(at for at in (datetime.combine(day, NIGHT, here) for day in days) if at > now)
    noons = [at for at in (datetime.combine(day, NOON, here) for day in days) if at > now]
    weekend = next(at for at in noons if at.weekday() in _WEEKEND)
    working = next(at for at in noons if at.weekday() not in _WEEKEND)
    told = [("at night", night), ("at the weekend", weekend), ("on a working day", working)]
    return [
        _Instant("now", now),
        *(_Instant(f"{label} ({at:%a %H:%M} {zone})", at.astimezone(now.tzinfo)) for label, at in told),
    ]


def _urgency(pair: _Pair) -> str:
    known = list(dict.fromkeys(one.urgency for one in (pair.before, pair.after) if one.urgency))
    return " then ".join(known)


Essence = tuple[object, ...]


def _essence(trace: SignalTrace, at: datetime) -> Essence:
    """What counts: who, when and through which contact."""
    steps = tuple(
        (step.at - at, tuple(sorted((one.person, _ways(one.messages, step.at)) for one in step.paged)))
        for step in trace.steps
        if not step.skipped
    )
    return (trace.outcome in ("dropped", "suppressed"), steps, trace.exhausted_at is None)


def _ways(messages: Sequence[Told], since: datetime) -> tuple[tuple[timedelta, str, str, str], ...]:
    return tuple(sorted((one.at - since, one.contact, one.channel, one.address) for one in messages))


def _words(pair: _Pair, at: datetime) -> tuple[str, str]:
    """Who is paged when; where that is the same, by which ways."""
    was, becomes = (_said(one, at) for one in (pair.before, pair.after))
    if was != becomes:
        return was, becomes
    before, after = (_by_person(one) for one in (pair.before, pair.after))
    differ = [name for name in before if before[name] != after.get(name)]
    if not differ:
        return f"{was}, {_rounds(pair.before)}", f"{becomes}, {_rounds(pair.after)}"
    return tuple(", ".join(f"{name} by {held.get(name, 'nothing')}" for name in differ) for held in (before, after))  # type: ignore[return-value]


def _said(trace: SignalTrace, at: datetime) -> str:
    if trace.outcome in ("dropped", "suppressed"):
        return f"nobody, {trace.reason}"
    taken = [step for step in trace.steps if not step.skipped and step.cycle <= 1]
    parts = [_step_said(step, step.at - at) for step in taken[:STEPS_SAID_MAX]]
    if len(taken) > STEPS_SAID_MAX:
        parts.append(f"{len(taken) - STEPS_SAID_MAX} more steps")
    if parts and _cycles(trace) > 1:
        parts[-1] += f" (all of it {_rounds(trace)})"
    if trace.exhausted_at is not None:
        parts.append("nobody")
    return ", then ".join(parts) or "nobody"


def _step_said(step: StepTrace, after: timedelta) -> str:
    names = " and ".join(one.name if one.messages else f"{one.name} (no way to reach them)" for one in step.paged)
    return f"{names} after {text.format_duration(after)}" if after else names


def _cycles(trace: SignalTrace) -> int:
    return max((step.cycle for step in trace.steps), default=0)


def _rounds(trace: SignalTrace) -> str:
    return text.plural(_cycles(trace), "time")


def _by_person(trace: SignalTrace) -> Mapping[str, str]:
    """By which ways each is told, when they are first paged."""
    found: dict[str, str] = {}
    for step in trace.steps:
        for one in step.paged:
            found.setdefault(one.name, ", then ".join(_way_said(told, told.at - step.at) for told in one.messages))
    return found


def _way_said(told: Told, after: timedelta) -> str:
    where = f"{told.contact} ({told.channel})" if told.contact != told.channel else told.channel
    return f"{where} after {text.format_duration(after)}" if after else where


def _merged(found: Sequence[Different]) -> list[Different]:
    """Lines that say the same of several services or alerts are one."""
    together: dict[tuple[object, ...], list[Different]] = {}
    for one in found:
        together.setdefault((one.urgency, one.when, one.before, one.after), []).append(one)
    return [
        replace(alike[0], subjects=tuple(dict.fromkeys(subject for one in alike for subject in one.subjects)))
        for alike in together.values()
    ]
