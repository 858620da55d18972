"""Programs of others beside us: started on a free port, awaited, stopped, their log kept."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self, TypeVar

Found = TypeVar("Found")
POLL_S = 0.03
STOP_S = 15.0


def eventually(look: Callable[[], Found | None], what: str, within_s: float) -> Found:
    """What `look` finds, once it finds something; fails with `what` if that takes too long."""
    ends = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < ends, f"{what}: not within {within_s} s"
        time.sleep(POLL_S)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def own_environment() -> dict[str, str]:
    """This process's environment without our own settings, and without proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOCSIN_", "DJANGO_")) and not name.lower().endswith("_proxy")
    }


class Program:
    """One process; what it says goes to a file."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        self._file = log.open("ab")
        self._process = subprocess.Popen(
            list(command),
            env=dict(environment if environment is not None else own_environment()),
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def log(self) -> str:
        """All it has said so far."""
        return self._log.read_text("utf-8", "replace")

    def wait_for(self, is_ready: Callable[[], bool], within_s: float) -> None:
        """Until it answers; fails with its log if it ends instead."""

        def look() -> bool:
            assert self._process.poll() is None, f"it ended with {self._process.returncode}:\n{self.log()}"
            try:
                return is_ready()
            except OSError:
                return False

        eventually(look, f"{self._process.args!r} ready", within_s)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end, and see that it does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
        self._file.close()
