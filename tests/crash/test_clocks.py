"""Real processes whose machine's clock jumps an hour while people are being woken."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, heard_in, opened
from crash.processes import eventually, post
from databases import Database, Kind, Postgres
from needs import lacks
from tocsin.kit import clock, db

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
MISSING = "libfaketime is not installed (Debian: apt-get install faketime), so no real clock jumped"
WAIT_S = 3
ON_THE_WAY_S = 1.5  # how much longer one message may travel than another, on a busy machine
JUMPS = ((-3600, "before back", "after back"), (0, "before forward", "after forward"))
HARDLY_S = 600.0  # how long the test itself may take
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
    """Problems before and after each jump wake Ann, then Bob, each once; where a database keeps the time, to the second.

    None of them is taken for over, although nobody repeats it for the half hour that a jump seems to have taken.
    """
    house.engines[0].start()
    house.start_web()
    for offset_s, before, after in JUMPS:
        _trouble(house, before)
        eventually(lambda told=before: ("ann", told) in house.heard(), LATE_S_MAX, house.log)
        wall_clock.jump(offset_s)
        _trouble(house, after)
        _owed(house, before, after)
    duplicates = house.assert_all_paged({"before back", "after back", "before forward", "after forward"})
    assert _over(house) == set()
    if house.database.kind is Kind.POSTGRES:
        assert duplicates == 0
        assert min(_waited_s(house).values()) > WAIT_S - ON_THE_WAY_S


@pytest.fixture
def server_clock() -> Iterator[WallClock]:
    """A clock that can be set, where a server that runs as somebody else can read it."""
    if LIBRARY is None:
        lacks(MISSING)
    with tempfile.TemporaryDirectory(prefix="tocsin-clock-") as folder:
        Path(folder).chmod(0o755)
        yield WallClock(Path(folder) / "clock")


@pytest.fixture
def followed(postgres_cluster: Postgres, server_clock: WallClock, tmp_path: Path) -> Iterator[House]:
    """Processes on a PostgreSQL that lives by the clock that can be set; they themselves do not."""
    assert postgres_cluster is not None
    with Postgres(environment=server_clock.environment) as cluster:
        yield from opened(cluster.fresh(), tmp_path, f"{WAIT_S}s")


def test_a_database_whose_clock_jumps_an_hour_either_way_loses_nobody(followed: House, server_clock: WallClock) -> None:
    """The clock that everybody follows jumps: what was begun before and what comes after it wakes Ann, then Bob, soon.

    And it is over for nobody who has not said so.
    """
    for engine in followed.engines:
        engine.start()
    followed.start_web()
    began = _time_of(followed.database)
    for offset_s, before, after in JUMPS:
        _trouble(followed, before)
        eventually(lambda told=before: ("ann", told) in followed.heard(), LATE_S_MAX, followed.log)
        server_clock.jump(offset_s)
        assert abs(_time_of(followed.database) - began - offset_s) < HARDLY_S, "the server's clock did not jump"
        _trouble(followed, after)
        _owed(followed, before, after)
    followed.assert_all_paged({title for _, before, after in JUMPS for title in (before, after)})
    assert _over(followed) == set()


def _owed(house: House, *titles: str) -> None:
    """Ann and Bob must both hear of these before long."""
    owed = {(person, title) for person in ("ann", "bob") for title in titles}
    eventually(lambda: owed <= set(house.heard()), LATE_S_MAX, lambda: f"{house.heard()}\n{house.log()}")


def _over(house: House) -> set[str]:
    """The problems that count as over."""
    house.database.connect()
    found = db.reader(clock.now()).rows("SELECT title FROM alerts_alert WHERE status = 'resolved'")
    db.drop_connection()
    return {row[0] for row in found}


def _time_of(database: Database) -> float:
    """What the server takes for the time."""
    database.connect()
    found = float(db.reader(clock.now()).value("SELECT extract(epoch FROM clock_timestamp())"))
    db.drop_connection()
    return found


def _trouble(house: House, title: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    assert post(connection, title) == 202
    connection.close()


def _waited_s(house: House) -> dict[str, float]:
    """For each problem, how long Ann had until Bob was woken."""
    at = {heard_in(one): one.at_s for one in house.sink.requests}
    return {title: at["bob", title] - at["ann", title] for _, title in at}
