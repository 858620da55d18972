"""Times as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from tocsin.cli import times
from tocsin.cli.exits import Stop

NOW = datetime.fromisoformat("2026-03-28T23:30:00+00:00")
CASES = [
    ("now", "2026-03-28T23:30:00Z"),
    ("+2h", "2026-03-29T01:30:00Z"),
    ("-30m", "2026-03-28T23:00:00Z"),
    ("+1d12h", "2026-03-30T11:30:00Z"),
    ("2026-03-29T09:00Z", "2026-03-29T09:00:00Z"),
    ("2026-03-29T09:00+02:00", "2026-03-29T07:00:00Z"),
    ("2026-03-29 09:00 Europe/Berlin", "2026-03-29T07:00:00Z"),
    ("2026-03-28 09:00 Europe/Berlin", "2026-03-28T08:00:00Z"),
    ("2026-03-29 America/New_York", "2026-03-29T04:00:00Z"),
    ("2026-03-29 09:00 UTC", "2026-03-29T09:00:00Z"),
]


@pytest.mark.parametrize(("written", "meant"), CASES)
def test_the_instant_meant(written: str, meant: str) -> None:
    """Relative to now, with an offset, or by a zone's own clock on that very day."""
    assert times.instant(written, NOW) == datetime.fromisoformat(meant)


def test_a_time_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written without a zone is meant on this machine's clock."""
    local = datetime.fromisoformat("2026-07-01T09:00").astimezone()
    assert times.instant("2026-07-01T09:00", NOW) == local


@pytest.mark.parametrize(
    "written", ["", "soon", "+", "+2 parsecs", "2026-13-01", "2026-01-01 10:00 Mars/Base", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time(written: str) -> None:
    """Anything else is refused."""
    with pytest.raises(Stop):
        times.instant(written, NOW)
