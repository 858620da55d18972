"""Checkpoints beside the work: what stands in SQLite's log is copied into the database by a thread of its own.

By itself SQLite does that in whatever commit fills the log, which then takes 15 to 25 ms longer, and the senders behind
it wait as well: at 3,000 signals a second every 0.7 s. A checkpoint from another connection keeps nobody from
appending. But the log begins anew only when all of it has been copied, which needs a moment without a commit: so the
thread takes the write lock for the last few pages, and only when the log has become long.

If the thread cannot work, the connections do it again, as soon as the log is longer than it lets it become.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, ClassVar

import structlog

from tocsin.kit.sqlite.library import is_wal_safe, library
from tocsin.kit.sqlite.write_lock import WriteLock

log = structlog.get_logger()
COPY_PAGES = 4000  # 16 MB: a checkpoint writes a page once however often it changed, and waits for the disk twice
BEGIN_ANEW_PAGES = 32_000  # 128 MB; it takes the write lock for 5 to 10 ms
BACKSTOP_PAGES = 40_000
PAGE_BYTES = 4096
DISK_SHARE = 16  # of what is free: a small or full disk has a short log
LOOK_EVERY_S = 0.1
PAUSE_S = 5.0  # after trouble
COMMITTED = threading.Event()  # something was, since the thread looked


class Checkpointer:
    """One per process that serves; on an old SQLite it does nothing."""

    is_at_work: ClassVar = False

    def __init__(self, path: str, write_lock: WriteLock) -> None:
        self._path, self._write_lock = path, write_lock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; connections that are opened from now on leave checkpoints to it."""
        if not is_wal_safe:  # such a library cannot say either how long its log is without touching it
            return
        Checkpointer.is_at_work = True
        self._thread = threading.Thread(target=self._run, name="tocsin-checkpoints", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what stands in the log is copied when the last connection closes, or later."""
        Checkpointer.is_at_work = False
        self._stopping.set()
        COMMITTED.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connection = library.connect(self._path, isolation_level=None)
                try:
                    connection.execute("PRAGMA wal_autocheckpoint = 0")
                    self._work(connection)
                finally:
                    connection.close()
            except library.Error as error:
                log.warning("checkpoints.trouble", error=str(error), hint="commits do it themselves meanwhile")
                self._stopping.wait(PAUSE_S)

    def _work(self, connection: Any) -> None:
        while COMMITTED.wait() and not self._stopping.wait(LOOK_EVERY_S):
            COMMITTED.clear()
            look(connection, self._write_lock, begin_anew=self._begin_anew())

    def _begin_anew(self) -> int:
        """How many pages the log may have: fewer while there is little room."""
        found = os.statvfs(Path(self._path).parent)
        return min(BEGIN_ANEW_PAGES, max(COPY_PAGES, found.f_bavail * found.f_frsize // PAGE_BYTES // DISK_SHARE))


def pages_by_themselves() -> int:
    """The length of the log from which on a commit of a connection opened now sees to it itself."""
    return BACKSTOP_PAGES if Checkpointer.is_at_work else COPY_PAGES


def look(connection: Any, write_lock: WriteLock, *, begin_anew: int) -> None:
    """Copy what has gathered, if that is much; with so many pages, all of it, so that the log begins anew."""
    _, pages, copied = connection.execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
    if pages - copied < COPY_PAGES and pages < begin_anew:
        return
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    if pages < begin_anew:
        return
    write_lock.acquire(is_brief=True)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        write_lock.release()
