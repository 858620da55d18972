"""Whether a database is the demo's: found out by reading its file, before anything in it or of this process is made.

The demo founds its organisation as the first version of a configuration, and versions stay. So a database whose first
version is that one is a demo's, whatever was done in it since; one with another, or with accounts and none, is not.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from tocsin.kit.sqlite.library import library

FOUNDER = "tocsin"
FOUNDED = "the demo's organisation"


class NotReadable(Exception):
    """The file is no database, or one that cannot be opened."""


def is_taken(file: Path) -> bool:
    """Whether the database in this file holds a configuration or accounts that are not a demo's. Raises NotReadable."""
    if not file.exists():
        return False
    # Without a log nobody writes to it, and reading it need not make one.
    how = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    try:
        with closing(library.connect(f"{file.resolve().as_uri()}?{how}", uri=True)) as raw:
            founded_by = _first(raw, "config_version", "SELECT by, message FROM config_version ORDER BY number LIMIT 1")
            account = _first(raw, "people_user", "SELECT id FROM people_user LIMIT 1")
    except library.DatabaseError as error:
        raise NotReadable(str(error)) from None
    return account is not None if founded_by is None else founded_by != (FOUNDER, FOUNDED)


def _first(raw: Any, table: str, query: str) -> tuple[Any, ...] | None:
    known = raw.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table]).fetchone()
    found: tuple[Any, ...] | None = raw.execute(query).fetchone() if known else None
    return found
