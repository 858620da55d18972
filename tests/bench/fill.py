"""Fills a database with a long past: a million signals, 200,000 closed groups and what belongs to them.

python -m bench.fill        fills the database that TOCSIN_DATA or TOCSIN_DATABASE names
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

GROUPS = 200_000
SIGNALS_PER_GROUP = 5
CHUNK = 5_000
DAY_US = 86_400_000_000


def main() -> None:
    """Write everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.site.settings")
    import django

    django.setup()
    from django.db import connection

    from tocsin.kit import clock, db
    from tocsin.site import wiring

    wiring.plug_in()
    now = clock.to_us(clock.now())
    past = [now - 60 * DAY_US + number * (59 * DAY_US // GROUPS) for number in range(GROUPS)]
    for start in range(0, GROUPS, CHUNK):
        numbers = range(start, min(start + CHUNK, GROUPS))
        with db.transact(clock.now()) as tx:
            groups = tx.next_ids("alerts_group", len(numbers))
            envelopes = tx.next_ids("alerts_envelope", len(numbers) * SIGNALS_PER_GROUP)
            tx.next_ids("alerts_alert", len(numbers))  # alerts get their groups' numbers; keep the sequence ahead
            for table, columns, rows in _tables(numbers, groups, envelopes, past):
                tx.insert_many(table, columns, list(rows))
    if connection.vendor == "postgresql":  # what its servants have long done where a past took weeks to come about
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("CHECKPOINT")


def _tables(
    numbers: range, groups: list[int], envelopes: list[int], past: list[int]
) -> Iterable[tuple[str, tuple[str, ...], Iterator[tuple[object, ...]]]]:
    pairs = list(zip(numbers, groups, strict=True))
    signals = [
        (number, group, envelopes[place * SIGNALS_PER_GROUP + one], one)
        for place, (number, group) in enumerate(pairs)
        for one in range(SIGNALS_PER_GROUP)
    ]
    yield (
        "alerts_group",
        (
            *("id", "identity", "service", "integration", "key", "title", "status", "urgency", "severity"),
            *("opened_at", "resolved_at", "resolved_by", "alert_count", "firing_count", "storm", "suppressed_by"),
            *("acknowledged_by", "resolve_after_s", "reopen_within_s"),
        ),
        (
            (
                *(group, f"bench\x1fold{number}", "bench", "events", f"old{number}", f"old problem {number}"),
                *("resolved", "high", "critical", past[number], past[number] + 600_000_000, "integration:events"),
                *(1, 0, False, "", "", 0.0, 0.0),
            )
            for number, group in pairs
        ),
    )
    yield (
        "alerts_alert",
        (
            *("id", "identity", "integration", "dedup_key", "service", "group_id", "status", "severity", "urgency"),
            *("crc", "title", "description", "labels", "details", "links", "images", "signal_count", "opened_at"),
            *("started_at", "last_signal_at", "resolved_at"),
        ),
        (
            (
                *(group, f"events\x1fold{number}", "events", f"old{number}", "bench", group, "resolved", "critical"),
                *("high", number, f"old problem {number}", "", '{"host":"db1","service":"bench"}', "{}", "[]", "[]"),
                *(SIGNALS_PER_GROUP, past[number], past[number], past[number], past[number] + 600_000_000),
            )
            for number, group in pairs
        ),
    )
    yield (
        "alerts_envelope",
        (
            "id",
            "integration",
            "source",
            "received_at",
            "body",
            "signals",
            "signal_count",
            "reference",
            "problems",
        ),
        (
            (envelope, "events", "pagerduty", past[number], b"x" * 300, b"\x90", 1, "", "")
            for number, _, envelope, _ in signals
        ),
    )
    yield (
        "alerts_signal",
        ("id", "integration", "at", "action", "dedup_key", "outcome", "reason", "alert_id", "group_id"),
        (
            (envelope << 14, "events", past[number], "trigger", f"old{number}", "refreshed", "repeat", group, group)
            for number, group, envelope, _ in signals
        ),
    )
    yield (
        "journal_fact",
        ("at", "name", "subject", "actor", "body"),
        (
            (past[number], name, f"group:{group}", "tocsin", f'{{"group":{group},"reason":"new problem"}}')
            for number, group in pairs
            for name in (
                "AlertGroupOpened",
                "EscalationStarted",
                "PersonPaged",
                "MessageDelivered",
                "AlertGroupResolved",
            )
        ),
    )
    yield (
        "engine_delivery",
        (
            *(
                "lane",
                "state",
                "channel",
                "address",
                "address_key",
                "bucket",
                "body",
                "subject",
                "created_at",
                "due_at",
            ),
            *("give_up_at", "attempts", "takeovers", "failing", "owner", "receipt", "reason"),
        ),
        (
            (
                *(
                    0,
                    "delivered",
                    "webhook",
                    "{}",
                    "webhook:http://x",
                    "webhook:x",
                    "{}",
                    f"page:{group}",
                    past[number],
                ),
                *(past[number], past[number] + DAY_US, 1, 0, False, "", "", ""),
            )
            for number, group in pairs
        ),
    )


if __name__ == "__main__":
    main()
