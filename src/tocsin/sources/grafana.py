"""Grafana alerting's webhook: Alertmanager's shape with values, images and addresses of its own.

The state is each alert's `status`; the legacy `state` at the top is not looked at. An alert that fires because a
query failed or found no data is a warning unless its labels say otherwise.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from msgspec import structs

from tocsin.kit import text as words
from tocsin.sources import answers, clean, credentials, generic, identity, severities, times
from tocsin.sources.domain import (
    LOST_MAX,
    PROBLEMS_MAX,
    SIGNALS_PER_REQUEST_MAX,
    TITLE_CHARS_MAX,
    Action,
    Endpoint,
    Image,
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
_ACCEPTED = Reply(status=200, body=b'{"status":"success"}')
_TITLES = ("summary", "title", "description", "message")
_DESCRIPTIONS = ("description", "message")
_TROUBLE = frozenset({"DatasourceNoData", "DatasourceError"})
_LINKS = (
    ("generatorURL", "Rule"),
    ("panelURL", "Panel"),
    ("dashboardURL", "Dashboard"),
    ("silenceURL", "Silence in Grafana"),
)
_DETAILS = ("values", "valueString", "orgId")


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - the sender's clock counts
    """One signal per alert; an unusable alert is told of and costs its neighbours nothing."""
    if settings.secret and not _is_signed(request, settings.secret):
        forged = "X-Grafana-Alerting-Signature does not match the integration's secret"
        return Reading(signals=(), reply=answers.problem(401, forged), problems=(forged,))
    try:
        payload = clean.decode(request.body)
    except clean.Unreadable as unreadable:
        return Reading(signals=(), reply=answers.problem(400, str(unreadable)), problems=(str(unreadable),))
    webhook = clean.mapping(payload)
    alerts = webhook.get("alerts")
    if not isinstance(alerts, list):
        return generic.interpret(request, _by_rule(payload), settings)
    truncated = webhook.get("truncatedAlerts")
    lost = min(max(truncated, 0), LOST_MAX) if isinstance(truncated, int) else 0
    lost += max(len(alerts) - SIGNALS_PER_REQUEST_MAX, 0)
    signals: list[Signal] = []
    problems: list[str] = []
    for at, alert in enumerate(alerts[:SIGNALS_PER_REQUEST_MAX]):
        labels = _texts(clean.mapping(alert).get("labels"))
        if not labels and not clean.text(clean.mapping(alert).get("fingerprint")):
            problems.append(f"alerts[{at}]: labels must be an object with at least one label")
            continue
        signals.append(_signal(alert, labels, webhook, settings, 0))
    missing = lost + len(problems)
    if signals and missing:
        signals[0] = structs.replace(signals[0], lost=missing)
    if lost:
        problems.append(f"{words.plural(lost, 'alert')} of this group left out by the sender or beyond the limit")
    told = tuple(problems[:PROBLEMS_MAX])
    if problems and not signals and not lost:
        return Reading(signals=(), reply=answers.problem(400, "; ".join(told)), problems=told)
    return Reading(signals=tuple(signals), reply=_ACCEPTED, problems=told)


def _is_signed(request: Request, secret: str) -> bool:
    """By the headers Grafana proposes; with a timestamp, that is signed, too."""
    at = request.headers.get("x-grafana-alerting-timestamp", "").encode("utf-8", "replace")
    signed = at + b":" + request.body if at else request.body
    made = hmac.new(secret.encode("utf-8", "replace"), signed, hashlib.sha256).hexdigest()
    sent = request.headers.get("x-grafana-alerting-signature", "").strip().lower()
    return hmac.compare_digest(made.encode(), sent.encode("utf-8", "replace"))


def _by_rule(payload: object) -> object:
    """Grafana's alerts before unified alerting: the title tells the state, so that only the rule is always the same."""
    if not isinstance(payload, dict) or "evalMatches" not in payload:
        return payload
    rule = (
        clean.text(payload.get("ruleId")) or clean.text(payload.get("ruleUrl")) or clean.text(payload.get("ruleName"))
    )
    return {"dedup_key": rule, **payload}


def _signal(
    alert: dict[str, object], labels: dict[str, str], webhook: dict[str, object], settings: Settings, lost: int
) -> Signal:
    annotations = _texts(alert.get("annotations"))
    name = labels.get("alertname", "")
    default = Severity.WARNING if name in _TROUBLE else settings.severity
    status = clean.text(alert.get("status")) or clean.text(webhook.get("status"))
    title = _first(annotations, _TITLES) or name or clean.text(webhook.get("title")) or "alert without a name"
    dedup_key = clean.text(alert.get("fingerprint")) or identity.fingerprint(labels)
    is_over = status == "resolved"
    started_at = times.instant(alert.get("startsAt"))
    return Signal(
        action=Action.RESOLVE if is_over else Action.TRIGGER,
        dedup_key=identity.short(dedup_key),
        title=words.cut(title, TITLE_CHARS_MAX),
        severity=severities.from_word(labels.get("severity", ""), default),
        labels=clean.labels(labels),
        description=_first(annotations, _DESCRIPTIONS) or clean.text(alert.get("valueString")),
        details=clean.details(
            {**annotations, **{each: alert[each] for each in _DETAILS if alert.get(each) is not None}}
        ),
        links=_links(alert, annotations, webhook),
        images=_images(alert),
        started_at=started_at,
        expires_at=times.instant(alert.get("endsAt")) if is_over and started_at else None,
        lost=lost,
    )


def _links(alert: dict[str, object], annotations: dict[str, str], webhook: dict[str, object]) -> tuple[Link, ...]:
    candidates: list[tuple[object, str]] = [(annotations.get("runbook_url"), "Runbook")]
    candidates.extend((alert.get(name), label) for name, label in _LINKS)
    candidates.append((webhook.get("externalURL"), "Grafana"))
    return clean.links(candidates)


def _images(alert: dict[str, object]) -> tuple[Image, ...]:
    found = clean.link(alert.get("imageURL"))
    return (Image(found.href),) if found else ()


def _texts(value: object) -> dict[str, str]:
    return {clean.text(name): clean.text(held) for name, held in clean.mapping(value).items() if clean.text(held)}


def _first(annotations: dict[str, str], names: tuple[str, ...]) -> str:
    return next((annotations[name] for name in names if annotations.get(name)), "")


SOURCE = Source(
    name="grafana",
    title="Grafana alerting webhook",
    endpoints=(
        Endpoint(method="POST", path="/in/grafana/"),
        Endpoint(method="PUT", path="/in/grafana/"),
    ),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
    body_bytes_max=BODY_BYTES_MAX,
)
