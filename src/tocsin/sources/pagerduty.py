"""PagerDuty Events API v2: alert events and change events.

The routing key in the body is the credential; it may also stand in the path, for tools that let one set only the
address, or where other senders put theirs. Limits and answers follow PagerDuty's API description, the wording of
errors its live service. A summary that is too long is cut rather than refused, because a refused trigger is a page
nobody gets. One thing here is not pure: a trigger without a dedup_key is given a random one, by a function that can be
passed in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, times
from tocsin.sources.domain import (
    DETAIL_LABEL_CHARS_MAX,
    IMAGES_MAX,
    LABEL_VALUE_CHARS_MAX,
    LINKS_MAX,
    NAME_CHARS_MAX,
    PROBLEMS_MAX,
    Action,
    Endpoint,
    Image,
    Link,
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

ROUTING_KEY_CHARS = 32
SUMMARY_CHARS_MAX = 1024
DEDUP_KEY_CHARS_MAX = 255
_CHANGE_PATH = "/v2/change/enqueue"
_PATHS = ("", "/", "/v2/enqueue", _CHANGE_PATH)
_ACTIONS = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
}
_ACCEPTED = b'{"status":"success","message":"Event processed","dedup_key":'
_CHANGE_ACCEPTED = Reply(status=202, body=b'{"status":"success","message":"Change event processed"}')
_UNREADABLE = Reply(
    status=400,
    body=b'{"status":"Unrecognized object","message":"Event object format is unrecognized",'
    b'"errors":["JSON parse error"]}',
)
_REFUSED: dict[RefusalKind, tuple[str, str]] = {
    RefusalKind.UNKNOWN_KEY: ("invalid event", "Event object is invalid"),
    RefusalKind.TOO_LARGE: ("invalid event", "Event object is too large"),
    RefusalKind.RATE_LIMITED: ("throttle exceeded", "Requests for this routing key are arriving too quickly"),
    RefusalKind.UNAVAILABLE: ("unavailable", "The event was not accepted, please retry"),
    RefusalKind.METHOD: ("method not allowed", "Use POST"),
    RefusalKind.NOT_FOUND: ("not found", "There is nothing at this address"),
}


class _Key(msgspec.Struct):
    routing_key: str | None = None


class _Link(msgspec.Struct):
    href: str | None = None
    text: str | None = None


class _Image(msgspec.Struct):
    src: str | None = None
    href: str | None = None
    alt: str | None = None


class _Payload(msgspec.Struct):
    summary: str | None = None
    source: str | None = None
    severity: str | None = None
    timestamp: str | None = None
    component: str | None = None
    group: str | None = None
    class_: str | None = msgspec.field(name="class", default=None)
    custom_details: object = None


class _Event(msgspec.Struct):
    event_action: str | None = None
    routing_key: str | None = None
    dedup_key: str | None = None
    payload: _Payload | None = None
    links: list[_Link] | None = None
    images: list[_Image] | None = None
    client: str | None = None
    client_url: str | None = None


_KEY_DECODER = msgspec.json.Decoder(_Key)
_EVENT_DECODER = msgspec.json.Decoder(_Event)
_NO_PAYLOAD = _Payload()


def new_dedup_key() -> str:
    """A key nobody else has."""
    return uuid.uuid4().hex


def key(request: Request) -> str | None:
    """The key in the path, or else the body's routing key, or else one in any other place for keys."""
    if request.key:
        return credentials.bounded(request.key)
    written = _routing_key(request.body)
    return credentials.bounded(written) if written else credentials.key(request)


def read(request: Request, settings: Settings, now: datetime, new_key: Callable[[], str] = new_dedup_key) -> Reading:
    """One event as one signal, with PagerDuty's answer."""
    if request.tail not in _PATHS:
        return Reading(signals=(), reply=refuse(request, Refusal(kind=RefusalKind.NOT_FOUND)))
    try:
        event = _decode(request.body)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=_UNREADABLE, problems=(str(unreadable),))
    if request.tail == _CHANGE_PATH:
        return _read_change(event, request, now, new_key)
    payload = event.payload or _NO_PAYLOAD
    action = _ACTIONS.get(event.event_action or "") or _ACTIONS.get((event.event_action or "").strip().lower())
    severity = _SEVERITIES.get(payload.severity or "") or _SEVERITIES.get((payload.severity or "").strip().lower())
    errors = _errors(event, payload, action, severity, keyed=_is_keyed(event, request))
    if errors or action is None:
        return _invalid(errors)
    dedup_key = event.dedup_key or new_key()
    reply = Reply(status=202, body=_ACCEPTED + msgspec.json.encode(dedup_key) + b"}")
    return _reading(event, action, severity or settings.severity or Severity.CRITICAL, dedup_key, reply)


def refuse(request: Request, refusal: Refusal) -> Reply:
    """A refusal in PagerDuty's shape; an unknown key is a 400, as there."""
    status, message = _REFUSED[refusal.kind]
    errors = [answers.sentence(refusal)]
    if refusal.kind is RefusalKind.UNKNOWN_KEY:
        errors = _key_errors(key(request))
    code = 400 if refusal.kind is RefusalKind.UNKNOWN_KEY else answers.status_of(refusal)
    return _error(code, status, message, errors, answers.headers_of(refusal))


def _routing_key(body: bytes) -> str:
    try:
        return (_KEY_DECODER.decode(body).routing_key or "").strip()
    except (ValueError, RecursionError):
        pass
    try:
        return clean.text(clean.decode_object(body).get("routing_key")).strip()
    except clean.Unreadable:
        return ""


def _is_keyed(event: _Event, request: Request) -> bool:
    """Whether there is a key at all: whoever shows it elsewhere need not repeat it in the body."""
    return bool(event.routing_key or request.key) or credentials.key(request) is not None


def _decode(body: bytes) -> _Event:
    if clean.is_plain(body):
        try:
            return _EVENT_DECODER.decode(body)
        except (ValueError, RecursionError):
            pass
    return _tolerant(clean.decode_object(body))


def _tolerant(fields: dict[str, object]) -> _Event:
    """The same event from a body that breaks the schema: scalars become text, what is not usable is left out."""
    event = _Event(
        links=[
            _Link(*(clean.optional(each.get(name)) for name in ("href", "text")))
            for each in _objects(fields, "links", "href")
        ],
        images=[
            _Image(*(clean.optional(each.get(name)) for name in ("src", "href", "alt")))
            for each in _objects(fields, "images", "src")
        ],
    )
    for name in ("event_action", "routing_key", "dedup_key", "client", "client_url"):
        setattr(event, name, clean.optional(fields.get(name)))
    stated = fields.get("payload")
    if isinstance(stated, dict):
        event.payload = _Payload(
            class_=clean.optional(stated.get("class")), custom_details=stated.get("custom_details")
        )
        for name in ("summary", "source", "severity", "timestamp", "component", "group"):
            setattr(event.payload, name, clean.optional(stated.get(name)))
    return event


def _objects(fields: dict[str, object], name: str, address: str) -> list[dict[str, object]]:
    """The list's objects; one alone stands for a list of one, and a text for an object with only this address."""
    held = fields.get(name)
    each = clean.sequence(held) if isinstance(held, list) else [held] if held else []
    return [{address: one} if isinstance(one, str) else clean.mapping(one) for one in each]


def _errors(
    event: _Event, payload: _Payload, action: Action | None, severity: Severity | None, *, keyed: bool
) -> list[str]:
    """What PagerDuty would refuse this event for, in its words; empty when all is well."""
    sound = action is not None and event.event_action and keyed
    short = event.dedup_key is None or len(event.dedup_key) <= DEDUP_KEY_CHARS_MAX
    if sound and short and payload.summary and payload.source and severity is not None and action is Action.TRIGGER:
        return []  # what nearly every event is
    errors: list[str] = []
    if not keyed:
        errors.append("'routing_key' is missing or blank")
    if not event.event_action:
        errors.append("'event_action' is missing or blank")
    elif action is None:
        errors.append("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
    if event.dedup_key is not None and len(event.dedup_key) > DEDUP_KEY_CHARS_MAX:
        errors.append(f"'dedup_key' is too long (maximum is {DEDUP_KEY_CHARS_MAX} characters)")
    if action is Action.TRIGGER:
        errors.extend(_trigger_errors(event, payload, severity))
    elif action is not None and not event.dedup_key:
        errors.append("'dedup_key' is missing or blank")
    return errors


def _trigger_errors(event: _Event, payload: _Payload, severity: Severity | None) -> list[str]:
    if event.payload is None:
        return ["'payload' is missing or blank"]
    required = (("summary", payload.summary), ("source", payload.source), ("severity", payload.severity))
    errors = [f"'payload.{name}' is missing or blank" for name, value in required if not value]
    if severity is None and payload.severity:
        errors.append(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
        )
    return errors


def _read_change(event: _Event, request: Request, now: datetime, new_key: Callable[[], str]) -> Reading:
    payload = event.payload or _NO_PAYLOAD
    errors = [] if _is_keyed(event, request) else ["'routing_key' is missing or blank"]
    if event.payload is None:
        errors.append("'payload' is missing or blank")
    elif not payload.summary:
        errors.append("'payload.summary' is missing or blank")
    if errors:
        return _invalid(errors)
    if payload.timestamp is None:
        payload.timestamp = now.isoformat()
    return _reading(event, Action.CHANGE, Severity.INFO, new_key(), _CHANGE_ACCEPTED)


def _reading(event: _Event, action: Action, severity: Severity, dedup_key: str, reply: Reply) -> Reading:
    payload = event.payload or _NO_PAYLOAD
    problems: list[str] = []
    title = payload.summary or ""
    if len(title) > SUMMARY_CHARS_MAX:
        problems.append(f"payload.summary had {len(title)} characters and was cut to {SUMMARY_CHARS_MAX}")
        title = words.cut(title, SUMMARY_CHARS_MAX)
    started_at = None
    if payload.timestamp:
        started_at = times.instant(payload.timestamp)
        if started_at is None:
            problems.append("payload.timestamp is not a time and was ignored")
    signal = Signal(
        action=action,
        dedup_key=dedup_key,
        title=title,
        severity=severity,
        labels=_labels(event, payload),
        details=clean.details(payload.custom_details) if payload.custom_details else {},
        links=_links(event, problems) if event.links or event.client_url else (),
        images=_images(event, problems) if event.images else (),
        started_at=started_at,
    )
    return Reading(signals=(signal,), reply=reply, problems=tuple(problems[:PROBLEMS_MAX]))


def _labels(event: _Event, payload: _Payload) -> dict[str, str]:
    labels: dict[str, str] = {}
    if payload.severity:
        labels["severity"] = payload.severity.strip().lower()
    if payload.source:
        labels["source"] = payload.source[:LABEL_VALUE_CHARS_MAX]
    if payload.component:
        labels["component"] = payload.component[:LABEL_VALUE_CHARS_MAX]
    if payload.group:
        labels["group"] = payload.group[:LABEL_VALUE_CHARS_MAX]
    if payload.class_:
        labels["class"] = payload.class_[:LABEL_VALUE_CHARS_MAX]
    if event.client:
        labels["client"] = event.client[:NAME_CHARS_MAX]
    if isinstance(payload.custom_details, dict):
        clean.add_labels(labels, payload.custom_details, DETAIL_LABEL_CHARS_MAX)
    return labels


def _links(event: _Event, problems: list[str]) -> tuple[Link, ...]:
    kept: list[Link] = []
    if event.links and len(event.links) > LINKS_MAX:
        problems.append(f"links: only the first {LINKS_MAX} of {len(event.links)} were kept")
    for at, each in enumerate((event.links or ())[:LINKS_MAX]):
        found = clean.link(each.href, (each.text or "")[:NAME_CHARS_MAX])
        if found is None:
            problems.append(f"links[{at}].href is not an http address and was left out")
        else:
            kept.append(found)
    client = clean.link(event.client_url, (event.client or "")[:NAME_CHARS_MAX]) if event.client_url else None
    if client is not None:
        kept.append(client)
    return tuple(kept)


def _images(event: _Event, problems: list[str]) -> tuple[Image, ...]:
    kept: list[Image] = []
    if event.images and len(event.images) > IMAGES_MAX:
        problems.append(f"images: only the first {IMAGES_MAX} of {len(event.images)} were kept")
    for at, each in enumerate((event.images or ())[:IMAGES_MAX]):
        shown = _https(each.src)
        if shown:
            target = clean.link(each.href)
            kept.append(Image(shown, target.href if target else "", (each.alt or "")[:NAME_CHARS_MAX]))
        else:
            problems.append(f"images[{at}].src is not an https address and was left out")
    return tuple(kept)


def _https(address: str | None) -> str:
    found = clean.link(address)
    return found.href if found is not None and found.href.lower().startswith("https://") else ""


def _key_errors(sent: str | None) -> list[str]:
    if not sent:
        return ["'routing_key' is missing or blank"]
    if len(sent) != ROUTING_KEY_CHARS:
        return [f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARS} characters)"]
    return ["'routing_key' is unknown here"]


def _invalid(errors: list[str]) -> Reading:
    reply = _error(400, "invalid event", "Event object is invalid", errors, ())
    return Reading(signals=(), reply=reply, problems=tuple(errors[:PROBLEMS_MAX]))


def _error(code: int, status: str, message: str, errors: list[str], headers: tuple[tuple[str, str], ...]) -> Reply:
    body = msgspec.json.encode({"status": status, "message": message, "errors": errors})
    return Reply(status=code, body=body, headers=headers)


SOURCE = Source(
    name="pagerduty",
    title="PagerDuty Events API v2",
    endpoints=(
        Endpoint(method="POST", path="/v2/enqueue"),
        Endpoint(method="POST", path=_CHANGE_PATH),
        Endpoint(method="POST", path="/in/pagerduty/"),
    ),
    key=key,
    read=read,
    refuse=refuse,
    key_in_body=_PATHS,
)
