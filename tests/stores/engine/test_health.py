"""What is wrong with the engine is seen, and keeps the outside watchdog from being called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from databases import Database
from fakes.http import HttpSink
from tocsin.engine import beat, health, timers
from tocsin.engine.domain import TimerDue
from tocsin.engine.watchdog import Watchdog
from tocsin.kit import clock, db
from tocsin.kit.db import Tx

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _broken(_: Tx, due: Sequence[TimerDue]) -> None:
    raise ValueError(f"cannot do {due[0].kind}")


def test_a_timer_that_keeps_failing_is_kept_and_told(database: Database) -> None:
    """Work that raises is tried again and again with its neighbours unharmed, and counts as trouble."""
    done: list[int] = []
    handlers = {"broken": _broken, "fine": lambda _, due: done.extend(timer.ref for timer in due)}
    with db.transact(NOW) as tx:
        timers.set_many(tx, [("broken", 1, NOW, ""), ("fine", 2, NOW, "")])
    for minute in range(5):
        timers.work_off(handlers, NOW + timedelta(minutes=minute))
    assert done == [2]
    found = health.look(db.reader(NOW + timedelta(minutes=5)))
    assert found.timers_failing == 1
    assert "1 timers keep failing" in found.troubles()


def test_the_watchdog_hears_nothing_while_something_is_wrong(database: Database) -> None:
    """It is called while all is well, and not while no engine lives."""
    with HttpSink() as sink, clock.use(clock.VirtualClock(NOW)):
        Watchdog(sink.url).call()
        assert sink.requests == []
        beat.beat("engine", NOW)
        Watchdog(sink.url).call()
        assert len(sink.requests) == 1
