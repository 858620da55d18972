"""The auditor: proves all the time that nothing accepted is unaccounted for, and forgets what is old.

The ledger has two sides. Each envelope says how many signals it holds; each of these must end as one row that says
what became of it. A signal is unaccounted for when its envelope has waited longer than `PATIENCE`, or counts as
absorbed while rows are missing, or was set aside. The number is exported; when it is not 0 an alert of our own wakes
the administrators.

What the auditor has found complete it counts once; how far it is stands in the database, so a look costs what has
come since the last one, however much is kept. Behind that it goes over the whole ledger again, envelope by envelope,
a piece each time. What it has found lacking it keeps looking at until it is not. Envelopes that are gone altogether
show by their receipts (receipts.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import structlog

from tocsin.alerts import columns, own, receipts
from tocsin.alerts.domain import OWN, SIGNAL_BITS
from tocsin.alerts.receipts import Counted
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader, Tx

log = structlog.get_logger()
AUDIT_EVERY_S = 10.0  # how late a lost signal would be noticed
RETENTION_EVERY_S = 60.0
PATIENCE = timedelta(seconds=60)  # a signal is normally absorbed within milliseconds
SETTLED_AFTER = timedelta(seconds=9)  # on PostgreSQL a smaller number can be committed later, by as long as that
COUNTED_PER_LOOK_MAX = 500_000  # envelopes: a third of a second
SECOND_LOOK_ENVELOPES = 200  # each time: some milliseconds, 70 of them if each held a hundred signals
LACKING_KEPT_MAX = 1000  # envelopes; there are none
PAYLOADS_KEPT = timedelta(days=30)
SIGNALS_KEPT = timedelta(days=90)
CHANGES_KEPT = timedelta(days=90)
FORGOTTEN_PER_TX_MAX = 2000  # a transaction of some milliseconds: signals are waiting
FORGETTING_ROUNDS_MAX = 60  # each time, for each table; so 2,000 rows a second can be kept up with
KEY = "unaccounted signals"
_NOTHING_COUNTED = Counted()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """How far the auditor has come, by numbers of envelopes."""

    complete_to: int = 0  # up to here all are absorbed and complete
    seen_to: int = 0  # the last one there was when this was written
    second_to: int = 0  # how far the second look has come
    lacking: tuple[int, ...] = ()
    at: datetime | None = None
    receipts: Counted = _NOTHING_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at what has come since the last."""

    audit: Audit
    complete_to: int  # all up to here that is absorbed is complete, but for what is lacking
    last: int
    lacking: tuple[int, ...]
    surplus: int | None  # of receipts
    all_accounted: bool


def look(reader: Reader, *, at_all: bool = False) -> Audit:
    """Compare both sides of the ledger: of what has come since the last audit, or of all there is."""
    progress = _progress(reader)
    return _look(reader, _Progress(receipts=progress.receipts) if at_all else progress).audit


def known(reader: Reader) -> Audit:
    """What waits and what is set aside now, and what the last audit found missing: cheap, however much comes in."""
    progress = _progress(reader)
    lacking = _lacking_among(reader, progress.lacking)
    return _audit(reader, sum(lacking.values()) + progress.receipts.vanished)


def _look(reader: Reader, progress: _Progress) -> _Look:
    first_waiting = reader.value("SELECT min(id) FROM alerts_waiting")  # before the count
    last = int(reader.value("SELECT max(id) FROM alerts_envelope") or 0)
    to = min(last, progress.complete_to + COUNTED_PER_LOOK_MAX)
    lacking: dict[int, int] = {}
    surplus: int | None = 0
    all_accounted = (
        not progress.lacking
        and to == last
        and receipts.are_all_accounted(reader, progress.receipts, progress.complete_to)
    )
    if not all_accounted:
        lacking = _lacking_among(reader, progress.lacking)
        if not _is_complete(reader, progress.complete_to, to):
            lacking |= _lacking_between(reader, progress.complete_to, to)
        surplus = receipts.surplus(reader, progress.receipts)
    complete_to = to if first_waiting is None else min(to, int(first_waiting) - 1)
    vanished = receipts.vanished(progress.receipts, surplus)
    return _Look(
        audit=_audit(reader, sum(lacking.values()) + vanished),
        complete_to=progress.complete_to if len(lacking) >= LACKING_KEPT_MAX else complete_to,
        last=last,
        lacking=tuple(sorted(lacking)),
        surplus=surplus,
        all_accounted=all_accounted,
    )


def _audit(reader: Reader, missing: int) -> Audit:
    # Few wait, which PostgreSQL cannot know: a join would have it read all envelopes.
    waiting, oldest = reader.rows(
        "SELECT coalesce(sum(signal_count), 0), min(came) FROM (SELECT signal_count,"
        " (SELECT received_at FROM alerts_envelope envelope WHERE envelope.id = waiting.id) AS came"
        " FROM alerts_waiting waiting) looked_up WHERE came < %s",
        (clock.to_us(reader.now - PATIENCE),),
    )[0]
    set_aside = reader.value("SELECT count(*) FROM alerts_signal WHERE outcome = 'set_aside'")
    return Audit(
        waiting_too_long=int(waiting),
        missing=missing,
        set_aside=int(set_aside),
        oldest=clock.from_us_or_none(oldest),
    )


def troubles(reader: Reader) -> list[str]:
    """What an outside watchdog is to hear of by our silence: an alert of our own could be stuck as well."""
    late = known(reader).waiting_too_long
    return [f"{text.plural(late, 'signal')} waiting for more than {text.format_duration(PATIENCE)}"] if late else []


def backlog(reader: Reader) -> int:
    """Signals accepted and not yet absorbed."""
    found = reader.value("SELECT sum(signal_count) FROM alerts_waiting")
    return int(found or 0)


def audit() -> None:
    """Look; if something is unaccounted for, wake the administrators, once, and say when it is over."""
    now = clock.now()
    reader = db.reader(now)
    before = _progress(reader)
    found = _look(reader, before)
    after = _further(reader, before, found)
    is_news = bool(found.audit.unaccounted) != _is_told(reader)
    if not is_news and replace(after, at=before.at) == before:
        return
    with db.transact(now) as tx:
        _save(tx, after)
        if is_news:
            _tell(tx, found.audit)


def _further(reader: Reader, before: _Progress, found: _Look) -> _Progress:
    """Where the auditor stands now: what was there at the last audit and is complete need not be counted again."""
    second, to = _second_look(reader, before)
    lacking = tuple(sorted({*found.lacking, *second}))[:LACKING_KEPT_MAX]
    if before.at is not None and timedelta(0) <= reader.now - before.at < SETTLED_AFTER:
        return replace(before, second_to=to, lacking=lacking)  # another engine's audit was a moment ago
    complete_to = max(before.complete_to, min(before.seen_to, found.complete_to))
    return _Progress(
        complete_to=complete_to,
        seen_to=found.last,
        second_to=to,
        lacking=lacking,
        at=reader.now,
        receipts=receipts.further(
            reader,
            before.receipts,
            complete_to,
            reader.now - PAYLOADS_KEPT,
            found.surplus,
            all_accounted=found.all_accounted,
        ),
    )


def _second_look(reader: Reader, progress: _Progress) -> tuple[dict[int, int], int]:
    """What is lacking in the next piece of what was found complete, and where the one after it begins."""
    ids = reader.rows(
        "SELECT id FROM alerts_envelope WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
        (progress.second_to, progress.complete_to, SECOND_LOOK_ENVELOPES),
    )
    if not ids:
        return {}, 0
    last = int(ids[-1][0])
    lacking = _lacking_between(reader, progress.second_to, last)
    return lacking, last if len(ids) == SECOND_LOOK_ENVELOPES else 0


def _progress(reader: Reader) -> _Progress:
    row = reader.row("SELECT complete_to, seen_to, second_to, lacking, at, receipts FROM alerts_audit WHERE id = 1")
    if row is None:
        return _Progress()
    return _Progress(
        complete_to=row[0],
        seen_to=row[1],
        second_to=row[2],
        lacking=tuple(msgspec.json.decode(row[3], type=list[int])),
        at=clock.from_us(row[4]),
        receipts=msgspec.json.decode(row[5] or "{}", type=Counted),
    )


def _save(tx: Tx, progress: _Progress) -> None:
    at = clock.to_us(progress.at or tx.now)
    kept = msgspec.json.encode(progress.lacking).decode()
    counted = msgspec.json.encode(progress.receipts).decode()
    row = (1, progress.complete_to, progress.seen_to, progress.second_to, kept, at, counted)
    names = ("complete_to", "seen_to", "second_to", "lacking", "at", "receipts")
    tx.insert_many("alerts_audit", ("id", *names), [row], ignore=True)
    tx.update_many("alerts_audit", names, [row])


def _tell(tx: Tx, found: Audit) -> None:
    count = text.plural(found.unaccounted, "signal")
    log.error("auditor.unaccounted", waiting=found.waiting_too_long, missing=found.missing, set_aside=found.set_aside)
    signal = own.trouble(
        key=KEY,
        title=f"{count} accepted but not accounted for",
        description=(
            f"{found.waiting_too_long} have waited longer than {text.format_duration(PATIENCE)}, {found.missing} left no"
            f" trace, {found.set_aside} could not be processed and were set aside. `tocsin doctor` says more."
        ),
    )
    own.tell_or_raise(tx, [signal if found.unaccounted else own.over(KEY)])


def _is_told(reader: Reader) -> bool:
    known_as = columns.identity(OWN, KEY)
    return reader.row("SELECT 1 FROM alerts_alert WHERE identity = %s AND status = 'firing'", (known_as,)) is not None


def _is_complete(reader: Reader, after: int, to: int) -> bool:
    """Whether the envelopes in (after, to] that count as absorbed have as many rows as signals: both sides at one instant."""
    expected, written = reader.rows(
        "SELECT (SELECT coalesce(sum(signal_count), 0) FROM alerts_envelope WHERE id > %s AND id <= %s)"
        " - (SELECT coalesce(sum(signal_count), 0) FROM alerts_waiting WHERE id > %s AND id <= %s),"
        " (SELECT count(*) FROM alerts_signal WHERE id < %s"  # older ones may have outlived their envelopes
        f" AND id >= (SELECT min(id) << {SIGNAL_BITS} FROM alerts_envelope WHERE id > %s))",
        (after, to, after, to, (to + 1) << SIGNAL_BITS, after),
    )[0]
    return int(expected) == int(written)


# What became of signals is kept longer than envelopes, but for those of which one is set aside.
_LACKING = (
    "SELECT id, lacking FROM (SELECT id, signal_count - (SELECT count(*) FROM alerts_signal held"
    f" WHERE held.id >= (envelope.id << {SIGNAL_BITS}) AND held.id < ((envelope.id + 1) << {SIGNAL_BITS})) AS lacking"
    " FROM alerts_envelope envelope WHERE +received_at >= %s AND {which}"
    " AND NOT EXISTS (SELECT 1 FROM alerts_waiting waiting WHERE waiting.id = envelope.id)) counted"
    " WHERE lacking > 0 ORDER BY id LIMIT %s"
)


def _lacking_between(reader: Reader, after: int, to: int) -> dict[int, int]:
    """How many rows the absorbed envelopes in (after, to] lack."""
    since = clock.to_us(reader.now - PAYLOADS_KEPT)
    which = _LACKING.format(which="id > %s AND id <= %s")
    return {row[0]: int(row[1]) for row in reader.rows(which, (since, after, to, LACKING_KEPT_MAX))}


def _lacking_among(reader: Reader, ids: Iterable[int]) -> dict[int, int]:
    """How many rows these envelopes still lack."""
    listed = list(ids)
    if not listed:
        return {}
    since = clock.to_us(reader.now - PAYLOADS_KEPT)
    which = _LACKING.format(which=reader.among("id"))
    return {row[0]: int(row[1]) for row in reader.rows(which, (since, reader.listed(listed), LACKING_KEPT_MAX))}


# Rows are as old as their numbers are small, so the oldest are found by number, and where none is old few are read.
_OLD = "DELETE FROM {table} WHERE {old} AND id IN (SELECT id FROM {table} WHERE {kind} ORDER BY id LIMIT %s)"
_NEEDED_NO_MORE = f"id NOT IN (SELECT id >> {SIGNAL_BITS} FROM alerts_signal WHERE outcome = 'set_aside')"
_FORGOTTEN: tuple[tuple[str, timedelta], ...] = (
    (
        _OLD.format(
            table="alerts_envelope",
            old="received_at < %s AND NOT EXISTS (SELECT 1 FROM alerts_waiting waiting WHERE waiting.id = alerts_envelope.id)",
            kind=f"{_NEEDED_NO_MORE} AND id <= (SELECT coalesce(max(complete_to), 0) FROM alerts_audit)",
        ),
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
    for _ in range(FORGETTING_ROUNDS_MAX):
        with db.transact(now) as tx:
            gone = receipts.forget(tx, _progress(tx).receipts, FORGOTTEN_PER_TX_MAX)
        if gone < FORGOTTEN_PER_TX_MAX:
            break
