"""What the engine runs when a timer of this slice is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.alerts import actions, heartbeats, lifecycle, rerouting
from tocsin.alerts.domain import Group, GroupStatus, Reason
from tocsin.alerts.lifecycle import RAISE, RELEASE, RESOLVE, WAKE, UnitOfWork
from tocsin.engine.domain import TimerDue, TimerHandler
from tocsin.kit.db import Tx
from tocsin.people.domain import Urgency


def _release(work: UnitOfWork, group: Group) -> None:
    if group.suppressed_by != "hold":
        return
    silence = lifecycle.silence_of(work, group)
    if silence is not None:
        lifecycle.suppress(work, group, silence)
    else:
        lifecycle.release(work, group, Reason.HOLD_OVER)


def _wake(work: UnitOfWork, group: Group) -> None:
    silence = lifecycle.silence_of(work, group)
    if silence is not None and group.status is GroupStatus.SNOOZED:
        lifecycle.suppress(work, group, silence)
    else:
        lifecycle.wake(work, group)


def _resolve(work: UnitOfWork, group: Group) -> None:
    if group.resolving_at is not None and group.firing_count == 0:
        lifecycle.resolve_group(work, group, "tocsin", Reason.ALL_RESOLVED)


def _raise(work: UnitOfWork, group: Group) -> None:
    lifecycle.raise_urgency(work, group, Urgency.HIGH)


def _silence_end(tx: Tx, due: Sequence[TimerDue]) -> None:
    for timer in due:
        actions.end_silence(tx, timer.ref, "tocsin", Reason.SILENCE_OVER)


def _silence_start(tx: Tx, due: Sequence[TimerDue]) -> None:
    starting = {timer.ref for timer in due}
    for silence in lifecycle.silences(tx):
        if silence.id in starting:
            actions.begin_silence(tx, silence)


def _on_groups(change: Callable[[UnitOfWork, Group], None]) -> TimerHandler:
    def handle(tx: Tx, due: Sequence[TimerDue]) -> None:
        work = UnitOfWork(tx)
        work.load(timer.ref for timer in due)
        for group in list(work.groups.values()):
            change(work, group)
        work.done()

    return handle


HANDLERS: dict[str, TimerHandler] = {
    RELEASE: _on_groups(_release),
    WAKE: _on_groups(_wake),
    RESOLVE: _on_groups(_resolve),
    RAISE: _on_groups(_raise),
    lifecycle.SILENCE_END: _silence_end,
    actions.SILENCE_START: _silence_start,
    heartbeats.OVERDUE: heartbeats.miss,
    rerouting.REROUTE: rerouting.go_on,
}
