"""Making a process ready: which database it works on, Django, the slices plugged into each other."""

from __future__ import annotations

import os

import django

from tocsin.site import wiring

SETTINGS_MODULE = "tocsin.site.settings"


def choose(data: str = "", database: str = "") -> None:
    """Work on the embedded database in the directory `data`, or on `database`; before `set_up`."""
    if data:
        os.environ["TOCSIN_DATA"] = data
        os.environ.pop("TOCSIN_DATABASE", None)
    if database:
        os.environ["TOCSIN_DATABASE"] = database


def set_up() -> None:
    """Once per process, before the database is used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS_MODULE)
    django.setup(set_prefix=False)
    wiring.plug_in()
