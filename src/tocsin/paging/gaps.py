"""Times ahead at which a policy that some service relies on would reach nobody: what the home screen warns of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.config.domain import Snapshot
from tocsin.kit.db import Reader
from tocsin.oncall import queries as duty
from tocsin.paging.reach import Reach
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency

AHEAD = timedelta(days=14)  # two weeks: time enough to find somebody
SHOWN_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GapAhead:
    """The first time at which a policy reaches nobody."""

    policy: str
    title: str
    start: datetime
    end: datetime


class _Kept:
    """What was found for one configuration with its overrides in one hour."""

    snapshot: Snapshot | None = None
    rest: tuple[object, ...] = ()
    found: tuple[GapAhead, ...] = ()


_kept = _Kept()


def ahead(reader: Reader, current: Standing) -> tuple[GapAhead, ...]:
    """The first gap of each policy within AHEAD that is not over, the soonest first."""
    hour = reader.now.replace(minute=0, second=0, microsecond=0)
    counts = duty.in_force(reader, hour, hour + AHEAD)
    rest = (hour, repr(counts))
    if _kept.snapshot is not current.snapshot or _kept.rest != rest:
        _kept.found = _gaps_ahead(current, Reach(current.snapshot, hour, hour + AHEAD, counts))
        _kept.snapshot, _kept.rest = current.snapshot, rest
    first: dict[str, GapAhead] = {}
    for gap in _kept.found:
        if gap.end > reader.now:
            first.setdefault(gap.policy, gap)
    return tuple(first.values())[:SHOWN_MAX]


def _gaps_ahead(current: Standing, reach: Reach) -> tuple[GapAhead, ...]:
    used = sorted({one.policy for one in current.services.values() if one.policy is not None})
    found = [
        GapAhead(policy=name, title=current.policies[name].name, start=gap.start, end=gap.end)
        for name in used
        for gap in reach.uncovered(name, Urgency.HIGH)
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.title)))
