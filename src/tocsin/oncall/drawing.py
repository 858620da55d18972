"""Timelines as SVG, drawn on the server: they need no script, print, and are as wide as their page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from tocsin.oncall.chart import Band, Bar, Day, Mark, Stretch, initials, label
from tocsin.web import times

LANE_PX, GUTTER_PX, AXIS_PX = 28, 3, 26
FEW_DAYS, MANY_DAYS = 7, 14
WORDS = {
    Mark.TURN: "",
    Mark.OVERRIDE: " (override)",
    Mark.SHADOW: " (shadow)",
    Mark.GAP: "",
    Mark.NOBODY: " on purpose",
}
OVERRIDE_SIGN, SIGN_PERCENT = "↔ ", 2.0
NOBODY = "Nobody"
TIGHT = ' class="tight"'
SQUEEZED = f'{TIGHT} textLength="86%" lengthAdjust="spacingAndGlyphs"'  # as wide as its bar, never cut
WORD_PERCENT_MIN, INITIALS_PERCENT_MIN = 3.5, 2.0
GRID = '<use href="#days" width="100%" height="100%"/>'
YOU = ' <span class="tag plain you">You</span>'
NOTES = {
    Mark.TURN: "",
    Mark.OVERRIDE: ' <span class="quiet small">override</span>',
    Mark.SHADOW: ' <span class="quiet small">shadow</span>',
    Mark.GAP: "",
    Mark.NOBODY: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """What every line of one chart is drawn with."""

    names: Mapping[str, str]  # how people are called
    shades: Mapping[str, int]
    me: str
    days: tuple[Day, ...]
    now_at: float | None  # percent; None if now is not in sight
    now: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One line without what is different for each reader: the bars of each person in two halves."""

    height: int
    bars: tuple[tuple[str, str, str], ...]  # person, what comes before their mark, what comes after it


def draw(band: Band, pen: Pen) -> Drawn:
    """One line, to be kept: it is the same for everybody with the same clock."""
    height = band.lanes * (LANE_PX + GUTTER_PX) + GUTTER_PX
    return Drawn(height=height, bars=tuple(_bar(bar, pen) for bar in band.bars))


def finish(drawn: Drawn, pen: Pen) -> SafeString:
    """The line as one person sees it, now."""
    me = pen.me or None
    bars = [f"{head} mine{tail}" if person == me else f"{head}{tail}" for person, head, tail in drawn.bars]
    return _svg(drawn.height, "".join((GRID, *bars, _now(pen, drawn.height))))


def line(band: Band, pen: Pen) -> SafeString:
    """One line of a timeline."""
    return finish(draw(band, pen), pen)


def axis(pen: Pen) -> SafeString:
    """The days above the lines, and the grid that all lines use."""
    count = len(pen.days)
    written = [
        f'<text x="{day.left + day.width / 2:.3f}%" y="17" text-anchor="middle">{_day_words(day, count)}</text>'
        for day in pen.days
        if count <= MANY_DAYS or day.on.weekday() == 0 or day.on.day == 1
    ]
    grid = "".join(
        f'<rect x="{day.left}%" width="{day.width}%" height="100%" class="{"weekend" if day.weekend else "day"}"/>'
        f'<line x1="{day.left}%" x2="{day.left}%" y2="100%" class="{"week" if day.on.weekday() == 0 else "grid"}"/>'
        for day in pen.days
    )
    return _svg(AXIS_PX, "".join((f'<symbol id="days">{grid}</symbol>', *written)), "axis")


def agenda(stretches: Sequence[tuple[str, str, Stretch]], pen: Pen) -> SafeString:
    """Stretches as entries of a list: each with the schedule's title and address."""
    return mark_safe("".join(_entry(title, url, one, pen) for title, url, one in stretches))  # noqa: S308 - escaped


def said(bar: Bar, pen: Pen) -> str:
    """A bar in words: who, from when until when."""
    one = bar.stretch
    start, end = (times.clock_time(at, pen.now, pen.zone) for at in (one.start, one.end))
    return f"{pen.names.get(one.person, one.person) or NOBODY}{WORDS[one.mark]}: {start} to {end}"


def _bar(bar: Bar, pen: Pen) -> tuple[str, str, str]:
    one = bar.stretch
    name = pen.names.get(one.person, one.person) or NOBODY
    shown, kind = _shown(bar, name)
    shade = f" who-{pen.shades.get(one.person, 0)}" if one.person else ""
    top = GUTTER_PX + bar.lane * (LANE_PX + GUTTER_PX)
    head = f'<svg x="{bar.left}%" y="{top}" width="{bar.width}%" height="{LANE_PX}" class="bar-{one.mark}{shade}'
    tail = (
        f'"><title>{escape(said(bar, pen))}</title><rect x="1" y="1" width="100%" height="{LANE_PX - 2}" rx="4"/>'
        f'<text x="{3 if kind else 6}" y="19"{kind}>{escape(shown)}</text></svg>'
    )
    return one.person, head, tail


def _shown(bar: Bar, name: str) -> tuple[str, str]:
    """What is written in a bar, small where there is little room; that it is nobody is written out as long as can be."""
    fits = label(name, bar.width)
    if bar.stretch.mark is Mark.GAP and fits != NOBODY:
        return (NOBODY, SQUEEZED) if bar.width >= WORD_PERCENT_MIN else ("!", TIGHT)
    if bar.stretch.mark is Mark.OVERRIDE:
        beside = label(name, bar.width - SIGN_PERCENT)
        fits = f"{OVERRIDE_SIGN}{beside}" if beside else fits
    if not fits and bar.width >= INITIALS_PERCENT_MIN:
        return initials(name), TIGHT
    return fits, ""


def _entry(title: str, url: str, one: Stretch, pen: Pen) -> str:
    mine = bool(pen.me) and one.person == pen.me
    name = escape(pen.names.get(one.person, one.person))
    kind = f"who-{pen.shades.get(one.person, 0)}" if one.person else str(one.mark)
    who = f"{name}{YOU if mine else ''}{NOTES[one.mark]}"
    if not one.person:
        who = '<b class="gap">Nobody</b>' if one.mark is Mark.GAP else "Nobody, on purpose"
    return (
        f'<li class="{"mine " if mine else ""}{kind}"><span class="agenda-when">{_time(one.start, pen)} to'
        f' {_time(one.end, pen)}</span> <span class="agenda-who">{who}</span>'
        f' <a class="agenda-schedule small" href="{escape(url)}">{escape(title)}</a></li>'
    )


def _time(at: datetime, pen: Pen) -> str:
    stamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    said = times.clock_time(at, pen.now, pen.zone)
    return f'<time class="time-at" datetime="{stamp}" title="{times.exact(at, pen.zone)}">{said}</time>'


def _now(pen: Pen, height: int) -> str:
    if pen.now_at is None:
        return ""
    return f'<line x1="{pen.now_at}%" x2="{pen.now_at}%" y1="0" y2="{height}" class="now"/>'


def _day_words(day: Day, count: int) -> str:
    if count <= FEW_DAYS:
        return f"{day.on:%a} {day.on.day} {day.on:%b}"
    return f"{day.on:%a} {day.on.day}" if count <= MANY_DAYS else f"{day.on.day} {day.on:%b}"


def _svg(height: int, inside: str, kind: str = "track") -> SafeString:
    text = f'<svg class="{kind}" width="100%" height="{height}" aria-hidden="true" focusable="false">{inside}</svg>'
    return mark_safe(text)  # noqa: S308 - every name in it was escaped
