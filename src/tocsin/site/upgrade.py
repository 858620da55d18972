"""The database's tables, brought to what this version of Tocsin needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

UPGRADE_LOCK = 0x70C50  # one node upgrades, the others wait for it


def pending() -> list[str]:
    """Steps of the schema that the database has not taken yet, as "alerts.0002_notes"."""
    executor = MigrationExecutor(connections["default"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, backwards in plan if not backwards]


def unknown() -> list[str]:
    """Steps the database has taken that this version does not know: it was upgraded by a later one."""
    executor = MigrationExecutor(connections["default"])
    known = executor.loader.graph.nodes
    ours = {label for label, _ in known}
    applied = MigrationRecorder(connections["default"]).applied_migrations()
    return sorted(f"{label}.{name}" for label, name in applied if label in ours and (label, name) not in known)


def upgrade() -> list[str]:
    """Take the steps that are missing; which those were."""
    connection = connections["default"]
    with _one_at_a_time(connection):
        steps = pending()
        if steps:
            call_command("migrate", interactive=False, verbosity=0)
    return steps


@contextmanager
def _one_at_a_time(connection: Any) -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with connection.unhurried():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [UPGRADE_LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [UPGRADE_LOCK])
