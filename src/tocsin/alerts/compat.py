"""The read addresses of Alertmanager's and Opsgenie's APIs, for tools that look after what they have sent.

A key sees what came through its own integration and nothing else. Writes are signals; the intake takes them.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tocsin import __version__
from tocsin.alerts import columns, listing
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.alerts.listing import AlertLine
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db, matchers
from tocsin.kit.db import Reader, Row
from tocsin.people.domain import PersonDocument
from tocsin.sources import credentials
from tocsin.sources.domain import Request, Severity

ALERTMANAGER = frozenset({"alertmanager", "prometheus", "grafana"})
OPSGENIE = frozenset({"opsgenie"})
ALERTS_MAX = 5000
OPSGENIE_LIMIT_DEFAULT, OPSGENIE_LIMIT_MAX = 20, 100
OPSGENIE_OFFSET_MAX = 20_000
OPSGENIE_TOLD_MAX = 100  # notes, or lines of the log
NO_END = timedelta(minutes=5)
_PRIORITIES = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P2",
    Severity.WARNING: "P3",
    Severity.LOW: "P4",
    Severity.INFO: "P5",
}
_ALERT = ", ".join(f"alert.{column}" for column in listing.ALERT_COLUMNS)
_GROUP = "grouped.status, grouped.acknowledged_by, grouped.acknowledged_at, grouped.snoozed_until, grouped.resolved_by"
_JOINED = f"SELECT {_ALERT}, {_GROUP} FROM alerts_alert alert JOIN alerts_group grouped ON grouped.id = alert.group_id"
_started_at = clock.now()
_encode = msgspec.json.Encoder().encode


@require_safe
def alertmanager_alerts(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/alerts: what fires now."""
    integration = _integration(request, ALERTMANAGER, key)
    if integration is None:
        return _json(401, {"code": 401, "message": "unauthorized: no integration has this key"})
    reader = db.reader(clock.now())
    try:
        wanted = [matchers.parse(one) for one in request.GET.getlist("filter")]
    except ValueError as error:
        return _json(400, {"code": 400, "message": f"bad matcher format: {error}"})
    rows = reader.rows(
        f"{_JOINED} WHERE alert.status = 'firing' AND alert.integration = %s ORDER BY alert.id LIMIT %s",
        (integration, ALERTS_MAX),
    )
    shown = [_gettable(listing.alert_line(row), integration) for row in rows]
    return _json(200, [one for one in shown if _asked_for(request, one) and matchers.all_match(wanted, one["labels"])])


@require_safe
def alertmanager_status(_: HttpRequest) -> HttpResponse:
    """GET /api/v2/status: enough for clients to see that somebody answers."""
    built = {"version": __version__, "branch": "", "buildDate": "", "buildUser": "", "goVersion": "", "revision": ""}
    return _json(
        200,
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": ""},
            "uptime": _instant(_started_at),
            "versionInfo": built,
        },
    )


@require_safe
def opsgenie_list(request: HttpRequest) -> HttpResponse:
    """GET /v2/alerts: newest first, `query` limited to `status:` and `alias:`."""
    return _opsgenie(request, _list)


@require_safe
def opsgenie_count(request: HttpRequest) -> HttpResponse:
    """GET /v2/alerts/count"""
    return _opsgenie(request, _count)


@require_safe
def opsgenie_request(request: HttpRequest, request_id: str) -> HttpResponse:
    """GET /v2/alerts/requests/{requestId}: what became of a write."""
    return _opsgenie(request, lambda reader, name, asked: _request(reader, name, asked, request_id))


@require_safe
def opsgenie_alert(request: HttpRequest, identifier: str) -> HttpResponse:
    """GET /v2/alerts/{identifier}, also with /logs, /notes and /recipients at its end."""
    return _opsgenie(
        request, lambda reader, name, asked: _alert_by_identifier(reader, name, asked, unquote(identifier))
    )


Answer = tuple[int, dict[str, Any]]


def _opsgenie(request: HttpRequest, answer: Callable[[Reader, str, HttpRequest], Answer]) -> HttpResponse:
    integration = _integration(request, OPSGENIE)
    status, body = (401, {"message": "Could not authenticate"})
    if integration is not None:
        status, body = answer(db.reader(clock.now()), integration, request)
    return _json(status, {**body, "took": 0.0, "requestId": str(uuid.uuid4())})


def _list(reader: Reader, integration: str, request: HttpRequest) -> Answer:
    where, params = _query(request.GET.get("query", ""))
    limit = _number(request.GET.get("limit"), OPSGENIE_LIMIT_DEFAULT, OPSGENIE_LIMIT_MAX)
    offset = _number(request.GET.get("offset"), 0, OPSGENIE_OFFSET_MAX)
    direction = "ASC" if request.GET.get("order") == "asc" else "DESC"
    rows = reader.rows(
        f"{_JOINED} WHERE alert.integration = %s{where} ORDER BY alert.id {direction} LIMIT %s OFFSET %s",
        [integration, *params, limit, offset],
    )
    return 200, {"data": [_brief(row) for row in rows]}


def _count(reader: Reader, integration: str, request: HttpRequest) -> Answer:
    where, params = _query(request.GET.get("query", ""))
    found = reader.value(
        f"SELECT count(*) FROM alerts_alert alert WHERE integration = %s{where}", [integration, *params]
    )
    return 200, {"data": {"count": int(found)}}


def _request(reader: Reader, integration: str, _: HttpRequest, request_id: str) -> Answer:
    row = reader.row(
        "SELECT id, received_at, absorbed_at FROM alerts_envelope WHERE reference = %s AND reference <> ''"
        " AND integration = %s",
        (request_id, integration),
    )
    if row is None:
        return 404, {"message": "Request not found. It might not be processed, yet."}
    result = reader.row(
        "SELECT signal.action, signal.outcome, signal.reason, signal.dedup_key FROM alerts_signal signal"
        " WHERE signal.id = %s",
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
            "processedAt": _instant(clock.from_us(row[2] or row[1])),
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
            kept.append({"note": said.note, "owner": said.by, "createdAt": _instant(at), "offset": str(id_)})
    return kept


def _logs(reader: Reader, alert_id: int) -> list[dict[str, Any]]:
    return [
        {
            "log": f"{action.capitalize()}: {outcome}, {reason}",
            "type": "system",
            "owner": "System",
            "createdAt": _instant(at),
            "offset": str(id_),
        }
        for id_, at, action, outcome, reason in _signals_of(reader, alert_id)
    ]


def _signals_of(reader: Reader, alert_id: int, only: str = "") -> list[tuple[int, datetime, str, str, str]]:
    rows = reader.rows(
        f"SELECT id, at, action, outcome, reason FROM alerts_signal WHERE alert_id = %s {only} ORDER BY id DESC LIMIT %s",
        (alert_id, OPSGENIE_TOLD_MAX),
    )
    return [(row[0], clock.from_us(row[1]), *row[2:]) for row in rows]


def _by_number(reader: Reader, integration: str, written: str) -> Row | None:
    number = _number(written, -1, 2**62)
    return reader.row(f"{_JOINED} WHERE alert.integration = %s AND alert.id = %s", (integration, number))


def _by_alias(reader: Reader, integration: str, alias: str) -> Row | None:
    """The one that fires, which an index finds, or else the newest."""
    key = (columns.identity(integration, alias),)
    return reader.row(f"{_JOINED} WHERE alert.status = 'firing' AND alert.identity = %s", key) or reader.row(
        f"{_JOINED} WHERE alert.identity = %s ORDER BY alert.id DESC LIMIT 1", key
    )


def _brief(row: Any) -> dict[str, Any]:
    alert = listing.alert_line(row)
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
        **({"snoozedUntil": _instant(clock.from_us(snoozed_until))} if snoozed_until else {}),
        "count": alert.signal_count,
        "lastOccurredAt": _instant(alert.last_signal_at),
        "createdAt": _instant(began),
        "updatedAt": _instant(alert.resolved_at or alert.last_signal_at),
        "source": alert.labels.get("source", ""),
        "owner": "",
        "priority": _PRIORITIES[Severity(alert.severity)],
        "responders": [],
        "integration": {"id": alert.integration, "name": alert.integration, "type": "API"},
        "report": {name: value for name, value in report.items() if value is not None},
    }


def _full(reader: Reader, row: Any) -> dict[str, Any]:
    brief = _brief(row)
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


def _gettable(alert: AlertLine, receiver: str) -> dict[str, Any]:
    silenced = [str(alert.silence)] if alert.silence is not None else []
    return {
        "fingerprint": hashlib.sha256(f"{alert.integration}\x1f{alert.dedup_key}".encode()).hexdigest()[:16],
        "startsAt": _instant(alert.started_at),
        "updatedAt": _instant(alert.last_signal_at),
        "endsAt": _instant(alert.expires_at or alert.last_signal_at + NO_END),
        "annotations": {"summary": alert.title, **({"description": alert.description} if alert.description else {})},
        "receivers": [{"name": receiver}],
        "status": {
            "state": "suppressed" if silenced else "active",
            "silencedBy": silenced,
            "inhibitedBy": [],
            "mutedBy": [],
        },
        "labels": alert.labels,
        "generatorURL": alert.links[0]["href"] if alert.links else "",
    }


def _asked_for(request: HttpRequest, alert: dict[str, Any]) -> bool:
    """Alertmanager's `active` and `silenced`, each true unless it says false."""
    wanted = "silenced" if alert["status"]["state"] == "suppressed" else "active"
    return request.GET.get(wanted, "true") != "false"


def _integration(request: HttpRequest, kinds: frozenset[str], in_path: str = "") -> str | None:
    """Whose key was shown, in the path or the headers, if it is of one of these kinds of sender."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    key = credentials.key(Request(method="GET", path=request.path, headers=headers, key=in_path))
    if key is None:
        return None
    found = None
    for name, document in (
        configuration.current(db.reader(clock.now())).all("integrations", IntegrationDocument).items()
    ):
        if hmac.compare_digest(document.key.encode(), key.encode()) and document.source in kinds:
            found = name
    return found


def _query(written: str) -> tuple[str, list[object]]:
    clauses = ""
    params: list[object] = []
    for word in written.split():
        name, _, value = word.partition(":")
        if name == "status" and value in {"open", "closed"}:
            clauses += " AND alert.status = %s"
            params.append("firing" if value == "open" else "resolved")
        elif name == "alias" and value:
            clauses += " AND alert.dedup_key = %s"
            params.append(value.strip('"'))
    return clauses, params


def _number(written: str | None, otherwise: int, most: int) -> int:
    return min(int(written), most) if written and written.isascii() and written.isdigit() else otherwise


def _milliseconds(began: datetime, us: int | None) -> int | None:
    return None if us is None else max((us - clock.to_us(began)) // 1000, 0)


def _instant(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _words(value: object) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


def _json(status: int, body: object) -> HttpResponse:
    return HttpResponse(_encode(body), status=status, content_type="application/json")
