"""How long anything on PostgreSQL may take. Beyond it there is an error, and whoever met it tries again."""

from __future__ import annotations

SESSION_MS = {
    "statement_timeout": 15_000,  # nothing that runs all the time takes so long
    "lock_timeout": 10_000,  # a lock that somebody left lying about is told, not waited for
    "idle_in_transaction_session_timeout": 20_000,  # a node that hangs must not keep the others from their turn
}
"""What each session asks of the server, whatever else is set for the role, the database or the server."""
JIT = "-c jit=off"  # compiling takes 300 ms of a core, and a wrong guess of a statement's size is enough for it
NAME = "tocsin"  # of every session that is held to them
ANSWER_S_MAX = 20.0  # longer than the server works on a statement: it has said so by then


def options() -> str:
    """The same, as a session is begun with it, without compiled statements."""
    return " ".join([*(f"-c {name}={ms}" for name, ms in SESSION_MS.items()), JIT])


ABANDONED = f"""
SELECT pg_terminate_backend(pid), pid, state FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = '{NAME}' AND pid <> pg_backend_pid()
    AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
    AND state_change < clock_timestamp() - interval '{SESSION_MS["idle_in_transaction_session_timeout"]} milliseconds'
"""
"""Ends sessions of a node that fell silent in the middle of a transaction, with all the locks they hold.

The server's own limit for these does not always do it: it leaves alone whoever has sent several statements in one trip.
"""

SESSIONS = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{NAME}'"
"""How many sessions of Tocsin's there are, our own among them."""
