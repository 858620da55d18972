"""The one outbound HTTP client: timeouts, bounds, proxy, TLS and the private-address guard live here.

What it promises: `send` answers within the request's timeout with a status or a fault, whatever the other side does,
and raises nothing but cancellation. A connection is only ever made to an address the guard has seen at the moment of
connecting, so a name that changes its mind between check and use gains nothing. No redirect is followed, no cookie
kept, no body decompressed. Requests to one host beyond its share wait for that host alone.

Behind a proxy the proxy resolves names, so there the guard sees literal addresses and the name localhost only: what
else may be reached is the proxy's policy. See docs/adr/0002-outbound-http-client.md.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import TracebackType
from typing import Protocol, Self

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

import tocsin
from tocsin.kit import tls
from tocsin.kit.addresses import Guard

BODY_BYTES_MAX = 64 * 1024  # of an answer; what follows is not read, and its connection is dropped
REQUEST_BYTES_MAX = 1024 * 1024  # of ours; the largest message a channel composes is far below
TIMEOUT_S_MAX = 60.0  # whatever a call asks for
CONNECT_TIMEOUT_S = 5.0  # a host that has not answered by then is down or far too busy
KEEPALIVE_S = 4.0  # shorter than the common servers' 5 s, so that a connection is rarely closed just as it is used
CONNECTIONS_MAX = 200  # sockets of one process, well below the usual limit of 1,024 open files
CONNECTIONS_PER_HOST_MAX = 20  # one slow host must leave most of them to the others
RESOLVER_THREADS = 16  # names that resolve slowly must not hold up the others
DETAIL_CHARS_MAX = 300
USER_AGENT = f"Tocsin/{tocsin.__version__}"
_LOCALHOST = re.compile(r"(.*\.)?localhost")
# IPv6, dotted IPv4, and the older spellings of it (2130706433, 0x7f.1) that the guard then refuses as no address
_NUMERIC = re.compile(r".*:.*|(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+))*")


class HttpFault(StrEnum):
    """Why there was no answer."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    DNS = "dns"
    FORBIDDEN_ADDRESS = "forbidden_address"
    PROTOCOL = "protocol"  # not a URL, not HTTP, or headers that cannot be sent


class HttpCall(Protocol):
    """What `send` needs to know; any value with these fields will do."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def timeout_s(self) -> float: ...


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A status with lower-case headers and as much of the body as was asked for, or a fault."""

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""
    fault: HttpFault | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What the operator decides about outgoing calls."""

    guard: Guard = field(default_factory=Guard)
    proxy: str = field(default="", repr=False)  # http://user:password@host:port
    ca_file: str = ""  # further authorities to trust, besides the system's
    connections_max: int = CONNECTIONS_MAX
    connections_per_host_max: int = CONNECTIONS_PER_HOST_MAX
    connect_timeout_s: float = CONNECT_TIMEOUT_S


class ForbiddenAddressError(OSError):
    """The guard said no."""


class HttpClient:
    """Sends requests over kept connections. Belongs to one event loop; close it there."""

    def __init__(self, settings: HttpSettings | None = None, resolver: AbstractResolver | None = None) -> None:
        """`resolver` replaces the system's name service; what it answers passes the guard all the same."""
        self._settings = settings or HttpSettings()
        self._tls = tls.context(self._settings.ca_file)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpCall, *, body_bytes_max: int = BODY_BYTES_MAX) -> HttpAnswer:
        """Make one call and say what came of it. Once a status has come, it is the answer even if the body fails.

        Of the body at most `body_bytes_max` are read; `detail` says so if there was more.
        """
        try:
            url = _checked_url(request, self._settings.guard)
            return await self._exchange(request, url, body_bytes_max)
        except _EXPECTED as error:
            return HttpAnswer(fault=_fault_of(error), detail=_describe(error))

    async def close(self) -> None:
        """Drop the kept connections. The client can be used again afterwards."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _exchange(self, request: HttpCall, url: URL, body_bytes_max: int) -> HttpAnswer:
        if self._session is None:
            self._session = self._open()
        async with self._session.request(
            request.method,
            url,
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=min(request.timeout_s, TIMEOUT_S_MAX), sock_connect=self._settings.connect_timeout_s
            ),
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            body, detail = await _read(answer, body_bytes_max)
            return HttpAnswer(status=answer.status, headers=headers, body=body, detail=detail)

    def _open(self) -> aiohttp.ClientSession:
        settings = self._settings
        guarded = not settings.proxy
        connector = aiohttp.TCPConnector(
            resolver=self._resolver or _SystemResolver(),
            socket_factory=_GuardedSockets(settings.guard) if guarded else None,
            ssl=self._tls,
            limit=settings.connections_max,
            limit_per_host=settings.connections_per_host_max,
            keepalive_timeout=KEEPALIVE_S,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            proxy=settings.proxy or None,
        )


class _GuardedSockets:
    """Makes the socket for one connection attempt, if its address may be called: the last look before connecting."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, (host, *_) = address
        refusal = self._guard.refusal(str(host))
        if refusal is not None:
            raise _forbidden(str(host), refusal)
        return socket.socket(family, kind, protocol)


class _SystemResolver(AbstractResolver):
    """The system's name service, on threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads,
            lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG),
        )
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=kin, proto=protocol, flags=0)
            for kin, _, protocol, _, where in found
            if len(where) == 2 or not where[3]  # a scoped IPv6 address is link-local
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _checked_url(request: HttpCall, guard: Guard) -> URL:
    if len(request.body) > REQUEST_BYTES_MAX:
        raise ValueError(f"the body has {len(request.body)} bytes, more than {REQUEST_BYTES_MAX}")
    url = URL(request.url)
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("not an http or https URL")
    host = url.host.rstrip(".").lower()
    literal = "127.0.0.1" if _LOCALHOST.fullmatch(host) else host if _NUMERIC.fullmatch(host) else ""
    refusal = _refusal(guard, literal) if literal else None
    if refusal is not None:
        raise _forbidden(url.host, refusal)
    return url


@lru_cache(maxsize=1024)
def _refusal(guard: Guard, literal: str) -> StrEnum | None:
    """What the guard says of an address as written: always the same. The one connected to is looked at anew."""
    return guard.refusal(literal)


def _forbidden(host: str, refusal: StrEnum) -> ForbiddenAddressError:
    return ForbiddenAddressError(f"{host} is {refusal}; TOCSIN_OUTBOUND_ALLOW can list its network")


async def _read(answer: aiohttp.ClientResponse, most: int) -> tuple[bytes, str]:
    """The body up to the cap, and what was wrong with it. Too much of it costs the connection."""
    kept = bytearray()
    try:
        while len(kept) <= most:
            chunk = await answer.content.read(most + 1 - len(kept))
            if not chunk:
                return bytes(kept), ""
            kept += chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        answer.close()
        return bytes(kept), f"the body did not arrive whole: {_describe(error)}"
    answer.close()
    return bytes(kept[:most]), f"only the first {most} bytes of the body were read"


_EXPECTED = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
_FAULTS: tuple[tuple[type[BaseException], HttpFault], ...] = (  # the first that fits
    (ForbiddenAddressError, HttpFault.FORBIDDEN_ADDRESS),
    (aiohttp.ClientConnectorDNSError, HttpFault.DNS),
    (aiohttp.ClientSSLError, HttpFault.TLS),
    (ssl.SSLError, HttpFault.TLS),
    (TimeoutError, HttpFault.TIMEOUT),
    (aiohttp.InvalidURL, HttpFault.PROTOCOL),
    (aiohttp.ServerDisconnectedError, HttpFault.CONNECT),
    (aiohttp.ClientHttpProxyError, HttpFault.CONNECT),
    (aiohttp.ClientResponseError, HttpFault.PROTOCOL),
    (aiohttp.ClientPayloadError, HttpFault.PROTOCOL),
    (ValueError, HttpFault.PROTOCOL),
)


def _fault_of(error: BaseException) -> HttpFault:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    for kind, fault in _FAULTS:
        if isinstance(cause, kind) or isinstance(error, kind):
            return fault
    return HttpFault.CONNECT


def _describe(error: BaseException) -> str:
    """One line for people. Never the URL: it may be somebody's secret."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(error, aiohttp.InvalidURL):
        return "not a URL that can be called"
    if isinstance(cause, aiohttp.ClientResponseError):
        words = cause.message or "the answer is not HTTP"
    elif isinstance(cause, TimeoutError):
        words = "no answer in time"
    else:
        words = str(cause) or type(cause).__name__
    return " ".join(words.split())[:DETAIL_CHARS_MAX]
