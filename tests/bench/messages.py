"""What the load generator sends: requests as real senders write them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from bench.installation import ALERTMANAGER_KEY, KEY, PROMETHEUS_KEY
from bench.load import post

STARTED = "2026-11-23T05:00:00Z"
OPEN_KEYS = 2000


def event(number: int, *, prefix: str = "repeat") -> bytes:
    """A PagerDuty event of about 600 bytes; its title carries `bench-<prefix><number>` for the sink."""
    return post(
        "/v2/enqueue",
        json.dumps(
            {
                "routing_key": KEY,
                "event_action": "trigger",
                "dedup_key": f"{prefix}{number}",
                "payload": {
                    "summary": f"bench-{prefix}{number} disk is full on db{number}",
                    "source": f"db{number}.bench.example",
                    "severity": "critical",
                    "component": "postgres",
                    "group": "prod",
                    "class": "disk",
                    "timestamp": STARTED,
                    "custom_details": {"free": "1%", "used": "99%", "note": "x" * 100},
                },
                "links": [{"href": "https://graphs.bench.example/1", "text": "graph"}],
                "client": "monitor",
                "client_url": "https://monitor.bench.example",
            }
        ).encode(),
    )


def repeats() -> Iterator[bytes]:
    """The same problems again and again."""
    return itertools.cycle([event(number) for number in range(OPEN_KEYS)])


def fresh(count: int, prefix: str) -> list[bytes]:
    """Problems nobody has seen yet."""
    return [event(number, prefix=prefix) for number in range(count)]


def _alert(number: int) -> dict[str, object]:
    return {
        "labels": {
            "alertname": "DiskFull",
            "instance": f"host{number}:9100",
            "job": "node",
            "severity": "critical",
            "namespace": "prod",
            "pod": f"pod{number}",
            "cluster": "bench",
        },
        "annotations": {"summary": f"bench-batch{number} disk of host{number} is full", "description": "x" * 80},
        "startsAt": STARTED,
        "generatorURL": "http://prometheus.bench.example/graph?g0.expr=up",
    }


def prometheus_push(alerts: int = 100) -> bytes:
    """A push of Prometheus to what it takes for Alertmanager."""
    body = json.dumps([_alert(number) for number in range(alerts)]).encode()
    return post("/api/v2/alerts", body, {"Authorization": f"Bearer {PROMETHEUS_KEY}"})


def alertmanager_webhook(alerts: int = 100) -> bytes:
    """Alertmanager's webhook, version 4."""
    held = [
        {**_alert(number), "status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": f"{number:016x}"}
        for number in range(alerts)
    ]
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "receiver": "tocsin",
        "status": "firing",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.bench.example",
        "alerts": held,
    }
    return post(f"/in/alertmanager/{ALERTMANAGER_KEY}", json.dumps(body).encode())


def bare_alert(number: int) -> bytes:
    """One alert for Alertmanager itself."""
    return post("/api/v2/alerts", json.dumps([_alert(number)]).encode())


def bare_batch(alerts: int = 100, start: int = 0) -> bytes:
    """Many alerts for Alertmanager itself."""
    return post("/api/v2/alerts", json.dumps([_alert(number) for number in range(start, start + alerts)]).encode())
