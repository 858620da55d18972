"""A bell rung on one node is heard on the others."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from django.db import connections

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


def test_a_near_ring_wakes_other_nodes_only_if_nobody_listens_here(postgres: Database) -> None:
    """One that accepts and has an engine of its own lets the others sleep; one without an engine wakes them all."""
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"LISTEN {bell.PG_CHANNEL}")
        rung: list[str] = []
        stop = bell.listen("near", lambda: rung.append("here"))
        with db.transact(NOW) as tx:
            bell.ring(tx, "near", near=True)
        stop()
        with db.transact(NOW) as tx:
            bell.ring(tx, "near", near=True)
            bell.ring(tx, "last")
        heard = [one.payload for one in other.connection.notifies(timeout=SOON_S, stop_after=2)]
        assert (rung, heard) == (["here"], ["near", "last"])
    finally:
        other.close()


def test_on_sqlite_there_is_nobody_else_to_hear(sqlite: Database) -> None:
    """Starting and stopping it costs nothing."""
    before = threading.active_count()
    listener = Listener()
    listener.start()
    assert threading.active_count() == before
    listener.stop()
