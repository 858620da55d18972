"""The engine: every thread that works rows off, started and stopped together.

There is no leader. Any number of engines may run on PostgreSQL; they compete for rows, so one can die at any moment
and the others take its work over. A bell wakes a thread at once, a slow poll wakes it anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
import uvloop

from tocsin.engine import bell, timers
from tocsin.engine.domain import Carrier, Chore, Pump, SettledHandler, TimerHandler
from tocsin.engine.worker import OutboxWorker
from tocsin.kit import clock, db, troubles

log = structlog.get_logger()
TIMER_POLL_S = 0.5  # a backstop: the bell rings for new timers
TROUBLE_PAUSE_S = 0.5  # after a round that failed, so that a broken one does not spin
STOP_WAIT_S = 20.0
# A pump rests between pieces that are not full, so many times as long as the last took, but no longer than is felt in a
# page: larger pieces cost less for each signal, and leave more of the processor to the intake.
REST_TIMES = 4
REST_S_MAX = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineParts:
    """What there is to do, plugged in by `site`."""

    handlers: Mapping[str, TimerHandler]
    pumps: Sequence[Pump]
    chores: Sequence[Chore]
    carrier: Carrier
    on_settled: SettledHandler


@dataclass(slots=True)
class Engine:
    """One per process. `start` returns at once; `stop` waits for work under way."""

    owner: str
    parts: EngineParts
    _threads: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _wakes: list[threading.Event] = field(default_factory=list)
    _stop_listening: list[Callable[[], None]] = field(default_factory=list)
    _worker: OutboxWorker | None = None

    def start(self) -> None:
        """Start every thread."""
        for pump in self.parts.pumps:
            paced = _Paced(pump, self._stopping)
            self._spawn_loop(f"pump-{pump.name}", pump.bell, paced.run, paced.pause_s)
        self._spawn_loop("timers", bell.TIMERS, self._timers, self._until_next_timer)
        self._spawn_loop("chores", "chores", Chores(self.parts.chores).run, lambda: 0.5)
        worker = self._worker = OutboxWorker(self.owner, self.parts.carrier, self.parts.on_settled)
        self._spawn("outbox", lambda: uvloop.run(worker.run()))

    def stop(self) -> None:
        """Finish what is under way and stop."""
        self._stopping.set()
        for stop in self._stop_listening:
            stop()
        if self._worker is not None:
            self._worker.stop()
        for wake in self._wakes:
            wake.set()
        for thread in self._threads:
            thread.join(STOP_WAIT_S)

    def dead_threads(self) -> list[str]:
        """Threads that should run and do not; readiness fails if there is one."""
        return [thread.name for thread in self._threads if not thread.is_alive()] if not self._stopping.is_set() else []

    def _timers(self) -> int:
        return timers.work_off(self.parts.handlers, clock.now())

    def _until_next_timer(self) -> float:
        now = clock.now()
        due = timers.next_due(db.reader(now))
        return TIMER_POLL_S if due is None else min(max((due - now).total_seconds(), 0.0), TIMER_POLL_S)

    def _spawn_loop(self, name: str, bell_name: str, work: Callable[[], int], pause_s: Callable[[], float]) -> None:
        wake = threading.Event()
        self._wakes.append(wake)
        self._stop_listening.append(bell.listen(bell_name, wake.set))
        self._spawn(name, lambda: self._loop(name, wake, work, pause_s))

    def _loop(self, name: str, wake: threading.Event, work: Callable[[], int], pause_s: Callable[[], float]) -> None:
        while not self._stopping.is_set():
            try:
                wake.clear()
                if work():
                    continue
                wake.wait(pause_s())
            except db.DatabaseGone as error:
                log.warning("engine.database_gone", thread=name, error=troubles.first_line(error))
                self._pause()
            except Exception:
                log.exception("engine.trouble", thread=name)
                self._pause()
        db.drop_connection()

    def _pause(self) -> None:
        db.drop_connection()
        self._stopping.wait(TROUBLE_PAUSE_S)

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"tocsin-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()


class _Paced:
    """A pump that rests between pieces that are not full; see `Pump`."""

    def __init__(self, pump: Pump, stopping: threading.Event) -> None:
        self._pump, self._stopping = pump, stopping

    def run(self) -> int:
        began = clock.monotonic()
        done = self._pump.run()
        if 0 < done < self._pump.full:
            self._stopping.wait(min(REST_TIMES * (clock.monotonic() - began), REST_S_MAX))
        return done

    def pause_s(self) -> float:
        return self._pump.every_s


class Chores:
    """Runs each chore when its time has come; one that fails is logged and comes round again."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._next = [(0.0, chore) for chore in chores]

    def run(self) -> int:
        at = clock.monotonic()
        self._next = [self._run_if_due(at, due, chore) for due, chore in self._next]
        return 0

    def _run_if_due(self, at: float, due: float, chore: Chore) -> tuple[float, Chore]:
        if at < due:
            return due, chore
        try:
            if chore.run():
                return at, chore
        except db.DatabaseGone as error:
            log.warning("engine.chore_put_off", chore=chore.name, error=troubles.first_line(error))
            db.drop_connection()
        except Exception:
            log.exception("engine.chore_failed", chore=chore.name)
            db.drop_connection()
        return at + chore.every_s, chore
