"""The lock that the transactions of one process queue for on SQLite."""

from __future__ import annotations

import threading
from collections import deque


class WriteLock:
    """A lock that is handed over in the order in which it was asked for, but for what is brief.

    Every second turn is that of the first who says so: senders wait for one insert, not for each of the engine's
    threads in turn, and these still have half of the turns.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, bool]] = deque()
        self._held = self._was_overtaken = False

    def acquire(self, *, is_brief: bool = False) -> None:
        """Wait for our turn."""
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((turn, is_brief))
        turn.acquire()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def release(self) -> None:
        """Pass the lock on to whoever is next."""
        with self._guard:
            if not self._waiting:
                self._held = False
                return
            brief = (place for place, (_, is_brief) in enumerate(self._waiting) if is_brief)
            place = 0 if self._was_overtaken else next(brief, 0)
            self._was_overtaken = place > 0
            turn, _ = self._waiting[place]
            del self._waiting[place]
            turn.release()


WRITE_LOCK = WriteLock()
