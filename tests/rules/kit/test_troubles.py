"""What is said of a database that takes nothing, or that is damaged."""

from __future__ import annotations

import pytest
import structlog
from django.db import DatabaseError, InternalError

from tocsin.kit import troubles
from tocsin.kit.troubles import Damaged, Writes


class IndexCorruptedError(Exception):
    """As PostgreSQL's driver raises it."""

    sqlstate = "XX002"


@pytest.fixture(autouse=True)
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    """What no other test hears of."""
    monkeypatch.setattr(troubles, "writes", Writes())
    return troubles.writes


def test_damage_is_told_until_the_process_ends(writes: Writes, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there are signs of it nothing is trusted; later it is still told, whatever was written well since."""
    with structlog.testing.capture_logs() as logs:
        first = troubles.damaged(DatabaseError("database disk image is malformed"))
        troubles.damaged(DatabaseError("file is not a database"))
    writes.went_well()
    assert writes.is_distrusted()
    assert writes.trouble() == str(first) == "the database is damaged: database disk image is malformed"
    assert [one["event"] for one in logs] == ["database.damaged"]
    monkeypatch.setattr(troubles, "DISTRUSTED_FOR_S", 0.0)
    assert not writes.is_distrusted()
    assert writes.trouble() == str(first)


def test_a_damaged_table_of_postgresql_is_no_mistake_in_what_was_asked(writes: Writes) -> None:
    """Whoever met it tries again, as with everything that is not the statement's own fault."""
    with pytest.raises(Damaged) as met, structlog.testing.capture_logs(), troubles.told():
        raise InternalError('index "a" contains unexpected zero page') from IndexCorruptedError()
    assert isinstance(met.value, troubles.DatabaseGone)
    assert writes.is_distrusted()
