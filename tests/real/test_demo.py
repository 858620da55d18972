"""`tocsin demo` as a stranger meets it: what it prints works, word for word."""

from __future__ import annotations

import json
import re
import shlex
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
    with _started(tmp_path / "demo", tmp_path / "demo.log") as made:
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


def test_a_demo_starts_again_on_its_own_data(tmp_path: Path) -> None:
    """With the same sign-in, whatever was done in it meanwhile: another document, another account."""
    data = tmp_path / "demo"
    more = tmp_path / "more.yaml"
    more.write_text("tocsin: 1\nteams: {night: {name: Night, members: [ann]}}\n")
    with _started(data, tmp_path / "first.log") as first:
        said = first.log()
        (given,) = re.findall(r"^ +export (.*)$", said, re.MULTILINE)
        environment = own_environment() | dict(one.split("=", 1) for one in given.split())
        _tocsin(environment, "apply", str(more))
        _tocsin(own_environment(), "user", "add", "eve@demo.example", "--data", str(data))
    with _started(data, tmp_path / "second.log") as second:
        sign_in = re.findall(r"^  Sign in .*$", said, re.MULTILINE)
        assert sign_in == re.findall(r"^  Sign in .*$", second.log(), re.MULTILINE)
        (given,) = re.findall(r"^ +export (.*)$", second.log(), re.MULTILINE)
        environment = own_environment() | dict(one.split("=", 1) for one in given.split())
        eventually(lambda: "night" in _tocsin(environment, "export"), "the team that was added", START_S)


def test_a_demo_reaches_nobody_s_real_services(tmp_path: Path) -> None:
    """A watchdog, a proxy or a sign-on that the shell has settings of are left alone."""
    real = {
        "TOCSIN_WATCHDOG_URL": "https://hc.example.org/ping",
        "TOCSIN_OUTBOUND_PROXY": "http://proxy.example.org:3128",
        "TOCSIN_OIDC_ISSUER": "https://id.example.org",
    }
    ask = "import os, sys; from tocsin.cli import demo_prepare; demo_prepare.prepare(sys.argv[1:]); print(*os.environ)"
    ended = subprocess.run(
        [sys.executable, "-c", ask, "--data", str(tmp_path / "demo")],
        env=own_environment() | real,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "TOCSIN_SMTP_URL" in ended.stdout.split()
    assert not set(real) & set(ended.stdout.split())


@pytest.mark.parametrize("founded_with", ["a configuration", "an account"])
def test_an_installation_is_not_taken_for_a_demo(tmp_path: Path, founded_with: str) -> None:
    """Nothing is opened, started or written where a configuration or accounts are that no demo made."""
    data = tmp_path / "real"
    _tocsin(own_environment(), "migrate", "--data", str(data))
    if founded_with == "a configuration":
        company = tmp_path / "company.yaml"
        company.write_text("tocsin: 1\nteams: {t: {name: T}}\n")
        _tocsin(own_environment(), "apply", str(company), "--data", str(data))
    else:
        with closing(sqlite3.connect(data / "tocsin.sqlite3")) as raw, raw:
            raw.execute(
                "INSERT INTO people_user (email, password, person, role, is_active, epoch, created_at)"
                " VALUES ('ann@acme.example', '', '', 'admin', 1, 0, 0)"
            )
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    command = [sys.executable, "-m", "tocsin", "demo", "--port", str(free_port()), "--data", str(data)]
    ended = subprocess.run(command, env=own_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{data} holds an installation that is not a demo's, and nothing was done to it" in ended.stderr
    assert {path.name: path.read_bytes() for path in data.iterdir()} == before


@contextmanager
def _started(data: Path, log: Path) -> Iterator[Program]:
    command = [sys.executable, "-m", "tocsin", "demo", "--no-monitor", "--port", str(free_port()), "--data", str(data)]
    with Program(command, log, {**own_environment(), "PYTHONUNBUFFERED": "1"}) as made:
        made.wait_for(lambda: "Ctrl+C stops everything" in made.log(), START_S)
        yield made


def _post(url: str, event: str) -> Any:
    with urllib.request.urlopen(url, event.encode(), timeout=10) as answer:
        return json.loads(answer.read())


def _tocsin(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "tocsin", *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
