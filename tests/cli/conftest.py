from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.terminal import Terminal
from databases import Sqlite
from serving import COMPANY, Served, serve


@pytest.fixture(scope="session")
def served(sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of the client verbs."""
    yield from serve(sqlite_template, tmp_path_factory.mktemp("cli"))


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Nobody's terminal: no server is named."""
    return Terminal(capsys)


@pytest.fixture
def anns(served: Served, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Ann's terminal: the server and her token are in its environment."""
    monkeypatch.setenv("TOCSIN_URL", served.url)
    monkeypatch.setenv("TOCSIN_TOKEN", served.tokens["ann"])
    return terminal


@pytest.fixture
def company(tmp_path: Path) -> str:
    """The company's configuration as a file."""
    path = tmp_path / "company.yaml"
    path.write_text(COMPANY)
    return str(path)
