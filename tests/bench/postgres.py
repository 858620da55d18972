"""A PostgreSQL to measure on: durable, in a cluster of its own, set up as docs/howto/postgresql.md says.

It may run on both cores: it takes what the server and the load leave. Its log has the length that it keeps in the long
run (`min_wal_size`): a new cluster makes each file of it when it is first needed, and all commits wait meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

import django

DATABASES_PER_ROW = 2
SETTINGS = (
    "shared_buffers=1GB",
    "min_wal_size=1GB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "wal_compression=lz4",
)
LOG_FILES = 60  # of 16 MB, somewhat less than min_wal_size


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
        urls = [cluster.fresh().environment["TOCSIN_DATABASE"] for _ in range(DATABASES_PER_ROW)]
        _fill_log(urls[0])
        yield iter(urls)


def analyze(url: str) -> None:
    """Have PostgreSQL look at what lies in its tables, as it does by itself within a minute of a load; if it is one."""
    if url:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")


def _fill_log(url: str) -> None:
    """Have the log grow as if the server had been at work for long; the checkpoint keeps its files for reuse."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(LOG_FILES):
            connection.execute("SELECT pg_logical_emit_message(false, 'tocsin', 'bench')")  # an empty file is not left
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")


@contextlib.contextmanager
def _on_all_cores() -> Iterator[None]:
    """What is started in here is not bound to the core of the load."""
    bound = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, bound)
