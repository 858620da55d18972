"""Signs of life, and a clock that went backward.

Each engine writes when it last lived. One row more, "clock", holds the latest instant any of them has seen. If the
clock is found to be behind it by more than `BACKWARD_MIN`, the clock was set back (or had been ahead): every wait
under way is pulled back by the same amount, so nobody waits an hour longer to be woken. Instants that a person named
(timers with `absolute`) stay. A clock set forward makes waits end early, which errs towards waking people.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tocsin.engine import bell
from tocsin.kit import clock, db
from tocsin.kit.db import Reader, Tx

log = structlog.get_logger()
BACKWARD_MIN = timedelta(seconds=30)
BEAT_EVERY_S = 5.0
FORGOTTEN_AFTER = timedelta(hours=1)
_CLOCK = "clock"


def owner_name() -> str:
    """Who this process is in leases and beats: host, process, and when it began, so that it is never reused."""
    return f"{socket.gethostname()}:{os.getpid()}:{clock.to_us(clock.now())}"


def beat(owner: str, started_at: datetime) -> None:
    """Write the sign of life; mend waits if the clock went backward; on PostgreSQL follow the database's clock."""
    db.follow_clock()
    with db.transact(clock.now()) as tx:
        _mend(tx)
        now = clock.to_us(tx.now)
        for name, began in ((owner, clock.to_us(started_at)), (_CLOCK, now)):
            tx.execute(
                "INSERT INTO engine_beat (name, at, started_at, about) VALUES (%s, %s, %s, '')"
                " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                (name, now, began),
            )
        tx.execute("DELETE FROM engine_beat WHERE at < %s", (clock.to_us(tx.now - FORGOTTEN_AFTER),))


def last(reader: Reader) -> datetime | None:
    """When any engine last lived."""
    found = reader.value("SELECT max(at) FROM engine_beat WHERE name <> %s", (_CLOCK,))
    return None if found is None else clock.from_us(found)


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
    """Nobody lives on this database: it was put back from a backup."""
    tx.execute("DELETE FROM engine_beat")


def _mend(tx: Tx) -> None:
    seen = tx.value(f"SELECT at FROM engine_beat WHERE name = %s{tx.for_update}", (_CLOCK,))
    if seen is None or clock.from_us(seen) - tx.now < BACKWARD_MIN:
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
