"""A Tocsin to measure: its own process, on its own core, on an empty database of either kind."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
KEY = "0f9a3c5d7e1b42468ace13579bdf0246"
PROMETHEUS_KEY = "9c0d1e2f3a4b4c5d8e6f708192a3b4c5"
ALERTMANAGER_KEY = "6b1f0c2d4e8a4c0f9d3b5a7c1e2f4068"
CONFIGURATION = """
tocsin: 1
people:
  ann:
    name: Ann
    email: ann@bench.example
    role: admin
    contacts: {{hook: {{webhook: "http://127.0.0.1:{sink}/page"}}}}
teams: {{bench: {{name: Bench, members: [ann]}}}}
services: {{bench: {{name: Bench, team: bench, policy: bench, storm: off}}}}
integrations:
  events: {{service: bench, source: pagerduty, key: {key}, rate_limit: 9000000/m}}
  prometheus: {{service: bench, source: prometheus, key: {prometheus}, rate_limit: 9000000/m}}
  alertmanager: {{service: bench, source: alertmanager, key: {alertmanager}, rate_limit: 9000000/m}}
policies: {{bench: {{name: Bench, steps: [{{page: [person:ann], wait: 1h}}]}}}}
"""


@dataclass(slots=True)
class Installation:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    data: Path
    environment: dict[str, str]
    ready_after_s: float

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Proportional set size."""
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def metric(self, name: str) -> float:
        """One number of /metrics, summed over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        return sum(found)

    def wait_absorbed(self, deadline_s: float = 120) -> float:
        """Wait until nothing accepted waits any more; when that was, on the performance counter."""
        ends = time.perf_counter() + deadline_s
        while time.perf_counter() < ends:
            if self.metric("tocsin_signals_backlog") == 0:
                return time.perf_counter()
            time.sleep(0.25)  # a scrape costs something as well
        raise TimeoutError("signals still wait to be absorbed")


@contextlib.contextmanager
def serve(
    database: str, sink_port: int, *, engine: bool = True, filled: bool = False, configuration: str = ""
) -> Iterator[Installation]:
    """Start a server on a database ("sqlite" or a PostgreSQL URL), with a long past if `filled`; stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    port = _free_port()
    environment = dict(os.environ)
    environment.update(
        TOCSIN_DATA=str(folder),
        TOCSIN_BASE_URL=f"http://127.0.0.1:{port}",
        TOCSIN_OUTBOUND_ALLOW="127.0.0.0/8",
        TOCSIN_SECRETS=secrets.token_urlsafe(48),
        TOCSIN_LOG="warning",
    )
    if database != "sqlite":
        environment["TOCSIN_DATABASE"] = database
    written = folder / "bench.yaml"
    written.write_text(
        configuration
        or CONFIGURATION.format(sink=sink_port, key=KEY, prometheus=PROMETHEUS_KEY, alertmanager=ALERTMANAGER_KEY)
    )
    tocsin = [sys.executable, "-m", "tocsin"]
    subprocess.run([*tocsin, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*tocsin, "apply", str(written)], env=environment, check=True, stdout=subprocess.DEVNULL)
    if filled:
        fill = Path(__file__).with_name("fill.py")
        subprocess.run([sys.executable, str(fill)], env=environment, check=True)
    started = time.perf_counter()
    command = ["taskset", "-c", str(SERVER_CORE), *tocsin, "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, *([] if engine else ["--no-engine"])], env=environment)
    try:
        yield Installation(port, process, folder, environment, _wait_ready(port, process, started))
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_ready(port: int, process: subprocess.Popen[bytes], started: float) -> float:
    while process.poll() is None and time.perf_counter() - started < 60:
        address = f"http://127.0.0.1:{port}/-/healthy"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return time.perf_counter() - started
        time.sleep(0.02)
    raise RuntimeError(f"the server did not become ready (exit code {process.poll()})")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
