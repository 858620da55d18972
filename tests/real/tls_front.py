"""TLS in front of a plain port, as a proxy on the same machine does it: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Self

from fakes.loop import LoopThread, close_server

PIECE_BYTES = 65536


class TlsFront:
    """Listens on https://localhost:port and passes everything on to a plain port of this machine."""

    def __init__(self, behind: int, context: ssl.SSLContext) -> None:
        self._behind = behind
        self._thread = LoopThread("tls-front")
        self._server = self._thread.call(self._listen(context))

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"https://localhost:{self._server.sockets[0].getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.call(self._stop())
        self._thread.stop()

    async def _listen(self, context: ssl.SSLContext) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)

    async def _stop(self) -> None:
        await close_server(self._server)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        both = [asyncio.create_task(_pass(reader, onward_writer)), asyncio.create_task(_pass(onward_reader, writer))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (onward_writer, writer):
                end.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
