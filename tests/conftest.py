"""One Django for the whole run, a database on demand, and the cast of the stories.

The cast: Ann is on call. Bob is second. Cleo is in their team and not on call. Dan is in another team. Eve has no
account. Nothing here costs anything to a test that does not ask for it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

_DATA = tempfile.TemporaryDirectory(prefix="tocsin-tests-")
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "tocsin.site.settings",
    "TOCSIN_DATA": _DATA.name,
    "TOCSIN_SECRETS": "a-secret-of-the-tests-that-is-long-enough",
    "TOCSIN_OUTBOUND_ALLOW": "127.0.0.0/8,::1/128",
    "TOCSIN_BASE_URL": "http://tocsin.test",
}
for _name in ("TOCSIN_DATABASE", "TOCSIN_SMTP_URL", "TOCSIN_URL", "TOCSIN_TOKEN", "TOCSIN_WEBHOOK_SECRET"):
    os.environ.pop(_name, None)

import django  # noqa: E402 - the environment comes first
from hypothesis import settings  # noqa: E402

django.setup()
settings.register_profile(
    "tocsin", deadline=None
)  # how busy the machine is proves nothing; pytest's timeout bounds all
settings.load_profile("tocsin")

from databases import MISSING, Database, Kind, Postgres, Sqlite, postgres_binaries  # noqa: E402
from needs import lacks  # noqa: E402
from tocsin.kit import db  # noqa: E402
from tocsin.site import wiring  # noqa: E402
from world import World  # noqa: E402

wiring.plug_in()
ID_CHARS_MAX = 200


def pytest_make_parametrize_id(val: object) -> str | None:
    """A case is not called by kilobytes of its text: a test's name stands in the environment of what it starts.

    Linux bounds one variable to 128 KiB (`MAX_ARG_STRLEN`).
    """
    if isinstance(val, str | bytes) and len(val) > ID_CHARS_MAX:
        return f"{val[: ID_CHARS_MAX // 4]!r}-and-on-to-{len(val)}"
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that share a server or an installation run in one worker; told at once if the plugin that sees to it does not.

    A plain error, because a worker keeps the text of a usage error to itself.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    apart = [item.nodeid for item in items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if apart:
        raise RuntimeError(f"pytest-xdist does not keep its groups together, for example {apart[0]}")


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Sqlite]:
    """A migrated SQLite file, made once."""
    with Sqlite() as made:
        yield made


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Postgres]:
    """A PostgreSQL of our own, started once, with a migrated template."""
    if postgres_binaries() is None:
        lacks(MISSING)
    with Postgres() as made:
        yield made


@pytest.fixture(params=[Kind.SQLITE, Kind.POSTGRES], ids=str)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh migrated database that Django's connections lead to; once for each kind."""
    yield from _fresh(request, request.param)


@pytest.fixture
def sqlite(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh migrated SQLite database, for what does not depend on the kind."""
    yield from _fresh(request, Kind.SQLITE)


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh migrated PostgreSQL database, for what only it can show."""
    yield from _fresh(request, Kind.POSTGRES)


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """The whole application on a virtual clock, with real servers outside; accounts are settled at the end."""
    with World(database) as made:
        yield made
        made.assert_accounted()


def _fresh(request: pytest.FixtureRequest, kind: Kind) -> Iterator[Database]:
    source: Any = request.getfixturevalue("sqlite_template" if kind is Kind.SQLITE else "postgres_cluster")
    fresh = source.fresh()
    fresh.connect()
    try:
        yield fresh
    finally:
        db.drop_connection()
        fresh.drop()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line when half of the tests had no database to run on."""
    skipped = [one for one in terminalreporter.stats.get("skipped", ()) if MISSING in str(one.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests skipped: {MISSING}")
