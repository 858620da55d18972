"""The one outbound mailer: SMTP with TLS, sign-in and a few kept connections.

What it promises: `send` says within its time limit what became of one mail to one recipient, and raises nothing but
cancellation. The server is the operator's own setting, so the private-address guard does not apply to it. Its
certificate is always verified; `starttls=never` is for a relay on the same machine and says so.

A kept connection that the server has closed meanwhile costs one more try on a fresh one. That can, rarely, deliver a
mail twice; its Message-ID stays the same.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import msgspec

from tocsin.kit import clock, tls

CONNECTIONS_MAX = 4  # more at once from one sender make many relays suspicious
MAILS_PER_CONNECTION_MAX = 100  # many servers close a session at about this many
IDLE_S_MAX = 20.0  # then a kept session is closed: servers drop idle ones after a minute or more
SEND_TIMEOUT_S = (
    30.0  # for each command; shorter than RFC 5321 asks, because a page has other ways and must not wait for this one
)
NOOP_TIMEOUT_S = 3.0  # a kept connection that is slower than that is not worth the wait
QUIT_TIMEOUT_S = 1.0  # politeness only: the mail is delivered by then
DETAIL_CHARS_MAX = 300
_PORTS = {"smtp": 587, "smtps": 465}
_PARAMETERS = frozenset({"starttls", "ca", "helo"})


class MailFault(StrEnum):
    """Why the server did not take the mail."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    DNS = "dns"
    PROTOCOL = "protocol"
    RECIPIENT_REFUSED = "recipient_refused"
    REJECTED = "rejected"
    BUSY = "busy"
    NOT_CONFIGURED = "not_configured"


class StartTls(StrEnum):
    """Whether a plain connection is raised to TLS before anything is said."""

    REQUIRE = "require"
    OFFERED = "offered"  # if the server offers it
    NEVER = "never"


class MailLike(Protocol):
    """What `send` needs to know of a mail; any value with these fields will do."""

    @property
    def to(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class MailAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The server's last word: 250 if it took the mail, else its code (0 if none came) and the fault."""

    status: int = 0
    fault: MailFault | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where mail is handed over, as `parse_smtp_url` reads it."""

    host: str
    port: int
    tls: bool = False  # from the first byte (smtps)
    starttls: StartTls = StartTls.REQUIRE
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    helo: str = ""
    connections_max: int = CONNECTIONS_MAX
    timeout_s: float = SEND_TIMEOUT_S


def parse_smtp_url(written: str) -> SmtpSettings:
    """Read `smtp://user:pass@host:587?starttls=require` or `smtps://…`. Raises ValueError that never shows the URL."""
    form = "smtp://user:password@host:587?starttls=require or smtps://user:password@host"
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        raise ValueError(f"the mail server's URL has no valid host and port; write {form}") from None
    if url.scheme not in _PORTS or not url.hostname:
        raise ValueError(f"the mail server's URL must look like {form}")
    given = parse_qs(url.query, keep_blank_values=True)
    if unknown := sorted(set(given) - _PARAMETERS):
        raise ValueError(f"the mail server's URL has an unknown parameter {unknown[0]!r}; known: ca, helo, starttls")
    starttls = given.get("starttls", [StartTls.REQUIRE.value])[-1]
    if starttls not in set(StartTls):
        raise ValueError(f"starttls={starttls} is unknown; write require, offered or never")
    return SmtpSettings(
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        tls=url.scheme == "smtps",
        starttls=StartTls(starttls),
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        ca_file=given.get("ca", [""])[-1],
        helo=given.get("helo", [""])[-1],
    )


def build(mail: MailLike, sender: str, now_us: int) -> EmailMessage:
    """The MIME message: text, with HTML as its alternative. Raises ValueError if a header holds a line break."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = mail.subject
    message["Date"] = clock.from_us(now_us)
    if mail.message_id:
        message["Message-ID"] = mail.message_id
    if mail.thread:
        message["In-Reply-To"] = mail.thread
        message["References"] = mail.thread
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


class Mailer:
    """Hands mails to the configured server. Belongs to one event loop; close it there."""

    def __init__(self, settings: SmtpSettings | None, sender: str) -> None:
        """`sender` is the From: address, with or without a name. Without settings every mail is NOT_CONFIGURED."""
        self._settings = settings
        self._sender = sender
        self._tls = tls.context(settings.ca_file) if settings else None
        self._slots = asyncio.Semaphore(settings.connections_max if settings else 1)
        self._idle: list[_Session] = []

    async def send(self, mail: MailLike) -> MailAnswer:
        """Hand over one mail and say what the server said."""
        settings = self._settings
        if settings is None:
            return MailAnswer(fault=MailFault.NOT_CONFIGURED, detail="no mail server is configured (TOCSIN_SMTP_URL)")
        try:
            message = build(mail, self._sender, clock.to_us(clock.now()))
            content = message.as_bytes(policy=WIRE)
            envelope = _Envelope(sender=_bare(message, "From"), recipient=_bare(message, "To"), content=content)
        except (ValueError, IndexError, MessageError) as error:
            return MailAnswer(fault=MailFault.REJECTED, detail=f"not a mail that can be sent: {_line(error)}")
        try:
            async with asyncio.timeout(settings.timeout_s), self._slots:
                return await self._deliver(envelope, settings)
        except _EXPECTED as error:
            return _answer(error)

    async def close(self) -> None:
        """Drop the kept connections. The mailer can be used again afterwards."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*[_leave(session.connection) for session in idle])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _deliver(self, envelope: _Envelope, settings: SmtpSettings) -> MailAnswer:
        session = await self._kept_alive()
        if session is not None:
            try:
                return await self._transact(session, envelope)
            except aiosmtplib.SMTPResponseException as error:
                if error.code != _CLOSING:  # that one wants no more mails, and says so of this one too
                    raise
        return await self._transact(await _connect(settings, self._tls), envelope)

    async def _kept_alive(self) -> _Session | None:
        """A kept connection that answers. Asked first: if it breaks over a mail, the server may have taken that."""
        while session := self._kept():
            is_alive = False
            try:
                answer = await session.connection.execute_command(b"NOOP", timeout=NOOP_TIMEOUT_S)
                is_alive = answer.code == _OK
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                pass  # the server hung up while it was idle, or the way to it broke
            finally:
                if not is_alive:
                    session.connection.close()
            if is_alive:
                return session
        return None

    async def _transact(self, session: _Session, envelope: _Envelope) -> MailAnswer:
        """Send over this connection and keep it if it is still good; any surprise closes it."""
        keep = False
        try:
            _, words = await session.connection.sendmail(envelope.sender, [envelope.recipient], envelope.content)
            keep = True
            return MailAnswer(status=_OK, detail=_words(words))
        except aiosmtplib.SMTPResponseException as error:
            keep = error.code != _CLOSING
            raise
        except aiosmtplib.SMTPRecipientsRefused:
            keep = True
            raise
        finally:
            session.mails += 1
            session.used_at = clock.monotonic()
            if keep and session.mails < MAILS_PER_CONNECTION_MAX:
                self._idle.append(session)
            else:
                session.connection.close()

    def _kept(self) -> _Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.connection.is_connected and clock.monotonic() - session.used_at < IDLE_S_MAX:
                return session
            session.connection.close()
        return None


_OK = 250
_CLOSING = 421  # "closing transmission channel"


class _Connection(aiosmtplib.SMTP):
    """The library's, which hangs up at once: also where the library itself does it, after a sign-in that was refused."""

    def close(self) -> None:
        """Without waiting for a TLS farewell that may never come, with a socket that stays open until then."""
        abort = getattr(self.transport, "abort", None)
        if abort is not None:
            abort()
        super().close()


@dataclass(slots=True)
class _Session:
    connection: _Connection
    mails: int = 0
    used_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    sender: str
    recipient: str
    content: bytes


async def _connect(settings: SmtpSettings, trust: ssl.SSLContext | None) -> _Session:
    wanted = {StartTls.REQUIRE: True, StartTls.OFFERED: None, StartTls.NEVER: False}[settings.starttls]
    connection = _Connection(
        hostname=settings.host,
        port=settings.port,
        username=settings.username or None,
        password=settings.password or None,
        local_hostname=settings.helo or None,
        timeout=settings.timeout_s,
        use_tls=settings.tls,
        start_tls=False if settings.tls else wanted,
        tls_context=trust,
    )
    try:
        await connection.connect()
    except BaseException:  # cancellation too must not leave a socket behind
        connection.close()
        raise
    return _Session(connection)


async def _leave(connection: _Connection) -> None:
    """Say goodbye, briefly, and hang up."""
    with suppress(aiosmtplib.SMTPException, OSError):
        await connection.execute_command(b"QUIT", timeout=QUIT_TIMEOUT_S)
    connection.close()
    await asyncio.sleep(0)  # the loop closes the socket in its next turn


async def knock(settings: SmtpSettings) -> MailAnswer:
    """Whether the server lets us in: its greeting, TLS and the sign-in, and goodbye. No mail is sent."""
    try:
        async with asyncio.timeout(settings.timeout_s):
            session = await _connect(settings, tls.context(settings.ca_file))
            await _leave(session.connection)
    except _EXPECTED as error:
        return _answer(error)
    return MailAnswer(status=250)


def _bare(message: EmailMessage, header: str) -> str:
    addresses = message[header].addresses
    return str(addresses[0].addr_spec)


_EXPECTED = (aiosmtplib.SMTPException, TimeoutError, OSError, ValueError)


def _answer(error: BaseException) -> MailAnswer:
    """What a failure means: the server's code where it gave one, else how far we came."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 400:
        refused = isinstance(error, aiosmtplib.SMTPRecipientRefused)
        permanent = MailFault.RECIPIENT_REFUSED if refused else MailFault.REJECTED
        fault = MailFault.BUSY if error.code < 500 else permanent
        return MailAnswer(status=error.code, fault=fault, detail=_words(error.message))
    return MailAnswer(fault=_fault_of(error), detail=_line(error))


def _fault_of(error: BaseException) -> MailFault:
    chain = (error, error.__cause__, error.__context__)
    if any(isinstance(link, TimeoutError) for link in chain):
        return MailFault.TIMEOUT
    if any(isinstance(link, ssl.SSLError) for link in chain):
        return MailFault.TLS
    if any(isinstance(link, socket.gaierror) for link in chain):
        return MailFault.DNS
    if isinstance(error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPServerDisconnected | OSError):
        return MailFault.CONNECT
    if "STARTTLS" in str(error):
        return MailFault.TLS
    return MailFault.PROTOCOL


def _line(error: BaseException) -> str:
    return _words(str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__))


def _words(said: str) -> str:
    return " ".join(said.split())[:DETAIL_CHARS_MAX]
