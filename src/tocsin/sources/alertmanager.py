"""Alertmanager's webhook, version 4: one signal per alert of the group.

An alert is the same problem as long as its fingerprint is the same, and it is over when its own status says so,
whatever the group's says; when it ended is kept, so that one who is late does not end what began since. An alert missing from a later webhook is not over. Payloads of another version come from
custom templates and are read by the generic source.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, generic, identity, severities, times
from tocsin.sources.domain import (
    LOST_MAX,
    PROBLEMS_MAX,
    SIGNALS_PER_REQUEST_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Link,
    Reading,
    Reply,
    Request,
    Settings,
    Severity,
    Signal,
    Source,
)

BODY_BYTES_MAX = 5 * 1024 * 1024
VERSION = "4"
_ACCEPTED = Reply(status=200, body=b'{"status":"success"}')
_TITLES = ("summary", "title", "description", "message")
_DESCRIPTIONS = ("description", "message")


class _Alert(msgspec.Struct, rename={"starts_at": "startsAt", "ends_at": "endsAt", "generator": "generatorURL"}):
    labels: dict[str, str]
    status: str | None = None
    annotations: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator: str | None = None
    fingerprint: str | None = None


class _Webhook(msgspec.Struct, rename={"truncated": "truncatedAlerts", "origin": "externalURL"}):
    version: str
    alerts: list[_Alert]
    status: str | None = None
    truncated: int | None = None
    origin: str | None = None


_DECODER = msgspec.json.Decoder(_Webhook)


def read(request: Request, settings: Settings, now: datetime) -> Reading:
    """One signal per alert; an unusable alert is told of and costs its neighbours nothing."""
    problems: list[str] = []
    try:
        webhook, unread = _decode(request.body, problems)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    if webhook is None or webhook.version != VERSION:
        return generic.read(request, settings, now)
    origin = clean.links([(webhook.origin, "Alertmanager")])
    lost = min(max(webhook.truncated or 0, 0), LOST_MAX) + max(len(webhook.alerts) - SIGNALS_PER_REQUEST_MAX, 0)
    signals: list[Signal] = []
    for alert in webhook.alerts[:SIGNALS_PER_REQUEST_MAX]:
        signals.append(_signal(alert, webhook.status, origin, settings.severity, 0 if signals else lost + unread))
    if lost:
        problems.append(f"{words.plural(lost, 'alert')} of this group left out by the sender or beyond the limit")
    if problems and not signals and not lost:
        return Reading(signals=(), reply=answers.problem(400, "; ".join(problems)), problems=tuple(problems))
    return Reading(signals=tuple(signals), reply=_ACCEPTED, problems=tuple(problems))


def _decode(body: bytes, problems: list[str]) -> tuple[_Webhook | None, int]:
    """The webhook, or None if this is JSON of another shape; and how many alerts of it nobody can read."""
    if clean.is_plain(body):
        try:
            return _DECODER.decode(body), 0
        except (ValueError, RecursionError):
            pass
    read = clean.decode(body)
    fields = clean.mapping(read)
    if not isinstance(fields.get("alerts"), list) or clean.text(fields.get("version")) != VERSION:
        return None, 0
    alerts = clean.sequence(fields["alerts"])
    looked_at = alerts[:SIGNALS_PER_REQUEST_MAX]
    readable = list(_tolerant(looked_at, problems))
    stated = fields.get("truncatedAlerts")
    truncated = min(max(stated, 0), LOST_MAX) if isinstance(stated, int) else 0
    webhook = _Webhook(
        version=VERSION,
        alerts=readable,
        status=clean.optional(fields.get("status")),
        truncated=truncated + max(len(alerts) - SIGNALS_PER_REQUEST_MAX, 0),
        origin=clean.optional(fields.get("externalURL")),
    )
    return webhook, len(looked_at) - len(readable)


def _tolerant(alerts: list[object], problems: list[str]) -> Iterator[_Alert]:
    for at, written in enumerate(alerts):
        alert = clean.mapping(written)
        labels = clean.labels(clean.mapping(alert.get("labels")))
        print_ = clean.text(alert.get("fingerprint"))
        if not labels and not print_:
            if len(problems) < PROBLEMS_MAX:
                problems.append(f"alerts[{at}]: labels must be an object with at least one label")
            continue
        yield _Alert(
            labels=labels,
            status=clean.optional(alert.get("status")),
            annotations=clean.labels(clean.mapping(alert.get("annotations"))),
            starts_at=times.instant(alert.get("startsAt")),
            ends_at=times.instant(alert.get("endsAt")),
            generator=clean.optional(alert.get("generatorURL")),
            fingerprint=print_,
        )


def _signal(
    alert: _Alert, group_status: str | None, origin: tuple[Link, ...], default: Severity | None, lost: int
) -> Signal:
    labels = alert.labels
    annotations = alert.annotations or {}
    description = _first(annotations, _DESCRIPTIONS)
    title = _first(annotations, _TITLES) or labels.get("alertname") or "alert without a name"
    is_over = (alert.status or group_status) == "resolved"
    return Signal(
        action=Action.RESOLVE if is_over else Action.TRIGGER,
        dedup_key=identity.short(alert.fingerprint or identity.fingerprint(labels)),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=severities.from_word(labels.get("severity", ""), default),
        labels=labels if clean.fits(labels) else clean.labels(labels),
        description=words.cut(description, TEXT_CHARS_MAX),
        details=clean.texts(annotations),
        links=_links(alert.generator, annotations, origin),
        started_at=times.utc(alert.starts_at),
        expires_at=times.utc(alert.ends_at) if is_over and alert.starts_at else None,
        lost=lost,
    )


def _links(generator: str | None, annotations: dict[str, str], origin: tuple[Link, ...]) -> tuple[Link, ...]:
    kept: list[Link] = []
    for name, label in (("runbook_url", "Runbook"), ("dashboard_url", "Dashboard")):
        found = clean.link(annotations[name], label) if name in annotations else None
        if found is not None:
            kept.append(found)
    source = clean.link(generator, "Source") if generator else None
    if source is not None:
        kept.append(source)
    return (*kept, *origin)


def _first(annotations: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        found = annotations.get(name)
        if found:
            return found
    return ""


SOURCE = Source(
    name="alertmanager",
    title="Prometheus Alertmanager webhook",
    endpoints=(Endpoint(method="POST", path="/in/alertmanager/"),),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
    body_bytes_max=BODY_BYTES_MAX,
)
