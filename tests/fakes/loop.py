"""An event loop on a thread of its own, so that a real server can run beside a test that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")
CALL_S_MAX = 10.0


class LoopThread:
    """Runs coroutines for a thread that has no loop."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[object, object, Result]) -> Result:
        """Run one coroutine over there and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_S_MAX)

    def stop(self) -> None:
        """Cancel what still runs and end the thread."""
        self.call(_cancel_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(CALL_S_MAX)
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
