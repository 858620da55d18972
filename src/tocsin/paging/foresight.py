"""What a change of the configuration means for who is paged, before it is made.

Promises: each schedule that changes is compared by who is on duty, overrides included, over the next 90 days, and told
in words and as values. A schedule that had somebody and would have nobody, or a policy that reached somebody and would
reach nobody, is a problem, exact to the second; whoever means it says so and forces it. What is new may have gaps:
`tocsin check` tells of those. A calendar that was not read yet counts as if it had somebody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.config.domain import Problem, Snapshot
from tocsin.config.registry import Consequences
from tocsin.kit import text
from tocsin.kit.db import Reader
from tocsin.oncall import diff, intervals, queries, rules
from tocsin.oncall.diff import Difference
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.intervals import Interval
from tocsin.oncall.queries import Overrides
from tocsin.paging.documents import PolicyDocument
from tocsin.paging.reach import Reach
from tocsin.people.domain import Urgency

HORIZON = timedelta(days=90)
OPENS_GAP = "opens-gap"
FORCE = "add an override, change it otherwise, or force it if that is meant"


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """Both configurations over the same time."""

    before: Snapshot
    after: Snapshot
    start: datetime
    overrides: Overrides

    @property
    def end(self) -> datetime:
        return self.start + HORIZON


def consequences(reader: Reader, before: Snapshot, after: Snapshot) -> Consequences:
    """What replacing one configuration by the other means for who is paged."""
    if not _differ(before, after, "schedules", "policies", "teams"):
        return Consequences()
    view = _View(
        before=before,
        after=after,
        start=reader.now,
        overrides=queries.in_force(reader, reader.now, reader.now + HORIZON),
    )
    found = list(_differences(view))
    return Consequences(
        notes=tuple(f"schedule {one.schedule}: {one.words}" for one, _ in found),
        details=tuple(one.as_json() for one, _ in found),
        problems=(*_gaps(found), *_policies(view)),
    )


def _differences(view: _View) -> Iterator[tuple[Difference, bool]]:
    """Each schedule that changes, with whether it was there before and is to stay, so that a gap is one it opens."""
    old = view.before.all("schedules", ScheduleDocument)
    new = view.after.all("schedules", ScheduleDocument)
    for name in dict.fromkeys((*old, *new)):
        was, becomes = old.get(name), new.get(name)
        if was == becomes or _is_unread(view, name, becomes):
            continue
        before = rules.compile_schedule(name, was) if was is not None else None
        after = rules.compile_schedule(name, becomes) if becomes is not None else None
        counts = view.overrides.get(name, ())
        yield diff.diff(before, after, view.start, view.end, counts), was is not None and becomes is not None


def _is_unread(view: _View, name: str, document: ScheduleDocument | None) -> bool:
    return document is not None and document.ical is not None and not view.overrides.get(name)


def _gaps(found: list[tuple[Difference, bool]]) -> Iterator[Problem]:
    for one, stays in found:
        if stays and one.opened:
            yield _problem("schedules", one.schedule, f"nobody would be on call {_times(list(one.opened))}")


def _policies(view: _View) -> Iterator[Problem]:
    """The policies that would reach nobody at times at which they reach somebody now."""
    old = Reach(view.before, view.start, view.end, view.overrides)
    new = Reach(view.after, view.start, view.end, view.overrides)
    kept = view.after.all("policies", PolicyDocument)
    for name in view.before.all("policies", PolicyDocument):
        if name not in kept:
            continue
        for urgency in Urgency:
            opened = intervals.subtract(new.uncovered(name, urgency), old.uncovered(name, urgency))
            if opened:
                said = f"for {urgency} urgency it would reach nobody {_times(opened)}"
                yield _problem("policies", name, said)
                break


def _differ(before: Snapshot, after: Snapshot, *sections: str) -> bool:
    return any(before.sections.get(one, {}) != after.sections.get(one, {}) for one in sections)


def _problem(section: str, name: str, message: str) -> Problem:
    return Problem(message=f"{name}: {message}", fix=FORCE, path=(section, name), code=OPENS_GAP)


def _times(gaps: list[Interval]) -> str:
    first = f"from {gaps[0].start:%Y-%m-%d %H:%M} to {gaps[0].end:%Y-%m-%d %H:%M} UTC"
    more = f", and {text.plural(len(gaps) - 1, 'time')} more" if len(gaps) > 1 else ""
    return f"{first}{more}"
