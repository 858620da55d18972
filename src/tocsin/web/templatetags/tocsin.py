"""Small parts every page is made of: pictures and instants."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, tzinfo

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from tocsin.kit import clock
from tocsin.web import times
from tocsin.web.icons import ICONS

# What stands in a user agent, and who it is; the first that is found counts, for each claims to be others, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
register = template.Library()


@register.simple_tag
def icon(name: str, title: str = "") -> SafeString:
    """A picture; hidden from screen readers unless it has a title."""
    path = mark_safe(ICONS[name])  # noqa: S308 - our own constants
    if title:
        return format_html(
            '<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}"><path d="{}"/></svg>', title, path
        )
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>', path)


@register.simple_tag(takes_context=True)
def ago(context: Context, instant: datetime | None) -> SafeString:
    """How long ago, kept fresh by the page; exactly when on hover and on focus."""
    if instant is None:
        return SafeString("never")
    now, zone = _now_and_zone(context)
    return _time("ago", instant, times.ago(instant, now, zone), zone)


@register.simple_tag(takes_context=True)
def countdown(context: Context, instant: datetime) -> SafeString:
    """How long until, counted down by the page."""
    now, zone = _now_and_zone(context)
    return _time("until", instant, times.until(instant, now), zone)


@register.simple_tag(takes_context=True)
def moment(context: Context, instant: datetime | None) -> SafeString:
    """The time of day in the reader's zone, with the day if it is not today."""
    if instant is None:
        return SafeString("")
    now, zone = _now_and_zone(context)
    return _time("at", instant, times.clock_time(instant, now, zone), zone)


@register.filter
def browser(agent: str) -> str:
    """What a browser calls itself, in the words people have for it: `Firefox on Linux`."""
    names = (next((word for mark, word in known if mark in agent), "") for known in (BROWSERS, SYSTEMS))
    return " on ".join(filter(None, names)) or "A program"


@register.simple_tag
def span(seconds: float) -> str:
    """A length of time given in seconds."""
    return times.lasting(timedelta(seconds=seconds))


@register.filter
def as_json(value: object) -> str:
    """A value as JSON for an attribute, where a script reads it."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def lasting(span: timedelta) -> str:
    """A length of time."""
    return times.lasting(span)


def _time(kind: str, instant: datetime, said: str, zone: tzinfo) -> SafeString:
    return format_html(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        f"time-{kind}",
        instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        times.exact(instant, zone),
        said,
    )


def _now_and_zone(context: Context) -> tuple[datetime, tzinfo]:
    frame = context.get("frame")
    if frame is None:
        return clock.now(), UTC
    return frame.now, frame.zone
