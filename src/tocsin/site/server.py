"""`tocsin serve` and `tocsin engine`: one process, started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from types import FrameType

import structlog
import uvicorn

from tocsin.config import queries as configuration
from tocsin.engine.listener import Listener
from tocsin.kit import clock, db
from tocsin.people import firstrun, queries
from tocsin.site import stragglers, upgrade, wiring
from tocsin.site.application import Application, NotMigrated
from tocsin.site.connection import Connection
from tocsin.site.stragglers import Stragglers

log = structlog.get_logger()
SWITCH_INTERVAL_S = 0.001  # the loop, the writer and the engine share the interpreter: nobody holds it for long
# A search for cycles among 10,000 young objects stops everything for 3 to 8 ms, one among 2,000 for less than 1.
GC_THRESHOLDS = (2_000, 50, 100)
STOPS = {signal.SIGINT, signal.SIGTERM}  # what an engine alone ends at
GRACE_S = 3
KEEP_ALIVE_S = 65  # longer than most senders' intervals, so that a connection serves more than one request
BACKLOG = 2048
TICK_S = 0.5  # of uvicorn's own chores; its ten ticks a second are a sixth of what an idle process costs
_TICKS_OF_UVICORN = 5


class StartFailed(Exception):
    """The server could not start; the log says why."""


class Server(uvicorn.Server):
    """uvicorn's, which says when it is ready and ends live streams when it is to stop."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application
        self._stragglers = Stragglers()
        self._looked_at_s = 0.0
        self._to_stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter += _TICKS_OF_UVICORN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._to_stop.wait(), TICK_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._to_stop.set)

    async def on_tick(self, counter: int) -> bool:
        now_s = clock.monotonic()
        if now_s - self._looked_at_s >= stragglers.LOOK_EVERY_S:
            self._looked_at_s = now_s
            ended = self._stragglers.end(list(self.server_state.connections), now_s)
            if ended:
                log.info("server.stragglers_ended", connections=ended)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _settle_down()
            host, port = self._address()
            log.info("server.ready", host=host, port=port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.close_streams()
        await super().shutdown(sockets)

    def _address(self) -> tuple[str, int]:
        bound = next((one.getsockname() for server in self.servers for one in server.sockets), None)
        return (bound[0], bound[1]) if bound else (self.config.host, self.config.port)


def serve(host: str, port: int, *, with_engine: bool) -> None:
    """Serve until told to stop. The database is upgraded first. Raises StartFailed, SecretLost,
    OSError if the port is taken.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    steps = upgrade.upgrade()
    if steps:
        log.info("database.upgraded", steps=len(steps))
    listening = _listen(host, port)
    _say_how_to_begin()
    _look_at_configuration()
    application = Application(with_engine=with_engine)
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # pages get them in application.py; the intake's path stays short
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )
    server = Server(config, application)
    server.run(sockets=[listening])
    if not server.started:
        raise StartFailed("the server could not start; see the log above")


def run_engine() -> None:
    """Work timers and messages off until told to stop. Raises NotMigrated, SecretLost, and KeyboardInterrupt at the end
    if it was that which stopped it.
    """
    missing = upgrade.pending()
    if missing:
        raise NotMigrated(f"the database lacks {len(missing)} steps, {missing[0]} first: run `tocsin migrate`")
    _look_at_configuration()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # Held back in every thread and waited for here: one that a handler takes just before we wait would wake nobody.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    engine, listener = wiring.engine(), Listener()
    listener.start()
    engine.start()
    _settle_down()
    log.info("engine.ready", owner=engine.owner)
    stopped_by = signal.sigwait(STOPS)
    listener.stop()
    engine.stop()
    log.info("engine.stopped")
    if stopped_by == signal.SIGINT:
        raise KeyboardInterrupt


def _say_how_to_begin() -> None:
    """Where nobody has an account yet, whoever reads the log can open the first one, and nobody else."""
    try:
        if queries.is_empty():
            log.warning("accounts.none_yet", open=firstrun.url(), code=firstrun.code())
    finally:
        db.drop_connection()


def _look_at_configuration() -> None:
    """If its secrets are lost, say so now: nobody could be reached, and signals would only wait."""
    try:
        configuration.current(db.reader(clock.now()))
    finally:
        db.drop_connection()


def _settle_down() -> None:
    """What is loaded by now stays; what comes and goes hardly ever holds a cycle, so it is searched for them rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def see_whether_free(host: str, port: int) -> None:
    """Before anything is said about this port. Raises OSError if it is taken."""
    _listen(host, port).close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.set_inheritable(True)
    return bound
