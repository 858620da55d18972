"""Debian's Prometheus pushing its alerts straight to us, in each way it can show a key."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.http import HttpSink
from real.installation import KEYS, Installation
from real.programs import Program, eventually, free_port

pytestmark = pytest.mark.xdist_group("real")
DOORS = ("prom-prefix", "prom-bearer", "prom-basic")
START_S = 20.0
RESOLVE_S = 20.0
RESENT_S = 10.0
CONFIGURATION = """
global: {{evaluation_interval: 1s, scrape_interval: 1s, external_labels: {{cluster: real}}}}
rule_files: ["{rules}"]
scrape_configs: [{{job_name: disk, static_configs: [{{targets: ["{exporter}"]}}]}}]
alerting:
  alertmanagers:
  - {{path_prefix: /in/prometheus/{prefix}, static_configs: [{{targets: ["{target}"]}}]}}
  - {{authorization: {{credentials: {bearer}}}, static_configs: [{{targets: ["{target}"]}}]}}
  - {{basic_auth: {{username: {basic}, password: x}}, static_configs: [{{targets: ["{target}"]}}]}}
"""
RULES = """
groups:
- name: real
  rules:
  - alert: {name}
    expr: {expression}
    labels: {{severity: warning}}
    annotations: {{summary: "{name} is {{{{ $value }}}}", runbook_url: "https://wiki.example.com/{name}"}}
"""
EXPORTED = {"Content-Type": "text/plain; version=0.0.4"}


class Prometheus:
    """The real one."""

    def __init__(self, binary: str, folder: Path, tocsin: Installation, exporter: HttpSink) -> None:
        self._rules = folder / "rules.yml"
        self._binary, self._folder = binary, folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        keys = {door.removeprefix("prom-"): KEYS[door] for door in DOORS}
        self._written = folder / "prometheus.yml"
        self._written.write_text(
            CONFIGURATION.format(
                rules=self._rules,
                exporter=f"127.0.0.1:{exporter.port}",
                target=f"127.0.0.1:{tocsin.port}",
                **keys,
            )
        )

    def start(self) -> Program:
        """Start it with the rule written before."""
        return Program(
            [
                self._binary,
                f"--config.file={self._written}",
                f"--storage.tsdb.path={self._folder / 'storage'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--rules.alert.resend-delay=1s",
            ],
            self._folder / "prometheus.log",
        )

    def rule(self, name: str, expression: str) -> None:
        """Write the rule; a running one reads it at SIGHUP."""
        self._rules.write_text(RULES.format(name=name, expression=json.dumps(expression)))

    def is_ready(self) -> bool:
        """Whether it answers."""
        with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)

    def metric(self, name: str) -> float:
        """One of its own numbers, summed over the Alertmanagers it knows."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{"))]
        assert found, name
        return sum(found)


@pytest.fixture
def exporter() -> Iterator[HttpSink]:
    """What Prometheus scrapes."""
    with HttpSink() as made:
        yield made


@pytest.fixture
def prometheus(prometheus_binary: str, tocsin: Installation, exporter: HttpSink, tmp_path: Path) -> Prometheus:
    """Configured to push to us, not started yet."""
    return Prometheus(prometheus_binary, tmp_path, tocsin, exporter)


def test_a_rule_that_fires_pages_and_its_end_is_told(
    tocsin: Installation, prometheus: Prometheus, exporter: HttpSink
) -> None:
    """By path, bearer and basic key alike: one group, one page, many refreshes, an end; Prometheus sees no error."""
    exporter.answer(headers=EXPORTED, body=b"disk_full 1\n")
    prometheus.rule("PromFires", "disk_full == 1")
    with prometheus.start() as program:
        program.wait_for(prometheus.is_ready, START_S)
        opened = {door: tocsin.group(door, "PromFires", within_s=START_S) for door in DOORS}
        dropped = prometheus.metric("prometheus_notifications_dropped_total")  # before it had discovered us
        alert = opened["prom-prefix"]["alerts"][0]
        assert alert["labels"].items() >= {"alertname": "PromFires", "cluster": "real", "severity": "warning"}.items()
        assert alert["title"] == "PromFires is 1"
        assert [link["text"] for link in alert["links"]] == ["Runbook", "Source"]
        for door, group in opened.items():
            eventually(lambda door=door: _signals(tocsin, door, "PromFires") >= 3, "resent", RESENT_S)
            assert len(tocsin.told("ann", group["reference"])) == 1

        exporter.answer(headers=EXPORTED, body=b"disk_full 0\n")
        for door, group in opened.items():
            resolved = tocsin.group(door, "PromFires", status="resolved", within_s=RESOLVE_S)
            assert resolved["resolved_by"] == f"integration:{door}"
            tocsin.wait_told("ann", group["reference"], "taken")
        _assert_content(prometheus, program)
        assert prometheus.metric("prometheus_notifications_sent_total") >= 3 * len(DOORS)
        assert prometheus.metric("prometheus_notifications_dropped_total") == dropped


def test_an_alert_ends_by_itself_when_nobody_sends_it_any_more(tocsin: Installation, prometheus: Prometheus) -> None:
    """A rule taken out and a Prometheus that is killed send no end: the one given with the last push counts."""
    prometheus.rule("PromLeaves", "vector(1)")
    with prometheus.start() as program:
        program.wait_for(prometheus.is_ready, START_S)
        leaving = [tocsin.group(door, "PromLeaves", within_s=START_S) for door in DOORS]
        prometheus.rule("PromDies", "vector(1)")
        program.signal(signal.SIGHUP)
        dying = [tocsin.group(door, "PromDies", within_s=START_S) for door in DOORS]
        _assert_content(prometheus, program)
        program.kill()
    for group in leaving + dying:
        resolved = tocsin.group(group["integration"], group["title"], status="resolved", within_s=RESOLVE_S)
        assert resolved["resolved_by"] == "tocsin"
        tocsin.wait_told("ann", group["reference"], "taken")


def _signals(tocsin: Installation, door: str, title: str) -> int:
    return int(tocsin.group(door, title)["alerts"][0]["signal_count"])


def _assert_content(prometheus: Prometheus, program: Program) -> None:
    """Nothing went wrong as far as Prometheus can tell."""
    assert prometheus.metric("prometheus_notifications_alertmanagers_discovered") == len(DOORS)
    assert prometheus.metric("prometheus_notifications_errors_total") == 0
    assert [line for line in program.log().splitlines() if "level=error" in line or "level=warn" in line] == []
