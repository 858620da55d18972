"""The outbound HTTP client against a server that misbehaves on the wire."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from fakes import certificates
from fakes.http import Answer, HttpSink
from tocsin import __version__
from tocsin.channels.domain import HttpRequest
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.http import BODY_BYTES_MAX, REQUEST_BYTES_MAX, HttpAnswer, HttpClient, HttpFault, HttpSettings

LOOPBACK = Guard(allow=parse_networks("127.0.0.0/8"))
ALLOWED = HttpSettings(guard=LOOPBACK)
Result = TypeVar("Result")


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with HttpSink() as running:
        yield running


class Names(AbstractResolver):
    """A name service that answers as the test says, in turn."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None: ...


def using(
    work: Callable[[HttpClient], Awaitable[Result]],
    settings: HttpSettings = ALLOWED,
    resolver: AbstractResolver | None = None,
) -> Result:
    async def run() -> Result:
        async with HttpClient(settings, resolver) as client:
            return await work(client)

    return asyncio.run(run())


def post(
    url: str, *, timeout_s: float = 2.0, body: bytes = b"{}", headers: dict[str, str] | None = None
) -> HttpRequest:
    return HttpRequest(method="POST", url=url, body=body, headers=headers or {}, timeout_s=timeout_s)


def send(
    request: HttpRequest, settings: HttpSettings = ALLOWED, resolver: AbstractResolver | None = None
) -> HttpAnswer:
    return using(lambda client: client.send(request), settings, resolver)


def test_a_request_arrives_as_it_was_given(sink: HttpSink) -> None:
    """Method, path, headers and body arrive unchanged, and the caller is named."""
    sink.answer(201, {"X-Receipt": "r1"}, b"made")
    answer = send(post(f"{sink.url}/in?a=1", body=b'{"x":1}', headers={"X-Own": "yes"}))
    assert (answer.status, answer.headers["x-receipt"], answer.body) == (201, "r1", b"made")
    [got] = sink.requests
    assert (got.method, got.path, got.body, got.headers["x-own"]) == ("POST", "/in?a=1", b'{"x":1}', "yes")
    assert got.headers["user-agent"] == f"Tocsin/{__version__}"


def test_connections_are_kept(sink: HttpSink) -> None:
    """Requests one after another share one connection."""

    async def work(client: HttpClient) -> None:
        for _ in range(5):
            assert (await client.send(post(sink.url))).status == 200

    using(work)
    assert sink.connections == 1


def test_a_silent_server_is_given_up(sink: HttpSink) -> None:
    """No answer within the request's timeout is a fault, and takes no longer than that."""
    sink.answer(delay_s=60)
    started = time.monotonic()
    answer = send(post(sink.url, timeout_s=0.1))
    assert answer.fault is HttpFault.TIMEOUT
    assert time.monotonic() - started < 30


def test_a_dripping_body_does_not_hold_us(sink: HttpSink) -> None:
    """Once the status has come it counts, even if the body never ends."""
    sink.drip(b"x" * 100, every_s=0.05)
    answer = send(post(sink.url, timeout_s=0.2))
    assert (answer.status, answer.fault) == (200, None)
    assert "did not arrive whole" in answer.detail


def test_a_body_cut_short_keeps_the_status(sink: HttpSink) -> None:
    """A connection that breaks within the body still said 200."""
    sink.plan(Answer(body=b"half", claim_bytes=100))
    answer = send(post(sink.url))
    assert (answer.status, answer.body) == (200, b"half")
    assert "did not arrive whole" in answer.detail


def test_a_huge_body_is_not_read(sink: HttpSink) -> None:
    """At most 64 KiB of an answer are kept."""
    sink.answer(200, body=b"x" * (BODY_BYTES_MAX * 4))
    answer = send(post(sink.url))
    assert (answer.status, len(answer.body)) == (200, BODY_BYTES_MAX)
    assert "only the first" in answer.detail


def test_a_dropped_connection_is_a_fault(sink: HttpSink) -> None:
    """Hanging up without a word is CONNECT."""
    sink.drop()
    assert send(post(sink.url)).fault is HttpFault.CONNECT


def test_a_refused_connection_is_a_fault(sink: HttpSink) -> None:
    """Nobody listening is CONNECT."""
    sink.refuse()
    assert send(post(sink.url)).fault is HttpFault.CONNECT


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\r\n\r\n", b"HTTP/1.1 abc no\r\n\r\n", b"220 smtp here\r\n\r\n"])
def test_garbage_is_a_fault(sink: HttpSink, raw: bytes) -> None:
    """What is not HTTP is PROTOCOL."""
    sink.garbage(raw)
    assert send(post(sink.url)).fault is HttpFault.PROTOCOL


def test_headers_without_end_are_refused(sink: HttpSink) -> None:
    """A header longer than any server's is not read to its end."""
    sink.answer(200, {"X-Long": "x" * 40_000})
    assert send(post(sink.url)).fault is HttpFault.PROTOCOL


def test_a_redirect_is_not_followed(sink: HttpSink) -> None:
    """A redirect, even to ourselves, is the answer and nothing more is asked."""
    sink.redirect(f"{sink.url}/elsewhere")
    answer = send(post(sink.url))
    assert (answer.status, answer.headers["location"]) == (302, f"{sink.url}/elsewhere")
    assert len(sink.requests) == 1


def test_a_compressed_body_stays_compressed(sink: HttpSink) -> None:
    """A few bytes cannot become gigabytes in our memory."""
    sink.answer(200, {"Content-Encoding": "gzip"}, b"\x1f\x8bnot really")
    answer = send(post(sink.url))
    assert answer.body == b"\x1f\x8bnot really"
    assert sink.requests[0].headers["accept-encoding"] == "identity"


def test_no_cookie_is_kept(sink: HttpSink) -> None:
    """What one receiver sets is never sent again."""
    sink.answer(200, {"Set-Cookie": "a=b"})

    async def work(client: HttpClient) -> None:
        await client.send(post(sink.url))
        await client.send(post(sink.url))

    using(work)
    assert "cookie" not in sink.requests[1].headers


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "not a url", "http://[::1", "https://exa mple.com/", "file:///etc/passwd"]
)
def test_what_is_no_web_address_is_a_fault(url: str) -> None:
    """A URL that cannot be called is PROTOCOL, not an exception."""
    assert send(post(url)).fault in (HttpFault.PROTOCOL, HttpFault.DNS)


def test_headers_cannot_be_injected(sink: HttpSink) -> None:
    """A line break in a header's value is refused before anything is sent."""
    answer = send(post(sink.url, headers={"X-Own": "a\r\nX-Evil: 1"}))
    assert answer.fault is HttpFault.PROTOCOL
    assert sink.requests == []


def test_a_body_too_large_is_not_sent(sink: HttpSink) -> None:
    """There is a bound on what we send, too."""
    assert send(post(sink.url, body=b"x" * (REQUEST_BYTES_MAX + 1))).fault is HttpFault.PROTOCOL
    assert sink.requests == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "db.localhost",
        "2130706433",
        "127.1",
        "0x7f000001",
        "0x7f00000a",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ],
)
def test_private_literals_are_not_called(sink: HttpSink, host: str) -> None:
    """No spelling of a private address in a URL leads there."""
    answer = send(post(f"http://{host}:{sink.port}/", timeout_s=1), HttpSettings())
    assert answer.fault in (HttpFault.FORBIDDEN_ADDRESS, HttpFault.PROTOCOL), answer
    assert sink.connections == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_a_name_that_leads_inside_is_not_called(sink: HttpSink, address: str) -> None:
    """A public name with a private address is refused, and says how to allow it."""
    answer = send(post(f"http://hooks.example:{sink.port}/"), HttpSettings(), Names([address]))
    assert answer.fault is HttpFault.FORBIDDEN_ADDRESS
    assert "TOCSIN_OUTBOUND_ALLOW" in answer.detail
    assert sink.connections == 0


def test_a_name_that_changes_its_mind_gains_nothing(sink: HttpSink) -> None:
    """The address is checked as it is connected to: a second look-up that answers otherwise is judged anew."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    settings = HttpSettings(guard=Guard(allow=parse_networks("127.0.0.1")))

    async def work(client: HttpClient) -> list[HttpAnswer]:
        first = await client.send(post(f"http://hooks.example:{sink.port}/"))
        await client.close()
        return [first, await client.send(post(f"http://hooks.example:{sink.port}/"))]

    first, second = using(work, settings, names)
    assert first.status == 200
    assert second.fault is HttpFault.FORBIDDEN_ADDRESS
    assert sink.connections == 1


def test_a_name_with_inside_and_outside_addresses_goes_outside_only(sink: HttpSink) -> None:
    """Of several addresses only those allowed are tried."""
    settings = HttpSettings(guard=Guard(allow=parse_networks("127.0.0.1")))
    answer = send(post(f"http://hooks.example:{sink.port}/"), settings, Names(["10.0.0.1", "127.0.0.1"]))
    assert answer.status == 200


def test_an_unknown_name_is_a_fault() -> None:
    """A name nobody knows is DNS."""

    class Nobody(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert send(post("http://nowhere.example/"), ALLOWED, Nobody([])).fault is HttpFault.DNS


def test_a_slow_host_does_not_starve_the_others(sink: HttpSink) -> None:
    """Requests to a host that hangs wait for that host alone, and only so many of them are under way."""
    settings = HttpSettings(guard=LOOPBACK, connections_max=10, connections_per_host_max=3)

    async def work(client: HttpClient) -> int:
        slow_ones = [asyncio.create_task(client.send(post(slow.url, timeout_s=60))) for _ in range(40)]
        await asyncio.to_thread(slow.wait_for, 3)
        for _ in range(5):  # with all 40 still waiting
            assert (await client.send(post(sink.url, timeout_s=30))).status == 200
        under_way = len(slow.requests)
        for one in slow_ones:
            assert not one.done()
            one.cancel()
        await asyncio.gather(*slow_ones, return_exceptions=True)
        return under_way

    with HttpSink() as slow:
        slow.answer(delay_s=60)
        assert using(work, settings) == 3


def test_an_unknown_certificate_is_refused() -> None:
    """TLS is always verified; the operator can add an authority."""
    made = certificates.make()
    with HttpSink(tls=made.server_context()) as secure:
        assert send(post(secure.url)).fault is HttpFault.TLS
        assert secure.requests == []
        trusting = HttpSettings(guard=Guard(allow=parse_networks("127.0.0.0/8, ::1")), ca_file=str(made.ca_file))
        assert send(post(secure.url), trusting).status == 200
        by_other_name = send(post(f"https://hooks.example:{secure.port}/"), trusting, Names(["127.0.0.1"]))
        assert by_other_name.fault is HttpFault.TLS


def test_a_proxy_is_used_and_still_guarded(sink: HttpSink) -> None:
    """With a proxy everything goes through it, but a literal private address does not even reach it."""
    settings = HttpSettings(proxy=sink.url)
    assert send(post("http://hooks.example/in"), settings).status == 200
    assert sink.requests[0].path == "http://hooks.example/in"
    for url in ("http://10.0.0.1/", "http://localhost/", "http://0x7f.1/", "http://[::1]/"):
        assert send(post(url), settings).fault in (HttpFault.FORBIDDEN_ADDRESS, HttpFault.PROTOCOL)
    assert len(sink.requests) == 1


def test_cancellation_is_the_only_thing_raised(sink: HttpSink) -> None:
    """A caller that gives up gets its cancellation, and the client works on."""
    sink.answer(delay_s=60, times=1)

    async def work(client: HttpClient) -> HttpAnswer:
        task = asyncio.create_task(client.send(post(sink.url)))
        await asyncio.to_thread(sink.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await client.send(post(sink.url))

    assert using(work).status == 200


def test_secrets_do_not_show() -> None:
    """Neither a fault's detail nor the settings show a URL's or a proxy's secret."""
    answer = send(post("http://user:hunter2@127.0.0.1:1/path-hunter2?key=hunter2", timeout_s=0.2))
    assert "hunter2" not in repr(answer)
    assert "hunter2" not in repr(HttpSettings(proxy="http://user:hunter2@proxy:3128"))
