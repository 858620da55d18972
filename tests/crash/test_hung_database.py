"""PostgreSQL that does not answer, without a word: the line is frozen, or somebody's lock is in the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.frozen_line import FrozenLine
from crash.household import House, opened
from crash.processes import Senders, eventually
from databases import Database, Postgres
from tocsin.kit import clock, db

SOME = 40
TOLD_S_MAX = 45.0
BACK_S_MAX = 60.0
SENDERS_S_MAX = 12.0  # eight seconds of patience, and a busy machine


@pytest.fixture
def line(postgres_cluster: Postgres) -> Iterator[FrozenLine]:
    """The way to the server."""
    with FrozenLine(postgres_cluster.port) as one:
        yield one


@pytest.fixture
def house(postgres: Database, line: FrozenLine, tmp_path: Path) -> Iterator[House]:
    """Processes that reach their PostgreSQL over that line."""
    url = postgres.environment["TOCSIN_DATABASE"]
    way = {**postgres.environment, "TOCSIN_DATABASE": f"{url.rpartition(':')[0]}:{line.port}/{url.rpartition('/')[2]}"}
    yield from opened(dataclasses.replace(postgres, environment=way), tmp_path)


def test_a_line_that_freezes_holds_nobody_for_long(house: House, line: FrozenLine) -> None:
    """Senders are told to come again, connections that stay dumb are given up, and every accepted problem is paged."""
    house.engines[0].start()
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        line.freeze()
        eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
        eventually(lambda: "no answer" in house.asked("/-/ready")[1], TOLD_S_MAX, house.log)
        enough = len(senders.safe) + SOME
        line.thaw()
        senders.wait_for(enough, within_s=BACK_S_MAX)
    assert senders.waited_s_max < SENDERS_S_MAX
    house.assert_all_paged(senders.safe)


def test_a_lock_left_lying_about_holds_nobody_for_long(postgres: Database, tmp_path: Path) -> None:
    """While somebody's open transaction locks a table, senders are told to come again, and afterwards all is paged."""
    for house in opened(postgres, tmp_path):
        house.engines[0].start()
        house.start_web()
        with Senders(house.port, threads=3) as senders:
            house.sink.wait_for(SOME, within_s=30)
            postgres.connect()
            with db.transact(clock.now()) as tx:
                tx.execute("LOCK TABLE alerts_envelope")
                eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
            db.drop_connection()
            senders.wait_for(len(senders.safe) + SOME)
        assert senders.waited_s_max < SENDERS_S_MAX
        house.assert_all_paged(senders.safe)
