"""What the engine runs for this slice: timers that fall due."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.engine.domain import TimerDue, TimerHandler
from tocsin.kit.db import Tx
from tocsin.oncall import reminders, swaps


def _derive(tx: Tx, _: Sequence[TimerDue]) -> None:
    reminders.derive(tx)


def _expire(tx: Tx, due: Sequence[TimerDue]) -> None:
    swaps.expire_swaps(tx, [timer.ref for timer in due])


def _remind(tx: Tx, due: Sequence[TimerDue]) -> None:
    swaps.remind_of_swaps(tx, [timer.ref for timer in due])


HANDLERS: dict[str, TimerHandler] = {
    reminders.DERIVE: _derive,
    reminders.MOMENT: reminders.tell_due,
    swaps.SWAP_EXPIRES: _expire,
    swaps.SWAP_REMINDS: _remind,
}
