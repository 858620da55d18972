"""amtool, Alertmanager's own client, asking and telling us as if we were one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from real.installation import KEYS, Installation

pytestmark = pytest.mark.xdist_group("real")
Amtool = Callable[..., str]


@pytest.fixture
def amtool(amtool_binary: str, tocsin: Installation, tmp_path: Path) -> Amtool:
    """Run it with our address and a key; what it prints."""
    access = tmp_path / "http.yml"
    access.write_text(f"authorization: {{credentials: {KEYS['amtool']}}}\n")
    fixed = [f"--alertmanager.url={tocsin.url}", f"--http.config.file={access}"]

    def run(*arguments: str) -> str:
        ended = subprocess.run(
            [amtool_binary, *arguments, *fixed], capture_output=True, text=True, timeout=30, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_amtool_reads_what_it_added(tocsin: Installation, amtool: Amtool) -> None:
    """An alert added with it opens a group and is among those it lists, by matcher and in each of its formats."""
    amtool("alert", "add", "AmtoolSays", "instance=a", "severity=warning", "--annotation=summary=amtool says so")
    group = tocsin.group("amtool", "amtool says so")
    assert group["severity"] == "warning"
    (listed,) = json.loads(amtool("alert", "query", "alertname=AmtoolSays", "-o", "json"))
    assert listed["labels"].items() >= {"alertname": "AmtoolSays", "instance": "a"}.items()
    assert listed["status"]["state"] == "active"
    assert listed["annotations"]["summary"] == "amtool says so"
    assert listed["receivers"] == [{"name": "amtool"}]
    assert "AmtoolSays" in amtool("alert", "query", "-o", "simple")
    assert "instance" in amtool("alert", "query", "instance=~a|b", "-o", "extended")
    assert json.loads(amtool("alert", "query", "instance!=a", "alertname=AmtoolSays", "-o", "json")) == []


def test_amtool_sees_an_alert_end(tocsin: Installation, amtool: Amtool) -> None:
    """Added again with an end that has passed, the alert is over here and no longer listed there."""
    amtool("alert", "add", "AmtoolEnds", "--annotation=summary=amtool ends it")
    tocsin.group("amtool", "amtool ends it")
    amtool("alert", "add", "AmtoolEnds", "--end=2026-01-01T00:00:00Z", "--start=2025-12-31T00:00:00Z")
    tocsin.group("amtool", "amtool ends it", status="resolved")
    assert json.loads(amtool("alert", "query", "alertname=AmtoolEnds", "-o", "json")) == []


def test_amtool_reads_the_status(amtool: Amtool) -> None:
    """`amtool config show`, which asks for the status, is answered in a shape it can read."""
    amtool("config", "show", "-o", "json")
    amtool("cluster", "show")
