"""A PostgreSQL to measure on: durable, in a cluster of its own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

import django

DATABASES_PER_ROW = 2


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
    with databases.Postgres(durable=True) as cluster:
        yield iter([cluster.fresh().environment["TOCSIN_DATABASE"] for _ in range(DATABASES_PER_ROW)])
