"""What a page of the documentation is tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import Database
from world import World, wake


@pytest.fixture
def world(sqlite: Database) -> Iterator[World]:
    """A service called checkout that pages Ann; only one kind of database, as nothing on a page depends on it."""
    with World(sqlite) as made:
        made.policy("checkout", wake("ann", by="webhook"))
        yield made
