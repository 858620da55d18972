"""One real server for the whole folder, and the programs of others where they are installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from fakes import certificates
from needs import lacks
from real.installation import Installation, serve
from real.tls_front import TlsFront


@pytest.fixture(scope="session")
def tocsin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server as an operator starts it, shared by every test here; at the end nothing is lost and nothing broke."""
    with serve(tmp_path_factory.mktemp("tocsin")) as made:
        yield made
        made.wait_absorbed()
        assert made.metric("tocsin_signals_unaccounted") == 0
        assert made.troubles() == []


@pytest.fixture(scope="session")
def https(tocsin: Installation) -> Iterator[str]:
    """The same server's address through TLS, for senders that insist on it."""
    with TlsFront(tocsin.port, certificates.make().server_context()) as made:
        yield made.url


@pytest.fixture(scope="session")
def prometheus_binary() -> str:
    """The path of the real Prometheus."""
    return _installed("prometheus")


@pytest.fixture(scope="session")
def alertmanager_binary() -> str:
    """The path of the real Alertmanager."""
    return _installed("prometheus-alertmanager", "alertmanager")


@pytest.fixture(scope="session")
def amtool_binary() -> str:
    """The path of Alertmanager's own client."""
    return _installed("amtool")


@pytest.fixture(scope="session")
def curl_binary() -> str:
    """The path of curl."""
    return _installed("curl")


def _installed(*names: str) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        lacks(f"{names[0]} is not installed: what it proves is not proven here")
    return found
