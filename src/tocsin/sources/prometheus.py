"""Alertmanager's push API, version 2: Prometheus sends its alerts straight to us.

The rules are those of Alertmanager's own handler: each alert is judged alone, the valid ones are kept and the answer
is 400 if any was bad; an alert's identity is its full set of labels; an end in the future means it fires until then,
unless it is sent again. Prometheus repeats firing alerts with a short end and resolved ones for a while.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, identity, severities, times
from tocsin.sources.domain import (
    PROBLEMS_MAX,
    SIGNALS_PER_REQUEST_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Link,
    Reading,
    Refusal,
    RefusalKind,
    Reply,
    Request,
    Settings,
    Signal,
    Source,
)

BODY_BYTES_MAX = 5 * 1024 * 1024
_PATH = "/api/v2/alerts"
_ACCEPTED = Reply(status=200)
_TITLES = ("summary", "title", "description", "message")
_DESCRIPTIONS = ("description", "message")


class _Alert(msgspec.Struct, rename={"starts_at": "startsAt", "ends_at": "endsAt", "generator": "generatorURL"}):
    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator: str | None = None


_DECODER = msgspec.json.Decoder(list[_Alert])


def read(request: Request, settings: Settings, now: datetime) -> Reading:
    """One signal per valid alert; 200 with nothing if all were, 400 naming the others if not."""
    if request.tail not in ("", "/", _PATH):
        return Reading(signals=(), reply=refuse(request, Refusal(kind=RefusalKind.NOT_FOUND)))
    errors: list[str] = []
    try:
        alerts = _decode(request.body, errors)
    except clean.Unreadable as unreadable:
        error = f'parsing alerts body from "" failed, because {unreadable}'
        return Reading(signals=(), reply=_error(400, error), problems=(error,))
    signals: list[Signal] = []
    for alert in alerts[:SIGNALS_PER_REQUEST_MAX]:
        signal = _signal(alert, settings, now)
        if isinstance(signal, Signal):
            signals.append(signal)
        else:
            errors.append(signal)
    if len(alerts) > SIGNALS_PER_REQUEST_MAX:
        errors.append(
            f"only the first {SIGNALS_PER_REQUEST_MAX} of {len(alerts)} alerts were taken; send fewer at once"
        )
    if not errors:
        return Reading(signals=tuple(signals), reply=_ACCEPTED)
    told = tuple(errors[:PROBLEMS_MAX])
    return Reading(
        signals=tuple(signals), reply=Reply(status=400, body=msgspec.json.encode("; ".join(told))), problems=told
    )


def refuse(request: Request, refusal: Refusal) -> Reply:  # noqa: ARG001 - the same for every request
    """A refusal as Alertmanager's API words its own."""
    return _error(answers.status_of(refusal), answers.sentence(refusal), answers.headers_of(refusal))


def _decode(body: bytes, errors: list[str]) -> list[_Alert]:
    if clean.is_plain(body):
        try:
            return _DECODER.decode(body)
        except (ValueError, RecursionError):
            pass
    read = clean.decode(body)
    if not isinstance(read, list):
        raise clean.Unreadable("the body must be a JSON array of alerts")
    alerts: list[_Alert] = []
    if len(read) > SIGNALS_PER_REQUEST_MAX:
        errors.append(f"only the first {SIGNALS_PER_REQUEST_MAX} of {len(read)} alerts were taken; send fewer at once")
    for at, written in enumerate(read[:SIGNALS_PER_REQUEST_MAX]):
        try:
            alerts.append(_tolerant(written))
        except clean.Unreadable as error:
            errors.append(f"alert {at}: {error}")
    return alerts


def _tolerant(written: object) -> _Alert:
    """One alert as far as it can be meant, and as the decoder reads it where it keeps to the schema.

    Raises Unreadable with what is wrong.
    """
    if not isinstance(written, dict):
        raise clean.Unreadable("it must be an object")
    if not isinstance(written.get("labels"), dict):
        raise clean.Unreadable("labels in body is required")
    return _Alert(
        labels={_whole(name): _whole(value) for name, value in written["labels"].items()},
        annotations={_whole(name): _whole(value) for name, value in clean.mapping(written.get("annotations")).items()},
        starts_at=_instant(written, "startsAt"),
        ends_at=_instant(written, "endsAt"),
        generator=clean.optional(written.get("generatorURL")),
    )


def _whole(value: object) -> str:
    """A scalar as text, uncut: an alert's identity is all of its labels."""
    return clean.optional(value) or ""


def _instant(written: dict[str, object], name: str) -> datetime | None:
    value = written.get(name)
    if value in (None, "") or (isinstance(value, str) and value.startswith("0001-01-01")):
        return None
    try:
        return msgspec.convert(value, datetime)  # as the decoder of whole bodies reads it, to the microsecond
    except ValueError:
        pass
    found = times.instant(value, times.nearest)
    if found is None:
        raise clean.Unreadable(f"{name} in body must be of type date-time: {words.cut(clean.text(value), 40)!r}")
    return found


def _signal(alert: _Alert, settings: Settings, now: datetime) -> Signal | str:
    """The signal, or what makes the alert invalid."""
    labels = alert.labels
    if not all(labels.values()):
        labels = {name: value for name, value in labels.items() if value}
    if not labels:
        return "at least one label pair required"
    if "" in labels:
        return 'invalid label set: invalid name ""'
    ends_at = times.nearest(alert.ends_at)
    starts_at = times.nearest(alert.starts_at) or ends_at or now
    if ends_at is None:
        ends_at = now + timedelta(seconds=settings.resolve_timeout_s)
    elif ends_at < starts_at:
        return "start time must be before end time"
    annotations = alert.annotations or {}
    firing = ends_at > now
    title = _first(annotations, _TITLES) or labels.get("alertname") or "alert without a name"
    return Signal(
        action=Action.TRIGGER if firing else Action.RESOLVE,
        dedup_key=identity.fingerprint(labels),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=severities.from_word(labels.get("severity", ""), settings.severity),
        labels=labels if clean.fits(labels) else clean.labels(labels),
        description=words.cut(_first(annotations, _DESCRIPTIONS), TEXT_CHARS_MAX),
        details=clean.texts(annotations),
        links=_links(alert.generator, annotations),
        started_at=starts_at,
        expires_at=ends_at if firing else None,
    )


def _links(generator: str | None, annotations: dict[str, str]) -> tuple[Link, ...]:
    kept: list[Link] = []
    for name, label in (("runbook_url", "Runbook"), ("dashboard_url", "Dashboard")):
        found = clean.link(annotations[name], label) if name in annotations else None
        if found is not None:
            kept.append(found)
    source = clean.link(generator, "Source") if generator else None
    if source is not None:
        kept.append(source)
    return tuple(kept)


def _first(annotations: dict[str, str], names: tuple[str, ...]) -> str:
    for name in names:
        found = annotations.get(name)
        if found:
            return found
    return ""


def _error(code: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status=code, body=msgspec.json.encode({"code": code, "message": message}), headers=headers)


SOURCE = Source(
    name="prometheus",
    title="Prometheus, as if to an Alertmanager",
    endpoints=(Endpoint(method="POST", path=_PATH), Endpoint(method="POST", path="/in/prometheus/")),
    key=credentials.key,
    read=read,
    refuse=refuse,
    body_bytes_max=BODY_BYTES_MAX,
)
