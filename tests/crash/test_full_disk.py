"""The disk is full: nobody is told that what is not durable is safe, and all goes on by itself when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, opened
from crash.processes import Senders, eventually
from crash.small_disk import SmallDisk, small_disk
from databases import Postgres, Sqlite

SOME = 40
TOLD_S_MAX = 45.0
ANSWERED_S_MAX = 12.0  # eight seconds of patience, on a busy machine
ROOM_FOR_SQLITE_MB = 24
ROOM_FOR_POSTGRES_MB = 100


@pytest.fixture
def sqlite_disk() -> Iterator[SmallDisk]:
    """Room for a small installation."""
    with small_disk(ROOM_FOR_SQLITE_MB) as one:
        yield one


@pytest.fixture
def postgres_disk(postgres_cluster: Postgres) -> Iterator[SmallDisk]:
    """Room for a small PostgreSQL; the shared one is asked for so that its programs are known to be there."""
    assert postgres_cluster is not None
    with small_disk(ROOM_FOR_POSTGRES_MB) as one:
        yield one


def test_a_full_disk_under_sqlite_loses_nothing(
    sqlite_template: Sqlite, sqlite_disk: SmallDisk, tmp_path: Path
) -> None:
    """Senders are told to come again, readiness, metrics and doctor say why, and with room again all is paged."""
    for house in opened(sqlite_template.fresh(sqlite_disk.folder), tmp_path):
        _fill_and_make_room(house, sqlite_disk, why="disk is full", doctor="0.0 GB free")


def test_a_full_disk_under_postgresql_loses_nothing(postgres_disk: SmallDisk, tmp_path: Path) -> None:
    """The same where the server cannot extend its tables."""
    with Postgres(durable=True, under=postgres_disk.folder) as cluster:
        for house in opened(cluster.fresh(), tmp_path):
            why = "No space left on device"
            _fill_and_make_room(house, postgres_disk, why=why, doctor="nothing can be written: could not extend")


def _fill_and_make_room(house: House, disk: SmallDisk, *, why: str, doctor: str) -> None:
    house.engines[0].start()
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        disk.fill()
        eventually(lambda: why in house.asked("/-/ready")[1], TOLD_S_MAX, house.log)
        assert "tocsin_database_failing 1.0" in house.asked("/metrics")[1]
        assert doctor in house.said_by("doctor")
        eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
        enough = len(senders.safe) + SOME
        disk.make_room()
        senders.wait_for(enough)
        eventually(lambda: house.asked("/-/ready")[0] == 200, TOLD_S_MAX, house.log)
    assert senders.waited_s_max < ANSWERED_S_MAX
    assert "Traceback" not in house.log(), house.log()
    house.assert_all_paged(senders.safe)
