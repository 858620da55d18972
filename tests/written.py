"""What stands on the pages of docs/howto, and a world set up as a page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from world import World

HOWTO = Path(__file__).parents[1] / "docs" / "howto"
SECRET = "a-secret-of-sentry"
_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    """The text of a page under one heading, or all of it."""
    text = (HOWTO / f"{page}.md").read_text()
    return re.split(r"^## ", text.partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0] if heading else text


def blocks(text: str, language: str) -> Iterator[str]:
    """The blocks of this language."""
    return (held for found, held in _BLOCK.findall(text) if found == language)


def set_up(world: World, page: str, integration: str) -> str:
    """Apply what the page says; its text, or that of the part about this sender."""
    name, _, heading = page.partition("#")
    text = section(name, heading)
    for written in blocks(text, "yaml"):
        held = yaml.safe_load(written.replace("${SENTRY_CLIENT_SECRET}", SECRET))
        world.edit(lambda config, held=held: _add(config, held))
    assert integration in world.config["integrations"]
    return text


def _add(config: dict[str, Any], held: dict[str, Any]) -> None:
    config["integrations"].update(held.get("integrations", {}))
    config["routes"] += held.get("routes", [])


def address(text: str, world: World, integration: str) -> str:
    """The first address on the page that belongs to this integration."""
    key = world.config["integrations"][integration]["key"]
    found = re.search(rf"https://tocsin\.example\.org(/in/[\w-]+/{key}|/v2/alerts)", text)
    assert found, "the page says no address"
    return found[1]
