"""The ASGI application: the intake in front of Django, the engine beside it, started and stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from django.core.handlers.asgi import ASGIHandler
from django.urls import get_resolver
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tocsin.alerts.intake import Intake
from tocsin.engine.listener import Listener
from tocsin.kit import db
from tocsin.site import environment, stream, upgrade, wiring
from tocsin.site.running import running

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class NotMigrated(Exception):
    """The database's tables are not those of this version."""


class Application:
    """One per process."""

    def __init__(self, *, with_engine: bool) -> None:
        self._with_engine = with_engine
        self._intake = Intake()
        trusted = environment.get("TOCSIN_TRUSTED_PROXIES")
        self._pages = ProxyHeadersMiddleware(ASGIHandler(), trusted_hosts=trusted)  # type: ignore[arg-type]  # its types are uvicorn's own
        self._streams = stream.live()
        self._listener = Listener()
        self._checkpointer = db.checkpointer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not await self._intake.handle(scope, receive, send) and not await self._streams.handle(
                scope, receive, send
            ):
                await self._pages(dict(scope), receive, send)  # type: ignore[arg-type]  # a mapping is a mapping
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def close_streams(self) -> None:
        """End the answers that never end by themselves (live pages), so that a stop is quick."""
        self._streams.close()

    async def start(self) -> None:
        """Take signals in and, unless another process does it, work them off."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _prepare)
        if self._checkpointer is not None:
            self._checkpointer.start()
        self._listener.start()
        await self._intake.start()
        running.intake, running.engine_expected = self._intake, self._with_engine
        if self._with_engine:
            running.engine = wiring.engine()
            running.engine.start()

    async def stop(self) -> None:
        """Make durable what was accepted, finish what is being sent."""
        await self._intake.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._listener.stop)
        engine, running.engine, running.intake = running.engine, None, None
        if engine is not None:
            await asyncio.get_running_loop().run_in_executor(None, engine.stop)
        if self._checkpointer is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._checkpointer.stop)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.start()
        except Exception as error:
            log.exception("server.start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})


def _prepare() -> None:
    try:
        missing = upgrade.pending()
        if missing:
            raise NotMigrated(f"the database lacks {len(missing)} steps, {missing[0]} first: run `tocsin migrate`")
        _ = get_resolver().url_patterns  # so that the first visitor does not wait for the imports
    finally:
        db.drop_connection()
