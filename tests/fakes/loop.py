"""An event loop on a thread of its own, so that a real server can run beside a test that is not asynchronous."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
CALL_S_MAX = 10.0
ROUNDS_MAX = 1000


class LoopThread:
    """Runs coroutines for a thread that has no loop."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[object, object, Result]) -> Result:
        """Run one coroutine over there and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(CALL_S_MAX)

    def stop(self) -> None:
        """Cancel what still runs, drop every connection, see that both have ended, and end the thread."""
        try:
            self.call(_leave_nothing())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(CALL_S_MAX)
        assert not self._thread.is_alive(), f"{self._thread.name} does not end"
        self.loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


async def close_server(server: asyncio.Server) -> None:
    """Stop listening, when no connection is being taken in any more.

    Up to Python 3.12 asyncio refuses to make the transport of a connection whose server was closed between accepting it
    and that: the half-made transport and its socket are left to the garbage collector, which warns in a later test.
    """
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(ROUNDS_MAX):
        if not any(_is_accepting(task) for task in asyncio.all_tasks()):
            break
        await asyncio.sleep(0)
    server.close()


async def _leave_nothing() -> None:
    """A task cancelled before its first step never closes its connection, and a transport that is closed still writes
    what is in its buffer: so what is left over is aborted, until a look round finds neither task nor open socket.
    asyncio's own tasks that take a connection in hold nothing but a bare socket at first, so they are let finish."""
    for _ in range(ROUNDS_MAX):
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        connections = _open_connections()
        if not tasks and not connections:
            return
        ours = [task for task in tasks if not _is_accepting(task)]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)
        for connection in connections:
            connection.abort()
        await asyncio.sleep(0)
    raise AssertionError(f"still there: {asyncio.all_tasks()} {_open_connections()}")


def _is_accepting(task: asyncio.Task[Any]) -> bool:
    return str(getattr(task.get_coro(), "__qualname__", "")).endswith("._accept_connection2")


def _open_connections() -> list[asyncio.Transport]:
    loop: Any = asyncio.get_running_loop()  # asyncio names its connections nowhere else
    return [one for one in list(loop._transports.values()) if one.get_extra_info("socket").fileno() != -1]
