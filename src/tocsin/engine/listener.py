"""Hears the bells that other nodes ring, on PostgreSQL, and keeps the process on the database's time.

One connection of its own LISTENs; each notification rings the same bell here. If the connection breaks it is made
anew; what was rung meanwhile is found by the slow polls that stand behind every bell, and all bells are rung once
when listening begins again. As every process has a listener, it is also what looks at the database's clock.
"""

from __future__ import annotations

import threading

import structlog
from django.db import connections

from tocsin.engine import bell
from tocsin.kit import db, troubles

log = structlog.get_logger()
PATIENCE_S = 2.0  # how long one wait for a notification lasts, and so how quickly a stop is noticed
PAUSE_S = 1.0
_HINT = "it is made anew; polls stand behind every bell"
BELLS = (bell.SIGNALS, bell.TIMERS, bell.OUTBOX, bell.FACTS, bell.CONFIG)


class Listener:
    """One per process; does nothing on SQLite, where there is no other process to hear."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        if connections["default"].vendor == "postgresql":
            self._thread = threading.Thread(target=self._run, name="tocsin-listener", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; takes up to `PATIENCE_S`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S + PAUSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except db.DatabaseGone as error:
                log.warning("listener.connection_lost", error=troubles.first_line(error), hint=_HINT)
                self._begin_anew()
            except Exception:
                log.exception("listener.failed", hint=_HINT)
                self._begin_anew()
        db.drop_connection()

    def _begin_anew(self) -> None:
        db.drop_connection()
        self._stopping.wait(PAUSE_S)

    def _listen(self) -> None:
        connection = connections["default"]
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {bell.PG_CHANNEL}")
        for name in BELLS:
            bell.ring_here(name)
        while not self._stopping.is_set():
            db.follow_clock()
            for heard in connection.connection.notifies(timeout=PATIENCE_S):
                bell.ring_here(heard.payload)
                if self._stopping.is_set():
                    return
