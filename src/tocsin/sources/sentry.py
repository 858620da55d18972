"""Sentry's integration webhooks, and its older project webhook.

A signature is checked when the integration has a secret; without one, the key in the address is the credential.
Sentry never says that an event alert is over, so those end by the integration's timeout or by a person.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import msgspec

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, severities, times
from tocsin.sources.domain import (
    DEDUP_KEY_CHARS_MAX,
    NAME_CHARS_MAX,
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

_ACCEPTED = Reply(status=200, body=b'{"status":"accepted"}')
_ISSUE_ACTIONS = {
    "created": Action.TRIGGER,
    "unresolved": Action.TRIGGER,
    "resolved": Action.RESOLVE,
    "archived": Action.RESOLVE,
    "ignored": Action.RESOLVE,
    "assigned": Action.NOTE,
}


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - the clock does not matter
    """One signal per webhook that is about a problem; the others are accepted and say nothing."""
    if settings.secret and not _is_signed(request, settings.secret):
        told = "Sentry-Hook-Signature does not match the integration's secret"
        return Reading(signals=(), reply=answers.problem(401, told), problems=(told,))
    try:
        fields = clean.decode_object(request.body)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    resource = request.headers.get("sentry-hook-resource", "").strip().lower() or _resource(fields)
    stated = clean.mapping(fields.get("data"))
    action = clean.text(fields.get("action")).lower()
    match resource:
        case "event_alert":
            signal = _event_alert(stated, settings)
        case "metric_alert":
            signal = _metric_alert(stated, action, settings)
        case "issue":
            signal = _issue(stated, action, fields, settings)
        case "legacy":
            signal = _legacy(fields, settings)
        case "":
            told = "data: it holds none of event, metric_alert and issue"
            return Reading(signals=(), reply=answers.problem(400, told), problems=(told,))
        case _:
            told = f"{words.cut(resource, NAME_CHARS_MAX)} webhooks are accepted and not kept"
            return Reading(signals=(), reply=_ACCEPTED, problems=() if resource == "installation" else (told,))
    told_by = msgspec.structs.replace(signal, labels={**signal.labels, "resource": resource})
    return Reading(signals=(told_by,), reply=_ACCEPTED)


def _resource(fields: dict[str, object]) -> str:
    stated = clean.mapping(fields.get("data"))
    for name, resource in (("event", "event_alert"), ("metric_alert", "metric_alert"), ("issue", "issue")):
        if isinstance(stated.get(name), dict):
            return resource
    return "legacy" if "project" in fields and ("message" in fields or "event" in fields) else ""


def _event_alert(stated: dict[str, object], settings: Settings) -> Signal:
    event = clean.mapping(stated.get("event"))
    rule = clean.text(stated.get("triggered_rule"), NAME_CHARS_MAX)
    labels = clean.labels({"level": event.get("level"), "project": event.get("project"), "rule": rule})
    tags = [clean.sequence(each) for each in clean.sequence(event.get("tags"))]
    clean.add_labels(labels, {clean.text(tag[0]): tag[1] for tag in tags if len(tag) == 2}, NAME_CHARS_MAX)
    return _signal(
        Action.TRIGGER,
        (clean.text(event.get("issue_id")), clean.text(event.get("event_id")), rule),
        event,
        labels,
        severities.from_word(clean.text(event.get("level")), settings.severity),
    )


def _metric_alert(stated: dict[str, object], action: str, settings: Settings) -> Signal:
    alert = clean.mapping(stated.get("metric_alert"))
    shown = {
        "title": stated.get("description_title") or alert.get("title"),
        "culprit": stated.get("description_text"),
        "web_url": stated.get("web_url"),
        "datetime": alert.get("date_started") or alert.get("date_detected"),
    }
    return _signal(
        Action.RESOLVE if action == "resolved" else Action.TRIGGER,
        (clean.text(alert.get("id")), clean.text(alert.get("identifier")), clean.text(shown["title"])),
        shown,
        clean.labels({"level": action}),
        severities.known(action) or settings.severity or Severity.CRITICAL,
    )


def _issue(stated: dict[str, object], action: str, fields: dict[str, object], settings: Settings) -> Signal:
    issue = clean.mapping(stated.get("issue"))
    project = issue.get("project")
    name = clean.mapping(project).get("slug") if isinstance(project, dict) else project
    labels = {"level": issue.get("level"), "project": name, "substatus": issue.get("substatus")}
    signal = _signal(
        _ISSUE_ACTIONS.get(action, Action.NOTE),
        (clean.text(issue.get("id")), clean.text(issue.get("title"))),
        {**issue, "datetime": issue.get("firstSeen")},
        clean.labels(labels),
        severities.from_word(clean.text(issue.get("level")), settings.severity),
    )
    by = clean.text(clean.mapping(fields.get("actor")).get("name"), NAME_CHARS_MAX)
    note = f"{words.cut(action, NAME_CHARS_MAX) or 'changed'} in Sentry"
    return msgspec.structs.replace(signal, by=by, note=note)


def _legacy(fields: dict[str, object], settings: Settings) -> Signal:
    event = clean.mapping(fields.get("event"))
    shown = {
        "title": event.get("title") or fields.get("message"),
        "culprit": fields.get("culprit"),
        "web_url": fields.get("url"),
        "datetime": event.get("datetime") or event.get("timestamp"),
    }
    labels = {
        "level": fields.get("level"),
        "project": fields.get("project_slug") or fields.get("project"),
        "logger": fields.get("logger"),
    }
    return _signal(
        Action.TRIGGER,
        (clean.text(fields.get("id")), clean.text(event.get("event_id")), clean.text(shown["title"])),
        shown,
        clean.labels(labels),
        severities.from_word(clean.text(fields.get("level")), settings.severity),
    )


def _signal(
    action: Action,
    keys: tuple[str, ...],
    shown: dict[str, object],
    labels: dict[str, str],
    severity: Severity,
) -> Signal:
    title = clean.text(shown.get("title")).strip() or "Sentry alert without a title"
    return Signal(
        action=action,
        dedup_key=words.cut(next((each for each in keys if each), title), DEDUP_KEY_CHARS_MAX),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=severity,
        labels=labels,
        description=clean.text(shown.get("culprit")),
        links=clean.links([(shown.get("web_url"), "Sentry"), (shown.get("issue_url"), "Sentry issue")]),
        started_at=times.instant(shown.get("datetime")),
    )


def _is_signed(request: Request, secret: str) -> bool:
    made = hmac.new(secret.encode("utf-8", "replace"), request.body, hashlib.sha256).hexdigest()
    sent = request.headers.get("sentry-hook-signature", "").strip().lower()
    return hmac.compare_digest(made.encode(), sent.encode("utf-8", "replace"))


SOURCE = Source(
    name="sentry",
    title="Sentry",
    endpoints=(Endpoint(method="POST", path="/in/sentry/"),),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
)
