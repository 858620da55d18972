"""The fake servers of the tests: what they leave behind would be blamed on whatever test comes next."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading

from fakes.http import HttpSink

SINKS = 20
CROWD = 3


def test_a_server_closed_in_a_crowd_leaves_nothing_behind() -> None:
    """Connections that arrive just as it closes are taken in and dropped, and none is left to the garbage collector."""
    ports, over = [0], threading.Event()

    def push() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ports[0]), timeout=1):
                pass

    crowd = [threading.Thread(target=push) for _ in range(CROWD)]
    for one in crowd:
        one.start()
    try:
        for _ in range(SINKS):
            with HttpSink() as sink:
                ports[0] = sink.port
                with socket.create_connection(("127.0.0.1", sink.port), timeout=10):
                    pass
    finally:
        over.set()
        for one in crowd:
            one.join()
    gc.collect()  # a warning about something unclosed is an error
