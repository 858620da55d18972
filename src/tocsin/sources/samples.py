"""A request such as each sender would send for a test: what `Send a test alert` puts through the real way in. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from tocsin.sources import tools
from tocsin.sources.domain import Request

KEY = "tocsin-test"  # the dedup key, where the sender names one
TITLE = "Test alert: nothing is broken"
SAYS = "Somebody pressed Send a test alert. Acknowledge it, or resolve it."


def sample(source: str, key: str, now: datetime, tool: str = "") -> Request:
    """One problem as this sender would tell it. Raises KeyError for a source that nothing reads yet."""
    path, headers, body = _SAMPLES[source]
    written = _filled(body, key, now)
    as_bytes = tools.tool_sample(tool, TITLE, KEY) or (json.dumps(written).encode() if written else b"")
    return Request(
        method="POST",
        path=path,
        headers={"content-type": "application/json"} | {name: value.format(key=key) for name, value in headers.items()},
        body=as_bytes,
        key=key if path.startswith("/in/") else "",
        tail=path if not path.startswith("/in/") else "",
    )


def _filled(body: object, key: str, now: datetime) -> object:
    """The body with this moment and the key in their places."""
    if isinstance(body, Mapping):
        return {name: _filled(value, key, now) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(one, key, now) for one in body]
    if body == "{key}":
        return key
    return now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if body == "{now}" else body


_LABELS = {"alertname": "TocsinTest", "severity": "critical", "test": "yes"}
_ANNOTATIONS = {"summary": TITLE, "description": SAYS}
_SAMPLES: dict[str, tuple[str, Mapping[str, str], object]] = {
    "pagerduty": (
        "/v2/enqueue",
        {},
        {
            "routing_key": "{key}",
            "event_action": "trigger",
            "dedup_key": KEY,
            "payload": {
                "summary": TITLE,
                "source": "tocsin",
                "severity": "critical",
                "custom_details": {"test": "yes"},
            },
        },
    ),
    "alertmanager": (
        "/in/alertmanager/",
        {},
        {
            "version": "4",
            "groupKey": "{}:{}",
            "status": "firing",
            "receiver": "tocsin",
            "externalURL": "",
            "alerts": [
                {
                    "status": "firing",
                    "labels": _LABELS,
                    "annotations": _ANNOTATIONS,
                    "startsAt": "{now}",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": "746f6373696e0001",
                }
            ],
        },
    ),
    "prometheus": (
        "/api/v2/alerts",
        {"authorization": "Bearer {key}"},
        [{"labels": _LABELS, "annotations": _ANNOTATIONS, "startsAt": "{now}"}],
    ),
    "grafana": (
        "/in/grafana/",
        {},
        {
            "version": "1",
            "status": "firing",
            "receiver": "tocsin",
            "alerts": [
                {
                    "status": "firing",
                    "labels": _LABELS,
                    "annotations": _ANNOTATIONS,
                    "startsAt": "{now}",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": "746f6373696e0001",
                }
            ],
        },
    ),
    "opsgenie": (
        "/v2/alerts",
        {"authorization": "GenieKey {key}"},
        {"message": TITLE, "alias": KEY, "description": SAYS, "priority": "P1", "details": {"test": "yes"}},
    ),
    "datadog": (
        "/in/datadog/",
        {},
        {"cycle": KEY, "transition": "Triggered", "title": TITLE, "body": SAYS, "priority": "P1", "tags": "test:yes"},
    ),
    "sentry": (
        "/in/sentry/",
        {"sentry-hook-resource": "event_alert"},
        {
            "action": "triggered",
            "data": {
                "event": {"title": TITLE, "issue_id": KEY, "level": "fatal", "tags": [["test", "yes"]]},
                "triggered_rule": "test",
            },
        },
    ),
    "uptime-kuma": (
        "/in/uptime-kuma/",
        {},
        {
            "heartbeat": {"monitorID": 0, "status": 0, "msg": "nothing is broken", "time": "{now}"},
            "monitor": {"id": KEY, "name": "Test alert"},
            "msg": TITLE,
        },
    ),
    "heartbeat": ("/in/heartbeat/", {}, None),
    "generic": (
        "/in/generic/",
        {},
        {"title": TITLE, "description": SAYS, "dedup_key": KEY, "severity": "critical", "labels": {"test": "yes"}},
    ),
}
