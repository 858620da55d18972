"""What came through integrations lately: the last signal of each, counts by outcome, signs of life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.alerts import listing
from tocsin.alerts.listing import SignalLine
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row

COUNTED_MAX = 1000  # the newest signals of an integration
HEARTBEATS_SHOWN_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The newest signals of an integration by what became of them, the most frequent first."""

    counts: tuple[tuple[str, int], ...]
    total: int
    since: datetime | None
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatLine:
    """How one expected sign of life stands."""

    last_at: datetime | None
    due_at: datetime
    missed: bool


def latest(reader: Reader, names: Iterable[str]) -> dict[str, SignalLine]:
    """The last signal of each integration that ever had one."""
    found = {}
    for name in names:
        last = listing.signals(reader, integration=name, limit=1)
        if last:
            found[name] = last[0]
    return found


def traffic(reader: Reader, name: str) -> Traffic:
    """Counts over the newest COUNTED_MAX signals of an integration."""
    rows = reader.rows(
        "SELECT outcome, count(*), min(at) FROM (SELECT outcome, at FROM alerts_signal WHERE integration = %s"
        " ORDER BY id DESC LIMIT %s) newest GROUP BY outcome ORDER BY count(*) DESC, outcome",
        (name, COUNTED_MAX),
    )
    total = sum(row[1] for row in rows)
    return Traffic(
        counts=tuple((row[0].replace("_", " "), row[1]) for row in rows),
        total=total,
        since=clock.from_us(min(row[2] for row in rows)) if rows else None,
        is_cut=total >= COUNTED_MAX,
    )


def heartbeat(reader: Reader, name: str) -> HeartbeatLine | None:
    """One heartbeat; None if the integration is none."""
    row = reader.row("SELECT last_at, due_at, missed FROM alerts_heartbeat WHERE integration = %s", (name,))
    return None if row is None else _heartbeat(row)


def heartbeats(reader: Reader) -> dict[str, HeartbeatLine]:
    """All of them, by integration."""
    rows = reader.rows(
        "SELECT last_at, due_at, missed, integration FROM alerts_heartbeat ORDER BY integration LIMIT %s",
        (HEARTBEATS_SHOWN_MAX,),
    )
    return {row[3]: _heartbeat(row) for row in rows}


def _heartbeat(row: Row) -> HeartbeatLine:
    return HeartbeatLine(last_at=clock.from_us_or_none(row[0]), due_at=clock.from_us(row[1]), missed=bool(row[2]))
