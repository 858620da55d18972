"""A client's connection: uvicorn's, with a short way for signals and the bounds that uvicorn lacks.

The short way: a whole, plain request for one of the intake's addresses is handed to the intake as it stands, and the
answer is written the moment it is due, without a task, an event or a scope for each. Only a request that uvicorn
would serve in just the same words goes it; whatever the intake wants to look at longer goes uvicorn's way.

Who offers another protocol, as Java's own HTTP client does with every first request that is not encrypted, is served
as if it had not: the parser would stop at the end of such a head and never see the body.

The bounds: a head has a largest size, because what comes of it is held in memory. How long a client may take for a
request is looked at from outside (stragglers.py). The timer of an idle connection looks for itself, when it fires,
how long the connection has been idle, so that a request need not move it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tocsin.alerts.intake import READ_INLINE_BYTES_MAX
from tocsin.site.running import running
from tocsin.sources import registry
from tocsin.sources.domain import Reply

log = structlog.get_logger()
HEAD_BYTES_MAX = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_INVALID = "Invalid HTTP request received."
_ASKS_FOR_MORE = frozenset((b"expect", b"transfer-encoding", b"upgrade"))


class _Nobody(asyncio.Event):
    """What nobody waits for."""

    def set(self) -> None:
        """Wake nobody."""


class Whole(RequestResponseCycle):
    """A request on the short way: what uvicorn's protocol and the stragglers look at of one, and no more."""

    message_event = _Nobody()

    def __init__(self, found: registry.Found, *, keep_alive: bool) -> None:
        self.found = found
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False


class Connection(HttpToolsProtocol):
    """See the module's head."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.is_idle = False  # the client has its answer, and has sent nothing since
        self._idle_since_s = 0.0
        self._in_head = False
        self._head_bytes = 0
        self._offers_upgrade = False  # the parser has stopped behind the head of such a request
        self._whole: Whole | None = None

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        rest = self._parse(memoryview(data))
        while rest:
            rest = self._parse(rest)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        super()._unset_keepalive_if_required()

    def _parse(self, data: memoryview) -> memoryview | None:
        """Hand it to the parser; what lies behind an offer of another protocol, which is still to be parsed."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning(_INVALID)
            self.send_400_response(_INVALID)
        except httptools.HttpParserUpgrade as stopped:
            if self._offers_upgrade:
                head = self._head_without_offer()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(head)
                return data[stopped.args[0] :]
            self._unsupported_upgrade_warning()
        return None

    def _head_without_offer(self) -> bytes:
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                others = [token for token in value.split(b",") if token.strip().lower() != b"upgrade"]
                lines.append(b"connection: " + b",".join(others))
            elif name != b"upgrade":
                lines.append(name + b": " + value)
        return b"\r\n".join([*lines, b"", b""])

    # --- a request, as the parser tells it

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._offers_upgrade = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._offers_upgrade:
            return  # its head comes again, without the offer
        found = self._short_way()
        if found is None:
            self._go_the_long_way()
        else:
            self.cycle = self._whole = Whole(found, keep_alive=self.parser.should_keep_alive())

    def on_message_complete(self) -> None:
        if self._offers_upgrade:
            return
        whole, self._whole = self._whole, None
        if whole is None:
            super().on_message_complete()
            return
        whole.more_body = False
        if not self._is_taken(whole):
            whole.response_complete = True  # not by an answer: another cycle takes its place
            self._go_the_long_way()
            self.cycle.body += whole.body
            super().on_message_complete()

    def _short_way(self) -> registry.Found | None:
        """The source that is asked, if all is as it nearly always is."""
        if self.cycle is not None and not self.cycle.response_complete:
            return None  # pipelined: its turn comes later
        if self.flow.write_paused or self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return None
        body_bytes = -1
        for name, value in self.headers:
            if name == b"content-length":
                body_bytes = int(value)
            elif name in _ASKS_FOR_MORE:
                return None
        return registry.find_plain(self.url) if 0 <= body_bytes <= READ_INLINE_BYTES_MAX else None

    def _is_taken(self, whole: Whole) -> bool:
        intake = running.intake
        if intake is None:
            return False
        try:
            path = self.url.decode("ascii")
            return intake.take(
                whole.found, path, self.headers, bytes(whole.body), lambda reply: self._write_reply(whole, reply)
            )
        except Exception:
            log.exception("connection.short_way_failed", hint="the request goes the long way")
            return False

    def _go_the_long_way(self) -> None:
        """As uvicorn does it from here on: a scope, a cycle, a task."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.headers += headers  # the very list that stands in the scope
        self.url, self.expect_100_continue = url, expects
        super().on_headers_complete()

    def _write_reply(self, whole: Whole, reply: Reply) -> None:
        whole.response_started = whole.response_complete = True
        if whole.disconnected or self.transport.is_closing():
            return
        written = [STATUS_LINE[reply.status]]
        for name, value in self.server_state.default_headers:
            written += (name, b": ", value, b"\r\n")
        written.append(f"content-type: {reply.content_type}\r\ncontent-length: {len(reply.body)}\r\n".encode("latin-1"))
        written += [f"{name.lower()}: {value}\r\n".encode("latin-1") for name, value in reply.headers]
        written.append(b"\r\n" if whole.keep_alive else b"connection: close\r\n\r\n")
        written.append(reply.body)
        self.transport.write(b"".join(written))
        if not whole.keep_alive:
            self.transport.close()
        self.on_response_complete()

    # --- between requests

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self.is_idle, self._idle_since_s = True, self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if self.is_idle and left_s > 0:
            self._look_again_in(left_s)
        elif self.is_idle:
            super().timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        self.is_idle = False

    def _look_again_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)
