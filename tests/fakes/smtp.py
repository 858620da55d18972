"""SmtpSink: a real SMTP server on loopback that records mails and misbehaves on request.

with SmtpSink() as sink:
    sink.refuse("bob@x.example", "550 5.1.1 no such user")
    ...send through sink.url...
    assert sink.wait_for(1)[0].message["Subject"] == "[HIGH] Checkout: disk full (AG-12)"
"""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
import warnings
from collections import deque
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from fakes.loop import LoopThread, close_server

WAIT_S = 30.0  # machines are shared
ACCEPTED = "250 2.0.0 taken"


@dataclass(frozen=True, kw_only=True)
class ReceivedMail:
    """One mail as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    tls: bool
    login: str  # who signed in, or ""
    connection: int

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed as a mail program would."""
        return email.message_from_bytes(self.raw, policy=default)

    @property
    def text(self) -> str:
        """Its plain text."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """Its HTML."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"the mail has no {kind} part"
        return str(part.get_content())


class SmtpSink:
    """Takes every mail until told otherwise."""

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        """`tls` from the first byte, or `starttls` offered; `login` is the only name and password let in."""
        self.mails: list[ReceivedMail] = []
        self.connections = 0
        self._starttls, self._tls, self._login = starttls, tls, login
        self._recipients: dict[str, str] = {}
        self._data: deque[str] = deque()
        self._delay_s = 0.0
        self._drops = 0
        self._transports: set[asyncio.Transport] = set()
        self._arrived = threading.Condition()
        self._thread = LoopThread("smtp-sink")
        self._server: asyncio.Server | None = self._thread.call(self._listen(0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """As the settings write it; certificates are for localhost."""
        scheme = "smtps" if self._tls else "smtp"
        who = f"{self._login[0]}:{self._login[1]}@" if self._login else ""
        suffix = "" if self._tls or self._starttls else "?starttls=never"
        return f"{scheme}://{who}localhost:{self.port}{suffix}"

    def refuse(self, recipient: str, answer: str = "550 5.1.1 no such user") -> None:
        """Answer so whenever this recipient is named."""
        self._recipients[recipient] = answer

    def accept(self, recipient: str) -> None:
        """Take this recipient's mails again."""
        self._recipients.pop(recipient, None)

    def reject(self, answer: str = "554 5.7.1 looks like spam", *, times: int = 1) -> None:
        """Answer so to the next mails after their text has come."""
        self._data.extend([answer] * times)

    def delay(self, delay_s: float) -> None:
        """Wait this long before each answer to a mail's text."""
        self._delay_s = delay_s

    def drop(self, *, times: int = 1) -> None:
        """Close the connection instead of answering the next mails' text."""
        self._drops += times

    def hang_up(self) -> None:
        """Close every open connection now, as a server does with idle ones."""
        self._thread.call(self._close_transports())

    def stop_listening(self) -> None:
        """Connections are refused until `listen`."""
        self._thread.call(self._stop())

    def listen(self) -> None:
        """Listen again on the same port."""
        self._server = self._thread.call(self._listen(self.port))

    def wait_for(self, count: int, within_s: float = WAIT_S) -> list[ReceivedMail]:
        """The mails so far, once there are `count`; fails if there are fewer in time."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.mails) >= count, within_s)
        assert enough, f"{len(self.mails)} of {count} mails came within {within_s} s"
        return list(self.mails)

    def close(self) -> None:
        """Stop serving."""
        self._thread.call(self._stop())
        self._thread.call(self._close_transports())
        self._thread.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def handle_RCPT(
        self, _smtp: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        """Called by aiosmtpd for each recipient."""
        refusal = self._recipients.get(to)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(to)
        return "250 2.1.5 ok"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd with the whole mail."""
        await asyncio.sleep(self._delay_s)
        if self._drops:
            self._drops -= 1
            cast("asyncio.Transport", smtp.transport).abort()
            return "421 4.4.2 dropped"
        if self._data:
            return self._data.popleft()
        mail = ReceivedMail(
            sender=str(envelope.mail_from),
            recipients=tuple(str(to) for to in envelope.rcpt_tos),
            raw=envelope.original_content or b"",
            tls=self._tls is not None or session.ssl is not None,
            login=(session.auth_data.login.decode() if session.auth_data else ""),
            connection=self.connections,
        )
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        return ACCEPTED

    async def _listen(self, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(self._protocol, "127.0.0.1", port, ssl=self._tls)

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # aiosmtpd warns that sign-in without TLS is unwise: it is a test
            return _Recording(self)

    async def _stop(self) -> None:
        if self._server is not None:
            await close_server(self._server)
            self._server = None

    async def _close_transports(self) -> None:
        for transport in list(self._transports):
            transport.abort()
        self._transports.clear()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"hostname": "localhost", "tls_context": self._starttls, "enable_SMTPUTF8": True}
        if self._login:
            encrypted = self._tls is not None or self._starttls is not None
            options |= {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": encrypted and not self._tls,
            }
        return options

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any) -> AuthResult:
        name, password = self._login or ("", "")
        right = isinstance(given, LoginPassword) and given == LoginPassword(name.encode(), password.encode())
        return AuthResult(success=right, handled=False, auth_data=given)


class _Recording(SMTP):
    """Counts connections and remembers them, to be able to hang up."""

    def __init__(self, sink: SmtpSink) -> None:
        super().__init__(sink, **sink._options())
        self._sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # STARTTLS makes the connection a second time
            self._sink.connections += 1
        self._sink._transports.add(cast("asyncio.Transport", transport))
        super().connection_made(transport)
