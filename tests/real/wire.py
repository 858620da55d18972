"""HTTP written by hand, byte by byte, for what no client library would send."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Self

WAIT_S = 15.0
PIECE_BYTES = 65536


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """One connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> None:
        """Send these bytes."""
        for piece in pieces:
            self._socket.sendall(piece)

    def answer(self, *, has_body: bool = True) -> Said:
        """The next answer; ConnectionError if there is none."""
        while b"\r\n\r\n" not in self._held:
            self._more()
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self._held) < length:
            self._more()
        body, self._held = self._held[:length], self._held[length:]
        return Said(status=int(first.split(" ")[1]), headers=headers, body=body)

    def is_closed(self) -> bool:
        """Whether the other side has nothing more to say and has hung up."""
        try:
            return not self._held and self._socket.recv(1) == b""
        except ConnectionError:
            return True

    def _more(self) -> None:
        piece = self._socket.recv(PIECE_BYTES)
        if not piece:
            raise ConnectionError("closed without an answer")
        self._held += piece


def post(path: str, body: bytes, *headers: str, version: str = "1.1") -> bytes:
    """A whole POST."""
    lines = [f"POST {path} HTTP/{version}", "Host: tocsin.example", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(path: str, *pieces: bytes) -> bytes:
    """A whole POST whose length is not told in advance."""
    head = f"POST {path} HTTP/1.1\r\nHost: tocsin.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"
