"""Debian's Alertmanager with every notifier it has for us at once: webhook (three ways to sign in), PagerDuty, Opsgenie."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from real.installation import KEYS, Installation
from real.programs import Program, eventually, free_port

pytestmark = pytest.mark.xdist_group("real")
DOORS = ("am-path", "am-bearer", "am-basic", "am-events", "am-opsgenie")
START_S = 15.0
REPEAT_S = 15.0
CONFIGURATION = """
route: {{receiver: tocsin, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}}
receivers:
- name: tocsin
  webhook_configs:
  - {{url: "{url}/in/alertmanager/{path}"}}
  - {{url: "{url}/in/alertmanager", http_config: {{authorization: {{credentials: {bearer}}}}}}}
  - {{url: "{url}/in/alertmanager", http_config: {{basic_auth: {{username: alertmanager, password: {basic}}}}}}}
  pagerduty_configs:
  - {{routing_key: {events}, url: "{url}/v2/enqueue", severity: '{{{{ .CommonLabels.severity }}}}'}}
  opsgenie_configs:
  - {{api_key: {opsgenie}, api_url: "{url}/", message: '{{{{ .CommonLabels.alertname }}}}', priority: P2, update_alerts: true}}
"""


@dataclass(frozen=True, kw_only=True)
class Alertmanager:
    """The real one."""

    url: str
    program: Program

    def push(self, name: str, *, ended: bool = False, **labels: str) -> None:
        """Tell it that this alert fires, or that it ended just now."""
        now = datetime.now(UTC)
        ends = now if ended else now + timedelta(hours=1)
        alert: dict[str, Any] = {
            "labels": {"alertname": name, "severity": "critical", **labels},
            "annotations": {"summary": f"{name} is the matter", "description": "two\nlines"},
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": ends.isoformat(),
            "generatorURL": "http://prometheus.example/graph",
        }
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps([alert]).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200

    def failed(self) -> dict[str, float]:
        """How many notifications failed, by notifier; only those that did."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        counted = {
            line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith(("alertmanager_notifications_failed_total", "alertmanager_notification_requests_failed"))
        }
        return {name: count for name, count in counted.items() if count}


@pytest.fixture(scope="module")
def alertmanager(
    alertmanager_binary: str, tocsin: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Alertmanager]:
    """Running, with all its notifiers pointed at us and intervals of a second."""
    folder = tmp_path_factory.mktemp("alertmanager")
    written = folder / "alertmanager.yml"
    keys = {name.removeprefix("am-"): KEYS[name] for name in DOORS}
    written.write_text(CONFIGURATION.format(url=tocsin.url, **keys))
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        alertmanager_binary,
        f"--config.file={written}",
        f"--storage.path={folder / 'storage'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    with Program(command, folder / "alertmanager.log") as program:
        program.wait_for(lambda: _is_ready(url), START_S)
        yield Alertmanager(url=url, program=program)


def test_what_fires_in_alertmanager_pages_once_and_its_end_is_told(
    tocsin: Installation, alertmanager: Alertmanager
) -> None:
    """Through each of its notifiers an alert opens a group and pages, repeats refresh it, its end resolves it."""
    failed = alertmanager.failed()
    alertmanager.push("AmDiskFull", instance="db-1")
    opened = {door: tocsin.group(door, "AmDiskFull") for door in DOORS}
    for group in opened.values():
        tocsin.wait_told("ann", group["reference"])
    assert opened["am-path"]["severity"] == "critical"
    assert opened["am-opsgenie"]["severity"] == "high"
    assert opened["am-path"]["alerts"][0]["labels"]["instance"] == "db-1"

    eventually(lambda: all(_repeats(tocsin, door) >= 2 for door in DOORS), "repeats through every door", REPEAT_S)
    assert {door: len(tocsin.told("ann", group["reference"])) for door, group in opened.items()} == dict.fromkeys(
        DOORS, 1
    )

    alertmanager.push("AmDiskFull", ended=True, instance="db-1")
    for door, group in opened.items():
        resolved = tocsin.group(door, "AmDiskFull", status="resolved")
        assert resolved["resolved_by"] == f"integration:{door}"
        told = tocsin.wait_told("ann", group["reference"], "taken").json()["data"]["subject"]
        assert "resolved" in told
    assert alertmanager.failed() == failed


def test_a_second_alert_of_an_open_group_joins_it(tocsin: Installation, alertmanager: Alertmanager) -> None:
    """Two instances of one alertname are one group here as there; it is over when both are."""
    failed = alertmanager.failed()
    alertmanager.push("AmTwo", instance="a")
    first = tocsin.group("am-path", "AmTwo")
    alertmanager.push("AmTwo", instance="b")
    eventually(lambda: tocsin.group("am-path", "AmTwo")["alert_count"] == 2, "the second alert", REPEAT_S)
    alertmanager.push("AmTwo", ended=True, instance="a")
    eventually(lambda: tocsin.group("am-path", "AmTwo")["firing_count"] == 1, "the first one's end", REPEAT_S)
    alertmanager.push("AmTwo", ended=True, instance="b")
    tocsin.group("am-path", "AmTwo", status="resolved", within_s=REPEAT_S)
    assert len(tocsin.told("ann", first["reference"])) == 1
    assert alertmanager.failed() == failed


def test_what_fires_while_we_restart_arrives_afterwards(tocsin: Installation, alertmanager: Alertmanager) -> None:
    """Alertmanager tries again until we are back: one group and one page through each door, nothing lost or doubled."""
    failed = alertmanager.failed()
    tocsin.stop()
    try:
        alertmanager.push("AmMeanwhile")
        eventually(lambda: alertmanager.failed() != failed, "a failed notification", REPEAT_S)
    finally:
        tocsin.start()
    for door in DOORS:
        group = tocsin.group(door, "AmMeanwhile", within_s=REPEAT_S)
        tocsin.wait_told("ann", group["reference"])
        assert len(tocsin.told("ann", group["reference"])) == 1
    alertmanager.push("AmMeanwhile", ended=True)
    for door in DOORS:
        tocsin.group(door, "AmMeanwhile", status="resolved", within_s=REPEAT_S)


def _repeats(tocsin: Installation, door: str) -> int:
    alerts: Sequence[dict[str, Any]] = tocsin.group(door, "AmDiskFull")["alerts"]
    return int(alerts[0]["signal_count"])


def _is_ready(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
        return bool(answer.status == 200)
