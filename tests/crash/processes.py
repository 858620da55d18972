"""Real processes of Tocsin, to be killed, and senders that do not give up."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from databases import Database
from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import clock, db

READY_S_MAX = 30.0
STOP_S_MAX = 15.0
PAUSE_S = 0.02
EVENTS_PER_S = 60  # of each sender
KEY = "0f9a3c5d7e1b42468ace13579bdf0246"


class Process:
    """One `tocsin …` process."""

    def __init__(
        self, database: Database, log: Path, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = [sys.executable, "-m", "tocsin", *arguments]
        self._environment = {**os.environ, **database.environment, **(environment or {})}
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; it may take a moment until it is ready."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        return self

    def assert_alive(self) -> None:
        """Fail at once, with what it said, if it ended by itself."""
        assert self._running is not None
        assert self._running.poll() is None, f"{self._command} ended by itself\n{self._log.read_text()[-4000:]}"

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """It lives and does nothing, with all it has open, as when its machine is paused."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was, and knows of nothing."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, as an operator does."""
        self._end(signal.SIGTERM)

    def _signal(self, what: signal.Signals) -> None:
        assert self._running is not None
        self._running.send_signal(what)

    def _end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(STOP_S_MAX)
            self._running = None


class Senders:
    """Tools that send new problems all the time, each again until it is told that it is safe."""

    def __init__(self, port: int, threads: int) -> None:
        self._port = port
        self._stopping = threading.Event()
        self.safe: set[str] = set()  # titles that were answered with 202
        self.refused = 0  # how often the answer was to come again
        self.waited_s_max = 0.0  # for any answer
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, count: int, within_s: float = READY_S_MAX) -> None:
        """Until so many problems are safe."""
        eventually(lambda: len(self.safe) >= count, within_s, lambda: f"{len(self.safe)} of {count}")

    def _run(self, number: int) -> None:
        count = 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stopping.is_set():
            title = f"problem {number}-{count:05d}"
            if self._send(connection, title):
                self.safe.add(title)
                count += 1
            time.sleep(1 / EVENTS_PER_S)
        connection.close()

    def _send(self, connection: http.client.HTTPConnection, title: str) -> bool:
        began_s = time.monotonic()
        try:
            answer = send(connection, title)
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        finally:
            self.waited_s_max = max(self.waited_s_max, time.monotonic() - began_s)
        assert answer.status == 202 or (answer.status == 503 and answer.headers["Retry-After"]), answer.status
        self.refused += answer.status == 503
        return answer.status == 202


def post(connection: http.client.HTTPConnection, title: str) -> int:
    """Send a new problem; the status of the answer."""
    return send(connection, title).status


def send(connection: http.client.HTTPConnection, title: str) -> http.client.HTTPResponse:
    """Send a new problem; the answer, read."""
    event = {
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": title,
        "payload": {"summary": title, "source": "load", "severity": "critical"},
    }
    connection.request("POST", "/v2/enqueue", json.dumps(event), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer


def apply(webhook: str, wait: str) -> None:
    """A service whose every problem goes to Ann's webhook, and if she does not answer, to Bob's."""
    config: Mapping[str, Any] = {
        "tocsin": 1,
        "people": {
            "ann": {
                "name": "Ann Lee",
                "email": "ann@tocsin.test",
                "role": "admin",
                "contacts": {"hook": {"webhook": f"{webhook}/ann"}},
            },
            "bob": {
                "name": "Bob Ortiz",
                "email": "bob@tocsin.test",
                "contacts": {"hook": {"webhook": f"{webhook}/bob"}},
            },
        },
        "teams": {"web": {"name": "Web", "members": ["ann", "bob"]}},
        "services": {"web": {"name": "Web", "team": "web", "policy": "web", "storm": "off"}},
        "integrations": {"web": {"service": "web", "source": "pagerduty", "key": KEY, "auto_resolve_after": "30m"}},
        "policies": {
            "web": {
                "name": "Web",
                "steps": [{"page": ["person:ann"], "wait": wait}, {"page": ["person:bob"], "wait": "2h"}],
            }
        },
    }
    with db.transact(clock.now()) as tx:
        outcome = configuring.apply(
            tx, [File(name="load.yaml", content=json.dumps(config))], {}, configuring.Author(by="tocsin")
        )
    assert isinstance(outcome, configuring.Applied), outcome
    db.drop_connection()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(true: Callable[[], bool], within_s: float, tell: Callable[[], object] = lambda: "") -> None:
    """Wait for it in real time; these are real processes."""
    ends = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < ends, f"not within {within_s} s: {tell()}"
        time.sleep(PAUSE_S)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
