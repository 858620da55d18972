"""What a change of a schedule means: not which words differ, but who is paged instead of whom, and when.

Promises: two documents that put the same people on duty at every instant have no difference, however differently
they are written. Compared is the duty, not the shadows and not the names of layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from tocsin.kit import text, tz
from tocsin.oncall import intervals, nights, rules
from tocsin.oncall.domain import Override
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rotation import Segment
from tocsin.oncall.rules import Schedule

LISTED_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From `start` until `end`, `after` are on duty where `before` were; sorted names, empty for nobody."""

    start: datetime
    end: datetime
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that changes between two instants. `opened` are the times that had somebody and have nobody now.

    `removed` says that the schedule goes as a whole; nothing pages it then, so that is no gap.
    """

    schedule: str
    changes: tuple[Change, ...]
    nights: tuple[date, ...]
    opened: tuple[Interval, ...]
    removed: bool = False

    @property
    def words(self) -> str:
        """The change in one sentence."""
        if not self.changes:
            return "this change alters nobody's duty"
        said = f"this change alters who is paged on {text.plural(len(self.nights), 'night')}"
        if not self.nights:
            said = f"this change alters who is paged {text.plural(len(self.changes), 'time')}, but on no night"
        if self.removed:
            return f"{said}: nobody is on call for it any more"
        return f"{said}, and leaves {text.plural(len(self.opened), 'gap')}" if self.opened else said

    def as_json(self) -> dict[str, object]:
        """The same for programs; at most LISTED_MAX changes are listed, `changed` counts all."""
        listed = [
            Interval(one.start, one.end).as_json() | {"before": list(one.before), "after": list(one.after)}
            for one in self.changes[:LISTED_MAX]
        ]
        return {
            "schedule": self.schedule,
            "summary": self.words,
            "changed": len(self.changes),
            "changes": listed,
            "nights": [night.isoformat() for night in self.nights],
            "opened_gaps": [gap.as_json() for gap in self.opened],
        }


def diff(
    before: Schedule | None,
    after: Schedule | None,
    start: datetime,
    end: datetime,
    overrides: Sequence[Override] = (),
) -> Difference:
    """Who is on duty before and after a change, between two instants; None for a schedule that is not there."""
    low, high = tz.second(start), tz.second(end)
    known = after or before
    if known is None or high <= low:
        return Difference(schedule=known.name if known else "", changes=(), nights=(), opened=())
    found = _difference(known, _segments(before, low, high, overrides), _segments(after, low, high, overrides))
    return replace(found, removed=after is None)


def overridden(
    schedule: Schedule, start: datetime, end: datetime, before: Sequence[Override], after: Sequence[Override]
) -> Difference:
    """Who is on duty with these overrides and with those, between two instants."""
    low, high = tz.second(start), tz.second(end)
    return _difference(schedule, _segments(schedule, low, high, before), _segments(schedule, low, high, after))


def _difference(known: Schedule, before: list[Segment], after: list[Segment]) -> Difference:
    changes = _changes(before, after)
    stretches = [Interval(one.start, one.end) for one in changes]
    opened = (Interval(one.start, one.end) for one in changes if not one.after)
    return Difference(
        schedule=known.name,
        changes=tuple(changes),
        nights=tuple(sorted(nights.nights(known.zone, stretches))),
        opened=tuple(intervals.union(opened)),
    )


def _segments(schedule: Schedule | None, low: int, high: int, overrides: Sequence[Override]) -> list[Segment]:
    if schedule is None:
        return [rules.nobody(low, high)]
    return rules.segments(schedule, low, high, overrides)


def _changes(before: list[Segment], after: list[Segment]) -> list[Change]:
    """Walk both, which cover the same time without holes, and join what differs in the same way."""
    found: list[Change] = []
    at_before = at_after = 0
    while at_before < len(before) and at_after < len(after):
        was, becomes = before[at_before], after[at_after]
        _add(found, max(was.start, becomes.start), min(was.end, becomes.end), _names(was), _names(becomes))
        at_before += was.end <= becomes.end
        at_after += becomes.end <= was.end
    return found


def _add(found: list[Change], start: int, end: int, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    if before == after:
        return
    since = tz.moment(start)
    if found and found[-1].end == since and (found[-1].before, found[-1].after) == (before, after):
        since = found.pop().start
    found.append(Change(start=since, end=tz.moment(end), before=before, after=after))


def _names(segment: Segment) -> tuple[str, ...]:
    return tuple(sorted(seat.person for seat in segment.seats))
