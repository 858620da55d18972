"""`tocsin demo` as a stranger meets it: what it prints works, word for word."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from real.programs import Program, eventually, free_port, own_environment

pytestmark = pytest.mark.xdist_group("real")
START_S = 60.0
PAGE_S = 30.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    """The demo without its monitor, so that what happens is what this test does."""
    command = [sys.executable, "-m", "tocsin", "demo", "--no-monitor"]
    command += ["--port", str(free_port()), "--data", str(tmp_path / "demo")]
    environment = {**own_environment(), "PYTHONUNBUFFERED": "1"}
    with Program(command, tmp_path / "demo.log", environment) as made:
        made.wait_for(lambda: "Ctrl+C stops everything" in made.log(), START_S)
        yield made


def test_the_three_things_to_try(demo: Program) -> None:
    """The curl pages whoever is on call, by mail; `groups`, `ack`, `oncall` and `explain` do as they are printed."""
    said = demo.log()
    (curl,) = re.findall(r"^ +(curl .*)$", said, re.MULTILINE)
    _, _, event, url = shlex.split(curl)
    demo.wait_for(lambda: _post(url, event)["status"] == "success", START_S)
    eventually(lambda: "mail to " in demo.log(), "a mail to whoever is on call", PAGE_S)
    (given,) = re.findall(r"^ +export (.*)$", said, re.MULTILINE)
    environment = own_environment() | dict(one.split("=", 1) for one in given.split())
    listed = _tocsin(environment, "groups")
    (number,) = re.findall(r"^(AG-\d+) .*Nobody can pay", listed, re.MULTILINE)
    assert f"{number} is acknowledged" in _tocsin(environment, "ack", number)
    asked = re.search(r"tocsin\S* (oncall --at \S+)$", said, re.MULTILINE)
    assert asked
    assert "shop-primary" in _tocsin(environment, *asked[1].split())
    assert "nobody else is woken: acknowledged by Ann Lee" in _tocsin(environment, "explain", number)


def test_a_port_that_is_taken_is_told_before_anything_else(tmp_path: Path) -> None:
    """No address, password or command is printed that leads to somebody else's program."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "tocsin", "demo", "--port", port, "--data", str(tmp_path / "demo")]
        ended = subprocess.run(command, env=own_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


def _post(url: str, event: str) -> Any:
    with urllib.request.urlopen(url, event.encode(), timeout=10) as answer:
        return json.loads(answer.read())


def _tocsin(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "tocsin", *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
