"""Timelines as SVG, drawn on the server: they need no script, print, and are as wide as their page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from tocsin.oncall.chart import Band, Bar, Day, Mark, label
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


def line(band: Band, pen: Pen) -> SafeString:
    """One line of a timeline."""
    height = band.lanes * (LANE_PX + GUTTER_PX) + GUTTER_PX
    inside = "".join((_grid(pen.days, height), *(_bar(bar, pen) for bar in band.bars), _now(pen, height)))
    return _svg(height, inside)


def axis(pen: Pen) -> SafeString:
    """The days above the lines."""
    count = len(pen.days)
    written = [
        f'<text x="{day.left + day.width / 2:.3f}%" y="17" text-anchor="middle">{_day_words(day, count)}</text>'
        for day in pen.days
        if count <= MANY_DAYS or day.on.weekday() == 0 or day.on.day == 1
    ]
    return _svg(AXIS_PX, "".join((_grid(pen.days, AXIS_PX), *written)), "axis")


def said(bar: Bar, pen: Pen) -> str:
    """A bar in words: who, from when until when."""
    one = bar.stretch
    start, end = (times.clock_time(at, pen.now, pen.zone) for at in (one.start, one.end))
    return f"{pen.names.get(one.person, one.person) or NOBODY}{WORDS[one.mark]}: {start} to {end}"


def _bar(bar: Bar, pen: Pen) -> str:
    one = bar.stretch
    name = pen.names.get(one.person, one.person) or NOBODY
    shown = label(name, bar.width)
    if one.mark is Mark.OVERRIDE:
        fits = label(name, bar.width - SIGN_PERCENT)
        shown = f"{OVERRIDE_SIGN}{fits}" if fits else shown
    kinds = [f"bar-{one.mark}", f"who-{pen.shades.get(one.person, 0)}" if one.person else ""]
    kinds.append("mine" if one.person and one.person == pen.me else "")
    top = GUTTER_PX + bar.lane * (LANE_PX + GUTTER_PX)
    return (
        f'<svg x="{bar.left}%" y="{top}" width="{bar.width}%" height="{LANE_PX}" class="{" ".join(filter(None, kinds))}">'
        f"<title>{escape(said(bar, pen))}</title>"
        f'<rect x="1" y="1" width="100%" height="{LANE_PX - 2}" rx="4"/>'
        f'<text x="6" y="19">{escape(shown)}</text></svg>'
    )


def _grid(days: Sequence[Day], height: int) -> str:
    return "".join(
        f'<rect x="{day.left}%" y="0" width="{day.width}%" height="{height}" class="{"weekend" if day.weekend else "day"}"/>'
        f'<line x1="{day.left}%" x2="{day.left}%" y1="0" y2="{height}" class="{"week" if day.on.weekday() == 0 else "grid"}"/>'
        for day in days
    )


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
