"""Debian's Alertmanager under the load Tocsin gets, for scale. It keeps everything in memory."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench import load, messages, sink
from bench.installation import SERVER_CORE

Add = Callable[[str, str, str, str, str], None]
NAME = "(alertm.)"
SECONDS = 8.0
YARDSTICK_SECONDS = 4.0
BURST = 10_000
CONFIGURATION = """
route: {{receiver: sink, group_by: ['...'], group_wait: 0s, group_interval: 1h, repeat_interval: 1h}}
receivers: [{{name: sink, webhook_configs: [{{url: 'http://127.0.0.1:{port}/', send_resolved: false}}]}}]
"""


class Reached(NamedTuple):
    """What it did."""

    singles_per_s: float
    batched_per_s: float
    burst_s: float


async def yardstick(add: Add) -> None:
    """How fast this machine is at this moment, by what its Alertmanager takes; nothing where it is not installed.

    It took 17,000 to 25,000 where the targets were set: with half of that, expect half of Tocsin.
    """
    if program := _program():
        receiver = sink.Sink()
        listening, sink_port = await sink.listen(receiver)
        with _running(program, sink_port) as port:
            single = await load.closed_loop("127.0.0.1", port, _singles(), connections=64, seconds=YARDSTICK_SECONDS)
        listening.close()
        add(
            NAME,
            "yardstick: single alerts Alertmanager takes now",
            f"{single.per_s:,.0f}/s",
            "set at ≥ 17,000/s",
            "compare",
        )


async def measure(add: Add) -> Reached | None:
    """Its rows, where it is installed."""
    program = _program()
    if program is None:
        print("Alertmanager is not installed: the comparison is left out.")
        return None
    receiver = sink.Sink()
    listening, sink_port = await sink.listen(receiver)
    with _running(program, sink_port) as port:
        single = await load.closed_loop("127.0.0.1", port, _singles(), connections=64, seconds=SECONDS)
        add(NAME, "Alertmanager: single alerts, in memory", f"{single.per_s:,.0f}/s", "for scale", "compare")
        batch = itertools.repeat(messages.bare_batch())
        batched = await load.closed_loop("127.0.0.1", port, batch, connections=8, seconds=SECONDS)
        add(NAME, "Alertmanager: alerts in pushes of 100", f"{batched.per_s * 100:,.0f}/s", "for scale", "compare")
    receiver.count = 0
    with _running(program, sink_port) as port:
        started = time.perf_counter()
        pushes = [messages.bare_batch(100, start) for start in range(0, BURST, 100)]
        await load.closed_loop("127.0.0.1", port, iter(pushes), connections=8, seconds=60, count=len(pushes))
        await receiver.wait(BURST, 60)
        burst_s = receiver.last - started
        shown = f"{receiver.count:,} in {burst_s:.1f} s"
        add(NAME, "Alertmanager: 10,000 webhooks for 10,000 new groups", shown, "for scale", "compare")
    listening.close()
    return Reached(single.per_s, batched.per_s * 100, burst_s)


def _program() -> str | None:
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


def _singles() -> Iterator[bytes]:
    return itertools.cycle([messages.bare_alert(number) for number in range(messages.OPEN_KEYS)])


@contextlib.contextmanager
def _running(program: str, sink_port: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        written = Path(folder) / "alertmanager.yml"
        written.write_text(CONFIGURATION.format(port=sink_port))
        process = subprocess.Popen(
            [
                *("taskset", "-c", str(SERVER_CORE), program, f"--config.file={written}", f"--storage.path={folder}"),
                *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"),
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _wait(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError("Alertmanager did not start")
