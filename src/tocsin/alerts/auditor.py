"""The auditor: proves all the time that nothing accepted is unaccounted for, and forgets what is old.

The ledger has two sides. Each envelope says how many signals it holds; each of these must end as one row that says
what became of it. A signal is unaccounted for when its envelope has waited longer than `PATIENCE`, or counts as
absorbed while rows are missing, or was set aside. The number is exported; when it is not 0 an alert of our own wakes
the administrators.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tocsin.alerts import actions
from tocsin.alerts.domain import OWN, SIGNAL_BITS
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader, Tx

log = structlog.get_logger()
AUDIT_EVERY_S = 10.0
RETENTION_EVERY_S = 60.0
PATIENCE = timedelta(seconds=60)
LOOK_BACK = timedelta(minutes=15)  # absorbed envelopes are checked for this long; older ones have been
PAYLOADS_KEPT = timedelta(days=30)
SIGNALS_KEPT = timedelta(days=90)
CHANGES_KEPT = timedelta(days=90)
FORGOTTEN_PER_TX_MAX = 2000  # a transaction of some milliseconds: signals are waiting
FORGETTING_ROUNDS_MAX = 60  # each time, for each table; so 2,000 rows a second can be kept up with
KEY = "unaccounted signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found, in signals."""

    waiting_too_long: int
    missing: int
    set_aside: int
    oldest: datetime | None

    @property
    def unaccounted(self) -> int:
        """Must be 0."""
        return self.waiting_too_long + self.missing + self.set_aside


def look(reader: Reader) -> Audit:
    """Compare both sides of the ledger."""
    late = clock.to_us(reader.now - PATIENCE)
    waiting, oldest = reader.rows(
        "SELECT coalesce(sum(signal_count), 0), min(received_at) FROM alerts_envelope"
        " WHERE absorbed_at IS NULL AND +received_at < %s",
        (late,),
    )[0]
    set_aside = reader.value("SELECT count(*) FROM alerts_signal WHERE outcome = 'set_aside'")
    return Audit(
        waiting_too_long=int(waiting),
        missing=_missing(reader),
        set_aside=int(set_aside),
        oldest=clock.from_us(oldest) if oldest is not None else None,
    )


def backlog(reader: Reader) -> int:
    """Signals accepted and not yet absorbed."""
    found = reader.value("SELECT sum(signal_count) FROM alerts_envelope WHERE absorbed_at IS NULL")
    return int(found or 0)


def audit() -> None:
    """Look; if something is unaccounted for, wake the administrators, once, and say when it is over."""
    now = clock.now()
    found = look(db.reader(now))
    firing = _is_told(db.reader(now))
    if bool(found.unaccounted) == firing:
        return
    with db.transact(now) as tx:
        _tell(tx, found)


def _tell(tx: Tx, found: Audit) -> None:
    count = text.plural(found.unaccounted, "signal")
    log.error("auditor.unaccounted", waiting=found.waiting_too_long, missing=found.missing, set_aside=found.set_aside)
    actions.raise_own(
        tx,
        key=KEY,
        title=f"{count} accepted but not accounted for",
        description=(
            f"{found.waiting_too_long} have waited longer than {text.format_duration(PATIENCE)}, {found.missing} left no"
            f" trace, {found.set_aside} could not be processed and were set aside. `tocsin doctor` says more."
        ),
        over=found.unaccounted == 0,
    )


def _is_told(reader: Reader) -> bool:
    found = reader.row(
        "SELECT 1 FROM alerts_alert WHERE integration = %s AND dedup_key = %s AND status = 'firing'", (OWN, KEY)
    )
    return found is not None


def _missing(reader: Reader) -> int:
    """Signals of envelopes lately absorbed that have no row."""
    since = clock.to_us(reader.now - LOOK_BACK)
    rows = reader.row(
        "SELECT coalesce(sum(signal_count), 0), min(id), max(id) FROM alerts_envelope"
        " WHERE received_at >= %s AND absorbed_at IS NOT NULL",
        (since,),
    )
    if rows is None or rows[1] is None:
        return 0
    expected, first, last = int(rows[0]), int(rows[1]), int(rows[2])
    waiting = reader.value(
        "SELECT coalesce(sum(signal_count), 0) FROM alerts_envelope WHERE id BETWEEN %s AND %s AND received_at < %s"
        " AND absorbed_at IS NOT NULL",
        (first, last, since),
    )
    held = reader.value(
        "SELECT count(*) FROM alerts_signal WHERE id >= %s AND id < %s",
        (first << SIGNAL_BITS, (last + 1) << SIGNAL_BITS),
    )
    return max(expected + int(waiting) - int(held), 0)


# Rows are as old as their numbers are small, so the oldest are found by number, and where none is old few are read.
_OLD = "DELETE FROM {table} WHERE {old} AND id IN (SELECT id FROM {table} WHERE {kind} ORDER BY id LIMIT %s)"
_NEEDED_NO_MORE = f"id NOT IN (SELECT id >> {SIGNAL_BITS} FROM alerts_signal WHERE outcome = 'set_aside')"
_FORGOTTEN: tuple[tuple[str, timedelta], ...] = (
    (
        _OLD.format(table="alerts_envelope", old="received_at < %s AND absorbed_at IS NOT NULL", kind=_NEEDED_NO_MORE),
        PAYLOADS_KEPT,
    ),
    (_OLD.format(table="alerts_signal", old="at < %s", kind="outcome <> 'set_aside'"), SIGNALS_KEPT),
    (_OLD.format(table="alerts_change", old="at < %s", kind="true"), CHANGES_KEPT),
)


def forget_old() -> None:
    """Raw payloads, signals and changes have their day; alerts, groups and the journal stay."""
    now = clock.now()
    for sql, age in _FORGOTTEN:
        for _ in range(FORGETTING_ROUNDS_MAX):
            with db.transact(now) as tx:
                gone = tx.execute(sql, (clock.to_us(now - age), FORGOTTEN_PER_TX_MAX))
            if gone < FORGOTTEN_PER_TX_MAX:
                break
