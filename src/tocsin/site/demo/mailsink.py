"""A mail server that delivers nothing: each mail becomes a file and one line on the terminal."""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import socket
import threading
from collections.abc import Callable
from pathlib import Path

MAIL_BYTES_MAX = 10 * 1024 * 1024
COMMANDS_MAX = 1000
IDLE_S_MAX = 60.0
_ANSWERS = {
    "HELO": b"250 ready\r\n",
    "EHLO": b"250 ready\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "RSET": b"250 ok\r\n",
    "NOOP": b"250 ok\r\n",
}


class MailSink:
    """Listens on this machine only, in a thread of its own."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._numbers = itertools.count(1)
        self._listening = socket.create_server(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def start(self) -> None:
        """Take mail from now on, until the process ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        taken = [int(path.stem) for path in self._folder.glob("*.eml") if path.stem.isdigit()]
        self._numbers = itertools.count(max(taken, default=0) + 1)
        threading.Thread(target=lambda: asyncio.run(self._serve()), name="demo-mail", daemon=True).start()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, sock=self._listening, limit=MAIL_BYTES_MAX)
        await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 demo\r\n")
        try:
            for _ in range(COMMANDS_MAX):
                async with asyncio.timeout(IDLE_S_MAX):
                    line = await reader.readline()
                word = line[:4].decode("ascii", "replace").upper()
                if not line or word == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                if word == "DATA":
                    writer.write(b"354 go on\r\n")
                    self._keep(await reader.readuntil(b"\r\n.\r\n"))
                    writer.write(b"250 kept\r\n")
                else:
                    writer.write(_ANSWERS.get(word, b"502 not here\r\n"))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever talks like that has gone
        finally:
            writer.close()

    def _keep(self, raw: bytes) -> None:
        content = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        path = self._folder / f"{next(self._numbers):04}.eml"
        path.write_bytes(content)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self._say(f"mail to {mail['To']}: {mail['Subject']}  ({path.name})")
