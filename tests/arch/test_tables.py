"""The tables in which everything of a kind stands are complete: facts, timers, sources, channels, doors."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.arch import source

import tocsin
from tocsin import story
from tocsin.channels.registry import CHANNELS
from tocsin.journal.domain import Fact
from tocsin.people.domain import CHANNELS as CONTACT_CHANNELS
from tocsin.people.domain import Contact
from tocsin.people.words import CHANNEL_WORDS
from tocsin.site import wiring
from tocsin.site.api import api
from tocsin.sources import recipes, samples
from tocsin.sources.registry import SOURCES

CONTRIBUTING = (source.ROOT / "CONTRIBUTING.md").read_text()
_TIMER = re.compile(r"[a-z]+\.[a-z_]+")


def test_every_fact_is_in_the_story() -> None:
    """Whoever reads story.py knows everything that can happen."""
    for module in pkgutil.walk_packages(tocsin.__path__, "tocsin."):
        if module.name.rpartition(".")[2] in ("domain", "facts", "actions"):
            importlib.import_module(module.name)
    kinds = {fact for fact in _below(Fact) if not fact.__subclasses__()}
    assert {fact.__name__ for fact in kinds} == {fact.__name__ for fact in story.REACTIONS}


def test_every_timer_has_a_handler() -> None:
    """Nothing is set that nobody works off, and no handler waits for what is never set."""
    assert {kind for module in source.modules() for kind in _timers(module)} == set(wiring.HANDLERS)


def _timers(module: source.Module) -> Iterator[str]:
    """Names of timers, as the slices write them: RELEASE = "alerts.release"."""
    own = module.name.partition("/")[0]
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            written = node.value.value
            if _TIMER.fullmatch(written) and written.startswith(f"{own}."):
                yield written


def test_a_source_is_five_places() -> None:
    """A file, a line of the registry, how it is set up, a test of it, captured payloads: as CONTRIBUTING says."""
    written = _declaring("sources", r"^SOURCE = Source\(")
    assert {name.replace("_", "-") for name in written} == set(SOURCES)
    for name in written - {"email"}:  # no mail is read yet
        importers = _importers(f"tocsin.sources.{name}")
        assert "sources/registry.py" in importers, name
        assert {one for one in importers if not one.startswith("sources/")} == set(), name
        assert list((source.ROOT / "tests" / "sources" / name).glob("*.golden.json")), name
    readable = {name for name, one in SOURCES.items() if one.name != "email"}
    assert set(recipes.GUIDES) == readable
    for name in readable:
        assert samples.sample(name, "a-key-0123456789", datetime(2026, 3, 2, tzinfo=UTC)).path, name
    assert _counted("Add a source") == 5


def test_a_channel_is_five_places() -> None:
    """A file, a line of the registry, a field of Contact, a word for it, golden requests: as CONTRIBUTING says."""
    written = _declaring("channels", r"^CHANNEL = Channel\(")
    assert written == set(CHANNELS) == set(CONTACT_CHANNELS) == set(CHANNEL_WORDS)
    for name in written:
        importers = _importers(f"tocsin.channels.{name}")
        assert name in Contact.model_fields
        assert "channels/registry.py" in importers, name
        assert {one for one in importers if not one.startswith("channels/")} == set(), name
        if CHANNELS[name].implemented:
            assert list((source.ROOT / "tests" / "channels" / name).glob("*.golden.json")), name
    assert _counted("Add a channel") == 5


def test_every_door_of_the_api_asks_who_is_there() -> None:
    """No operation of /api/v1 answers strangers."""
    described = api.get_openapi_schema()
    open_ = [
        f"{method} {path}"
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if not operation.get("security")
    ]
    assert open_ == []


def _below(kind: type[Fact]) -> Iterator[type[Fact]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _declaring(package: str, line: str) -> set[str]:
    """Modules of a package with this line."""
    return {
        module.name.removeprefix(f"{package}/").removesuffix(".py")
        for module in source.modules()
        if module.name.startswith(f"{package}/") and re.search(line, module.text, re.MULTILINE)
    }


def _importers(name: str) -> set[str]:
    return {module.name for module in source.modules() if name in source.imports(module.tree)}


def _counted(title: str) -> int:
    """How many numbered places a section of CONTRIBUTING names."""
    section = CONTRIBUTING.partition(f"## {title}")[2].partition("\n## ")[0]
    return len(re.findall(r"^\d+\. ", section, re.MULTILINE))
