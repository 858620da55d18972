"""Answers too long to be held in memory: made piece by piece while they are sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

PIECES_AT_ONCE = 256


class Download(StreamingHttpResponse):
    """Its pieces come from an iterator that reads the database; the event loop waits for none of them."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """A few hundred pieces at a time, made in the request's own thread, where its connection is."""
        pieces: Iterator[bytes] = iter(self.streaming_content)  # type: ignore[arg-type]  # ours is never asynchronous
        while made := await sync_to_async(_some)(pieces):
            yield made


def _some(pieces: Iterator[bytes]) -> bytes:
    return b"".join(islice(pieces, PIECES_AT_ONCE))
