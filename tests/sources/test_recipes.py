"""The texts that people paste into their senders: none is forgotten, each is what it claims to be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tocsin.catalog.kinds import SOURCES_NOT_READ
from tocsin.sources import datadog, recipes, registry, samples
from tocsin.sources.domain import Action, Request, Settings
from tocsin.sources.recipes import GUIDES, Setup

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "0f9a3c5d7e1b42468ace13579bdf0246"
SETUP = Setup(base_url="https://tocsin.example.org", key=KEY, name="mine")
HOWTO = Path(__file__).parents[2] / "docs" / "howto"


def test_no_source_is_forgotten() -> None:
    """Whatever can be read has its set-up, its sample, and a page."""
    assert set(GUIDES) == set(registry.SOURCES) - SOURCES_NOT_READ
    for guide in GUIDES.values():
        assert (HOWTO / f"{guide.page}.md").is_file()


@pytest.mark.parametrize("source", GUIDES)
def test_every_set_up_holds_the_address_and_the_key(source: str) -> None:
    """What is pasted leads here, with this key."""
    text = "\n".join(one.code for one in GUIDES[source].recipes(SETUP))
    assert "tocsin.example.org" in text
    assert KEY in text


@pytest.mark.parametrize("source", GUIDES)
def test_every_set_up_is_well_formed(source: str) -> None:
    """YAML is YAML, JSON is JSON, and each address in a text is one that this source answers."""
    for recipe in GUIDES[source].recipes(SETUP):
        if recipe.language == "yaml":
            assert isinstance(yaml.safe_load(recipe.code), dict)
        if recipe.language == "json":
            json.loads(recipe.code)
        for word in recipe.code.split():
            url = word.strip("\"'")
            if url.startswith("https://tocsin.example.org/") and not url.endswith("/"):
                found = registry.find("POST", urlsplit(url).path)
                assert isinstance(found, registry.Found), url
                assert found.source.name == source


@pytest.mark.parametrize("source", GUIDES)
def test_every_sample_is_read_by_its_source(source: str) -> None:
    """A test alert finds its key and becomes a signal, without a problem; the key is where the sender puts it."""
    request = samples.sample(source, KEY, NOW)
    held = registry.SOURCES[source]
    assert held.key(request) == KEY
    reading = held.read(request, Settings(), NOW)
    assert reading.reply.status < 300
    assert not reading.problems
    (signal,) = reading.signals
    assert signal.action is (Action.PING if source == "heartbeat" else Action.TRIGGER)
    if source != "heartbeat":
        assert "nothing is broken" in signal.title


def test_the_payload_for_datadog_names_what_we_read() -> None:
    """Each field of the template is one that the source knows, so none of it goes astray."""
    filled = {name: f"value of {name}" for name in json.loads(recipes.DATADOG_PAYLOAD)}
    body = json.dumps({**filled, "transition": "Triggered", "priority": "P2"}).encode()
    reading = datadog.read(Request(method="POST", path="/in/datadog/", body=body), Settings(), NOW)
    (signal,) = reading.signals
    assert signal.title == "value of title"
    assert signal.dedup_key == "value of cycle"
