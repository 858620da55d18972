"""The HTML door to the audit: search it, read it, take it along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_safe

from tocsin.admin import auditing
from tocsin.admin.auditing import PAGE, TOPICS, Asked, Line
from tocsin.catalog.form_fields import Option
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.people.domain import PersonDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.downloads import Download
from tocsin.web.pages import show

TEXT_CHARS_MAX = 200
COLUMNS = ("id", "at", "what", "by", "who", "about", "says")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take these for a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """What was found."""

    lines: tuple[Line, ...]
    people: tuple[Option, ...]
    topics: tuple[Option, ...]
    text: str
    since: str
    until: str
    is_filtered: bool
    csv_url: str
    jsonl_url: str
    older_url: str
    newest_url: str


@require_safe
@permit(Right.ADMINISTER)
def audit(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who came in, who was refused, who changed what."""
    reader = db.reader(clock.now())
    asked = _asked(reader, actor, request.GET)
    found = auditing.lines(reader, asked, PAGE + 1)
    people = configuration.current(reader).all("people", PersonDocument)
    query = {key: request.GET.get(key, "") for key in ("who", "what", "q", "from", "to") if request.GET.get(key)}
    page = AuditPage(
        lines=tuple(found[:PAGE]),
        people=tuple(
            Option(value=name, title=one.name, chosen=name == asked.who)
            for name, one in sorted(people.items(), key=lambda pair: pair[1].name.lower())
        ),
        topics=tuple(Option(value=key, title=title, chosen=key == asked.what) for key, (title, _) in TOPICS.items()),
        text=asked.text,
        since=request.GET.get("from", "")[:10],
        until=request.GET.get("to", "")[:10],
        is_filtered=bool(query),
        csv_url=_url("audit_csv", query),
        jsonl_url=_url("audit_jsonl", query),
        older_url=_url("audit", {**query, "before": str(found[PAGE - 1].id)}) if len(found) > PAGE else "",
        newest_url=_url("audit", query) if asked.before is not None else "",
    )
    return show(request, "admin/audit.html", page)


@require_safe
@permit(Right.ADMINISTER)
def export_csv(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was found, for a spreadsheet."""
    return _export(request, actor, _csv, "text/csv; charset=utf-8", "audit.csv")


@require_safe
@permit(Right.ADMINISTER)
def export_jsonl(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was found, for a program: one JSON object to a line."""
    return _export(request, actor, _jsonl, "application/jsonl", "audit.jsonl")


def values(line: Line) -> dict[str, Any]:
    """One entry for programs."""
    return {
        "id": line.id,
        "at": line.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "what": line.what,
        "by": line.by,
        "who": line.who,
        "about": line.whom,
        "says": line.says,
        "body": dict(line.body),
    }


def _export(request: HttpRequest, actor: Actor, write: Any, kind: str, name: str) -> HttpResponse:
    reader = db.reader(clock.now())
    rows = auditing.everything(reader, _asked(reader, actor, request.GET))
    answer = Download(write(rows), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer  # type: ignore[return-value]  # the door's type is the common one


def _csv(rows: Iterator[Line]) -> Iterator[str]:
    for row in chain([dict(zip(COLUMNS, COLUMNS, strict=True))], map(values, rows)):
        line = io.StringIO()
        csv.writer(line).writerow([_cell(row[column]) for column in COLUMNS])
        yield line.getvalue()


def _cell(value: object) -> str:
    written = str(value)
    return f"'{written}" if written.startswith(_FORMULA) else written


def _jsonl(rows: Iterator[Line]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(values(row), ensure_ascii=False) + "\n"


def _asked(reader: Reader, actor: Actor, given: QueryDict) -> Asked:
    document = configuration.current(reader).all("people", PersonDocument).get(actor.person)
    zone = ZoneInfo(document.timezone if document else "UTC")
    before = given.get("before", "")
    return Asked(
        who=given.get("who", "")[:TEXT_CHARS_MAX],
        what=given.get("what", "")[:TEXT_CHARS_MAX],
        text=given.get("q", "").strip()[:TEXT_CHARS_MAX],
        since=_day(given.get("from", ""), zone, 0),
        until=_day(given.get("to", ""), zone, 1),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
    )


def _day(written: str, zone: ZoneInfo, later: int) -> datetime | None:
    """When a day begins for the reader, or the one after it; None if nothing sensible was written."""
    try:
        day = date.fromisoformat(written) + timedelta(days=later)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _url(name: str, query: dict[str, str]) -> str:
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)
