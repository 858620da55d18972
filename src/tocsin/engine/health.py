"""How the engine stands, in numbers: what readiness, metrics, `doctor` and the outside watchdog go by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tocsin.engine import beat
from tocsin.kit import clock
from tocsin.kit.db import Reader

ALIVE_WITHIN = timedelta(seconds=30)
LATE_AFTER = timedelta(seconds=60)
CHANNELS_WITHIN = timedelta(hours=1)
ATTEMPTS_MIN = 3  # fewer say nothing about a channel
ATTEMPTS_LOOKED_AT = 5000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """How one channel did lately, by the newest attempts."""

    channel: str
    attempts: int
    delivered: int
    last_error: str  # of an attempt that did not get through; empty if all did
    waiting: int = 0  # messages not sent yet
    failing: int = 0  # of these: tried, and did not get through

    @property
    def is_failing(self) -> bool:
        """Whether nothing has got through although enough was tried to say so."""
        return self.attempts >= ATTEMPTS_MIN and not self.delivered


def channels(reader: Reader, within: timedelta = CHANNELS_WITHIN) -> list[ChannelHealth]:
    """Every channel that was used within this time or has something waiting, by name."""
    rows = reader.rows(
        "SELECT delivery.channel, sum(CASE WHEN attempt.outcome = 'delivered' THEN 1 ELSE 0 END), count(*),"
        " max(CASE WHEN attempt.outcome <> 'delivered' THEN attempt.reason ELSE '' END)"
        " FROM (SELECT * FROM engine_attempt ORDER BY id DESC LIMIT %s) attempt"
        " JOIN engine_delivery delivery ON delivery.id = attempt.delivery_id WHERE attempt.at >= %s"
        " GROUP BY delivery.channel",
        (ATTEMPTS_LOOKED_AT, clock.to_us(reader.now - within)),
    )
    tried = {row[0]: (int(row[1]), int(row[2]), row[3]) for row in rows}
    rows_waiting = reader.rows(
        "SELECT channel, count(*), sum(CASE WHEN failing = %s THEN 1 ELSE 0 END) FROM engine_delivery"
        " WHERE state = 'waiting' GROUP BY channel",
        (True,),
    )
    waiting = {row[0]: (int(row[1]), int(row[2])) for row in rows_waiting}
    return [
        _channel(name, tried.get(name, (0, 0, "")), waiting.get(name, (0, 0))) for name in sorted({*tried, *waiting})
    ]


def _channel(name: str, tried: tuple[int, int, str], waiting: tuple[int, int]) -> ChannelHealth:
    delivered, attempts, error = tried
    return ChannelHealth(
        channel=name,
        attempts=attempts,
        delivered=delivered,
        last_error=error,
        waiting=waiting[0],
        failing=waiting[1],
    )


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
