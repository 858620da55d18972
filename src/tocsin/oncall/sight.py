"""What pages see of schedules: who is on call now and who is next, and every stretch of a window, from memory where possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.config import queries as configuration
from tocsin.kit.db import Reader
from tocsin.oncall import chart, queries, rules
from tocsin.oncall.chart import Stretch
from tocsin.oncall.domain import Override, ScheduleDocument, Why
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rules import OnCallBoard, Schedule

STEPS_MAX = 30  # changes of an answer that change nobody, before one stops looking for the next hand-over
WINDOWS_MAX = 4_000
MARGIN = timedelta(days=8)  # beyond the edges, so that the shifts at them are told with their true ends


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """Who is on call for one schedule, and who takes over when; `then` is empty for nobody."""

    persons: tuple[str, ...]
    shadows: tuple[str, ...]
    on_purpose: bool  # that it is nobody
    until: datetime | None
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A schedule in a time; `was_other` if its document was another in some of it."""

    name: str
    document: ScheduleDocument = field(compare=False)
    start: datetime
    end: datetime
    was_other: bool


class Sight:
    """Remembers answers for as long as they hold, and windows for as long as they are asked about. Threads may share it."""

    def __init__(self) -> None:
        self._present, self._following = OnCallBoard(), OnCallBoard()
        self._windows: dict[tuple[int, int, int], tuple[Schedule, tuple[Override, ...], list[Stretch]]] = {}
        self._shown: dict[tuple[str, datetime, datetime], _Shown] = {}

    def on_duty(self, schedule: Schedule, at: datetime, overrides: Sequence[Override]) -> OnDuty:
        """Who has it now, until somebody else does."""
        now = self._present.answer(schedule, at, overrides)
        persons = {duty.person for duty in now.duties}
        until, then = now.until, now.duties
        for _ in range(STEPS_MAX):
            if until is None:
                break
            following = self._following.answer(schedule, until, overrides)
            then = following.duties
            if {duty.person for duty in then} != persons:
                break
            until = following.until
        return OnDuty(
            persons=tuple(duty.person for duty in now.duties),
            shadows=tuple(duty.person for duty in now.shadows),
            on_purpose=now.why is Why.NOBODY,
            until=until,
            then=tuple(duty.person for duty in then),
        )

    def window(
        self, schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override]
    ) -> list[Stretch]:
        """Everything between two instants by the document in force, with the times nobody is on call."""
        counts = tuple(one for one in overrides if one.start < end and one.end > start)
        key = (id(schedule), int(start.timestamp()), int(end.timestamp()))
        known = self._windows.get(key)
        if known is not None and known[0] is schedule and known[1] == counts:
            return known[2]
        if len(self._windows) >= WINDOWS_MAX:
            self._windows.clear()
        found = _stretches(schedule, start, end, counts)
        self._windows[key] = (schedule, counts, found)
        return found

    def shown(self, reader: Reader, look: Look, counts: Sequence[Override]) -> list[Stretch]:
        """What a timeline shows of a schedule; the same object for as long as it is the same answer."""
        kept = tuple(one for one in counts if one.start < look.end + MARGIN and one.end > look.start - MARGIN)
        key = (look.name, look.start, look.end)
        known = self._shown.get(key)
        if known is not None and known.look == look and known.look.document is look.document and known.counts == kept:
            return known.found
        if len(self._shown) >= WINDOWS_MAX:
            self._shown.clear()
        start, end = look.start - MARGIN, look.end + MARGIN
        if look.was_other:
            found = as_it_was(reader, look.name, start, end)
        else:
            found = _stretches(rules.compile_schedule(look.name, look.document), start, end, kept)
        found = [one for one in found if one.start < look.end and one.end > look.start]
        self._shown[key] = _Shown(look=look, counts=kept, found=found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    look: Look
    counts: tuple[Override, ...]
    found: list[Stretch]


def as_it_was(reader: Reader, name: str, start: datetime, end: datetime) -> list[Stretch]:
    """The same where the document was another before: each past instant by what held then."""
    versions = configuration.history_of(reader, "schedules", name, start)
    came = next((at for at, document in versions if document is not None), end)
    shifts = queries.shifts_between(reader, name, start, end)
    return chart.stretches(shifts, Interval(max(start, came.replace(microsecond=0)), end))


def _stretches(schedule: Schedule, start: datetime, end: datetime, counts: Sequence[Override]) -> list[Stretch]:
    shifts = rules.shifts(schedule, start, end, counts)
    whole = Interval(start, end)
    found = chart.stretches(shifts, whole)
    if not any(one.mark is chart.Mark.GAP for one in found):
        return found
    return chart.stretches(shifts, whole, rules.gaps(schedule, start, end, counts))
