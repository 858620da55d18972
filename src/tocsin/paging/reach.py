"""Whom targets lead to, over a stretch of time: exact, from the configuration alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.config.domain import Snapshot
from tocsin.kit import tz
from tocsin.oncall import intervals, rules
from tocsin.oncall.domain import Override, ScheduleDocument
from tocsin.oncall.intervals import Interval
from tocsin.paging.documents import PolicyDocument, Target, TargetKind
from tocsin.people.domain import TeamDocument, Urgency

POLICIES_IN_A_ROW_MAX = 1000  # circles are refused; this bounds what a damaged snapshot could do


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which the same people are meant."""

    start: datetime
    end: datetime
    people: frozenset[str]


class Reach:
    """Answers for one snapshot and one stretch of time; remembers each schedule."""

    def __init__(
        self,
        snapshot: Snapshot,
        start: datetime,
        end: datetime,
        overrides: Mapping[str, Sequence[Override]] | None = None,
    ) -> None:
        # Whole seconds, as schedules count.
        self.whole = Interval(tz.moment(tz.second(start)), tz.moment(tz.second(end)))
        self._teams = snapshot.all("teams", TeamDocument)
        self._schedules = snapshot.all("schedules", ScheduleDocument)
        self._policies = snapshot.all("policies", PolicyDocument)
        self._overrides = overrides or {}
        self._known: dict[str, list[Stretch]] = {}

    def uncovered(self, policy: str, urgency: Urgency) -> list[Interval]:
        """When a policy started for this urgency would find nobody anywhere."""
        left = [self.whole]
        for target in self._targets(policy, urgency):
            covered = intervals.union(
                Interval(stretch.start, stretch.end) for stretch in self._of(target) if stretch.people
            )
            left = intervals.subtract(left, covered)
            if not left:
                break
        return left

    def people(self, targets: Iterable[Target]) -> list[Stretch]:
        """Whom these targets lead to together, for the whole time without holes."""
        found = [Stretch(self.whole.start, self.whole.end, frozenset())]
        for target in targets:
            merged = self.together(found, self._of(target))
            found = [Stretch(start, end, left | right) for start, end, left, right in merged]
        return found

    def together(
        self, one: Sequence[Stretch], other: Sequence[Stretch]
    ) -> Iterator[tuple[datetime, datetime, frozenset[str], frozenset[str]]]:
        """Two rows of stretches without holes, cut where either changes."""
        left = right = 0
        start = self.whole.start
        while left < len(one) and right < len(other):
            end = min(one[left].end, other[right].end)
            yield start, end, one[left].people, other[right].people
            start = end
            left += one[left].end == end
            right += other[right].end == end

    def _targets(self, policy: str, urgency: Urgency) -> Iterator[Target]:
        name: str | None = policy
        for _ in range(POLICIES_IN_A_ROW_MAX):
            document = self._policies.get(name) if name is not None else None
            if document is None:
                return
            for step in document.steps:
                if step.applies(urgency):
                    yield from step.page
            yield from document.last_resort
            name = document.then

    def _of(self, target: Target) -> list[Stretch]:
        match target.kind:
            case TargetKind.PERSON:
                return self._always(frozenset({target.name}))
            case TargetKind.TEAM:
                team = self._teams.get(target.name)
                return self._always(frozenset(team.members) if team else frozenset())
            case TargetKind.SCHEDULE:
                if target.name not in self._known:
                    self._known[target.name] = self._schedule(target.name)
                return self._known[target.name]

    def _always(self, people: frozenset[str]) -> list[Stretch]:
        return [Stretch(self.whole.start, self.whole.end, people)]

    def _schedule(self, name: str) -> list[Stretch]:
        document = self._schedules.get(name)
        if document is None:
            return self._always(frozenset())
        counts = self._overrides.get(name, ())
        if document.ical is not None and not counts:  # what the calendar says is not known here
            return self._always(frozenset({f"{name}'s calendar"}))
        schedule = rules.compile_schedule(name, document)
        return [
            Stretch(tz.moment(one.start), tz.moment(one.end), frozenset(seat.person for seat in one.seats))
            for one in rules.segments(schedule, tz.second(self.whole.start), tz.second(self.whole.end), counts)
        ]
