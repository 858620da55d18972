"""The read addresses of Opsgenie's API, for tools that look after what they have sent.

A key sees what came through its own integration and nothing else. Writes are signals; the intake takes them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tocsin.alerts import columns, compat, listing
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.alerts.listing import AlertLine
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader, Row
from tocsin.people.domain import PersonDocument
from tocsin.sources import identity
from tocsin.sources.domain import Severity

KINDS = frozenset({"opsgenie"})
LIMIT_DEFAULT, LIMIT_MAX = 20, 100
OFFSET_MAX = 20_000
TOLD_MAX = 100  # notes, or lines of the log
_PRIORITIES = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P2",
    Severity.WARNING: "P3",
    Severity.LOW: "P4",
    Severity.INFO: "P5",
}
_NEVER_THROTTLED = (
    ("X-RateLimit-State", "OK"),
    ("X-RateLimit-Reason", "INTEGRATION"),
    ("X-RateLimit-Period-In-Sec", "60"),
)
_SEVERITIES = {priority: severity for severity, priority in _PRIORITIES.items()}
_TERM = re.compile(r'\s*(?:(?P<name>\w+)\s*[:=]\s*(?P<value>"[^"]*"|\S+)|(?P<word>\S+))')


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """GET /v2/alerts: newest first, `query` limited to what `_query` knows."""
    return _opsgenie(request, _list)


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """GET /v2/alerts/count"""
    return _opsgenie(request, _count)


@require_safe
def request_status(request: HttpRequest, request_id: str) -> HttpResponse:
    """GET /v2/alerts/requests/{requestId}: what became of a write."""
    return _opsgenie(request, lambda reader, name, asked: _request(reader, name, asked, request_id))


@require_safe
def alert(request: HttpRequest, identifier: str) -> HttpResponse:
    """GET /v2/alerts/{identifier}, also with /logs, /notes and /recipients at its end."""
    return _opsgenie(
        request, lambda reader, name, asked: _alert_by_identifier(reader, name, asked, unquote(identifier))
    )


Answer = tuple[int, dict[str, Any]]


def _opsgenie(request: HttpRequest, answer: Callable[[Reader, str, HttpRequest], Answer]) -> HttpResponse:
    found = compat.integration_of(request, KINDS)
    status, body = (401, {"message": "Could not authenticate"})
    if found is not None:
        status, body = answer(db.reader(clock.now()), found[0], request)
    request_id = str(uuid.uuid4())
    response = compat.answer(status, {**body, "took": 0.0, "requestId": request_id})
    for name, value in (("X-Request-ID", request_id), ("X-Response-Time", "0.0"), *_NEVER_THROTTLED):
        response.headers[name] = value
    return response


def _list(reader: Reader, integration: str, request: HttpRequest) -> Answer:
    asked = _query(request.GET.get("query", ""))
    if isinstance(asked, str):
        return _not_understood(asked)
    where, params = asked
    limit = _number(request.GET.get("limit"), LIMIT_DEFAULT, LIMIT_MAX)
    offset = _number(request.GET.get("offset"), 0, OFFSET_MAX)
    direction = "ASC" if request.GET.get("order") == "asc" else "DESC"
    rows = reader.rows(
        f"{compat.JOINED} WHERE alert.integration = %s{where} ORDER BY alert.id {direction} LIMIT %s OFFSET %s",
        [integration, *params, limit, offset],
    )
    return 200, {"data": [_brief(reader, row) for row in rows]}


def _count(reader: Reader, integration: str, request: HttpRequest) -> Answer:
    asked = _query(request.GET.get("query", ""))
    if isinstance(asked, str):
        return _not_understood(asked)
    where, params = asked
    found = reader.value(
        f"SELECT count(*) FROM alerts_alert alert WHERE integration = %s{where}", [integration, *params]
    )
    return 200, {"data": {"count": int(found)}}


def _request(reader: Reader, integration: str, _: HttpRequest, request_id: str) -> Answer:
    row = reader.row(
        "SELECT id, received_at FROM alerts_envelope WHERE reference = %s AND reference <> '' AND integration = %s",
        (request_id, integration),
    )
    if row is None:
        return 404, {"message": "Request not found. It might not be processed, yet."}
    result = reader.row(
        "SELECT signal.action, signal.outcome, signal.reason, coalesce(alert.dedup_key, signal.dedup_key)"
        " FROM alerts_signal signal LEFT JOIN alerts_alert alert ON alert.id = signal.alert_id WHERE signal.id = %s",
        (row[0] << SIGNAL_BITS,),
    )
    if result is None:
        return 404, {"message": "Request not found. It might not be processed, yet."}
    action, outcome, reason, alias = result
    done = outcome not in {"ignored", "set_aside"}
    return 200, {
        "data": {
            "success": done,
            "isSuccess": done,
            "action": {"trigger": "Create", "resolve": "Close"}.get(action, action.capitalize()),
            "processedAt": compat.instant(clock.from_us(row[1])),
            "integrationId": integration,
            "status": "Created alert" if outcome in {"opened", "joined", "reopened"} else reason,
            "alertId": alias,
            "alias": alias,
        }
    }


def _alert_by_identifier(reader: Reader, integration: str, request: HttpRequest, identifier: str) -> Answer:
    name, _, part = identifier.rpartition("/")
    part = part if name and part in {"logs", "notes", "recipients"} else ""
    wanted = name if part else identifier
    tiny = request.GET.get("identifierType", "id") == "tiny"
    row = _by_number(reader, integration, wanted) if tiny else _by_alias(reader, integration, wanted)
    if row is None:
        return 404, {"message": "Alert not found"}
    match part:
        case "notes":
            data: object = _notes(reader, listing.alert_line(row).id)
        case "logs":
            data = _logs(reader, listing.alert_line(row).id)
        case "recipients":
            data = []  # who is paged is not the sender's business
        case _:
            data = _full(reader, row)
    return 200, {"data": data}


def _notes(reader: Reader, alert_id: int) -> list[dict[str, Any]]:
    """What was noted through the alert's own key, newest first; what people wrote in Tocsin stays there."""
    kept = []
    for id_, at, *_ in _signals_of(reader, alert_id, "AND action <> 'trigger'"):
        found = listing.raw_of(reader, id_)
        said = found[1] if found is not None else None
        if said is not None and said.note:
            kept.append({"note": said.note, "owner": said.by, "createdAt": compat.instant(at), "offset": str(id_)})
    return kept


def _logs(reader: Reader, alert_id: int) -> list[dict[str, Any]]:
    return [
        {
            "log": f"{action.capitalize()}: {outcome}, {reason}",
            "type": "system",
            "owner": "System",
            "createdAt": compat.instant(at),
            "offset": str(id_),
        }
        for id_, at, action, outcome, reason in _signals_of(reader, alert_id)
    ]


def _signals_of(reader: Reader, alert_id: int, only: str = "") -> list[tuple[int, datetime, str, str, str]]:
    rows = reader.rows(
        f"SELECT id, at, action, outcome, reason FROM alerts_signal WHERE alert_id = %s {only} ORDER BY id DESC LIMIT %s",
        (alert_id, TOLD_MAX),
    )
    return [(row[0], clock.from_us(row[1]), *row[2:]) for row in rows]


def _by_number(reader: Reader, integration: str, written: str) -> Row | None:
    number = _number(written, -1, 2**62)
    return reader.row(f"{compat.JOINED} WHERE alert.integration = %s AND alert.id = %s", (integration, number))


def _by_alias(reader: Reader, integration: str, alias: str) -> Row | None:
    """The one that fires, which an index finds, or else the newest."""
    key = (columns.identity(integration, identity.short(alias)),)
    return reader.row(f"{compat.JOINED} WHERE alert.status = 'firing' AND alert.identity = %s", key) or reader.row(
        f"{compat.JOINED} WHERE alert.identity = %s ORDER BY alert.id DESC LIMIT 1", key
    )


def _brief(reader: Reader, row: Any) -> dict[str, Any]:
    alert = listing.alert_line(row)
    count, occurred_at = _occurrences(reader, alert)
    status, acknowledged_by, acknowledged_at, snoozed_until, resolved_by = row[-5:]
    began = alert.opened_at
    report = {
        "ackTime": _milliseconds(began, acknowledged_at),
        "closeTime": _milliseconds(began, clock.to_us(alert.resolved_at) if alert.resolved_at else None),
        "acknowledgedBy": acknowledged_by.partition(":")[2] or None,
        "closedBy": resolved_by.partition(":")[2] or None,
    }
    return {
        "id": alert.dedup_key,
        "tinyId": str(alert.id),
        "alias": alert.dedup_key,
        "message": alert.title,
        "status": "open" if alert.status == "firing" else "closed",
        "acknowledged": status == "acknowledged",
        "isSeen": bool(acknowledged_by),
        "tags": [tag for tag in alert.labels.get("tags", "").split(",") if tag],
        "snoozed": status == "snoozed",
        **({"snoozedUntil": compat.instant(clock.from_us(snoozed_until))} if snoozed_until else {}),
        "count": count,
        "lastOccurredAt": compat.instant(occurred_at),
        "createdAt": compat.instant(began),
        "updatedAt": compat.instant(alert.resolved_at or alert.last_signal_at),
        "source": alert.labels.get("source", ""),
        "owner": "",
        "priority": _PRIORITIES[Severity(alert.severity)],
        "responders": [],
        "integration": {"id": alert.integration, "name": alert.integration, "type": "API"},
        "report": {name: value for name, value in report.items() if value is not None},
    }


def _occurrences(reader: Reader, alert: AlertLine) -> tuple[int, datetime]:
    """How often the alert was created, and when last: a close is heard of it too, but is none."""
    count, last = alert.signal_count, alert.last_signal_at
    if alert.status == "firing":
        return count, last
    newest = _signals_of(reader, alert.id)
    created = next((at for _, at, action, *_ in newest if action == "trigger"), last)
    return count - any(outcome == "resolved" for *_, outcome, _ in newest), created


def _full(reader: Reader, row: Any) -> dict[str, Any]:
    brief = _brief(reader, row)
    alert = listing.alert_line(row)
    people = configuration.current(reader).all("people", PersonDocument)
    owner = people.get(row[-4].removeprefix("person:"))
    return {
        **brief,
        "owner": owner.email if owner else "",
        "actions": [],
        "entity": alert.labels.get("entity", ""),
        "description": alert.description,
        "details": {name: _words(value) for name, value in alert.details.items()},
    }


def _query(written: str) -> tuple[str, list[object]] | str:
    """The terms as conditions, or the term that is none: an answer to another question would be worse than none."""
    clauses = ""
    params: list[object] = []
    for term in _TERM.finditer(written):
        if (term["word"] or "").upper() == "AND":
            continue
        name, value = term["name"] or "", (term["value"] or "").strip('"')
        if name == "status" and value in {"open", "closed"}:
            clauses += " AND alert.status = %s"
            params.append("firing" if value == "open" else "resolved")
        elif name == "alias" and value:
            clauses += " AND alert.dedup_key = %s"
            params.append(identity.short(value))
        elif name == "priority" and value in _SEVERITIES:
            clauses += " AND alert.severity = %s"
            params.append(_SEVERITIES[value])
        elif term[0].strip():
            return term[0].strip()
    return clauses, params


def _not_understood(term: str) -> Answer:
    told = f"{term!r} is not understood here: status:open, status:closed, alias:ALIAS and priority:P1 to P5 are"
    return 422, {"message": "Search query is not valid.", "errors": {"query": told}}


def _number(written: str | None, otherwise: int, most: int) -> int:
    return min(int(written), most) if written and written.isascii() and written.isdigit() else otherwise


def _milliseconds(began: datetime, us: int | None) -> int | None:
    return None if us is None else max((us - clock.to_us(began)) // 1000, 0)


def _words(value: object) -> str:
    return value if isinstance(value, str) else compat.encode(value).decode()
