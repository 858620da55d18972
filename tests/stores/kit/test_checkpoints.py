"""SQLite's log is copied beside the work, begins anew in time, and loses nothing; without the thread commits do it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog

from tocsin.kit.sqlite import checkpoints
from tocsin.kit.sqlite.checkpoints import COPY_PAGES, Checkpointer
from tocsin.kit.sqlite.library import library
from tocsin.kit.sqlite.write_lock import WriteLock


class Room(NamedTuple):
    """What a disk has left."""

    f_bavail: int
    f_frsize: int = 4096


class Counted(WriteLock):
    """The write lock, that tells how often it was taken."""

    taken = 0

    def acquire(self, *, is_brief: bool = False) -> None:
        self.taken += 1
        super().acquire(is_brief=is_brief)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A database with one table."""
    path = str(tmp_path / "some.db")
    with library.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, body BLOB)")
    connection.close()
    return path


@pytest.fixture
def writer(path: str) -> Iterator[Any]:
    """A connection that never sees to the log itself."""
    connection = library.connect(path, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    yield connection
    connection.close()


def fill(writer: Any, pages: int) -> None:
    """Commit about so many pages."""
    writer.execute("INSERT INTO kept (body) VALUES (zeroblob(?))", (pages * 4080,))
    checkpoints.COMMITTED.set()


def log_of(writer: Any) -> tuple[int, int]:
    """(pages in the log, copied)"""
    _, pages, copied = writer.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
    return pages, copied


def test_little_is_left_alone_and_much_is_copied_without_the_lock(path: str, writer: Any) -> None:
    """Whoever writes meanwhile waits for nobody."""
    beside, lock = library.connect(path, isolation_level=None), Counted()
    fill(writer, 100)
    checkpoints.look(beside, lock, begin_anew=100_000)
    assert log_of(writer)[1] == 0
    fill(writer, COPY_PAGES)
    checkpoints.look(beside, lock, begin_anew=100_000)
    pages, copied = log_of(writer)
    assert pages == copied > COPY_PAGES
    assert lock.taken == 0
    beside.close()


def test_a_long_log_begins_anew(path: str, writer: Any) -> None:
    """All of it is copied under the lock, so the next commit stands at its beginning."""
    beside, lock = library.connect(path, isolation_level=None), Counted()
    fill(writer, 500)
    checkpoints.look(beside, lock, begin_anew=400)
    assert lock.taken == 1
    assert lock.waiting == 0
    fill(writer, 1)
    assert log_of(writer)[0] < 20
    beside.close()


def test_what_many_write_at_once_is_all_there(path: str, writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under four writers the log stays short, and each row is there when it is read from a copy of nothing but the file."""
    monkeypatch.setattr(checkpoints, "BEGIN_ANEW_PAGES", 2 * COPY_PAGES)
    monkeypatch.setattr(checkpoints, "LOOK_EVERY_S", 0.01)
    lock = WriteLock()
    checkpointer = Checkpointer(path, lock)
    checkpointer.start()
    assert checkpoints.pages_by_themselves() == checkpoints.BACKSTOP_PAGES
    longest = [0]

    def write() -> None:
        own = library.connect(path, isolation_level=None)
        own.execute(f"PRAGMA wal_autocheckpoint = {checkpoints.pages_by_themselves()}")
        for _ in range(60):
            lock.acquire()
            fill(own, 200)
            longest[0] = max(longest[0], log_of(own)[0])
            lock.release()
            time.sleep(0.005)  # senders pause, too
        own.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checkpointer.stop()
    assert checkpoints.pages_by_themselves() == COPY_PAGES
    assert longest[0] < 4 * 60 * 200, "it began anew"
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.close()
    assert not Path(f"{path}-wal").exists()
    read = library.connect(path)
    assert read.execute("SELECT count(*), sum(length(body)) FROM kept").fetchone() == (240, 240 * 200 * 4080)
    assert read.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    read.close()


def test_where_there_is_little_room_the_log_stays_short(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sixteenth of what is free, and never less than is copied at once."""
    checkpointer = Checkpointer(path, WriteLock())
    for free_mb, pages in ((100_000, checkpoints.BEGIN_ANEW_PAGES), (1_000, 16_000), (0, COPY_PAGES)):
        monkeypatch.setattr(os, "statvfs", lambda _path, free_mb=free_mb: Room(free_mb * 256))
        assert checkpointer._begin_anew() == pages


def test_trouble_is_told_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that cannot be opened is tried again, and a stop does not wait for it."""
    monkeypatch.setattr(checkpoints, "PAUSE_S", 0.01)
    checkpointer = Checkpointer(str(tmp_path / "nowhere" / "some.db"), WriteLock())
    with structlog.testing.capture_logs() as logs:
        checkpointer.start()
        while len(logs) < 2:
            time.sleep(0.01)
        checkpointer.stop()
    assert {one["event"] for one in logs} == {"checkpoints.trouble"}
