"""What tools nobody told us about most likely mean: the names they commonly give to a title, a state, a key."""

from __future__ import annotations

from typing import TypeGuard

from tocsin.sources import clean
from tocsin.sources.domain import Action

_TITLES = ("title", "summary", "message", "subject", "alert_name", "alertname", "name", "description", "text", "msg")
_DEDUP_KEYS = (
    "dedup_key",
    "deduplication_key",
    "dedup",
    "alias",
    "incident_key",
    "fingerprint",
    "alert_id",
    "alertId",
    "id",
)
_DESCRIPTIONS = ("description", "details", "body", "text", "message", "msg")
_SEVERITIES = ("severity", "priority", "level", "urgency")
_STATES = ("status", "state", "action", "event_action", "event", "event_type")
_TIMES = ("started_at", "starts_at", "startsAt", "timestamp", "occurred_at", "time", "date", "created_at")
_PEOPLE = ("user", "by", "author")
_ADDRESSES = ("url", "link", "href", "source_url", "web_url", "alert_url")
_LABEL_OBJECTS = ("labels", "tags", "metadata", "meta", "attributes")
_RESOLVED = frozenset(
    [
        "resolve",
        "resolved",
        "close",
        "closed",
        "ok",
        "recovered",
        "recovery",
        "up",
        "normal",
        "success",
        "succeeded",
        "clear",
        "cleared",
        "green",
        "inactive",
        "healthy",
        "passed",
        "passing",
    ]
)
_NOT_LABELS = frozenset({*_DEDUP_KEYS, *_DESCRIPTIONS, *_TIMES, *_ADDRESSES, "title", "summary", "subject"})
_FIRING = frozenset(
    [
        "trigger",
        "triggered",
        "firing",
        "fire",
        "open",
        "opened",
        "active",
        "alert",
        "alerting",
        "alarm",
        "problem",
        "down",
        "critical",
        "error",
        "failed",
        "failing",
        "failure",
        "unhealthy",
        "warning",
        "create",
        "created",
    ]
)
_ACKNOWLEDGED = frozenset({"acknowledge", "acknowledged", "ack", "acked"})


def title(event: dict[str, object]) -> str:
    """What the event is about, or ""."""
    annotations = clean.mapping(event.get("annotations"))
    return _first(event, _TITLES) or _first(annotations, _TITLES) or _first(clean.mapping(event.get("labels")), _TITLES)


def dedup_key(event: dict[str, object]) -> str:
    """Which problem it belongs to, or ""."""
    return _first(event, _DEDUP_KEYS)


def severity(event: dict[str, object]) -> str:
    """The sender's word for how bad it is, or ""."""
    return _first(event, _SEVERITIES) or _first(clean.mapping(event.get("labels")), _SEVERITIES)


def description(event: dict[str, object]) -> str:
    """More about it, or ""."""
    return _first(event, _DESCRIPTIONS) or _first(clean.mapping(event.get("annotations")), _DESCRIPTIONS)


def by(event: dict[str, object]) -> str:
    """Who did it, or ""."""
    return _first(event, _PEOPLE)


def note(event: dict[str, object]) -> str:
    """What they said about it, or ""."""
    return clean.text(event.get("note"))


def started_at(event: dict[str, object]) -> object:
    """When it began as the sender wrote it, or None."""
    return next((event[name] for name in _TIMES if event.get(name)), None)


def action(event: dict[str, object]) -> Action:
    """What it asks for; what is not known to be an end or an acknowledgement is a problem."""
    for name in _STATES:
        word = clean.text(event.get(name)).strip().lower()
        if word in _FIRING:
            return Action.TRIGGER
        found = action_of(word)
        if found is not Action.TRIGGER:
            return found
    return Action.TRIGGER


def action_of(word: str) -> Action:
    """What this word for a state or an action asks for."""
    lowered = word.strip().lower()
    if lowered in _RESOLVED:
        return Action.RESOLVE
    return Action.ACKNOWLEDGE if lowered in _ACKNOWLEDGED else Action.TRIGGER


def links(event: dict[str, object]) -> list[tuple[object, str]]:
    """Addresses worth a click, with what to call them."""
    found: list[tuple[object, str]] = [(event.get(name), "") for name in _ADDRESSES]
    for each in clean.sequence(event.get("links")):
        stated = clean.mapping(each)
        found.append((stated.get("href") or stated.get("url") or each, clean.text(stated.get("text"), 200)))
    return found


def labels(event: dict[str, object]) -> dict[str, object]:
    """The sender's labels, then every scalar at the top that has no place of its own in a signal."""
    found: dict[str, object] = {}
    for name in _LABEL_OBJECTS:
        held = event.get(name)
        if isinstance(held, list):
            found.update(clean.tag_labels(held))
        found.update(clean.mapping(held))
    found.update({name: held for name, held in event.items() if name not in found and name not in _NOT_LABELS})
    return found


def is_batch(value: object) -> TypeGuard[list[object]]:
    """Whether this is a list of events."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _first(event: dict[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        found = clean.text(event.get(name)).strip()
        if found:
            return found
    return ""
