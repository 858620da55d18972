"""A sign of life to the outside: as long as an engine lives and all is well, an outside watchdog hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from tocsin.engine import health
from tocsin.kit import clock, db, troubles
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.db import Reader
from tocsin.kit.http import HttpAnswer, HttpClient, HttpSettings

log = structlog.get_logger()
TIMEOUT_S = 10.0  # of one sign of life; the next follows anyway


class _Get(msgspec.Struct, frozen=True):
    """A plain GET."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout_s: float = TIMEOUT_S


class Watchdog:
    """Calls the operator's own address; the private-address guard does not apply to it."""

    def __init__(self, url: str, further: Callable[[Reader], Sequence[str]] = lambda _: ()) -> None:
        """`further` says what else may be wrong."""
        self._url, self._further = url, further

    def call(self) -> None:
        """Tell the watchdog, if there is one and all is well; its silence is what wakes somebody."""
        if not self._url:
            return
        reader = db.reader(clock.now())
        refused = troubles.writes.trouble()
        found = [refused] if refused else []
        found += [*health.look(reader).troubles(), *self._further(reader)]
        if found:
            log.error("watchdog.not_called", troubles=found)
            return
        answer = asyncio.run(_get(self._url))
        if answer.status >= 300 or answer.status == 0:
            log.warning("watchdog.unanswered", status=answer.status, fault=str(answer.fault))


async def _get(url: str) -> HttpAnswer:
    everywhere = Guard(allow=parse_networks("0.0.0.0/0,::/0"))
    async with HttpClient(HttpSettings(guard=everywhere)) as client:
        return await client.send(_Get(url))
