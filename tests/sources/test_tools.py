"""Tools with a set-up of their own: what is pasted leads here, and what they send is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tocsin.sources import registry, samples
from tocsin.sources.domain import Action, Settings
from tocsin.sources.recipes import GUIDES, Setup
from tocsin.sources.tools import TOOLS, guide_of
from tocsin.web.manual import chapter

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "0f9a3c5d7e1b42468ace13579bdf0246"
SETUP = Setup(base_url="https://tocsin.example.org", key=KEY, name="mine")
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "more-senders.md"


@pytest.mark.parametrize("tool", TOOLS)
def test_every_set_up_of_a_tool_holds_the_address_and_the_key(tool: str) -> None:
    """What is pasted leads here with this key, and is well formed where it is YAML or JSON."""
    recipes = TOOLS[tool].recipes(SETUP)
    text = "\n".join(one.code for one in recipes)
    assert "https://tocsin.example.org/" in text
    assert KEY in text
    for recipe in recipes:
        if recipe.language == "yaml":
            assert isinstance(yaml.safe_load(recipe.code), dict)
        if recipe.language == "json":
            json.loads(recipe.code)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_test_alert_looks_like_the_tool_s_own(tool: str) -> None:
    """It is read with the mapping a new integration begins with, without a problem."""
    guide = TOOLS[tool]
    held = registry.SOURCES[guide.source]
    request = samples.sample(guide.source, KEY, NOW, tool)
    assert held.key(request) == KEY
    reading = held.read(request, Settings(mapping=guide.mapping), NOW)
    (signal,) = reading.signals
    assert not reading.problems
    assert signal.action is Action.TRIGGER
    assert "nothing is broken" in signal.title
    assert signal.dedup_key == samples.KEY


@pytest.mark.parametrize("tool", TOOLS)
def test_the_page_and_the_interface_say_the_same(tool: str) -> None:
    """The mapping that a new integration begins with is the one on the page, and the link leads to where it stands."""
    guide = TOOLS[tool]
    slug, _, anchor = guide.page.partition("#")
    held = chapter(f"howto/{slug}")
    assert held is not None
    assert anchor in {heading.anchor for heading in held.page.headings}
    documents = [
        document
        for block in PAGE.read_text().split("```yaml\n")[1:]
        for name, document in yaml.safe_load(block.partition("```")[0]).get("integrations", {}).items()
        if name == tool
    ]
    assert [(one["source"], one.get("mapping", {})) for one in documents] == [(guide.source, guide.mapping)]


def test_a_tool_comes_before_its_source() -> None:
    """A document that names a tool is shown with the tool's set-up, and any other with its source's."""
    assert guide_of("generic", "gcp") is TOOLS["gcp"]
    assert guide_of("generic", "") is GUIDES["generic"]
    assert guide_of("email", "") is None
