"""A bell rung on one node is heard on the others."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from databases import Database
from tocsin.engine import bell
from tocsin.engine.listener import Listener
from tocsin.kit import db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON_S = 20.0


def test_a_ring_of_another_node_is_heard_here(postgres: Database) -> None:
    """What another process notifies on PostgreSQL wakes this one's listeners, at once and not by a poll."""
    heard, listening = threading.Event(), threading.Event()
    stops = [bell.listen("elsewhere", heard.set), bell.listen(bell.CONFIG, listening.set)]
    listener = Listener()
    listener.start()
    try:
        assert listening.wait(SOON_S), "every bell is rung once when listening begins"
        with db.transact(NOW) as tx:  # as another process does: the notification alone, without the ring in here
            tx.execute("SELECT pg_notify(%s, %s)", (bell.PG_CHANNEL, "elsewhere"))
        assert heard.wait(SOON_S)
    finally:
        listener.stop()
        for stop in stops:
            stop()


def test_on_sqlite_there_is_nobody_else_to_hear(sqlite: Database) -> None:
    """Starting and stopping it costs nothing."""
    before = threading.active_count()
    listener = Listener()
    listener.start()
    assert threading.active_count() == before
    listener.stop()
