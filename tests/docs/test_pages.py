"""What stands on the pages holds: links lead somewhere, examples are accepted, commands exist."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml

from tocsin.config import plan
from tocsin.config.domain import EMPTY
from tocsin.config.parse import File
from tocsin.site.kinds import KINDS

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = {kind.section for kind in KINDS}

NOUNS = {
    "Action": "tocsin.sources.domain:Action",
    "Alert": "tocsin.alerts.domain:Alert",
    "Alert group": "tocsin.alerts.domain:Group",
    "Channel": "tocsin.channels.domain:Channel",
    "Contact": "tocsin.people.domain:Contact",
    "Delivery": "tocsin.engine.domain:NewDelivery",
    "Device": "tocsin.paging.ways:Device",
    "Document": "tocsin.config.domain:Document",
    "Envelope": "tocsin.alerts.models:Envelope",
    "Escalation": "tocsin.paging.domain:Escalation",
    "Fact": "tocsin.journal.domain:Fact",
    "Finding": "tocsin.config.domain:Finding",
    "Integration": "tocsin.catalog.domain:IntegrationDocument",
    "Layer": "tocsin.oncall.domain:LayerDocument",
    "Override": "tocsin.oncall.domain:Override",
    "Page": "tocsin.paging.domain:Page",
    "Person": "tocsin.people.domain:PersonDocument",
    "Plan": "tocsin.paging.domain:Plan",
    "Policy": "tocsin.paging.documents:PolicyDocument",
    "Rehearsal": "tocsin.paging.models:Rehearsal",
    "Right": "tocsin.people.rights:Right",
    "Route": "tocsin.alerts.domain:Route",
    "Schedule": "tocsin.oncall.domain:ScheduleDocument",
    "Service": "tocsin.catalog.domain:ServiceDocument",
    "Severity": "tocsin.sources.domain:Severity",
    "Shift": "tocsin.oncall.domain:Shift",
    "Signal": "tocsin.sources.domain:Signal",
    "Silence": "tocsin.alerts.domain:Silence",
    "Source": "tocsin.sources.domain:Source",
    "Team": "tocsin.people.domain:TeamDocument",
    "Timer": "tocsin.engine.models:Timer",
    "Urgency": "tocsin.people.domain:Urgency",
}


def _ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the repository and, behind a #, one of its headings."""
    broken = []
    for target in _LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        leads_to = (page.parent / name).resolve() if name else page
        if not leads_to.exists() or (anchor and anchor not in _anchors(leads_to)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_example_can_be_read(page: Path) -> None:
    """YAML and JSON on a page are well-formed, and a piece of configuration is accepted by the real parser."""
    for language, block in _BLOCK.findall(page.read_text()):
        if language == "json":
            json.loads(block)
        elif language in ("yaml", "yml"):
            _read(page, block)


def _read(page: Path, block: str) -> None:
    held = yaml.safe_load(block)
    if not isinstance(held, dict) or not set(held) & SECTIONS or not set(held) <= SECTIONS | {"tocsin"}:
        return
    content = block if "tocsin" in held else f"tocsin: 1\n{block}"
    made = plan.make([File(name=page.name, content=content)], KINDS, EMPTY, _SECRETS)
    wrong = [one for one in made.problems if "tocsin" in held or not _dangles(one.message)]
    assert wrong == [], block


_SECRETS = {
    "TOCSIN_DOCS": "a-secret-of-the-documentation",
    "CHECKOUT_KEY": "0123456789abcdef0123456789abcdef",
    "SENTRY_CLIENT_SECRET": "a-secret-of-sentry",
}


def _dangles(message: str) -> bool:
    """A part of a file may name what stands elsewhere."""
    return message.startswith("there is no ")


def test_the_examples_are_accepted() -> None:
    """The files in examples/ can be applied as they are."""
    examples = list((ROOT / "examples").glob("*.yaml"))
    assert examples
    for path in examples:
        made = plan.make([File(name=path.name, content=path.read_text())], KINDS, EMPTY, {})
        assert made.problems == (), path.name


def test_the_readme_s_commands_are_in_the_makefile() -> None:
    """`make run` and `make test`, and every other target a page names, exist."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z]+)\b", page.read_text(), re.MULTILINE)
    }
    readme = (ROOT / "README.md").read_text()
    assert "make run" in readme
    assert "make test" in readme
    assert named <= targets


def test_the_index_lists_every_page() -> None:
    """docs/README.md is where one finds everything."""
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target).resolve() for target in _LINK.findall(index.read_text())}
    assert {page for page in (ROOT / "docs").rglob("*.md") if page != index} <= listed


def test_every_noun_of_the_glossary_is_one_of_the_code() -> None:
    """One meaning each: what the glossary explains is a class, and what this table holds is explained."""
    explained = re.findall(r"^\*\*([^*]+)\*\*", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(NOUNS)
    for path in NOUNS.values():
        module, _, name = path.partition(":")
        assert hasattr(importlib.import_module(module), name), path


def test_decisions_are_numbered_without_gaps() -> None:
    """The records of decisions count from 1, and each says what was given up and how it would show."""
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        assert all(f"## {part}" in text for part in ("Context", "Choice", "What we gave up", "How we would notice it was wrong")), path.name  # fmt: skip
