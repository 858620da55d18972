"""Real processes under load are killed, and every problem that was answered with 202 is paged."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, opened
from crash.processes import Senders
from databases import Database, Postgres, postgres_binaries

WHILE_S = 0.8  # how long each stretch of load lasts
SLOW_S = 0.3
SOME = 40


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Processes on either database."""
    yield from opened(database, tmp_path)


@pytest.fixture
def durable_cluster(postgres_cluster: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL that survives, and may be killed; asked for after the shared one, so that it is known to be there."""
    assert postgres_binaries() is not None
    with Postgres(durable=True) as cluster:
        yield cluster


def test_killed_web_and_engine_processes_lose_nothing(house: House) -> None:
    """kill -9 of the web and then of the engine process, under load: every accepted problem is paged."""
    house.engines[0].start()
    house.start_web()
    house.sink.answer(delay_s=SLOW_S)  # so that messages are under way when the engine dies
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        house.web.kill()
        house.engines[0].kill()
        house.engines[1].start()
        house.start_web()
        house.sink.answer()
        time.sleep(WHILE_S)
    assert len(senders.safe) > SOME
    house.assert_all_paged(senders.safe)
    assert house.takeovers() > 0, "the engine had nothing under way, so nothing was proven"


def test_two_engines_race_without_a_duplicate(postgres: Database, tmp_path: Path) -> None:
    """Two engines on one PostgreSQL page every problem exactly once, also while one of them is asked to stop."""
    for house in opened(postgres, tmp_path):
        for engine in house.engines:
            engine.start()
        house.start_web()
        with Senders(house.port, threads=3) as senders:
            time.sleep(3 * WHILE_S)
            house.engines[0].stop()
            time.sleep(WHILE_S)
        assert house.assert_all_paged(senders.safe) == 0


def test_a_database_that_restarts_under_load_loses_nothing(durable_cluster: Postgres, tmp_path: Path) -> None:
    """PostgreSQL is killed and recovers in the middle of the load: senders wait, and every accepted problem is paged.

    While it is away the numbers for Prometheus say so, and leave out what nobody knows.
    """
    for house in opened(durable_cluster.fresh(), tmp_path):
        for engine in house.engines:
            engine.start()
        house.start_web()
        with Senders(house.port, threads=3) as senders:
            time.sleep(WHILE_S)
            enough = len(senders.safe) + SOME
            durable_cluster.stop(signal.SIGQUIT)
            time.sleep(WHILE_S)
            status, numbers = house.asked("/metrics")
            assert (status, "tocsin_database_failing 1.0" in numbers) == (200, True), numbers
            assert "tocsin_signals_unaccounted" not in numbers
            durable_cluster.start()
            senders.wait_for(enough)
        house.assert_all_paged(senders.safe)
