"""`make bench`: a table of figures, each with the command that repeats it.

    make bench                       every row, on SQLite, and on PostgreSQL where it is installed
    make bench ROWS="accept burst"   only these rows
    make bench ROWS="sqlite burst"   only these rows, only on SQLite

The server runs on one core, the load and the webhook receiver on the other. Machines are noisy: compare rows of one
run with each other, and medians of several runs. The yardstick before each group of rows says how fast the machine is.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop

from bench import alertmanager, browser, estate, installation, load, messages, oncall, pages, sink, watching
from bench.postgres import analyze, postgres

SECONDS = 8.0
BURST = 10_000


@dataclass(slots=True)
class Table:
    """Rows as they come."""

    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(self, database: str, what: str, figure: str, target: str, repeat: str) -> None:
        """Print one row at once, and keep it."""
        self.rows.append((database, what, figure, target, repeat))
        where = "postgres" if database == "postgres" else "sqlite"
        print(
            f'{database:10} {what:58} {figure:>34}   target {target:18} make bench ROWS="{where} {repeat}"',
            flush=True,
        )


Row = Callable[[Table, str, Iterator[str]], Coroutine[Any, Any, None]]
"""(where the figures go, the kind of database, fresh databases of that kind)"""


async def accept(table: Table, name: str, fresh: Iterator[str]) -> None:
    """Single signals and batches made durable, with nobody absorbing them."""
    with installation.serve(next(fresh), 9, engine=False) as server:
        figures = await load.closed_loop("127.0.0.1", server.port, messages.repeats(), connections=64, seconds=SECONDS)
        _single(table, name, "single signals accepted, durable", figures, "≥ 15,000/s", "accept")
        push = itertools.repeat(messages.prometheus_push())
        figures = await load.closed_loop("127.0.0.1", server.port, push, connections=8, seconds=SECONDS)
        _batch(table, name, "alerts accepted, Prometheus push of 100", figures, "≥ 30,000/s", "accept")
        hook = itertools.repeat(messages.alertmanager_webhook())
        figures = await load.closed_loop("127.0.0.1", server.port, hook, connections=8, seconds=SECONDS)
        _batch(table, name, "alerts accepted, Alertmanager webhook of 100", figures, "≥ 30,000/s", "accept")


async def latency(table: Table, name: str, fresh: Iterator[str]) -> None:
    """How long a sender waits at a steady rate, everything running."""
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        await _open_every_key(server, receiver)
        figures = await load.open_loop("127.0.0.1", server.port, messages.repeats(), per_s=3000, seconds=SECONDS)
        shown = f"p50 {figures.percentile_ms(0.5):.1f}, p99 {figures.percentile_ms(0.99):.1f} ms"
        table.add(name, "accepting at an open-loop 3,000/s, engine running", shown, "p99 ≤ 10 ms", "latency")
    listening.close()


async def absorb(table: Table, name: str, fresh: Iterator[str]) -> None:
    """Accepted and absorbed, sustained: from the first request until nothing waits."""
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        await _open_every_key(server, receiver)
        rate = await _sustained(server, messages.repeats(), 64, 1)
        table.add(name, "repeats of open alerts accepted and absorbed", f"{rate:,.0f}/s", "≥ 8,000/s", "absorb")
        for what, request in (
            ("Prometheus push", messages.prometheus_push()),
            ("Alertmanager webhook", messages.alertmanager_webhook()),
        ):
            await load.closed_loop(
                "127.0.0.1", server.port, itertools.repeat(request), connections=1, seconds=60, count=1
            )
            server.wait_absorbed()
            await asyncio.sleep(2)
            rate = await _sustained(server, itertools.repeat(request), 8, 100)
            table.add(name, f"alerts accepted and absorbed, {what} of 100", f"{rate:,.0f}/s", "≥ 15,000/s", "absorb")
    listening.close()


async def burst(table: Table, name: str, fresh: Iterator[str]) -> None:
    """10,000 new problems at once: all absorbed, and every page at the receiver."""
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        requests = messages.fresh(BURST, "burst")
        started = time.perf_counter()
        posted = await load.closed_loop(
            "127.0.0.1", server.port, iter(requests), connections=64, seconds=60, count=BURST
        )
        await receiver.wait(BURST, 120)
        took = receiver.last - started
        shown = f"{receiver.count:,} pages in {took:.1f} s (posted {posted.took_s:.1f} s)"
        table.add(name, "burst of 10,000 new groups, every page handed over", shown, "≤ 8 s", "burst")
    listening.close()
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        requests = messages.fresh(BURST, "quiet")
        started = time.perf_counter()
        await load.closed_loop("127.0.0.1", server.port, iter(requests), connections=64, seconds=60, count=BURST)
        took = server.wait_absorbed() - started
        table.add(name, "new groups with an escalation each, absorbed", f"{BURST / took:,.0f}/s", "≥ 2,500/s", "burst")
    listening.close()


async def steady(table: Table, name: str, fresh: Iterator[str]) -> None:
    """From the signal to the page in the receiver's hands."""
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        for what, per_s, seconds, target in (
            ("signal → page, 200 new groups a second", 200.0, 15.0, "p99 ≤ 1,000 ms"),
            ("signal → page, idle", 4.0, 25.0, "p99 ≤ 50 ms"),
        ):
            stamps = await _send_steadily(server.port, per_s, seconds)
            await asyncio.sleep(3)
            took = sorted(receiver.arrivals[key] - at for key, at in stamps.items() if key in receiver.arrivals)
            lost = len(stamps) - len(took)
            shown = (
                f"p50 {took[len(took) // 2] * 1000:.0f}, p99 {took[int(len(took) * 0.99)] * 1000:.0f} ms, {lost} lost"
            )
            table.add(name, what, shown, target, "steady")
    listening.close()


async def _send_steadily(port: int, per_s: float, seconds: float) -> dict[bytes, float]:
    """Send new problems at a rate; when each left, by the word the sink looks for."""
    prefix = f"steady{per_s:.0f}x"
    stamps: dict[bytes, float] = {}

    def sent() -> Iterator[bytes]:
        for number, request in enumerate(messages.fresh(int(per_s * seconds), prefix)):
            stamps[f"bench-{prefix}{number}".encode()] = time.perf_counter()
            yield request

    await load.open_loop("127.0.0.1", port, sent(), per_s=per_s, seconds=seconds)
    return stamps


async def idle(table: Table, name: str, fresh: Iterator[str]) -> None:
    """What it costs to do nothing."""
    with installation.serve(next(fresh), 9) as server:
        table.add(name, "start to ready", f"{server.ready_after_s:.1f} s", "≤ 3 s", "idle")
        await asyncio.sleep(5)
        before, at = server.cpu_s(), time.perf_counter()
        await asyncio.sleep(20)
        share = (server.cpu_s() - before) / (time.perf_counter() - at) * 100
        table.add(name, "idle processor time", f"{share:.1f} %", "≤ 1 %", "idle")
        table.add(name, "idle memory (proportional set size)", f"{server.memory_mb():.0f} MB", "≤ 130 MB", "idle")


async def growth(table: Table, name: str, fresh: Iterator[str]) -> None:
    """The same figures on an empty database and on one with a long past, side by side."""
    figures: dict[str, tuple[float, float, float]] = {}
    for past in ("empty", "full"):
        receiver = sink.Sink()
        listening, port = await sink.listen(receiver)
        with installation.serve(next(fresh), port, filled=past == "full") as server:
            requests = messages.fresh(BURST // 2, f"growth{past}")
            started = time.perf_counter()
            await load.closed_loop(
                "127.0.0.1", server.port, iter(requests), connections=64, seconds=60, count=len(requests)
            )
            await receiver.wait(len(requests), 120)
            pages = len(requests) / (receiver.last - started)
            repeats = itertools.cycle(requests[: messages.OPEN_KEYS])
            await asyncio.sleep(2)
            accepted = await load.closed_loop("127.0.0.1", server.port, repeats, connections=64, seconds=SECONDS)
            server.wait_absorbed()
            figures[past] = (pages, await _sustained(server, repeats, 64, 1), accepted.per_s)
        listening.close()
    for place, what in enumerate(
        ("pages handed over a second", "repeats absorbed a second", "signals accepted a second")
    ):
        empty, full = figures["empty"][place], figures["full"][place]
        shown = f"{empty:,.0f} → {full:,.0f}: {empty / full:.2f}×"
        table.add(name, f"with a million signals and 200,000 closed groups: {what}", shown, "≤ 1.3×", "growth")


async def compare(table: Table, name: str, fresh: Iterator[str]) -> None:
    """Debian's Alertmanager beside Tocsin under the same load, where it is installed, and the ratio."""
    theirs = await alertmanager.measure(table.add) if name == "sqlite" else None
    if theirs is None:
        return
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), 9, engine=False) as server:
        single = await load.closed_loop("127.0.0.1", server.port, messages.repeats(), connections=64, seconds=SECONDS)
        push = itertools.repeat(messages.prometheus_push())
        batched = await load.closed_loop("127.0.0.1", server.port, push, connections=8, seconds=SECONDS)
    with installation.serve(next(fresh), port) as server:
        requests = messages.fresh(BURST, "compare")
        started = time.perf_counter()
        await load.closed_loop("127.0.0.1", server.port, iter(requests), connections=64, seconds=60, count=BURST)
        await receiver.wait(BURST, 60)
        burst_s = receiver.last - started
    listening.close()
    for what, ours, other in (
        ("single alerts a second, durable to in memory", single.per_s, theirs.singles_per_s),
        ("alerts in pushes of 100 a second, durable to in memory", batched.per_s * 100, theirs.batched_per_s),
        ("10,000 new groups told a second, durable to in memory", BURST / burst_s, BURST / theirs.burst_s),
    ):
        table.add(name, what, f"{ours:,.0f} to {other:,.0f}: {ours / other:.2f}", "for scale", "compare")


async def schedules(table: Table, name: str, fresh: Iterator[str]) -> None:
    """Who is on call when: arithmetic alone, the same whatever the database."""
    del fresh
    if name == "sqlite":
        oncall.run(lambda what, figure, target: table.add(name, what, figure, target, "schedules"))


async def screens(table: Table, name: str, fresh: Iterator[str]) -> None:
    """The pages people look at most, with 100,000 alerts in 10,000 groups, 200 services and 100 schedules."""
    with installation.serve(next(fresh), 9, configuration=estate.configuration()) as server:
        await estate.move_in(server)
        await asyncio.sleep(5)
        analyze(server.environment.get("TOCSIN_DATABASE", ""))
        for what, shown in pages.measure(server):
            table.add(name, f"server time: {what}", shown, "p95 ≤ 100 ms", "pages")


async def live(table: Table, name: str, fresh: Iterator[str]) -> None:
    """How soon an open page shows a change, and what a thousand open pages cost."""
    receiver = sink.Sink()
    listening, port = await sink.listen(receiver)
    with installation.serve(next(fresh), port) as server:
        cookie = estate.sign_in(server, "ann@bench.example")
        opening = messages.fresh(messages.OPEN_KEYS, "repeat")
        await load.closed_loop("127.0.0.1", server.port, iter(opening), connections=16, seconds=60, count=len(opening))
        await receiver.wait(len(opening), 60)
        await asyncio.sleep(3)
        took = await watching.shows(server, cookie)
        shown = f"p50 {took[len(took) // 2] * 1000:.0f}, p95 {took[int(len(took) * 0.95)] * 1000:.0f} ms"
        table.add(name, "signal sent → an open page has fetched it", shown, "p50 ≤ 300 ms", "live")
        seen = await browser.sees(server, cookie)
        if seen is None:
            print("Chromium is not installed: how soon it shows a change is left out.")
        else:
            shown = f"p50 {seen[len(seen) // 2] * 1000:.0f}, p95 {seen[int(len(seen) * 0.95)] * 1000:.0f} ms"
            table.add(name, "signal sent → it stands in Chromium's open page", shown, "p50 ≤ 300 ms", "live")
        before = await watching.cost(server)
        watchers = await watching.crowd(server, cookie)
        after = await watching.cost(server)
        told_s = await watching.all_told(server, watchers)
        shown = f"{before.cpu_percent:.1f} → {after.cpu_percent:.1f} %"
        table.add(name, "idle processor time, 1,000 open pages", shown, "nothing noticeable", "live")
        shown = f"{before.memory_mb:.0f} → {after.memory_mb:.0f} MB"
        table.add(name, "memory, 1,000 open pages", shown, "≤ 30 KB each", "live")
        shown = f"p50 {before.p50_ms:.1f} → {after.p50_ms:.1f}, p99 {before.p99_ms:.1f} → {after.p99_ms:.1f} ms"
        table.add(name, "accepting at 300/s, 1,000 open pages", shown, "as without", "live")
        table.add(name, "one signal → the last of 1,000 pages is told", f"{told_s * 1000:.0f} ms", "≤ 1,500 ms", "live")
        await asyncio.gather(*(one.close() for one in watchers))
    listening.close()


ROWS: dict[str, Row] = {
    "accept": accept,
    "latency": latency,
    "absorb": absorb,
    "burst": burst,
    "steady": steady,
    "idle": idle,
    "growth": growth,
    "compare": compare,
    "schedules": schedules,
    "pages": screens,
    "live": live,
}


async def _open_every_key(server: installation.Installation, receiver: sink.Sink) -> None:
    """From here on every one of `messages.repeats` repeats an open alert, and the pages of the first have gone out."""
    await load.closed_loop(
        "127.0.0.1", server.port, messages.repeats(), connections=16, seconds=60, count=messages.OPEN_KEYS
    )
    server.wait_absorbed()
    await receiver.wait(messages.OPEN_KEYS, 60)
    await asyncio.sleep(2)


async def _sustained(
    server: installation.Installation, requests: Iterator[bytes], connections: int, weight: int
) -> float:
    started = time.perf_counter()
    figures = await load.closed_loop("127.0.0.1", server.port, requests, connections=connections, seconds=SECONDS)
    return figures.answered * weight / (server.wait_absorbed() - started)


def _single(table: Table, name: str, what: str, figures: load.Figures, target: str, repeat: str) -> None:
    table.add(name, what, f"{figures.per_s:,.0f}/s, p99 {figures.percentile_ms(0.99):.1f} ms", target, repeat)


def _batch(table: Table, name: str, what: str, figures: load.Figures, target: str, repeat: str) -> None:
    table.add(name, what, f"{figures.per_s * 100:,.0f}/s, p99 {figures.percentile_ms(0.99):.0f} ms", target, repeat)


def main(wanted: list[str]) -> None:
    """Run the rows asked for."""
    table = Table()
    databases = [word for word in wanted if word in ("sqlite", "postgres")] or ["sqlite", "postgres"]
    rows = [word for word in wanted if word in ROWS] or list(ROWS)
    unknown = [word for word in wanted if word not in ROWS and word not in ("sqlite", "postgres")]
    if unknown:
        sys.exit(f"there is no row {unknown[0]!r}; there are: sqlite, postgres, {', '.join(ROWS)}")
    for name in databases:
        for row in rows:
            uvloop.run(alertmanager.yardstick(table.add))
            if name == "sqlite":
                uvloop.run(ROWS[row](table, name, itertools.repeat("sqlite")))
                continue
            with postgres() as fresh:
                if fresh is None:
                    print("PostgreSQL is not installed: its rows are left out.")
                    return
                uvloop.run(ROWS[row](table, name, fresh))


if __name__ == "__main__":
    if shutil.which("taskset") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {installation.LOAD_CORE})
    main(sys.argv[1:])
