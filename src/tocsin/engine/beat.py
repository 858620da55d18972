"""Signs of life, a clock that went backward, and time in which nobody lived.

Each engine writes when it last lived. One row more, "clock", holds the latest instant any of them has seen. If the
clock is found to be behind it by more than `BACKWARD_MIN`, the clock was set back (or had been ahead): every wait
under way is pulled back by the same amount, so nobody waits an hour longer to be woken. Instants that a person named
(timers with `absolute`) stay.

If the latest instant is further back than `UNLIVED_MIN`, no engine lived through what lies between: the clock was set
forward, the machine slept, or Tocsin was not running. Nobody can tell which, and it makes no difference: whoever was to
hear something in that time could not. What would end for want of news (`on_unlived`) and what would be given up is put
off by as much; until that is done `is_time_sure` says no. Waits to wake somebody stay: they end early, which errs
towards waking people.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tocsin.engine import bell
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import clock, db
from tocsin.kit.db import Reader, Tx
from tocsin.kit.postgres import limits

log = structlog.get_logger()
BACKWARD_MIN = timedelta(seconds=30)
UNLIVED_MIN = timedelta(seconds=30)
BEAT_EVERY_S = 5.0
FORGOTTEN_AFTER = timedelta(hours=1)
_CLOCK = "clock"

Unlived = Callable[[Tx, datetime, timedelta], None]
"""What is to be put off when nobody lived for so long; what was heard up to this instant was heard before that."""


def owner_name() -> str:
    """Who this process is in leases and beats: host, process, and when it began, so that it is never reused."""
    return f"{socket.gethostname()}:{os.getpid()}:{clock.to_us(clock.now())}"


def beat(owner: str, started_at: datetime, on_unlived: Unlived | None = None) -> None:
    """Write the sign of life; mend waits if the clock jumped.

    On PostgreSQL also follow the database's clock, and end what nodes that fell silent have left behind.
    """
    db.follow_clock()
    _clear_away(db.reader(clock.now()))
    with db.transact(clock.now()) as tx:
        seen = tx.value(f"SELECT at FROM engine_beat WHERE name = %s{tx.for_update}", (_CLOCK,))
        if seen is not None:
            _mend_backward(tx, seen)
            _make_up(tx, clock.from_us(seen), on_unlived)
        now = clock.to_us(tx.now)
        for name, began in ((owner, clock.to_us(started_at)), (_CLOCK, now)):
            tx.execute(
                "INSERT INTO engine_beat (name, at, started_at, about) VALUES (%s, %s, %s, '')"
                " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                (name, now, began),
            )
        tx.execute("DELETE FROM engine_beat WHERE at < %s", (clock.to_us(tx.now - FORGOTTEN_AFTER),))


def is_time_sure(reader: Reader) -> bool:
    """Whether engines have lived up to now, or none ever has; if not, the next beat makes up for what was missed."""
    seen = reader.value("SELECT at FROM engine_beat WHERE name = %s", (_CLOCK,))
    return seen is None or reader.now - clock.from_us(seen) < UNLIVED_MIN


def last(reader: Reader) -> datetime | None:
    """When any engine last lived."""
    found = reader.value("SELECT max(at) FROM engine_beat WHERE name <> %s", (_CLOCK,))
    return clock.from_us_or_none(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One engine as it was last heard of."""

    name: str
    at: datetime
    started_at: datetime


def nodes(reader: Reader) -> list[Node]:
    """Every engine heard of within the last hour, the freshest first."""
    rows = reader.rows("SELECT name, at, started_at FROM engine_beat WHERE name <> %s ORDER BY at DESC", (_CLOCK,))
    return [Node(name=row[0], at=clock.from_us(row[1]), started_at=clock.from_us(row[2])) for row in rows]


def alive(reader: Reader, within: timedelta) -> int:
    """How many engines have lived within this time."""
    since = clock.to_us(reader.now - within)
    return int(reader.value("SELECT count(*) FROM engine_beat WHERE name <> %s AND at >= %s", (_CLOCK, since)))


def forget_all(tx: Tx) -> None:
    """Forget the engines of a database put back from a backup; when the last of them lived is kept."""
    tx.execute("DELETE FROM engine_beat WHERE name <> %s", (_CLOCK,))


def _clear_away(reader: Reader) -> None:
    if reader.postgres:
        for _, session, state in reader.rows(limits.ABANDONED):
            log.warning("engine.abandoned_session_ended", session=session, state=state)


def _make_up(tx: Tx, seen: datetime, on_unlived: Unlived | None) -> None:
    unlived = tx.now - seen
    if unlived < UNLIVED_MIN:
        return
    log.warning("engine.nobody_lived", since=seen.isoformat(), for_s=unlived.total_seconds())
    tx.lock(LEDGER_LOCK)
    tx.execute(
        "UPDATE engine_delivery SET give_up_at = give_up_at + %s WHERE state IN ('waiting', 'leased') AND give_up_at > 0",
        (clock.to_us(tx.now) - clock.to_us(seen),),
    )
    if on_unlived is not None:
        on_unlived(tx, min(seen + UNLIVED_MIN, tx.now), unlived)  # what was lived through after the last beat


def _mend_backward(tx: Tx, seen: int) -> None:
    if clock.from_us(seen) - tx.now < BACKWARD_MIN:
        return
    back = seen - clock.to_us(tx.now)
    log.warning("engine.clock_went_backward", by_s=back / 1_000_000)
    now = clock.to_us(tx.now)
    moved = "UPDATE engine_timer SET due_at = due_at - %s WHERE absolute = %s AND due_at > %s"
    tx.execute(moved, (back, False, now))
    tx.execute(
        "UPDATE engine_delivery SET due_at = due_at - %s, give_up_at = give_up_at - %s"
        " WHERE state = 'waiting' AND due_at > %s",
        (back, back, now),
    )
    tx.execute("UPDATE engine_delivery SET lease_until = lease_until - %s WHERE state = 'leased'", (back,))
    tx.execute("DELETE FROM engine_address_use")
    tx.execute("DELETE FROM engine_beat WHERE at > %s", (now,))
    bell.ring(tx, bell.TIMERS)
    bell.ring(tx, bell.OUTBOX)
