"""Opsgenie's alert API: create, acknowledge, close and the rest, as its clients and Alertmanager's notifier send them.

Every write is answered at once with a request id, as there; what becomes of it is decided later. Who creates an alert
again that is open need not say again what it is: what the body leaves out stays (repeats.py). Texts that are too
long are cut rather than refused, and the integration's page says so. An alert created without an alias is known by
the id of the request that created it. One thing here is not pure: the request id is random, made by a function that
can be passed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, identity, opsgenie_paths, repeats, severities, times
from tocsin.sources.domain import (
    DETAIL_LABEL_CHARS_MAX,
    LABEL_VALUE_CHARS_MAX,
    NAME_CHARS_MAX,
    PROBLEMS_MAX,
    Action,
    Endpoint,
    Reading,
    Refusal,
    RefusalKind,
    Reply,
    Request,
    Settings,
    Severity,
    Signal,
    Source,
)

MESSAGE_CHARS_MAX = 130
ALIAS_CHARS_MAX = 512
DESCRIPTION_CHARS_MAX = 15_000
NOTE_CHARS_MAX = 25_000
TAGS_MAX = 20
_ACCEPTED = "Request will be processed"
_PONG = "PONG - Heartbeat received"
_NOT_PROCESSABLE = "Request body is not processable. Please check the errors."
_ACTIONS = {
    "acknowledge": Action.ACKNOWLEDGE,
    "unacknowledge": Action.UNACKNOWLEDGE,
    "close": Action.RESOLVE,
    "snooze": Action.SNOOZE,
    "delete": Action.RESOLVE,
}
_TOLD_FIELDS = ("escalation", "owner", "team", "responder", "tags", "details", "message", "description", "priority")


def new_request_id() -> str:
    """An id nobody else has, in Opsgenie's form."""
    return str(uuid.uuid4())


def read(request: Request, settings: Settings, now: datetime, new_id: Callable[[], str] = new_request_id) -> Reading:
    """One write as one signal, with Opsgenie's answer."""
    request_id = new_id()
    asked = opsgenie_paths.parse(request.method, request.tail, request.query)
    if asked is None:
        return Reading(signals=(), reply=_error(404, "No handler found for this path", request_id))
    if asked.verb == "ping":
        return _ping(asked.identifier, request_id)
    try:
        fields = clean.decode_object(request.body) if request.body.strip() else {}
    except clean.Unreadable as unreadable:
        message = f"Could not parse request body as JSON: {unreadable}"
        return Reading(signals=(), reply=_error(400, message, request_id), problems=(message,))
    if asked.verb == "create":
        return _create(fields, settings, request_id)
    return _read_action(asked, fields, now, request_id)


def refuse(request: Request, refusal: Refusal, new_id: Callable[[], str] = new_request_id) -> Reply:
    """A refusal in Opsgenie's shape."""
    message = answers.sentence(refusal)
    if refusal.kind is RefusalKind.UNKNOWN_KEY:
        sent = credentials.key(request)
        message = "Could not authenticate" if sent is None else "Could not authenticate: no integration has this key"
    if refusal.kind is RefusalKind.RATE_LIMITED:
        message = "You are making too many requests!"
    headers = answers.headers_of(refusal)
    state = "THROTTLED" if refusal.kind is RefusalKind.RATE_LIMITED else "OK"
    return _error(answers.status_of(refusal), message, new_id(), None, headers, state=state)


def _create(fields: dict[str, object], settings: Settings, request_id: str) -> Reading:
    problems: list[str] = []
    message = clean.text(fields.get("message")).strip()
    if not message:
        errors = {"message": "Message can not be empty."}
        reply = _error(422, _NOT_PROCESSABLE, request_id, errors)
        return Reading(signals=(), reply=reply, problems=("message: it is missing or blank",))
    priority = clean.text(fields.get("priority")).strip().upper()
    unsaid = [name for name in repeats.FIELDS if fields.get(name) is None or (name == "priority" and not priority)]
    priority = priority or "P3"
    severity = severities.known(priority)
    if severity is None:
        problems.append(f"priority: {words.cut(priority, 20)!r} is not one of P1 to P5")
        unsaid.append("priority")
    details = clean.details(fields.get("details"))
    if len(message) > MESSAGE_CHARS_MAX:
        details = {"message": message, **details}
    signal = Signal(
        action=Action.TRIGGER,
        dedup_key=_key(clean.text(fields.get("alias")).strip(), "alias", problems) or request_id,
        title=_cut(message, MESSAGE_CHARS_MAX, "message", problems),
        severity=severity or settings.severity or Severity.WARNING,
        labels=_labels(fields, priority, problems),
        description=_cut(clean.text(fields.get("description")), DESCRIPTION_CHARS_MAX, "description", problems),
        details={**details, **_people(fields)},
        by=_short(fields.get("user")),
        note=_cut(clean.text(fields.get("note")), NOTE_CHARS_MAX, "note", problems),
        unsaid=tuple(unsaid),
    )
    return Reading(
        signals=(signal,),
        reply=_reply(_ACCEPTED, request_id),
        problems=tuple(problems[:PROBLEMS_MAX]),
        reference=request_id,
    )


def _read_action(asked: opsgenie_paths.Asked, fields: dict[str, object], now: datetime, request_id: str) -> Reading:
    problems: list[str] = []
    action = _ACTIONS.get(asked.verb, Action.NOTE)
    until = times.instant(fields.get("endTime"), times.nearest) if action is Action.SNOOZE else None
    if action is Action.SNOOZE and (until is None or until <= now):
        errors = {"endTime": "End time must be a date-time in the future."}
        reply = _error(422, _NOT_PROCESSABLE, request_id, errors)
        return Reading(signals=(), reply=reply, problems=("endTime: it is not a time in the future",))
    note = _cut(clean.text(fields.get("note")), NOTE_CHARS_MAX, "note", problems)
    if action is Action.NOTE and asked.verb != "notes":
        note = words.cut(": ".join(part for part in (_request_in_words(asked, fields), note) if part), NOTE_CHARS_MAX)
    if asked.verb == "notes" and not note:
        reply = _error(422, _NOT_PROCESSABLE, request_id, {"note": "Note can not be empty."})
        return Reading(signals=(), reply=reply, problems=("note: it is missing or blank",))
    labels: dict[str, str] = {}
    if asked.identifier_type != "alias":
        labels = clean.labels(
            {"opsgenie_identifier": asked.identifier, "opsgenie_identifier_type": asked.identifier_type}
        )
    signal = Signal(
        action=action,
        dedup_key=_key(asked.identifier, "identifier", problems),
        severity=Severity.WARNING,
        labels=labels,
        by=_short(fields.get("user")),
        note=note,
        until=until,
    )
    return Reading(
        signals=(signal,),
        reply=_reply(_ACCEPTED, request_id),
        problems=tuple(problems[:PROBLEMS_MAX]),
        reference=request_id,
    )


def _request_in_words(asked: opsgenie_paths.Asked, fields: dict[str, object]) -> str:
    """What a write that changes nothing here asked for, in words for the timeline."""
    stated = {name: fields[name] for name in _TOLD_FIELDS if fields.get(name)}
    written = msgspec.json.encode(clean.details(stated)).decode() if stated else ""
    return " ".join(part for part in ("Opsgenie", asked.method, asked.verb, written) if part)


def _ping(name: str, request_id: str) -> Reading:
    signal = Signal(
        action=Action.PING,
        dedup_key=words.cut(clean.text(name), ALIAS_CHARS_MAX),
        title=_short(name),
        severity=Severity.INFO,
    )
    return Reading(signals=(signal,), reply=_reply(_PONG, request_id), reference=request_id)


def _labels(fields: dict[str, object], priority: str, problems: list[str]) -> dict[str, str]:
    tags = clean.sequence(fields.get("tags"))
    if len(tags) > TAGS_MAX:
        problems.append(f"tags: only the first {TAGS_MAX} of {len(tags)} were kept")
    labels = {"priority": words.cut(priority, LABEL_VALUE_CHARS_MAX)}
    for name in ("entity", "source"):
        clean.add_labels(labels, {name: fields.get(name)}, LABEL_VALUE_CHARS_MAX)
    clean.add_labels(labels, clean.mapping(fields.get("details")), DETAIL_LABEL_CHARS_MAX)
    clean.add_labels(labels, dict(clean.tag_labels(tags[:TAGS_MAX])), LABEL_VALUE_CHARS_MAX)
    return labels


def _people(fields: dict[str, object]) -> dict[str, object]:
    """Whom the sender wanted told: shown, because here the service's policy decides."""
    stated = {name: fields[name] for name in repeats.SHOWN if fields.get(name)}
    return clean.details(stated)


def _cut(written: str, chars_max: int, field: str, problems: list[str]) -> str:
    if len(written) > chars_max:
        problems.append(f"{field}: it had {len(written)} characters and was cut to {chars_max}")
    return words.cut(written, chars_max)


def _key(written: str, field: str, problems: list[str]) -> str:
    """The alias as it is kept: one that is too long keeps a mark of the rest, or it would be another's."""
    if len(written) > ALIAS_CHARS_MAX:
        problems.append(f"{field}: it had {len(written)} characters and was cut to {ALIAS_CHARS_MAX}")
    return identity.short(written)


def _short(value: object) -> str:
    return clean.text(value, NAME_CHARS_MAX)


def _reply(result: str, request_id: str) -> Reply:
    body = msgspec.json.encode({"result": result, "took": 0.0, "requestId": request_id})
    return Reply(status=202, body=body, headers=_headers(request_id))


def _error(
    code: int,
    message: str,
    request_id: str,
    errors: dict[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    *,
    state: str = "OK",
) -> Reply:
    body: dict[str, object] = {"message": message, "took": 0.0, "requestId": request_id}
    if errors:
        body["errors"] = errors
    return Reply(status=code, body=msgspec.json.encode(body), headers=(*_headers(request_id, state), *headers))


def _headers(request_id: str, state: str = "OK") -> tuple[tuple[str, str], ...]:
    return (
        ("X-Request-ID", request_id),
        ("X-Response-Time", "0.0"),
        ("X-RateLimit-State", state),
        ("X-RateLimit-Reason", "INTEGRATION"),
        ("X-RateLimit-Period-In-Sec", "60"),
    )


SOURCE = Source(
    name="opsgenie",
    title="Opsgenie alert API",
    endpoints=(
        Endpoint(method="POST", path="/v2/alerts"),
        *(Endpoint(method=method, path="/v2/alerts/") for method in ("POST", "PUT", "PATCH", "DELETE")),
        *(Endpoint(method=method, path="/v2/heartbeats/") for method in ("GET", "POST", "PUT")),
        *(Endpoint(method=method, path="/in/opsgenie/") for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    ),
    key=credentials.key,
    read=read,
    refuse=refuse,
)
