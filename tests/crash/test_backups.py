"""A backup taken in the middle of everything, and what a restore does with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, opened
from crash.processes import Senders
from databases import Database

SOME = 40
WHILE_S = 0.8


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """Processes on either database."""
    yield from opened(database, tmp_path)


def test_a_backup_in_mid_flight_brings_back_all_that_was_accepted_before(house: House, tmp_path: Path) -> None:
    """It is whole; whoever uses the database is not restored over; afterwards pages come twice rather than not at all."""
    house.engines[0].start()
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        before = set(senders.safe)
        assert _tocsin(house, "backup", str(tmp_path / "backup")).returncode == 0
        time.sleep(WHILE_S)
        house.engines[0].kill()
    refused = _tocsin(house, "restore", str(tmp_path / "backup"))
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True), refused
    house.web.kill()
    assert len(senders.safe) > len(before)
    assert _tocsin(house, "restore", "--force", str(tmp_path / "backup")).returncode == 0
    house.engines[1].start()
    house.assert_restored(before)


def test_a_server_without_an_engine_is_not_restored_over(house: House, tmp_path: Path) -> None:
    """What it accepted while a backup is put back would be lost."""
    house.start_web()
    with Senders(house.port, threads=1) as senders:
        senders.wait_for(3)
        assert _tocsin(house, "backup", str(tmp_path / "backup")).returncode == 0
        ran = _tocsin(house, "restore", str(tmp_path / "backup"))
    assert (ran.returncode, "a server or another command uses this database" in ran.stderr) == (1, True), ran
    house.web.kill()
    assert _tocsin(house, "restore", str(tmp_path / "backup")).returncode == 0


def test_a_damaged_backup_changes_nothing(house: House, tmp_path: Path) -> None:
    """One that is cut short, garbled or none at all is refused in words, and what was there before is there still."""
    backup = tmp_path / "backup"
    assert _tocsin(house, "backup", str(backup)).returncode == 0
    before = _tocsin(house, "export").stdout
    held = backup.read_bytes()
    half = len(held) // 2
    for damaged in (held[:half], held[:half] + bytes(8192) + held[half + 8192 :], b"not a backup at all\n" * 1000):
        backup.write_bytes(damaged)
        ran = _tocsin(house, "restore", str(backup))
        assert (ran.returncode, "Traceback" in ran.stderr) == (1, False), ran
    assert _tocsin(house, "export").stdout == before


def _tocsin(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin", *arguments]
    environment = {**os.environ, **house.database.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
