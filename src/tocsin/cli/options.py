"""Options that several verbs share."""

from __future__ import annotations

import os
from typing import Annotated

import typer

Data = Annotated[
    str, typer.Option("--data", metavar="DIR", help="The embedded database there. [default: TOCSIN_DATA, or ./var]")
]
Database = Annotated[
    str, typer.Option("--database", metavar="URL", help="A PostgreSQL database instead. [default: TOCSIN_DATABASE]")
]
Json = Annotated[bool, typer.Option("--json", help="For programs: JSON on stdout.")]


def is_remote(data: str, database: str) -> bool:
    """Whether a configuration verb is to go through the API."""
    return not data and not database and bool(os.environ.get("TOCSIN_URL"))
