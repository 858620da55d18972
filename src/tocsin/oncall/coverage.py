"""How good a schedule is: times without anybody, burdens that are uneven, rests that are too short.

Promises: gaps and rests are exact, by interval arithmetic over the final shifts, overrides included. Nights, weekends
and holidays are counted on each person's own clock where it is known. Shadows carry no burden.
Leaves out what really happened in the shifts (pages, sleep lost): that is known to paging, not here.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tocsin.config.domain import Finding, Level
from tocsin.kit import text, tz
from tocsin.oncall import intervals, nights, rules
from tocsin.oncall.domain import Override
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rules import Schedule

HORIZON = timedelta(days=90)  # how far `tocsin check` looks
REST_MIN = timedelta(hours=11)  # between two shifts: Directive 2003/88/EC, article 3
SPAN_MAX = timedelta(days=14)  # without a single hour off
BURDEN_RATIO_MAX = 1.5  # of the average
BURDEN_EXCESS_MIN = 3  # nights or weekends above the average before it is worth a word
LISTED_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """What is known of people beyond the schedule, by name: their time zones and their days off."""

    zones: Mapping[str, str] = field(default_factory=dict)
    holidays: Mapping[str, Collection[date]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One person's burden over the time looked at."""

    person: str
    on_duty: timedelta
    stretches: int  # times on call without interruption
    nights: int
    weekends: int
    holidays: int
    longest: timedelta
    short_rests: tuple[Interval, ...]
    long_spans: tuple[Interval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """A schedule judged: 100 is no gap, even burdens, enough rest. `words` say what each point was lost for."""

    schedule: str
    score: int
    gaps: tuple[Interval, ...]
    loads: tuple[Load, ...]
    hidden: tuple[str, ...]  # layers that apply but never decide
    silent: tuple[str, ...]  # layers that apply at no time
    words: tuple[str, ...]


def quality(
    schedule: Schedule,
    start: datetime,
    end: datetime,
    overrides: Sequence[Override] = (),
    calendars: Calendars | None = None,
) -> Quality:
    """Judge the final shifts between two instants."""
    known = calendars or Calendars()
    held = _duty_by_person(schedule, start, end, overrides)
    open_times = rules.gaps(schedule, start, end, overrides)
    loads = tuple(_load(schedule, person, held[person], known) for person in sorted(held))
    hidden, silent = _idle_layers(schedule, tz.second(start), tz.second(end))
    losses = _losses(open_times, loads, end - start)
    return Quality(
        schedule=schedule.name,
        score=max(0, 100 - sum(losses.values())),
        gaps=tuple(open_times),
        loads=loads,
        hidden=hidden,
        silent=silent,
        words=tuple(f"{points} for {reason}" for reason, points in losses.items() if points),
    )


def findings(schedule: Schedule, now: datetime, calendars: Calendars | None = None) -> Iterator[Finding]:
    """What `tocsin check` says of a schedule, looking HORIZON ahead."""
    found = quality(schedule, now, now + HORIZON, calendars=calendars)
    yield from _gap_findings(found, now)
    for name in found.hidden:
        yield _finding(
            found,
            "layer-hidden",
            Level.WARNING,
            message=f"layer {name} never puts anybody on call, because later layers hide it whenever it applies",
            fix="move it after the layers that hide it, or restrict those",
        )
    for name in found.silent:
        yield _finding(
            found,
            "layer-silent",
            Level.NOTE,
            message=f"layer {name} applies at no time in the next {HORIZON.days} days",
            fix="remove it if it is over",
        )
    for load in found.loads:
        yield from _rest_findings(found, load)
    yield from _balance_findings(found)


def _duty_by_person(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
) -> dict[str, list[Interval]]:
    """Everybody in the rotations or on call, with their duty joined over layers and overrides."""
    seated = {seat.person for layer in schedule.layers for seats, _ in layer.rota for seat in seats}
    held: dict[str, list[Interval]] = {person: [] for person in seated}
    for shift in rules.shifts(schedule, start, end, overrides):
        if not shift.shadow:
            held.setdefault(shift.person, []).append(Interval(shift.start, shift.end))
    return {person: intervals.union(stretches) for person, stretches in held.items()}


def _load(schedule: Schedule, person: str, held: list[Interval], known: Calendars) -> Load:
    zone = tz.zone(known.zones[person]) if person in known.zones else schedule.zone
    between = [Interval(one.end, after.start) for one, after in itertools.pairwise(held)]
    return Load(
        person=person,
        on_duty=intervals.total(held),
        stretches=len(held),
        nights=len(nights.nights(zone, held)),
        weekends=len(nights.weekends(zone, held)),
        holidays=len(nights.holidays(zone, held, known.holidays.get(person, ()))),
        longest=max((one.duration for one in held), default=timedelta(0)),
        short_rests=tuple(rest for rest in between if rest.duration < REST_MIN),
        long_spans=tuple(one for one in held if one.duration > SPAN_MAX),
    )


def _idle_layers(schedule: Schedule, start: int, end: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The layers that only ever apply under others, and those that do not apply at all; lowest first."""
    seen = {seat.layer for segment in rules.segments(schedule, start, end) for seat in segment.seats}
    hidden, silent = [], []
    for layer in reversed(schedule.layers):
        applies = layer.pieces(start, end)
        if not applies:
            silent.append(layer.name)
        elif layer.name not in seen and any(segment.seats for segment in applies):
            hidden.append(layer.name)
    return tuple(hidden), tuple(silent)


def _losses(open_times: list[Interval], loads: tuple[Load, ...], whole: timedelta) -> dict[str, int]:
    """Points lost: a fifth of the time open costs half the score, one person carrying all nights nearly a third."""
    share = intervals.total(open_times) / whole if whole else 0.0
    rests = sum(len(load.short_rests) for load in loads)
    spans = sum(len(load.long_spans) for load in loads)
    return {
        "gaps": min(50, round(250 * share + 0.5)) if open_times else 0,
        "uneven nights": round(15 * _unevenness([load.nights for load in loads])),
        "uneven weekends": round(15 * _unevenness([load.weekends for load in loads])),
        "short rests": min(10, 2 * rests),
        "long spans": min(10, 5 * spans),
    }


def _unevenness(burdens: list[int]) -> float:
    """0 if all carry the same, give or take one; 1 if one carries everything."""
    whole, even = sum(burdens), len(burdens)
    if even < 2 or max(burdens) - min(burdens) <= 1:
        return 0.0
    return (max(burdens) / whole - 1 / even) / (1 - 1 / even)


def _gap_findings(found: Quality, now: datetime) -> Iterator[Finding]:
    if not found.gaps:
        return
    first, total = found.gaps[0], intervals.total(found.gaps)
    count = text.plural(len(found.gaps), "time")
    yield _finding(
        found,
        "schedule-gap",
        Level.WARNING,
        message=f"nobody is on call {count} in the next {HORIZON.days} days, {_hours(total)} in all, "
        f"first from {first.start:%Y-%m-%d %H:%M} to {first.end:%Y-%m-%d %H:%M} UTC",
        fix="add a layer below the others that applies then, or list `nobody` in one if it is meant",
        details={
            "gaps": [gap.as_json() for gap in found.gaps[:LISTED_MAX]],
            "count": len(found.gaps),
            "from": text.iso(now),
        },
    )


def _rest_findings(found: Quality, load: Load) -> Iterator[Finding]:
    if load.short_rests:
        shortest = min(rest.duration for rest in load.short_rests)
        count = text.plural(len(load.short_rests), "time")
        yield _finding(
            found,
            "rest-too-short",
            Level.WARNING,
            message=f"{load.person} has less than {_hours(REST_MIN)} off between two shifts {count}, {_hours(shortest)} at worst",
            fix="move a hand-over, or add a person",
            details={"person": load.person, "rests": [rest.as_json() for rest in load.short_rests[:LISTED_MAX]]},
        )
    if load.long_spans:
        yield _finding(
            found,
            "span-too-long",
            Level.WARNING,
            message=f"{load.person} is on call for {_hours(load.longest)} without an hour off",
            fix="add a person to the rotation, or hand over more often",
            details={"person": load.person, "spans": [span.as_json() for span in load.long_spans[:LISTED_MAX]]},
        )


def _balance_findings(found: Quality) -> Iterator[Finding]:
    burdens = {
        "nights": {load.person: load.nights for load in found.loads},
        "weekends": {load.person: load.weekends for load in found.loads},
    }
    for noun, by_person in burdens.items():
        average = sum(by_person.values()) / max(1, len(by_person))
        heaviest = max(by_person, key=lambda person: by_person[person], default="")
        most = by_person.get(heaviest, 0)
        if most > BURDEN_RATIO_MAX * average and most >= average + BURDEN_EXCESS_MIN:
            yield _finding(
                found,
                "unbalanced",
                Level.NOTE,
                message=f"{heaviest} is on call on {most} {noun} of the next {HORIZON.days} days, "
                f"where {average:.1f} would be even",
                fix="list everybody as often, or move the hand-overs",
                details={"burden": noun, "people": by_person},
            )


def _finding(
    found: Quality, code: str, level: Level, *, message: str, fix: str, details: Mapping[str, object] | None = None
) -> Finding:
    return Finding(
        code=code,
        level=level,
        section="schedules",
        name=found.schedule,
        path=("layers",),
        message=f"schedule {found.schedule}: {message}",
        fix=fix,
        details=details or {},
    )


def _hours(value: timedelta) -> str:
    return text.format_duration(timedelta(seconds=round(value.total_seconds())))
