"""Real processes whose machine's clock jumps an hour while people are being woken."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, heard_in, opened
from crash.processes import eventually, post
from databases import Database, Kind
from needs import lacks

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
MISSING = "libfaketime is not installed (Debian: apt-get install faketime), so no real clock jumped"
WAIT_S = 3
LATE_S_MAX = 60.0  # an hour would be the mistake


class WallClock:
    """What the processes take for their machine's clock; the one that only counts seconds is left alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, offset_s: int) -> None:
        """From now on it is off by so much."""
        partial = self._file.with_suffix(".new")
        partial.write_text(f"{offset_s:+d}\n")
        partial.replace(self._file)


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    """A clock that can be set."""
    if LIBRARY is None:
        lacks(MISSING)
    return WallClock(tmp_path / "clock")


@pytest.fixture
def house(database: Database, tmp_path: Path, wall_clock: WallClock) -> Iterator[House]:
    """Processes that live by the clock that can be set; Bob is woken soon after Ann."""
    yield from opened(database, tmp_path, f"{WAIT_S}s", wall_clock.environment)


def test_a_clock_that_jumps_an_hour_either_way_delays_nobody(house: House, wall_clock: WallClock) -> None:
    """Problems before and after each jump wake Ann, then Bob, each once; where a database keeps the time, to the second."""
    house.engines[0].start()
    house.start_web()
    for offset_s, before, after in ((-3600, "before back", "after back"), (0, "before forward", "after forward")):
        _trouble(house, before)
        eventually(lambda told=before: ("ann", told) in house.heard(), LATE_S_MAX, house.log)
        wall_clock.jump(offset_s)
        _trouble(house, after)
        owed = {(person, title) for person in ("ann", "bob") for title in (before, after)}
        eventually(lambda owed=owed: owed <= set(house.heard()), LATE_S_MAX, lambda: f"{house.heard()}\n{house.log()}")
    duplicates = house.assert_all_paged({"before back", "after back", "before forward", "after forward"})
    if house.database.kind is Kind.POSTGRES:
        assert duplicates == 0
        assert min(_waited_s(house).values()) > WAIT_S - 0.5


def _trouble(house: House, title: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    assert post(connection, title) == 202
    connection.close()


def _waited_s(house: House) -> dict[str, float]:
    """For each problem, how long Ann had until Bob was woken."""
    at = {heard_in(one): one.at_s for one in house.sink.requests}
    return {title: at["bob", title] - at["ann", title] for _, title in at}
