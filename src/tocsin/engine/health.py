"""How the engine stands, in numbers: what readiness, metrics, `doctor` and the outside watchdog go by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tocsin.engine import beat
from tocsin.kit import clock
from tocsin.kit.db import Reader

ALIVE_WITHIN = timedelta(seconds=30)
LATE_AFTER = timedelta(seconds=60)
TROUBLED_ATTEMPTS = 3  # a timer whose work has raised this often is not having a bad moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The present state. Times in seconds; 0 where nothing is late."""

    engines_alive: int
    timers_failing: int  # their work keeps raising: a bug, or a database that refuses
    timer_late_s: float  # how overdue the oldest timer is
    page_late_s: float  # how overdue the oldest page is that no attempt has been made for

    def troubles(self) -> list[str]:
        """What is wrong, in words; empty if all is well."""
        late_s = LATE_AFTER.total_seconds()
        found = [
            (self.engines_alive == 0, "no engine is alive"),
            (self.timers_failing > 0, f"{self.timers_failing} timers keep failing"),
            (self.timer_late_s > late_s, f"a timer is {self.timer_late_s:.0f} s late"),
            (self.page_late_s > late_s, f"a page is {self.page_late_s:.0f} s late"),
        ]
        return [words for is_wrong, words in found if is_wrong]


def look(reader: Reader) -> Health:
    """Read the present state."""
    return Health(
        engines_alive=beat.alive(reader, ALIVE_WITHIN),
        timers_failing=int(
            reader.value("SELECT count(*) FROM engine_timer WHERE attempts >= %s", (TROUBLED_ATTEMPTS,))
        ),
        timer_late_s=_late_s(reader, reader.value("SELECT min(due_at) FROM engine_timer WHERE attempts = 0")),
        page_late_s=_late_s(
            reader,
            reader.value(
                "SELECT min(due_at) FROM engine_delivery WHERE state = 'waiting' AND lane = 0 AND attempts = 0"
            ),
        ),
    )


def _late_s(reader: Reader, due_us: int | None) -> float:
    return 0.0 if due_us is None else max((reader.now - clock.from_us(due_us)).total_seconds(), 0.0)
