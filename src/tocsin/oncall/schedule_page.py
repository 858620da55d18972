"""Everything the page of one schedule shows, read and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.urls import reverse

from tocsin.catalog import ownership
from tocsin.config import queries as configuration
from tocsin.config.domain import ManagedBy
from tocsin.journal import store as journal
from tocsin.kit import text, tz
from tocsin.kit.db import Reader
from tocsin.oncall import chart, coverage, drawing, queries, rights, rules, sight, views
from tocsin.oncall.chart import Mark, Stretch
from tocsin.oncall.coverage import HORIZON, Load
from tocsin.oncall.desk import CalendarLine, OverrideLine
from tocsin.oncall.domain import Override, ScheduleDocument
from tocsin.oncall.drawing import Pen
from tocsin.oncall.intervals import Interval
from tocsin.oncall.rotation import Layer
from tocsin.oncall.story import Line as Happened
from tocsin.oncall.story import change_words, story
from tocsin.oncall.viewer import Viewer
from tocsin.oncall.views import DutyNow, OfferLine, Timeline
from tocsin.oncall.window import Window
from tocsin.people import queries as people
from tocsin.people.domain import TeamDocument
from tocsin.people.rights import Actor, Right, may

NEXT_SHOWN_MAX = 8
GAPS_SHOWN_MAX = 20
FINDINGS_SHOWN_MAX = 20
VERSIONS_READ_MAX = 20
NEXT_WITHIN = timedelta(days=62)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftLine:
    """One shift to come."""

    who: str
    mine: bool
    shade: int
    start: datetime
    end: datetime
    offer_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideShown:
    """One override to come or under way."""

    id: int
    words: str
    start: datetime
    end: datetime
    reason: str
    by: str
    may_cancel: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Burden:
    """One person's share."""

    who: str
    hours: int
    nights: int
    weekends: int
    holidays: int
    longest: str
    short_rests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedShown:
    """One secret address in force."""

    id: int
    by: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How good a schedule is."""

    days: int
    score: int
    losses: tuple[str, ...]
    gaps: tuple[Interval, ...]
    gaps_left: int
    burdens: tuple[Burden, ...]
    findings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """One schedule."""

    name: str
    title: str
    description: str
    team: str
    zone: str
    managed_by: str  # the file, if one looks after it
    duty: DutyNow
    timeline: Timeline
    shifts: tuple[ShiftLine, ...]
    overrides: tuple[OverrideShown, ...]
    offers: tuple[OfferLine, ...]
    report: Report
    feeds: tuple[FeedShown, ...]
    new_feed: str
    may_feed: bool
    history: tuple[Happened, ...]
    failing: CalendarLine | None  # its calendar, if it cannot be read
    is_calendar: bool
    may_override: bool
    may_edit: bool


def page(reader: Reader, actor: Actor, seen: Viewer, name: str, held: Window, *, new_feed: str = "") -> SchedulePage:
    """The page of a schedule that is there."""
    document = seen.schedules[name]
    counts = queries.in_force(reader, min(held.start - sight.MARGIN, seen.now), None, name).get(name, ())
    team = seen.snapshot.all("teams", TeamDocument).get(document.team or "")
    origin = configuration.state(reader).origins.get(("schedules", name))
    may_override = rights.manages(actor, document.team) or may(actor, Right.RESPOND)
    feeds = queries.feeds(reader, schedule=name)
    calendars = queries.calendars(reader, owner=name)
    return SchedulePage(
        name=name,
        title=seen.title(name),
        description=document.description,
        team=team.name if team is not None else "",
        zone=document.timezone,
        managed_by=origin.file if origin is not None and origin.managed_by is ManagedBy.FILE else "",
        duty=views.duty_now(seen, name, document, counts),
        timeline=_timeline(reader, seen, name, held, counts, may_override=may_override),
        shifts=_next_shifts(seen, name, document, counts),
        overrides=_overrides(reader, actor, seen, name),
        offers=views.offers(reader, seen, name),
        report=_report(reader, seen, name, counts),
        feeds=tuple(
            FeedShown(
                id=one.id, by=people.name_of(seen.snapshot, one.made_by), made_at=one.made_at, used_at=one.used_at
            )
            for one in feeds
            if rights.may_hold_feed(actor, None, document.team, one.made_by)
        ),
        new_feed=new_feed,
        may_feed=rights.may_hold_feed(actor, None, document.team, None),
        history=story(journal.of_subject(reader, f"schedule:{name}"), _versions(reader, name), seen),
        failing=next((one for one in calendars if document.ical is not None and one.failing_since), None),
        is_calendar=document.ical is not None,
        may_override=may_override,
        may_edit=ownership.may_change(actor, seen.snapshot, "schedules", name),
    )


def layer_stretches(layer: Layer, start: datetime, end: datetime) -> list[Stretch]:
    """What one layer says by itself; where it says `nobody`, that."""
    found = []
    for piece in layer.pieces(tz.second(start), tz.second(end)):
        low, high = tz.moment(piece.start), tz.moment(piece.end)
        mark = Mark.SHADOW if layer.shadow else Mark.TURN
        found += [Stretch(start=low, end=high, person=seat.person, mark=mark) for seat in piece.seats]
        if not piece.seats:
            found.append(Stretch(start=low, end=high, person="", mark=Mark.NOBODY))
    return found


def layer_lines(name: str, document: ScheduleDocument, held: Window, pen: Pen) -> list[views.Line]:
    """The layers of a schedule, the topmost first, then the shadows."""
    compiled = rules.compile_schedule(name, document)
    layers = (*compiled.layers, *compiled.shadows)
    top = len(compiled.layers) > 1
    return [
        views.Line(
            title=layer.name,
            url="",
            about="shadows" if layer.shadow else "decides first" if top and layer is layers[0] else "",
            svg=drawing.line(
                chart.lay_out(joined(layer_stretches(layer, held.start, held.end)), held.start, held.end), pen
            ),
        )
        for layer in layers
    ]


def joined(found: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours of the same person and kind as one."""
    last: dict[tuple[str, Mark], Stretch] = {}
    done: list[Stretch] = []
    for one in found:
        before = last.get((one.person, one.mark))
        touches = before is not None and before.end == one.start
        if before is not None and not touches:
            done.append(before)
        last[one.person, one.mark] = replace(one, start=before.start) if before is not None and touches else one
    return sorted((*done, *last.values()), key=lambda one: one.start)


def _timeline(
    reader: Reader, seen: Viewer, name: str, held: Window, counts: Sequence[Override], *, may_override: bool
) -> Timeline:
    document = seen.schedules[name]
    found = views.seen_stretches(reader, seen, name, held, counts, views.changed_in(reader, seen, held))
    whole = views.timeline(seen, held, {name: found}, views.schedule_url(name), {})
    pen = views.pen_for(seen, held)
    band = chart.lay_out(found, held.start, held.end)
    final = views.Line(
        title="On call",
        url="",
        about="with overrides",
        svg=drawing.line(band, pen),
        selects=reverse("new_override", kwargs={"name": name}) if may_override else "",
        start=held.start,
        end=held.end,
    )
    lines = (*layer_lines(name, document, held, pen), final)
    return replace(whole, lines=lines)


def _next_shifts(
    seen: Viewer, name: str, document: ScheduleDocument, counts: Sequence[Override]
) -> tuple[ShiftLine, ...]:
    compiled = rules.compile_schedule(name, document)
    found = [one for one in rules.shifts(compiled, seen.now, seen.now + NEXT_WITHIN, counts) if not one.shadow]
    return tuple(
        ShiftLine(
            who=seen.name(one.person),
            mine=bool(seen.me) and one.person == seen.me,
            shade=seen.shades.get(one.person, 0),
            start=one.start,
            end=one.end,
            offer_url=f"{reverse('new_swap')}?schedule={name}&from={seen.local(one.start)}&to={seen.local(one.end)}",
        )
        for one in found[:NEXT_SHOWN_MAX]
    )


def _overrides(reader: Reader, actor: Actor, seen: Viewer, name: str) -> tuple[OverrideShown, ...]:
    ahead = queries.overrides(reader, reader.now, reader.now + queries.FAR, schedule=name, cancelled=False)
    team = seen.schedules[name].team
    return tuple(_override(actor, seen, team, one) for one in sorted(ahead, key=lambda one: one.start))


def _override(actor: Actor, seen: Viewer, team: str | None, one: OverrideLine) -> OverrideShown:
    return OverrideShown(
        id=one.id,
        words=change_words(one.person_out, one.person_in, seen),
        start=one.start,
        end=one.end,
        reason=one.reason,
        by=people.name_of(seen.snapshot, one.made_by),
        may_cancel=rights.may_change(actor, team, (one.person_in, one.person_out)),
    )


def _report(reader: Reader, seen: Viewer, name: str, counts: Sequence[Override]) -> Report:
    document = seen.schedules[name]
    compiled = rules.compile_schedule(name, document)
    start, end = seen.now.replace(microsecond=0), seen.now.replace(microsecond=0) + HORIZON
    known = queries.days_off(reader, start, end)
    found = coverage.quality(compiled, start, end, counts, known)
    told = coverage.findings(compiled, start, known) if document.layers else ()
    said = [(one.message.partition(": ")[2], one.fix) for one in told if one.code != "schedule-gap"]
    return Report(
        days=HORIZON.days,
        score=found.score,
        losses=found.words,
        gaps=found.gaps[:GAPS_SHOWN_MAX],
        gaps_left=max(0, len(found.gaps) - GAPS_SHOWN_MAX),
        burdens=tuple(_burden(seen, load) for load in found.loads),
        findings=tuple(said[:FINDINGS_SHOWN_MAX]),
    )


def _burden(seen: Viewer, load: Load) -> Burden:
    return Burden(
        who=seen.name(load.person),
        hours=round(load.on_duty / timedelta(hours=1)),
        nights=load.nights,
        weekends=load.weekends,
        holidays=load.holidays,
        longest=text.format_duration(timedelta(minutes=round(load.longest / timedelta(minutes=1)))),
        short_rests=len(load.short_rests),
    )


def _versions(reader: Reader, name: str) -> list[configuration.VersionInfo]:
    lives = configuration.lives(reader, "schedules", name, limit=VERSIONS_READ_MAX)
    found = (configuration.version(reader, life.since) for life in lives)
    return [one for one in found if one is not None]
