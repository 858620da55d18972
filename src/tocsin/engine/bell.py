"""Waking up whoever waits, on every node. Bells only make things quicker: a slow poll stands behind each of them.

In one process a bell is an event; on PostgreSQL it is also a NOTIFY in the ringing transaction, which every node's
listener turns into its own local ring.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, partial

from tocsin.kit.db import Tx

SIGNALS = "signals"  # something was accepted
TIMERS = "timers"  # a timer was set
OUTBOX = "outbox"  # something is to be sent
FACTS = "facts"  # something happened that an open page may show
CONFIG = "config"  # another version of the configuration is in force
PG_CHANNEL = "tocsin"

_guard = threading.Lock()
_listeners: dict[str, list[Callable[[], None]]] = {}


def listen(name: str, call: Callable[[], None]) -> Callable[[], None]:
    """Have `call` run at each ring, in the ringing thread; it must be quick. Returns how to stop listening."""
    with _guard:
        _listeners.setdefault(name, []).append(call)

    def stop() -> None:
        with _guard:
            _listeners[name].remove(call)

    return stop


def ring_here(name: str) -> None:
    """Wake this process's listeners."""
    for call in tuple(_listeners.get(name, ())):
        call()


def ring(tx: Tx, name: str, *, near: bool = False) -> None:
    """Wake everybody's listeners once this transaction is durable; cheap to repeat within one transaction.

    `near` says that one listener is enough: if there is one in this process, the other nodes are let sleep. On
    PostgreSQL transactions that notify commit one after the other, and each wakes every node.
    """
    if tx.after_commit(_ringer(name)) and not (near and _listeners.get(name)):
        tx.notify(PG_CHANNEL, name)


@cache
def _ringer(name: str) -> Callable[[], None]:
    return partial(ring_here, name)
