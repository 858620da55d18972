"""Timers: a row with a due time. Setting, cancelling, and working off what is due.

A timer's work is done in the transaction that takes it off the table, so a crash in between leaves it due. One that
raises is put back with a growing delay and its error, alone: its neighbours in the batch go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import structlog

from tocsin.engine import bell
from tocsin.engine.domain import BACKOFF_FIRST, BACKOFF_MAX, LEDGER_LOCK, TIMERS_PER_TX_MAX, TimerDue, TimerHandler
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader, Tx

log = structlog.get_logger()
ERROR_CHARS_MAX = 500
_COLUMNS = ("kind", "ref", "due_at", "payload", "absolute", "attempts", "error")


NewTimer = tuple[str, int, datetime, str]
"""(kind, ref, due_at, payload)"""


def set_many(tx: Tx, timers: Iterable[NewTimer], *, absolute: bool = False) -> None:
    """Set timers given as (kind, ref, due_at, payload); one that exists is moved."""
    rows = [(kind, ref, clock.to_us(due), payload, absolute) for kind, ref, due, payload in timers]
    if not rows:
        return
    _delete(tx, [(row[0], row[1]) for row in rows])
    tx.insert_many(
        "engine_timer",
        _COLUMNS,
        [(*row, 0, "") for row in rows],
    )
    bell.ring(tx, bell.TIMERS)


def set_fresh(tx: Tx, timers: Sequence[NewTimer]) -> None:
    """Like `set_many` for refs that were made in this transaction and so cannot have a timer yet."""
    tx.insert_many(
        "engine_timer",
        _COLUMNS,
        [(kind, ref, clock.to_us(due), payload, False, 0, "") for kind, ref, due, payload in timers],
    )
    if timers:
        bell.ring(tx, bell.TIMERS)


def set_one(tx: Tx, kind: str, ref: int, due_at: datetime, payload: str = "", *, absolute: bool = False) -> None:
    """Set one timer, or move it."""
    set_many(tx, [(kind, ref, due_at, payload)], absolute=absolute)


def cancel(tx: Tx, kind: str, refs: Sequence[int]) -> None:
    """Take these timers off the table if they are there."""
    if refs:
        tx.execute(f"DELETE FROM engine_timer WHERE kind = %s AND {tx.among('ref')}", (kind, tx.listed(refs)))


def cancel_ahead(tx: Tx, kind: str) -> None:
    """Take all timers of a kind that are not due yet off the table."""
    tx.execute("DELETE FROM engine_timer WHERE kind = %s AND due_at > %s", (kind, clock.to_us(tx.now)))


def due_of(reader: Reader, kind: str, ref: int) -> datetime | None:
    """When this timer is due, None if it is not set."""
    found = reader.value("SELECT due_at FROM engine_timer WHERE kind = %s AND ref = %s", (kind, ref))
    return clock.from_us_or_none(found)


def refs(reader: Reader, kind: str) -> set[int]:
    """Whatever has a timer of this kind."""
    return {row[0] for row in reader.rows("SELECT ref FROM engine_timer WHERE kind = %s", (kind,))}


def next_due(reader: Reader) -> datetime | None:
    """When the next timer of all is due."""
    found = reader.value("SELECT min(due_at) FROM engine_timer")
    return clock.from_us_or_none(found)


def work_off(handlers: Mapping[str, TimerHandler], now: datetime) -> int:
    """Do what is due, at most `TIMERS_PER_TX_MAX` timers of it; how many that were."""
    if not _any_due(db.reader(now)):
        return 0
    try:
        with db.transact(now, replayable=True) as tx:
            tx.lock(LEDGER_LOCK)
            due = _take_due(tx, TIMERS_PER_TX_MAX)
            _handle(tx, handlers, due)
            return len(due)
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("timers.batch_failed", hint="each timer of the batch is now tried alone")
    return _work_off_singly(handlers, now)


def _work_off_singly(handlers: Mapping[str, TimerHandler], now: datetime) -> int:
    done = 0
    with db.transact(now, replayable=True) as tx:
        tx.lock(LEDGER_LOCK)
        for _ in range(TIMERS_PER_TX_MAX):
            due = _take_due(tx, 1)
            if not due:
                break
            done += 1
            try:
                with tx.savepoint():
                    _handle(tx, handlers, due)
                    tx.settle()
            except db.DatabaseGone:
                raise
            except Exception as error:
                log.exception("timers.failed", kind=due[0].kind, ref=due[0].ref)
                _put_back(tx, due[0], error)
    return done


def _handle(tx: Tx, handlers: Mapping[str, TimerHandler], due: Sequence[TimerDue]) -> None:
    for kind, group in groupby(sorted(due, key=lambda timer: timer.kind), key=lambda timer: timer.kind):
        handlers[kind](tx, list(group))


def _any_due(reader: Reader) -> bool:
    return reader.value("SELECT 1 FROM engine_timer WHERE due_at <= %s LIMIT 1", (clock.to_us(reader.now),)) is not None


def _take_due(tx: Tx, limit: int) -> list[TimerDue]:
    found = tx.rows(
        "SELECT id, kind, ref, due_at, payload, attempts, absolute FROM engine_timer WHERE due_at <= %s"
        f" ORDER BY due_at LIMIT %s{tx.skip_locked}",
        (clock.to_us(tx.now), limit),
    )
    tx.delete_many("engine_timer", [row[0] for row in found])
    return [TimerDue(row[1], row[2], clock.from_us(row[3]), row[4], row[5], bool(row[6])) for row in found]


def _put_back(tx: Tx, timer: TimerDue, error: Exception) -> None:
    delay = min(BACKOFF_FIRST * 2 ** min(timer.attempts, 10), BACKOFF_MAX)
    row = (
        timer.kind,
        timer.ref,
        clock.to_us(tx.now + delay),
        timer.payload,
        timer.absolute,
        timer.attempts + 1,
        text.storable(text.cut(f"{type(error).__name__}: {error}", ERROR_CHARS_MAX)),
    )
    tx.insert_many("engine_timer", _COLUMNS, [row], ignore=True)


def _delete(tx: Tx, keys: Sequence[tuple[str, int]]) -> None:
    for kind, group in groupby(sorted(keys), key=lambda key: key[0]):
        cancel(tx, kind, [ref for _, ref in group])
