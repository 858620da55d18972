"""A house for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import Database
from house import House, open_house


@pytest.fixture
def house(sqlite: Database) -> Iterator[House]:
    """See `open_house`."""
    with open_house(sqlite) as made:
        yield made
