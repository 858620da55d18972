"""A PostgreSQL to measure on: durable, in a cluster of its own, set up as docs/howto/postgresql.md says.

It may run on both cores: it takes what the server and the load leave.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

import django

DATABASES_PER_ROW = 2
SETTINGS = ("shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=15min", "wal_compression=lz4")


@contextlib.contextmanager
def postgres() -> Iterator[Iterator[str] | None]:
    """The URLs of fresh databases, as many as a row measures on; None where PostgreSQL is not installed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.site.settings")
    os.environ.setdefault("TOCSIN_DATA", tempfile.mkdtemp(prefix="tocsin-bench-pg-"))
    django.setup()
    import databases  # its tables need Django

    if databases.postgres_binaries() is None:
        yield None
        return
    with contextlib.ExitStack() as stack:
        with _on_all_cores():
            cluster = stack.enter_context(databases.Postgres(durable=True, settings=SETTINGS))
        yield iter([cluster.fresh().environment["TOCSIN_DATABASE"] for _ in range(DATABASES_PER_ROW)])


def analyze(url: str) -> None:
    """Have PostgreSQL look at what lies in its tables, as it does by itself within a minute of a load; if it is one."""
    if url:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")


@contextlib.contextmanager
def _on_all_cores() -> Iterator[None]:
    """What is started in here is not bound to the core of the load."""
    bound = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, bound)
