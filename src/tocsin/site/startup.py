"""Making a process ready: which database it works on, Django, the slices plugged into each other."""

from __future__ import annotations

import os
from typing import Any

import django
from django.db import DatabaseError, connections

from tocsin.site import wiring

SETTINGS_MODULE = "tocsin.site.settings"


def choose(data: str = "", database: str = "") -> None:
    """Work on the embedded database in the directory `data`, or on `database`; before `set_up`."""
    if data:
        os.environ["TOCSIN_DATA"] = data
        os.environ.pop("TOCSIN_DATABASE", None)
    if database:
        os.environ["TOCSIN_DATABASE"] = database


DAMAGED_FIX = (
    "stop Tocsin, move the database's files elsewhere and keep them, `tocsin restore` the last backup, start again, and"
    " find out what damaged them: a disk, a copy made while it ran, a hand"
)


def set_up() -> None:
    """Once per process, before the database is used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS_MODULE)
    django.setup(set_prefix=False)
    wiring.plug_in()


def why_unreachable() -> str:
    """What PostgreSQL says to one who knocks by himself; empty if it opens, or if the database is a file.

    The pool's own error tells how long it waited, but not what for: a wrong password, a name that is not there.
    """
    connection: Any = connections["default"]  # each kind has its driver under another name
    if connection.vendor != "postgresql":
        return ""
    try:
        with connection.wrap_database_errors:
            connection.Database.connect(**connection.get_connection_params()).close()
    except DatabaseError as refused:
        return str(refused).strip().partition("\n")[0]
    return ""
