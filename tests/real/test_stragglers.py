"""Clients that never finish: a real server with little patience ends them and serves the others."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from real.programs import Program, free_port, own_environment
from real.wire import Wire, post

pytestmark = pytest.mark.xdist_group("real")
START_S = 30.0
CALL = b"GET /in/heartbeat/nobodys HTTP/1.1\r\nHost: x\r\n\r\n"
IMPATIENT = """
from tocsin.site import startup
startup.set_up()
from tocsin.site import server, stragglers
stragglers.REQUEST_S_MAX, stragglers.LOOK_EVERY_S, server.KEEP_ALIVE_S = 0.5, 0.1, 3
server.serve("127.0.0.1", {port}, with_engine=False)
"""


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that waits half a second for a request, and three for the next one."""
    folder, port = tmp_path_factory.mktemp("impatient"), free_port()
    environment = own_environment() | {"TOCSIN_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "tocsin.site.settings"}
    with Program([sys.executable, "-c", IMPATIENT.format(port=port)], Path(folder) / "log", environment) as program:
        program.wait_for(lambda: _is_healthy(port), START_S)
        yield port


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /v2/enq",
        b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nX-Endless: aaaa",
        post("/v2/enqueue", b'{"routing_key": "x"}')[:-5],
        post("/-/healthy", b"x" * 100)[:-5],
        b"POST /v2/enqueue HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ],
    ids=["nothing", "line", "head", "body", "page", "chunk"],
)
def test_a_request_that_never_ends_is_ended(impatient: int, begun: bytes) -> None:
    """Silent, in the middle of a head or of a body: 408, and the connection is closed."""
    with Wire(impatient) as wire:
        wire.send(begun)
        assert wire.answer().status == 408
        assert wire.is_closed()
    assert _is_healthy(impatient)


def test_a_quick_client_keeps_its_connection(impatient: int) -> None:
    """Whoever sends whole requests is not cut off, however long it pauses between them."""
    with Wire(impatient) as quick, Wire(impatient) as slow:
        quick.send(CALL)
        assert quick.answer().status == 401
        assert slow.answer().status == 408, "a silent neighbour, begun later, is ended meanwhile"
        quick.send(CALL)
        assert quick.answer().status == 401


def test_an_idle_connection_is_closed_without_a_word(impatient: int) -> None:
    """The time begins anew with each answer; when it is over the connection ends, and nobody is told off."""
    with Wire(impatient) as idle:
        for _ in range(7):
            idle.send(CALL)
            assert idle.answer().status == 401
            with Wire(impatient) as silent:
                assert silent.answer().status == 408, "half a second has passed"
        assert idle.is_closed()


def _is_healthy(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=5) as answer:
        return bool(answer.status == 200)
