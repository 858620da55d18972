"""The database's file is damaged under a running server: nobody is told that what may be lost is safe."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, opened
from crash.processes import Process, Senders, eventually
from databases import Sqlite
from tocsin.kit import clock, db

SOME = 40
TOLD_S_MAX = 45.0
PAGE_BYTES = 4096
FILES = ("tocsin.sqlite3", "tocsin.sqlite3-wal", "tocsin.sqlite3-shm")
MALFORMED = "the database is damaged: database disk image is malformed"


@pytest.fixture
def house(sqlite_template: Sqlite, tmp_path: Path) -> Iterator[House]:
    """One process, as most run it."""
    for one in opened(sqlite_template.fresh(), tmp_path):
        one.web = Process(one.database, tmp_path / "log", "serve", "--port", str(one.port))
        yield one


def damage(folder: Path, from_page: int) -> None:
    """Every page of the file from this one on is rubbish; what is in its log stays."""
    path = folder / FILES[0]
    rubbish = b"\x5a" * (path.stat().st_size - from_page * PAGE_BYTES)
    with path.open("r+b") as file:
        file.seek(from_page * PAGE_BYTES)
        file.write(rubbish)


def tocsin(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on this database."""
    command = [sys.executable, "-m", "tocsin", *arguments]
    environment = {**os.environ, **house.database.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_damaged_file_takes_no_signals_and_costs_none(house: House, tmp_path: Path) -> None:
    """Senders are told to come again, it is said why, nothing is set aside, and with a backup put back all goes on."""
    folder = Path(house.database.environment["TOCSIN_DATA"])
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        assert tocsin(house, "backup", str(tmp_path / "backup")).returncode == 0
        damage(folder, from_page=1)
        eventually(lambda: MALFORMED in house.asked("/-/ready")[1], TOLD_S_MAX, house.log)
        eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
        safe, refused = len(senders.safe), senders.refused
        eventually(lambda: senders.refused > refused + SOME, TOLD_S_MAX, house.log)
        assert len(senders.safe) <= safe + 3  # what each was being told at that moment
        assert MALFORMED in house.said_by("doctor")
        log = (tmp_path / "log").read_text()
        assert "set_aside" not in log
        assert "Traceback" not in log, log[-6000:]
        house.web.stop()
        before = set(senders.safe)
        _put_back(house, folder, tmp_path / "backup")
        house.start_web()
        senders.wait_for(len(before) + SOME)
        eventually(lambda: house.asked("/-/ready")[0] == 200, TOLD_S_MAX, house.log)
    after = senders.safe - before
    eventually(lambda: after <= house.paged(), TOLD_S_MAX, lambda: after - house.paged())


def test_a_file_that_was_cut_is_not_trusted_either(house: House, tmp_path: Path) -> None:
    """Half of it is gone: the same, without a word of a bad signal."""
    path = Path(house.database.environment["TOCSIN_DATA"]) / FILES[0]
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        os.truncate(path, path.stat().st_size // PAGE_BYTES // 2 * PAGE_BYTES)
        eventually(lambda: "the database is damaged" in house.asked("/-/ready")[1], TOLD_S_MAX, house.log)
        eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
    assert "set_aside" not in (tmp_path / "log").read_text()


def test_a_file_that_is_taken_away_takes_no_signals(house: House) -> None:
    """What would be written to it is gone with the process: senders are told to come again, and no empty one is made."""
    path = Path(house.database.environment["TOCSIN_DATA"]) / FILES[0]
    house.start_web()
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        path.rename(path.with_name("elsewhere"))
        eventually(lambda: "its file is not where it was opened" in house.asked("/-/ready")[1], TOLD_S_MAX, house.log)
        eventually(lambda: senders.refused > 0, TOLD_S_MAX, house.log)
        safe, refused = set(senders.safe), senders.refused
        eventually(lambda: senders.refused > refused + SOME, TOLD_S_MAX, house.log)
        assert senders.safe == safe
    house.web.stop()
    assert not path.exists()
    path.with_name("elsewhere").rename(path)
    house.start_web()
    eventually(lambda: safe <= house.paged(), TOLD_S_MAX, lambda: safe - house.paged())


def test_what_is_no_database_at_all_is_said_in_words(house: House) -> None:
    """A server and every command on such a file end with what it is and what to do, and not with a traceback."""
    folder = Path(house.database.environment["TOCSIN_DATA"])
    db.reader(clock.now()).value("PRAGMA wal_checkpoint(TRUNCATE)")
    db.drop_connection()
    damage(folder, from_page=0)
    for arguments in (("serve", "--port", str(house.port)), ("export",), ("engine",), ("migrate",)):
        ran = tocsin(house, *arguments)
        assert "the database is damaged: file is not a database" in ran.stderr, ran
        assert "tocsin restore" in ran.stderr
        assert "Traceback" not in ran.stderr, ran.stderr
        assert ran.returncode == 3
    assert "the database is damaged: file is not a database" in tocsin(house, "doctor").stdout


def _put_back(house: House, folder: Path, backup: Path) -> None:
    """As the documentation tells."""
    elsewhere = folder / "damaged"
    elsewhere.mkdir()
    for name in FILES:
        if (folder / name).exists():
            (folder / name).rename(elsewhere / name)
    ran = tocsin(house, "restore", str(backup))
    assert ran.returncode == 0, ran
