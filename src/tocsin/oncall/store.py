"""The only writes to overrides, swaps, absences and hand-overs, and the loads that deciding needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from tocsin.kit import clock
from tocsin.kit.db import Reader, Row, Tx
from tocsin.oncall.desk import (
    Absence,
    Handover,
    OverrideLine,
    Span,
    Swap,
    SwapStatus,
)

OVERRIDE = (
    "id, schedule, person_out, person_in, starts_at, ends_at, reason, made_by, made_at, swap_id, cancelled_at,"
    " cancelled_by"
)
SWAP = (
    "id, person, to_person, schedule, starts_at, ends_at, wants_schedule, wants_start, wants_end, status, message,"
    " made_at, expires_at, decided_by, decided_at, reason"
)
ABSENCE = "id, person, starts_at, ends_at, about"
HANDOVER = "id, schedule, at, since, outgoing, incoming, summary, accepted_by, accepted_at"
_encode = msgspec.json.Encoder().encode
_texts = msgspec.json.Decoder(tuple[str, ...])


# --- overrides


def put_overrides(tx: Tx, new: Sequence[OverrideLine]) -> list[OverrideLine]:
    """Write new overrides and give them their ids, in their order."""
    ids = tx.next_ids("oncall_override", len(new))
    made = [replace(one, id=id_) for id_, one in zip(ids, new, strict=True)]
    columns = ("id", "schedule", "person_out", "person_in", "starts_at", "ends_at", "reason", "made_by", "made_at")
    rows = [
        (
            one.id,
            one.schedule,
            one.person_out,
            one.person_in,
            clock.to_us(one.start),
            clock.to_us(one.end),
            one.reason,
            one.made_by,
            clock.to_us(one.made_at),
            one.swap,
            "",
        )
        for one in made
    ]
    tx.insert_many("oncall_override", (*columns, "swap_id", "cancelled_by"), rows)
    return made


def override(reader: Reader, id_: int, *, lock: str = "") -> OverrideLine | None:
    """One override."""
    row = reader.row(f"SELECT {OVERRIDE} FROM oncall_override WHERE id = %s{lock}", (id_,))
    return None if row is None else override_of(row)


def cancel_override(tx: Tx, id_: int, by: str) -> None:
    """It does not count any more, from now on."""
    tx.execute(
        "UPDATE oncall_override SET cancelled_at = %s, cancelled_by = %s WHERE id = %s AND cancelled_at IS NULL",
        (clock.to_us(tx.now), by, id_),
    )


def override_of(row: Row) -> OverrideLine:
    """A row of OVERRIDE."""
    return OverrideLine(
        id=row[0],
        schedule=row[1],
        person_out=row[2],
        person_in=row[3],
        start=clock.from_us(row[4]),
        end=clock.from_us(row[5]),
        reason=row[6],
        made_by=row[7],
        made_at=clock.from_us(row[8]),
        swap=row[9],
        cancelled_at=clock.from_us_or_none(row[10]),
        cancelled_by=row[11],
    )


# --- swaps


def put_swap(tx: Tx, one: Swap) -> Swap:
    """Write a new offer and give it its id."""
    (id_,) = tx.next_ids("oncall_swap", 1)
    wants = one.wants
    row = (
        id_,
        one.person,
        one.to,
        one.gives.schedule,
        clock.to_us(one.gives.start),
        clock.to_us(one.gives.end),
        wants.schedule if wants else "",
        clock.to_us(wants.start) if wants else None,
        clock.to_us(wants.end) if wants else None,
        one.status.value,
        one.message,
        clock.to_us(one.made_at),
        clock.to_us(one.expires_at),
        "",
        None,
        "",
    )
    tx.insert_many("oncall_swap", SWAP.split(", "), [row])
    return replace(one, id=id_)


def swap(reader: Reader, id_: int, *, lock: str = "") -> Swap | None:
    """One offer."""
    row = reader.row(f"SELECT {SWAP} FROM oncall_swap WHERE id = %s{lock}", (id_,))
    return None if row is None else swap_of(row)


def decide_swap(tx: Tx, one: Swap) -> None:
    """Write down what became of it."""
    tx.execute(
        "UPDATE oncall_swap SET status = %s, decided_by = %s, decided_at = %s, reason = %s, to_person = %s WHERE id = %s",
        (one.status.value, one.decided_by, clock.to_us(tx.now), one.reason, one.to, one.id),
    )


def swap_of(row: Row) -> Swap:
    """A row of SWAP."""
    wants_start, wants_end = clock.from_us_or_none(row[7]), clock.from_us_or_none(row[8])
    wants = Span(schedule=row[6], start=wants_start, end=wants_end) if wants_start and wants_end else None
    return Swap(
        id=row[0],
        person=row[1],
        to=row[2],
        gives=Span(schedule=row[3], start=clock.from_us(row[4]), end=clock.from_us(row[5])),
        wants=wants,
        status=SwapStatus(row[9]),
        message=row[10],
        made_at=clock.from_us(row[11]),
        expires_at=clock.from_us(row[12]),
        decided_by=row[13],
        decided_at=clock.from_us_or_none(row[14]),
        reason=row[15],
    )


# --- absences


def put_absence(tx: Tx, one: Absence, by: str) -> Absence:
    """Write a new absence and give it its id."""
    (id_,) = tx.next_ids("oncall_absence", 1)
    row = (id_, one.person, clock.to_us(one.start), clock.to_us(one.end), one.about, by, clock.to_us(tx.now))
    tx.insert_many("oncall_absence", (*ABSENCE.split(", "), "made_by", "made_at"), [row])
    return replace(one, id=id_)


def absence(reader: Reader, id_: int) -> Absence | None:
    """One absence that was not cancelled."""
    row = reader.row(f"SELECT {ABSENCE} FROM oncall_absence WHERE id = %s AND cancelled_at IS NULL", (id_,))
    return None if row is None else absence_of(row)


def cancel_absence(tx: Tx, id_: int) -> None:
    """It does not count any more."""
    tx.execute("UPDATE oncall_absence SET cancelled_at = %s WHERE id = %s", (clock.to_us(tx.now), id_))


def absence_of(row: Row) -> Absence:
    """A row of ABSENCE."""
    return Absence(id=row[0], person=row[1], start=clock.from_us(row[2]), end=clock.from_us(row[3]), about=row[4])


# --- hand-overs, and what has been told


def put_handover(tx: Tx, one: Handover) -> Handover | None:
    """Write a new hand-over; None if there is one for this schedule and instant."""
    (id_,) = tx.next_ids("oncall_handover", 1)
    outgoing, incoming = _encode(one.outgoing).decode(), _encode(one.incoming).decode()
    row = (id_, one.schedule, clock.to_us(one.at), clock.to_us(one.since), outgoing, incoming, "", "", None)
    tx.insert_many("oncall_handover", HANDOVER.split(", "), [row], ignore=True)
    found = tx.value("SELECT id FROM oncall_handover WHERE id = %s", (id_,))
    return None if found is None else replace(one, id=id_)


def handover(reader: Reader, id_: int, *, lock: str = "") -> Handover | None:
    """One hand-over."""
    row = reader.row(f"SELECT {HANDOVER} FROM oncall_handover WHERE id = %s{lock}", (id_,))
    return None if row is None else handover_of(row)


def put_summary(tx: Tx, id_: int, summary: str) -> None:
    """What happened in the shift, in words."""
    tx.execute("UPDATE oncall_handover SET summary = %s WHERE id = %s", (summary, id_))


def accept_handover(tx: Tx, id_: int, by: str) -> None:
    """Somebody has it."""
    tx.execute(
        "UPDATE oncall_handover SET accepted_by = %s, accepted_at = %s WHERE id = %s", (by, clock.to_us(tx.now), id_)
    )


def handover_of(row: Row) -> Handover:
    """A row of HANDOVER."""
    return Handover(
        id=row[0],
        schedule=row[1],
        at=clock.from_us(row[2]),
        since=clock.from_us(row[3]),
        outgoing=_texts.decode(row[4]),
        incoming=_texts.decode(row[5]),
        summary=row[6],
        accepted_by=row[7],
        accepted_at=clock.from_us_or_none(row[8]),
    )


def first_time(tx: Tx, keys: Iterable[str]) -> set[str]:
    """Those of these keys that nobody has been told of yet; from now on they have."""
    wanted = set(keys)
    if not wanted:
        return set()
    known = {row[0] for row in tx.rows(f"SELECT key FROM oncall_told WHERE {tx.among('key')}", (tx.listed(wanted),))}
    fresh = sorted(wanted - known)
    tx.insert_many("oncall_told", ("key", "at"), [(key, clock.to_us(tx.now)) for key in fresh], ignore=True)
    return set(fresh)


def forget_told(tx: Tx, before: datetime) -> None:
    """What was told long ago is not told again anyway."""
    tx.execute("DELETE FROM oncall_told WHERE at < %s", (clock.to_us(before),))
