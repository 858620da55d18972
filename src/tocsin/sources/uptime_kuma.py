"""Uptime Kuma's webhook, in every encoding it offers: JSON, a form with the field `data`, and GET.

`heartbeat` and `monitor` are null for its test button and for certificate notices: the first is informational, the
second a warning. A monitor that is still retrying says nothing yet.
"""

from __future__ import annotations

import re
from datetime import datetime

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, generic, times
from tocsin.sources.domain import (
    DEDUP_KEY_CHARS_MAX,
    LABEL_VALUE_CHARS_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Reading,
    Reply,
    Request,
    Settings,
    Severity,
    Signal,
    Source,
)

_ACCEPTED = Reply(status=200, body=b'{"ok":true}')
_PENDING = 2
_ACTIONS = {0: Action.TRIGGER, 1: Action.RESOLVE, 3: Action.NOTE}
_STATUS_NAMES = {0: "down", 1: "up", 2: "pending", 3: "maintenance"}
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAMED_DATA = re.compile(rb'content-disposition:[^\r\n]{0,100}name="?data"?', re.IGNORECASE)
_DAYS = re.compile(r"\d+")
_FIELDS = ("msg", "ping", "duration", "retries", "time")


def read(request: Request, settings: Settings, now: datetime) -> Reading:
    """One signal for what a monitor found, or none while it is still trying."""
    try:
        payload = clean.decode(_json(request)) if request.method != "GET" else _query(request)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    fields = clean.mapping(payload)
    if "heartbeat" not in fields and "monitor" not in fields:
        return generic.interpret(request, payload, settings)
    heartbeat = clean.mapping(fields.get("heartbeat"))
    if not heartbeat:
        return Reading(signals=(_notice(fields, settings, now),), reply=_ACCEPTED)
    status = heartbeat.get("status")
    if status == _PENDING:
        return Reading(signals=(), reply=_ACCEPTED, problems=("the monitor is still retrying; nothing was kept",))
    return Reading(signals=(_signal(fields, heartbeat, settings),), reply=_ACCEPTED)


def _signal(fields: dict[str, object], heartbeat: dict[str, object], settings: Settings) -> Signal:
    monitor = clean.mapping(fields.get("monitor"))
    monitor_id = clean.text(monitor.get("id")) or clean.text(heartbeat.get("monitorID"))
    name = clean.text(monitor.get("name"), LABEL_VALUE_CHARS_MAX)
    status = heartbeat.get("status")
    number = status if isinstance(status, int) else -1
    message = clean.text(heartbeat.get("msg")) or clean.text(fields.get("msg"))
    action = _ACTIONS.get(number, Action.TRIGGER)
    title = f"{name or 'monitor ' + monitor_id}: {message or _STATUS_NAMES.get(number, 'unknown state')}"
    return Signal(
        action=action,
        dedup_key=words.cut(monitor_id or name or "monitor", DEDUP_KEY_CHARS_MAX),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=settings.severity or Severity.CRITICAL,
        labels=_labels(monitor, name, number),
        description=clean.text(fields.get("msg")),
        details=clean.details({each: heartbeat[each] for each in _FIELDS if heartbeat.get(each) is not None}),
        links=clean.links([(monitor.get("url"), "What is monitored")]),
        started_at=times.instant(heartbeat.get("time")),
        note=message if action is Action.NOTE else "",
    )


def _notice(fields: dict[str, object], settings: Settings, now: datetime) -> Signal:
    """Kuma's word about no monitor in particular; numbers do not tell two notices apart, as they count down days."""
    message = clean.text(fields.get("msg")).strip() or "Uptime Kuma sent a notice without a text"
    expiring = "certificate" in message.lower()
    severity = Severity.WARNING if expiring else Severity.INFO
    return Signal(
        action=Action.TRIGGER,
        dedup_key=words.cut(("certificate " if expiring else "notice ") + _DAYS.sub("#", message), DEDUP_KEY_CHARS_MAX),
        title=words.cut(message, TITLE_CHARS_MAX),
        severity=(settings.severity or severity) if expiring else severity,
        started_at=now,
    )


def _labels(monitor: dict[str, object], name: str, status: int) -> dict[str, str]:
    labels = clean.labels(
        {"monitor": name, "status": _STATUS_NAMES.get(status), "type": monitor.get("type"), "url": monitor.get("url")}
    )
    clean.add_labels(labels, {each: monitor.get(each) for each in ("hostname", "port")}, LABEL_VALUE_CHARS_MAX)
    for tag in clean.sequence(monitor.get("tags")):
        stated = clean.mapping(tag)
        named = clean.text(stated.get("name"))
        if named:
            clean.add_labels(labels, {named: stated.get("value") or "true"}, LABEL_VALUE_CHARS_MAX)
    return labels


def _json(request: Request) -> bytes:
    """The JSON in the body, unwrapped from a form if it comes in one."""
    kind = request.headers.get("content-type", "")
    boundary = _BOUNDARY.search(kind) if kind.lower().startswith("multipart/") else None
    if boundary is None:
        return request.body
    for part in request.body.split(b"--" + boundary[1].encode("utf-8", "replace")):
        head, _, written = part.partition(b"\r\n\r\n")
        if _NAMED_DATA.search(head):
            return written.strip()
    raise clean.Unreadable("data: the form has no field of this name")


def _query(request: Request) -> dict[str, object]:
    asked = credentials.query(request)
    fields: dict[str, object] = {"msg": asked.get("msg")}
    for name in ("heartbeat", "monitor"):
        try:
            fields[name] = clean.decode(asked.get(name, "null").encode("utf-8", "replace") or b"null")
        except clean.Unreadable:
            raise clean.Unreadable(f"{name}: it must be JSON") from None
    return fields


SOURCE = Source(
    name="uptime-kuma",
    title="Uptime Kuma",
    endpoints=tuple(Endpoint(method=method, path="/in/uptime-kuma/") for method in ("GET", "POST", "PUT")),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
)
