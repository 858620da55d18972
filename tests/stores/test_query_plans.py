"""What runs while signals come in costs the same with a million of them in the past."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connections

from databases import Database
from tocsin.alerts import auditor
from tocsin.engine import health
from tocsin.kit import clock, db
from world import World, disk_full, resolve, wake

# Silences are few, and what waits holds no past; everything else grows.
WHOLE_TABLE = re.compile(
    r"SCAN (alerts_(?!silence|waiting)\w+|engine_(delivery|attempt)|paging_\w+|journal_fact)\b(?! USING)"
)
OF_THE_STORY = ("SELECT id FROM alerts_group ORDER BY id",)  # the story language looks at everything
BY_HISTORY = re.compile(r"SEARCH alerts_group USING INDEX alerts_group_(status|service) \((status|service)=\?\)$")
LIVE = "status IN ('open', 'suppressed')"  # those are few, however long the past


def test_no_statement_of_the_main_job_reads_a_whole_table(sqlite: Database) -> None:
    """From the first signal to the resolve, with a silence, a storm limit and an audit, every look-up has its index."""
    seen: dict[str, tuple[Any, ...]] = {}

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE")) and not many and sql not in OF_THE_STORY:
            seen.setdefault(sql, tuple(params or ()))
        return execute(sql, params, many, context)

    with World(sqlite) as world, connections["default"].execute_wrapper(note):
        world.policy("web", wake("ann", by="email", wait="5m"), wake("bob", wait="5m"), acknowledgement_expires="10m")
        world.integration("web", group_by=["host"], reopen_within="5m", auto_resolve_after="1h")
        world.break_("webhook", "bob", status=503)
        world.receive(disk_full).at("6m")
        world.acknowledge(by="bob")
        world.receive(resolve(disk_full)).at("8m")
        world.receive(disk_full)
        world.silence('host="db1"', span="5m")
        world.at("90m")
        reader = db.reader(clock.now())
        auditor.look(reader)
        auditor.known(reader)
        auditor.audit()
        auditor.backlog(reader)
        health.look(reader)
    assert len(seen) > 50
    bad = [(sql, step) for sql, params in seen.items() for step in _plan(sql, params) if _is_bad(sql, step)]
    assert not bad, "\n".join(f"{step}\n    {sql}" for sql, step in bad)


def _is_bad(sql: str, step: str) -> bool:
    return bool(WHOLE_TABLE.search(step) or (BY_HISTORY.search(step) and LIVE not in sql))


def _plan(sql: str, params: tuple[Any, ...]) -> list[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [row[3] for row in cursor.fetchall()]
