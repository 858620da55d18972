"""How many groups are not over, by service; and the changes and past groups that may explain one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from tocsin.alerts.domain import GroupStatus
from tocsin.kit import clock
from tocsin.kit.db import Reader

CHANGES_BEFORE = timedelta(hours=24)
CHANGES_AFTER = timedelta(hours=1)
CHANGES_SHOWN_MAX = 10
SIMILAR_SHOWN_MAX = 8
SIMILAR_LOOKED_AT_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The groups of one service that are not over."""

    open: int = 0
    acknowledged: int = 0
    quiet: int = 0  # snoozed or suppressed

    @property
    def live(self) -> int:
        """All groups that are not resolved."""
        return self.open + self.acknowledged + self.quiet


NONE = Tally()
ROUTED_LOOKED_AT_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A deployment or other change that a tool told of."""

    service: str
    integration: str
    at: datetime
    summary: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastGroup:
    """A group that was over before, of the same problem."""

    id: int
    title: str
    opened_at: datetime
    resolved_at: datetime
    resolved_by: str
    same_key: bool  # the same dedup key, else the same title


def by_service(reader: Reader) -> dict[str, Tally]:
    """The groups that are not over, by service."""
    live = [status.value for status in GroupStatus if status is not GroupStatus.RESOLVED]
    rows = reader.rows(
        f"SELECT service, status, count(*) FROM alerts_group WHERE status IN ({', '.join(['%s'] * len(live))})"
        " GROUP BY service, status",
        live,
    )
    counted: dict[str, dict[str, int]] = {}
    for service, status, count in rows:
        counted.setdefault(service, {})[status] = count
    return {
        service: Tally(
            open=by_status.get(GroupStatus.OPEN, 0),
            acknowledged=by_status.get(GroupStatus.ACKNOWLEDGED, 0),
            quiet=by_status.get(GroupStatus.SNOOZED, 0) + by_status.get(GroupStatus.SUPPRESSED, 0),
        )
        for service, by_status in counted.items()
    }


def changes_near(reader: Reader, services: Iterable[str], at: datetime) -> list[ChangeLine]:
    """What was changed in these services around an instant, nearest first."""
    rows = reader.rows(
        "SELECT service, integration, at, summary, links FROM alerts_change"
        f" WHERE {reader.among('service')} AND at >= %s AND at <= %s ORDER BY abs(at - %s) LIMIT %s",
        (
            reader.listed(services),
            clock.to_us(at - CHANGES_BEFORE),
            clock.to_us(at + CHANGES_AFTER),
            clock.to_us(at),
            CHANGES_SHOWN_MAX,
        ),
    )
    return [
        ChangeLine(
            service=service,
            integration=integration,
            at=clock.from_us(when),
            summary=summary,
            links=tuple((one[0], one[1] or one[0]) for one in msgspec.json.decode(links)),
        )
        for service, integration, when, summary, links in rows
    ]


def similar(reader: Reader, group_id: int, service: str, title: str) -> list[PastGroup]:
    """Groups of the same problem that are over, newest first: of the same dedup key, or the same service and title."""
    keyed = reader.rows(
        "SELECT DISTINCT other.group_id FROM alerts_alert mine JOIN alerts_alert other ON other.identity = mine.identity"
        " WHERE mine.group_id = %s AND other.group_id < %s ORDER BY other.group_id DESC LIMIT %s",
        (group_id, group_id, SIMILAR_LOOKED_AT_MAX),
    )
    titled = reader.rows(
        "SELECT id FROM alerts_group WHERE service = %s AND title = %s AND id < %s ORDER BY opened_at DESC LIMIT %s",
        (service, title, group_id, SIMILAR_LOOKED_AT_MAX),
    )
    same = {row[0] for row in keyed}
    found = same | {row[0] for row in titled}
    rows = reader.rows(
        "SELECT id, title, opened_at, resolved_at, resolved_by FROM alerts_group"
        f" WHERE {reader.among('id')} AND resolved_at IS NOT NULL ORDER BY id DESC LIMIT %s",
        (reader.listed(found), SIMILAR_SHOWN_MAX),
    )
    return [
        PastGroup(
            id=row[0],
            title=row[1],
            opened_at=clock.from_us(row[2]),
            resolved_at=clock.from_us(row[3]),
            resolved_by=row[4],
            same_key=row[0] in same,
        )
        for row in rows
    ]


def by_route(reader: Reader, since: datetime | None) -> dict[int | None, int]:
    """How many of the newest groups each route decided, by its place; None: no route matched."""
    rows = reader.rows(
        "SELECT route, count(*) FROM (SELECT route, opened_at FROM alerts_group ORDER BY id DESC LIMIT %s) newest"
        " WHERE opened_at >= %s GROUP BY route",
        (ROUTED_LOOKED_AT_MAX, clock.to_us(since) if since is not None else 0),
    )
    return {row[0]: int(row[1]) for row in rows}
