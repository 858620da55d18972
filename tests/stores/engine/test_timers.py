"""Timers on both databases: set, moved, cancelled, worked off, put back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.engine import beat, timers
from tocsin.engine.domain import TIMERS_PER_TX_MAX, TimerDue
from tocsin.kit import clock, db
from tocsin.kit.db import Tx

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("database")


class Desk:
    """Remembers what was done, and fails for the numbers it is told to."""

    def __init__(self, *fails: int) -> None:
        self.done: list[int] = []
        self._fails = fails
        self.handlers = {"work": self._work, "other": self._work}

    def _work(self, tx: Tx, due: Sequence[TimerDue]) -> None:
        if any(one.ref in self._fails for one in due):
            raise ValueError("a bug")
        self.done += [one.ref for one in due]


def put(ref: int, at: datetime, kind: str = "work", *, absolute: bool = False) -> None:
    """Set one timer."""
    with db.transact(NOW) as tx:
        timers.set_one(tx, kind, ref, at, absolute=absolute)


def due_of(ref: int) -> datetime | None:
    """When it is due."""
    return timers.due_of(db.reader(NOW), "work", ref)


def test_what_is_due_is_done_once() -> None:
    """At its instant a timer is done and gone; what is not due yet stays."""
    desk = Desk()
    put(1, NOW)
    put(2, NOW + MINUTE)
    assert timers.work_off(desk.handlers, NOW) == 1
    assert timers.work_off(desk.handlers, NOW) == 0
    assert timers.next_due(db.reader(NOW)) == NOW + MINUTE
    timers.work_off(desk.handlers, NOW + MINUTE)
    assert desk.done == [1, 2]


def test_setting_a_timer_again_moves_it() -> None:
    """There is one timer of a kind for a number, and the last word counts; other kinds are other timers."""
    put(1, NOW)
    put(1, NOW + MINUTE)
    put(1, NOW, "other")
    assert due_of(1) == NOW + MINUTE


def test_a_cancelled_timer_is_never_done() -> None:
    """Cancelling takes it off the table, and one that is not there is no error."""
    put(1, NOW)
    with db.transact(NOW) as tx:
        timers.cancel(tx, "work", [1, 99])
    assert timers.work_off(Desk().handlers, NOW) == 0


def test_one_that_fails_is_put_back_alone() -> None:
    """Its neighbours are done; it comes again with a growing delay and its error."""
    desk = Desk(2)
    for ref in (1, 2, 3):
        put(ref, NOW)
    assert timers.work_off(desk.handlers, NOW) == 3
    assert desk.done == [1, 3]
    assert due_of(2) == NOW + timedelta(seconds=1)
    timers.work_off(desk.handlers, NOW + timedelta(seconds=1))
    assert due_of(2) == NOW + timedelta(seconds=3)
    assert db.reader(NOW).rows("SELECT attempts, error FROM engine_timer") == [(2, "ValueError: a bug")]


def test_a_great_many_are_done_piece_by_piece() -> None:
    """One transaction takes a bounded number."""
    desk = Desk()
    with db.transact(NOW) as tx:
        timers.set_fresh(tx, [("work", ref, NOW, "") for ref in range(TIMERS_PER_TX_MAX + 10)])
    assert timers.work_off(desk.handlers, NOW) == TIMERS_PER_TX_MAX
    assert timers.work_off(desk.handlers, NOW) == 10
    assert sorted(desk.done) == list(range(TIMERS_PER_TX_MAX + 10))


def test_time_that_nobody_lived_through_is_made_up_for_once() -> None:
    """Whoever is asked to put things off hears how long it was; meanwhile the time is not sure, and afterwards it is."""
    moving = clock.VirtualClock(NOW)
    missed: list[tuple[datetime, timedelta]] = []
    with clock.use(moving):
        for moved in (timedelta(0), beat.UNLIVED_MIN / 2, timedelta(hours=1)):
            moving.move_to(moving.now() + moved)
            assert beat.is_time_sure(db.reader(moving.now())) is (moved < beat.UNLIVED_MIN)
            for engine in ("one", "other"):
                beat.beat(engine, NOW, lambda _, heard_by, unlived: missed.append((heard_by, unlived)))
        assert beat.is_time_sure(db.reader(moving.now()))
    assert missed == [(NOW + beat.UNLIVED_MIN * 1.5, timedelta(hours=1))]


def test_a_clock_that_went_backward_pulls_waits_back() -> None:
    """Waits are moved by what the clock lost; instants that a person named stay."""
    moving = clock.VirtualClock(NOW)
    with clock.use(moving):
        beat.beat("me", NOW)
        put(1, NOW + MINUTE)
        put(2, NOW + MINUTE, absolute=True)
        moving.move_to(NOW - timedelta(hours=1))
        beat.beat("me", NOW)
        assert due_of(1) == NOW + MINUTE - timedelta(hours=1)
        assert due_of(2) == NOW + MINUTE
        beat.beat("me", NOW)
        assert due_of(1) == NOW + MINUTE - timedelta(hours=1)
