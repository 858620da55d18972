"""Figures of the on-call rules: pure arithmetic, so no server and no database.

python -m bench.oncall    (from tests/, with Django's settings not needed)
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tocsin.oncall import rules
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.rules import OnCallBoard, Schedule

SCHEDULES = 1_000
ZONES = (
    "Europe/Berlin", "America/New_York", "Asia/Singapore", "America/Los_Angeles", "Asia/Kolkata",
    "Australia/Sydney", "America/Sao_Paulo", "Europe/London", "Asia/Tokyo", "Africa/Cairo",
)  # fmt: skip
PEOPLE = [f"p{number}" for number in range(200)]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR_START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
Add = Callable[[str, str, str], None]


def document(dice: random.Random, start: str = "2016-01-04", every: int = 1) -> ScheduleDocument:
    """Four layers: a weekly one, office hours, another zone's day, and nights with two hand-overs a week."""
    day = {"rotation": "daily", "every": every, "start": start}
    layers: list[dict[str, Any]] = [
        {"name": "base", "rotation": "weekly", "handoff": "Mon 09:00", "start": start, "people": dice.sample(PEOPLE, 6)},
        {"name": "day", **day, "handoff": "09:00", "people": dice.sample(PEOPLE, 5), "between": ["08:00-20:00"],
         "weekdays": ["Mon-Fri"]},
        {"name": "far", **day, "handoff": "08:00", "people": dice.sample(PEOPLE, 4), "between": ["08:00-18:00"],
         "timezone": dice.choice(ZONES)},
        {"name": "night", "rotation": "weekly", "handoffs": ["Mon 09:00", "Fri 17:00"], "start": start,
         "people": dice.sample(PEOPLE, 4), "between": ["22:00-06:00"], "timezone": dice.choice(ZONES)},
    ]  # fmt: skip
    return ScheduleDocument.model_validate({"timezone": dice.choice(ZONES), "layers": layers})


def run(add: Add) -> None:
    """Every row, through `add(what, figure, target)`."""
    dice = random.Random(1)
    documents = [document(dice) for _ in range(SCHEDULES)]
    one = compiled(documents[0], "one")
    rules.shifts(one, YEAR_START, YEAR_START + YEAR)  # the zones' transitions are found once per process
    year = timed(lambda: rules.shifts(one, YEAR_START, YEAR_START + YEAR), 9)
    count = len(rules.shifts(one, YEAR_START, YEAR_START + YEAR))
    add(f"a year of final shifts, one schedule of 4 layers ({count} shifts)", f"{year:.1f} ms", "≤ 20 ms")
    old = compiled(document(random.Random(1), start="1975-01-06"), "old")
    add(
        "  the same, begun in 1975",
        f"{timed(lambda: rules.shifts(old, YEAR_START, YEAR_START + YEAR), 9):.1f} ms",
        "the same",
    )
    twice = timed(lambda: rules.shifts(one, YEAR_START, YEAR_START + 2 * YEAR), 5)
    add("  two years", f"{twice:.1f} ms ({twice / year:.2f}×)", "about 2×")
    cold = timed(lambda: OnCallBoard().everyone(all_compiled(documents), NOW, {}), 1)
    add(f"who is on call now, {SCHEDULES} schedules, cold (compiled for it)", f"{cold:.0f} ms", "≤ 150 ms")
    schedules = all_compiled(documents)
    board = OnCallBoard()
    board.everyone(schedules, NOW, {})
    add(
        f"who is on call now, {SCHEDULES} schedules, cached",
        f"{timed(lambda: board.everyone(schedules, NOW, {}), 9):.2f} ms",
        "≤ 5 ms",
    )
    gc.collect()
    every = timed(lambda: sum(len(rules.shifts(each, YEAR_START, YEAR_START + YEAR)) for each in schedules), 1)
    add(f"a year of final shifts, {SCHEDULES} schedules", f"{every / 1000:.1f} s", "≤ 10 s")


def compiled(written: ScheduleDocument, name: str) -> Schedule:
    """Ready to be asked."""
    return rules.compile_schedule(name, written)


def all_compiled(documents: list[ScheduleDocument]) -> list[Schedule]:
    """Each under a name of its own."""
    return [rules.compile_schedule(f"s{number}", written) for number, written in enumerate(documents)]


def timed(work: Callable[[], object], times: int) -> float:
    """The median of several runs, in milliseconds."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return median(found)


def main() -> None:
    """Print the rows."""
    run(lambda what, figure, target: print(f"{what:76} {figure:>20}   target {target}", flush=True))


if __name__ == "__main__":
    main()
