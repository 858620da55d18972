"""Who would be paged differently by another configuration, at a few telling instants (now, a night, a weekend, a
working day), if nobody answered. Pure: the what-if asked twice.

Promises: a line says exactly what the what-if would say of both sides at that time. What it leaves out are other
instants, which nobody can list, and probes beyond PROBES_MAX, which are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from tocsin.simulate.trace import SignalTrace, StepTrace, Told

PROBES_MAX = 30
LINES_MAX = 30
STEPS_SAID_MAX = 6
WHOLE_MAX = 4  # ladders that are no longer are said whole
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
            "at": [text.iso(one) for one in self.at],
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
    instants = _instants(now.replace(second=0, microsecond=0), probe.zone)
    by_route = _by_routes(before.snapshot, after.snapshot) if probe.integration == OWN else ()
    for instant in instants:
        natural = _pair(before, after, probe, instant.at, None)
        others = [one for one in by_route if {natural.before.urgency, natural.after.urgency} != {one.value}]
        pairs = [natural, *(_pair(before, after, probe, instant.at, one) for one in others)]
        for pair in pairs:
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


def _pair(before: Standing, after: Standing, probe: Probe, at: datetime, urgency: Urgency | None) -> _Pair:
    """What becomes of the probe on both sides: of the urgency it has by itself there, or of this one."""
    return _Pair(*(whatif.of_signal(side, probe.integration, probe.signal, at, urgency) for side in (before, after)))


def _by_routes(before: Snapshot, after: Snapshot) -> tuple[Urgency, ...]:
    """The urgencies that routes can give to an alert, whatever its service says."""
    routes = [one for side in (before, after) for one in side.all("routes", RouteDocument).values()]
    return tuple(sorted({one.urgency for one in routes if one.urgency is not None}))


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
    """Who is paged when, from where it differs on; where that is the same, by which ways, or how often."""
    was, becomes = (_ladder(one, at) for one in (pair.before, pair.after))
    if was != becomes:
        return _contrast(was, becomes)
    before, after = (_by_person(one) for one in (pair.before, pair.after))
    differ = [name for name in before if before[name] != after.get(name)]
    if differ:
        told = (", ".join(f"{name} by {held.get(name, 'nothing')}" for name in differ) for held in (before, after))
        return next(told), next(told)
    return f"{_joined(was)}, {_rounds(pair.before)}", f"{_joined(becomes)}, {_rounds(pair.after)}"


Rungs = list[tuple[str, timedelta]]
"""Who is paged, and how long after the beginning; at last `nobody`"""


def _ladder(trace: SignalTrace, at: datetime) -> Rungs:
    if trace.outcome in ("dropped", "suppressed"):
        return [(f"nobody, {trace.reason}", timedelta(0))]
    taken = [step for step in trace.steps if not step.skipped and step.cycle <= 1]
    found = [(_names(step), step.at - at) for step in taken]
    if trace.exhausted_at is not None:
        found.append(("nobody", timedelta(0)))
    return found or [("nobody", timedelta(0))]


def _contrast(was: Rungs, becomes: Rungs) -> tuple[str, str]:
    """Both ladders without what is the same at their beginnings, and without the same people at their ends."""
    shorter = min(len(was), len(becomes))
    if max(len(was), len(becomes)) <= WHOLE_MAX:
        return _joined(was), _joined(becomes)
    same = next((n for n in range(shorter) if was[n] != becomes[n]), shorter - 1)
    start = same if same > 1 else 0
    most = shorter - max(same, start) - 1
    end = next((n for n in range(most) if was[-1 - n][0] != becomes[-1 - n][0]), most)
    return _part(was, start, end), _part(becomes, start, end)


def _part(ladder: Rungs, start: int, end: int) -> str:
    shown = ladder[start : len(ladder) - end]
    more = len(shown) - STEPS_SAID_MAX
    head, tail = "…, then " if start else "", ", then …" if end or more > 0 else ""
    return f"{head}{_joined(shown[:STEPS_SAID_MAX])}{tail}"


def _joined(ladder: Rungs) -> str:
    return ", then ".join(f"{who} after {text.format_duration(after)}" if after else who for who, after in ladder)


def _names(step: StepTrace) -> str:
    return " and ".join(one.name if one.messages else f"{one.name} (no way to reach them)" for one in step.paged)


def _cycles(trace: SignalTrace) -> int:
    return max((step.cycle for step in trace.steps), default=0)


def _rounds(trace: SignalTrace) -> str:
    count = _cycles(trace)
    return f"all of it {count} times" if count > 1 else "all of it once"


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
    """Lines that say the same of several services, alerts or urgencies are one."""
    by_subject = _joined_by(found, lambda one: (one.urgency, one.when, one.before, one.after))
    alike = [
        replace(same[0], subjects=tuple(dict.fromkeys(subject for one in same for subject in one.subjects)))
        for same in by_subject
    ]
    by_urgency = _joined_by(alike, lambda one: (one.subjects, one.when, one.before, one.after))
    return [replace(same[0], urgency=" or ".join(one.urgency for one in same)) for same in by_urgency]


def _joined_by(found: Sequence[Different], key: Callable[[Different], object]) -> list[list[Different]]:
    together: dict[object, list[Different]] = {}
    for one in found:
        together.setdefault(key(one), []).append(one)
    return list(together.values())
