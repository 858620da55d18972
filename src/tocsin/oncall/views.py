"""The HTML door to who is on call: now in words, and everybody's timeline."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.oncall import chart, drawing, queries, rules, sight, window
from tocsin.oncall.chart import Mark, Stretch
from tocsin.oncall.desk import SwapStatus
from tocsin.oncall.domain import Override, ScheduleDocument
from tocsin.oncall.drawing import Drawn, Pen
from tocsin.oncall.sight import Look, OnDuty, Sight
from tocsin.oncall.viewer import Viewer, viewer
from tocsin.oncall.window import Link, Window
from tocsin.people.domain import TeamDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right, may_anywhere
from tocsin.web.pages import show

SCHEDULES_SHOWN_MAX = 200
LINES_SHOWN_MAX = 100  # of a timeline; the viewer's own first, the others by choosing a team
AGENDA_SHOWN_MAX = 200
NEXT_SHIFT_WITHIN = timedelta(days=62)
FILTER_CHARS_MAX = 100
SIGHT = Sight()
DRAWINGS_MAX = 4_000
_drawings: dict[tuple[str, str, date, str, date], tuple[Sequence[Stretch], Snapshot, Drawn]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyNow:
    """Who is on call for one schedule, and who takes over when."""

    schedule: str
    url: str
    title: str
    who: str
    mine: bool
    on_purpose: bool
    shadows: str
    until: datetime | None
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a timeline, drawn."""

    title: str
    url: str
    about: str
    svg: SafeString
    mine: bool = False
    selects: str = ""  # where a part of it, once chosen, leads
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaDay:
    """What begins, or holds already, on a day."""

    on: date
    today: bool
    entries: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A chart and the list that says the same."""

    title: str
    axis: SafeString
    lines: tuple[Line, ...]
    agenda: tuple[AgendaDay, ...]
    agenda_left: int
    steps: tuple[Link, ...]
    lengths: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLine:
    """A shift on offer."""

    url: str
    who: str
    schedule: str
    start: datetime
    end: datetime
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallPage:
    """Who is on call, now and in the weeks to come."""

    now_for: str  # the schedules the viewer has now
    next_at: datetime | None
    next_for: str
    duties: tuple[DutyNow, ...]
    timeline: Timeline
    offers: tuple[OfferLine, ...]
    teams: tuple[Link, ...]
    team: str
    mine: bool
    weeks: str
    first: str
    left: int  # schedules that are not told
    lines_left: int  # schedules the timeline leaves out
    nothing: bool
    may_configure: bool


@require_safe
@permit(Right.SEE)
def on_call(request: HttpRequest, actor: Actor) -> HttpResponse:
    """All schedules."""
    reader = db.reader(clock.now())
    seen = viewer(reader, actor)
    held = window.asked(request.GET, seen.zone, seen.now)
    team, mine = request.GET.get("team", "")[:FILTER_CHARS_MAX], bool(request.GET.get("mine"))
    reach = max(held.end + sight.MARGIN, seen.now + NEXT_SHIFT_WITHIN)
    counts = queries.in_force(reader, min(held.start - sight.MARGIN, seen.now), reach)
    chosen = _chosen(seen, counts, team, mine=mine)
    shown = dict(list(chosen.items())[:SCHEDULES_SHOWN_MAX])
    duties = tuple(duty_now(seen, name, one, counts.get(name, ())) for name, one in shown.items())
    ahead = _next_of(seen, counts)
    changed = changed_in(reader, seen, held)
    drawn = sorted(shown, key=lambda name: not concerns(seen.me, shown[name], counts.get(name, ())))[:LINES_SHOWN_MAX]
    found = {name: seen_stretches(reader, seen, name, held, counts.get(name, ()), changed) for name in drawn}
    page = OnCallPage(
        now_for=", ".join(one.title for one in duties if one.mine),
        next_at=ahead[0] if ahead else None,
        next_for=seen.title(ahead[1]) if ahead else "",
        duties=duties,
        timeline=timeline(seen, held, found, reverse("oncall"), {"team": team, "mine": "1" if mine else ""}),
        offers=offers(reader, seen),
        teams=_teams(seen, team),
        team=team,
        mine=mine,
        weeks=held.weeks,
        first=held.first.isoformat() if held.first != held.today else "",
        left=len(chosen) - len(shown),
        lines_left=len(chosen) - len(drawn),
        nothing=not seen.schedules,
        may_configure=may_anywhere(actor, Right.CONFIGURE),
    )
    return show(request, "oncall/oncall.html", page)


def duty_now(seen: Viewer, name: str, document: ScheduleDocument, counts: Sequence[Override]) -> DutyNow:
    """Who is on call for a schedule now."""
    found: OnDuty = SIGHT.on_duty(rules.compile_schedule(name, document), seen.now, counts)
    return DutyNow(
        schedule=name,
        url=schedule_url(name),
        title=seen.title(name),
        who=seen.all_of(found.persons),
        mine=seen.me in found.persons,
        on_purpose=found.on_purpose,
        shadows=seen.all_of(found.shadows),
        until=found.until,
        then=seen.all_of(found.then),
    )


def changed_in(reader: Reader, seen: Viewer, held: Window) -> frozenset[str]:
    """The schedules that were others in the past that a window shows."""
    since = held.start - sight.MARGIN
    return queries.changed_since(reader, since) if since < seen.now else frozenset()


def seen_stretches(
    reader: Reader, seen: Viewer, name: str, held: Window, counts: Sequence[Override], changed: frozenset[str]
) -> list[Stretch]:
    """What a window shows of a schedule; the past as it was."""
    look = Look(name=name, document=seen.schedules[name], start=held.start, end=held.end, was_other=name in changed)
    return SIGHT.shown(reader, look, counts)


def timeline(
    seen: Viewer, held: Window, found: Mapping[str, Sequence[Stretch]], path: str, kept: Mapping[str, str]
) -> Timeline:
    """The chart of these schedules."""
    pen = pen_for(seen, held)
    agenda, left = _agenda(seen, held, found, pen)
    lines = [
        Line(
            title=seen.title(name),
            url=schedule_url(name),
            about="",
            svg=_drawn(seen, held, name, stretches, pen),
            mine=any(one.person == seen.me for one in stretches) and bool(seen.me),
        )
        for name, stretches in found.items()
    ]
    return Timeline(
        title=held.title,
        axis=drawing.axis(pen),
        lines=tuple(lines),
        agenda=agenda,
        agenda_left=left,
        steps=held.steps(path, kept),
        lengths=held.lengths(path, kept),
    )


def offers(reader: Reader, seen: Viewer, schedule: str = "") -> tuple[OfferLine, ...]:
    """The shifts on offer, of all schedules or one."""
    return tuple(
        OfferLine(
            url=reverse("swap", kwargs={"swap_id": one.id}),
            who=seen.name(one.person),
            schedule=seen.title(one.gives.schedule),
            start=one.gives.start,
            end=one.gives.end,
            to=seen.name(one.to) if one.to else "",
        )
        for one in queries.swaps(reader, status=SwapStatus.OFFERED)
        if schedule in ("", one.gives.schedule)
    )


def pen_for(seen: Viewer, held: Window) -> Pen:
    """What a window's lines are drawn with."""
    return Pen(
        names=seen.names,
        shades=seen.shades,
        me=seen.me,
        days=held.days,
        now_at=held.now_at(seen.now),
        now=seen.now,
        zone=seen.clock,
    )


@lru_cache(maxsize=SCHEDULES_SHOWN_MAX * 10)
def schedule_url(name: str) -> str:
    """Where a schedule is shown."""
    return reverse("schedule", kwargs={"name": name})


def _drawn(seen: Viewer, held: Window, name: str, stretches: Sequence[Stretch], pen: Pen) -> SafeString:
    """A line, drawn once for everybody with the same clock for as long as it is the same."""
    key = (name, seen.zone_name, held.first, held.weeks, held.today)
    known = _drawings.get(key)
    if known is None or known[0] is not stretches or known[1] is not seen.snapshot:
        if len(_drawings) >= DRAWINGS_MAX:
            _drawings.clear()
        drawn = drawing.draw(chart.lay_out(stretches, held.start, held.end), pen)
        known = _drawings[key] = (stretches, seen.snapshot, drawn)
    return drawing.finish(known[2], pen)


def _agenda(
    seen: Viewer, held: Window, found: Mapping[str, Sequence[Stretch]], pen: Pen
) -> tuple[tuple[AgendaDay, ...], int]:
    """The same by day: what begins on it, or holds already on the first."""
    whole = sum(len(stretches) for stretches in found.values())
    each = ((one.start, name, one) for name, stretches in found.items() for one in stretches)
    first = heapq.nsmallest(AGENDA_SHOWN_MAX, each, key=lambda entry: entry[:2])
    by_day: dict[date, list[tuple[str, str, Stretch]]] = {}
    for start, name, one in first:
        on = max(start, held.start).astimezone(seen.clock).date()
        by_day.setdefault(on, []).append((seen.title(name), schedule_url(name), one))
    days = (
        AgendaDay(on=on, today=on == held.today, entries=drawing.agenda(listed, pen)) for on, listed in by_day.items()
    )
    return tuple(days), whole - len(first)


def _chosen(
    seen: Viewer, counts: Mapping[str, Sequence[Override]], team: str, *, mine: bool
) -> Mapping[str, ScheduleDocument]:
    return {
        name: one
        for name, one in seen.schedules.items()
        if (not team or one.team == team) and (not mine or concerns(seen.me, one, counts.get(name, ())))
    }


def concerns(person: str, document: ScheduleDocument, counts: Sequence[Override]) -> bool:
    """Whether somebody serves a schedule, by its layers or by an override."""
    named = any(person in layer.people for layer in document.layers)
    return bool(person) and (named or any(one.person_in == person for one in counts))


def window_if_concerned(
    seen: Viewer, name: str, document: ScheduleDocument, when: tuple[datetime, datetime], counts: Sequence[Override]
) -> list[Stretch]:
    """What a schedule says in a time, if the viewer serves it."""
    if not concerns(seen.me, document, counts):
        return []
    return SIGHT.window(rules.compile_schedule(name, document), *when, counts)


def _next_of(seen: Viewer, counts: Mapping[str, Sequence[Override]]) -> tuple[datetime, str] | None:
    """When the viewer's next shift begins, and of which schedule; looked for nearby first."""
    start = seen.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for within in (sight.MARGIN, NEXT_SHIFT_WITHIN):
        found = [
            (one.start, name)
            for name, document in seen.schedules.items()
            for one in window_if_concerned(seen, name, document, (start, start + within), counts.get(name, ()))
            if one.person == seen.me and one.start > seen.now and one.mark is not Mark.SHADOW
        ]
        if found:
            return min(found)
    return None


def _teams(seen: Viewer, chosen: str) -> tuple[Link, ...]:
    used = {one.team for one in seen.schedules.values()}
    teams = seen.snapshot.all("teams", TeamDocument)
    found = [Link(title=team.name, url=name, current=name == chosen) for name, team in teams.items() if name in used]
    return (Link(title="All teams", url="", current=not chosen), *found)
