"""What a schedule's document would mean before it is saved: its shifts, gaps, and who would be paged instead of whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from tocsin.kit.db import Reader
from tocsin.oncall import chart, diff, drawing, queries, rules, schedule_page, sight, views, window
from tocsin.oncall.domain import Override, ScheduleDocument
from tocsin.oncall.intervals import Interval
from tocsin.oncall.sight import Sight
from tocsin.oncall.viewer import ChangeShown, Viewer
from tocsin.oncall.views import Timeline
from tocsin.oncall.window import Window

HORIZON = timedelta(days=90)
CHANGES_SHOWN_MAX, GAPS_SHOWN_MAX, NIGHTS_SHOWN_MAX = 40, 20, 30
WEEKS = "4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """All of it."""

    days: int
    words: str
    nights: tuple[date, ...]
    nights_left: int
    changes: tuple[ChangeShown, ...]
    changes_left: int
    gaps: tuple[Interval, ...]
    gaps_left: int
    timeline: Timeline | None


def preview(reader: Reader, seen: Viewer, name: str, document: ScheduleDocument) -> Preview:
    """What it would mean to save this document."""
    return _foreseen(reader, seen, name, document)


def removal(reader: Reader, seen: Viewer, name: str) -> Preview:
    """What it would mean to take the schedule out."""
    return _foreseen(reader, seen, name, None)


def _foreseen(reader: Reader, seen: Viewer, name: str, document: ScheduleDocument | None) -> Preview:
    start = seen.now.replace(microsecond=0)
    end = start + HORIZON
    counts = queries.in_force(reader, start, end, name).get(name, ())
    current = seen.schedules.get(name)
    before = rules.compile_schedule(name, current) if current is not None else None
    after = rules.compile_schedule(name, document) if document is not None else None
    found = diff.diff(before, after, start, end, counts)
    gaps = rules.gaps(after, start, end, counts) if after is not None else []
    return Preview(
        days=HORIZON.days,
        words=found.words if before is not None else "this schedule is new",
        nights=found.nights[:NIGHTS_SHOWN_MAX] if before is not None else (),
        nights_left=max(0, len(found.nights) - NIGHTS_SHOWN_MAX) if before is not None else 0,
        changes=seen.changes(found.changes[:CHANGES_SHOWN_MAX]) if before is not None else (),
        changes_left=max(0, len(found.changes) - CHANGES_SHOWN_MAX) if before is not None else 0,
        gaps=tuple(gaps[:GAPS_SHOWN_MAX]),
        gaps_left=max(0, len(gaps) - GAPS_SHOWN_MAX),
        timeline=_timeline(seen, name, document, counts) if document is not None else None,
    )


def _timeline(seen: Viewer, name: str, document: ScheduleDocument, counts: tuple[Override, ...]) -> Timeline:
    """The next weeks by the document as it would be."""
    today = window.asked({"weeks": WEEKS}, seen.zone, seen.now)
    held = Window(zone=today.zone, first=today.first, weeks=WEEKS, today=today.today)
    found = Sight().window(rules.compile_schedule(name, document), held.start, held.end + sight.MARGIN, counts)
    found = [one for one in found if one.start < held.end]
    pen = views.pen_for(seen, held)
    whole = views.timeline(seen, held, {name: found}, "", {})  # by another list of stretches, so nothing is confused
    final = views.Line(
        title="On call",
        url="",
        about="as it would be",
        svg=drawing.line(chart.lay_out(found, held.start, held.end), pen),
    )
    lines = (*schedule_page.layer_lines(name, document, held, pen), final)
    return replace(whole, lines=lines, steps=(), lengths=())
