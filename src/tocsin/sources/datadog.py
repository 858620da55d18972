"""Datadog's webhook with the template our documentation gives, or with the field names others published.

Datadog sends whatever its user typed, so a name it did not replace (`$LINK`) counts as absent.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, generic, severities, times
from tocsin.sources.domain import (
    DEDUP_KEY_CHARS_MAX,
    LABEL_VALUE_CHARS_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Image,
    Reading,
    Reply,
    Request,
    Settings,
    Severity,
    Signal,
    Source,
)

_ACCEPTED = Reply(status=202, body=b'{"status":"accepted"}')
_DEDUP_KEYS = ("cycle", "aggregate", "alert_id", "monitor_id", "id", "title")
_SCOPED = frozenset({"alert_id", "monitor_id"})  # one monitor watches many scopes, each its own problem
_TRANSITIONS = ("transition", "alert_transition")
_LABELS = ("hostname", "event_type", "alert_id", "monitor_id", "alert_type", "scope", "scopes", "priority")
_DETAILS = ("alert_query", "aggregate", "cycle", "transition", "alert_transition", "snapshot", "last_updated")


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - the clock does not matter
    """One signal per webhook."""
    try:
        payload = clean.decode(request.body)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    fields = {name: held for name, held in clean.mapping(payload).items() if not _is_placeholder(held)}
    transition = _first(fields, _TRANSITIONS)
    dedup_key = _dedup_key(fields)
    if not transition or not dedup_key:
        return generic.interpret(request, payload, settings)
    labels = clean.labels({name: fields.get(name) for name in _LABELS} | {"org": _organisation(fields)})
    clean.add_labels(labels, dict(clean.tag_labels(_tags(fields))), LABEL_VALUE_CHARS_MAX)
    snapshot = clean.link(fields.get("snapshot"))
    signal = Signal(
        action=Action.RESOLVE if transition.lower() == "recovered" else Action.TRIGGER,
        dedup_key=words.cut(dedup_key, DEDUP_KEY_CHARS_MAX),
        title=words.cut(_first(fields, ("title", "body")) or f"Datadog monitor: {transition}", TITLE_CHARS_MAX),
        severity=_severity(fields, transition, settings),
        labels=labels,
        description=_first(fields, ("body",)),
        details=clean.details({name: fields[name] for name in _DETAILS if fields.get(name)}),
        links=clean.links([(fields.get("link"), "Datadog"), (fields.get("url"), "Datadog")]),
        images=(Image(snapshot.href),) if snapshot else (),
        started_at=times.instant(fields.get("date")),
    )
    return Reading(signals=(signal,), reply=_ACCEPTED)


def _dedup_key(fields: dict[str, object]) -> str:
    for name in _DEDUP_KEYS:
        found = clean.text(fields.get(name)).strip()
        if found:
            scope = _first(fields, ("scope", "scopes")) if name in _SCOPED else ""
            return f"{found} {scope}" if scope else found
    return ""


def _severity(fields: dict[str, object], transition: str, settings: Settings) -> Severity:
    """The priority if it is one of P1 to P5, then what the transition tells, then the integration's default."""
    for name in ("priority", "severity"):
        found = severities.known(clean.text(fields.get(name)))
        if found is not None:
            return found
    if transition.lower().endswith("warn"):
        return Severity.WARNING
    return settings.severity or Severity.CRITICAL


def _tags(fields: dict[str, object]) -> list[object]:
    held = fields.get("tags")
    return clean.sequence(held) if isinstance(held, list) else list(clean.text(held).split(","))


def _organisation(fields: dict[str, object]) -> str:
    held = fields.get("org")
    return clean.text(clean.mapping(held).get("name") if isinstance(held, dict) else held)


def _is_placeholder(value: object) -> bool:
    return isinstance(value, str) and value.startswith("$") and value[1:].replace("_", "").isalnum() and value.isupper()


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := clean.text(fields.get(name)).strip())), "")


SOURCE = Source(
    name="datadog",
    title="Datadog webhook",
    endpoints=(Endpoint(method="POST", path="/in/datadog/"),),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
)
