"""A line to a server that can freeze: all is acknowledged, nothing is passed on, nobody is told."""

from __future__ import annotations

import socket
import threading
from typing import Self

_BYTES = 64 * 1024


class FrozenLine:
    """Passes bytes on to this port until it freezes; what was connected then stays dumb for ever."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._door = socket.create_server(("127.0.0.1", 0))
        self._passing = threading.Event()
        self._passing.set()
        self._connected: list[socket.socket] = []
        self._dumb: set[socket.socket] = set()
        self.port = int(self._door.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._door, *self._connected):
            one.close()

    def freeze(self) -> None:
        """From now on nothing passes, nor on any new connection."""
        self._dumb.update(self._connected)
        self._passing.clear()

    def thaw(self) -> None:
        """New connections pass again."""
        self._passing.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
            except OSError:
                return
            self._connected += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while said := one.recv(_BYTES):
                self._passing.wait()
                if one not in self._dumb:
                    other.sendall(said)
            if one not in self._dumb:
                other.shutdown(socket.SHUT_WR)
        except OSError:
            return
