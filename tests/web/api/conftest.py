from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import Sqlite
from serving import Served, serve


@pytest.fixture(scope="session")
def served(sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of the API."""
    yield from serve(sqlite_template, tmp_path_factory.mktemp("api"))
