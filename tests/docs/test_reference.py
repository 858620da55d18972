"""The reference says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs import generate
from tests.docs.writers import cli, metrics, settings

from databases import Database
from tocsin.cli import app
from tocsin.kit import clock, db
from tocsin.site import health
from tocsin.site.api import api
from tocsin.site.environment import SETTINGS
from tocsin.sources.registry import SOURCES

ROOT = Path(__file__).parents[2]
PAGES = {path: path.read_text() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}
PROSE = {path: text for path, text in PAGES.items() if path.parent.name != "adr"}
GENERATED = generate.pages()
VARIABLES = {setting.name for setting in SETTINGS} | {name for name, _ in settings.CLIENT}
FOR_MAKE = {"TOCSIN_GOLDEN"}  # asks a test run to write its golden files anew
_VARIABLE = re.compile(r"\bTOCSIN_[A-Z_]*[A-Z]\b")


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    """Whoever changes the code writes the reference anew, with `make docs`."""
    assert (generate.REFERENCE / name).read_text() == GENERATED[name], "run `make docs` and look at the difference"


def test_every_variable_the_code_reads_is_documented() -> None:
    """No environment variable works without standing in the reference."""
    code = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(_VARIABLE.findall(code)) <= VARIABLES


def test_every_variable_the_documentation_names_exists() -> None:
    """Nobody sets a variable that does nothing because a page told them to."""
    named = {(path.name, name) for path, text in PROSE.items() for name in _VARIABLE.findall(text)}
    assert {(page, name) for page, name in named if name not in VARIABLES | FOR_MAKE} == set()


def test_every_verb_is_in_the_reference() -> None:
    """The page of the command line has a section for each verb that can be run."""
    sections = re.findall(r"^### tocsin ([a-z-]+)", GENERATED["cli.md"], re.MULTILINE)
    assert set(sections) == {name for name, verb in app.VERBS.items() if cli.is_there(verb)}


def test_every_verb_the_documentation_names_can_be_run() -> None:
    """A command copied from a page is one that exists."""
    written = {(path.name, verb) for path, text in PROSE.items() for verb in _verbs(text)}
    runs = {name for name, verb in app.VERBS.items() if cli.is_there(verb)}
    assert {(page, verb) for page, verb in written if verb not in runs} == set()


def _verbs(text: str) -> list[str]:
    code = re.findall(r"^```(?:console|sh|bash)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`(tocsin [^`\n]+)`", text)
    return [
        verb
        for one in (*code, *spans)
        for verb in re.findall(r"(?:^|&& |\| |[/(])tocsin ([a-z][a-z-]+)\b", one, re.MULTILINE)
    ]


def test_the_metrics_told_are_those_that_are_scraped(sqlite: Database) -> None:
    """A scrape has exactly the metrics of the page, each with its labels."""
    db.reader(clock.now())
    scraped = {family.name + metrics.ENDINGS.get(family.type, "") for family in health.Numbers().collect()}
    assert scraped == {one.name for one in metrics.families()}


def test_every_metric_the_documentation_names_exists() -> None:
    """An alert rule copied from a page looks at something that is there."""
    names = {one.name for one in metrics.families()}
    known = names | {f"{one.name}_{part}" for one in metrics.families() if one.kind == "summary" for part in ("sum", "count")}  # fmt: skip
    written = {
        (path.name, name) for path, text in PROSE.items() for name in re.findall(r"\btocsin_[a-z]+(?:_[a-z]+)*", text)
    }
    assert {(page, name) for page, name in written if name not in known and name not in NOT_METRICS} == set()


NOT_METRICS = {"tocsin_test", "tocsin_backup"}


def test_every_address_the_documentation_names_is_answered() -> None:
    """An address copied from a page leads somewhere."""
    routes = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in api.get_openapi_schema()["paths"]]
    written = {
        (page.name, path.rstrip("/."))
        for page, text in PROSE.items()
        for path in re.findall(r"/(?:api/v1|in)/[\w./-]+", re.sub(r"\$\w+|\{\w+\}", "x", text))
    }
    lost = set()
    for page, path in written:
        if path == "/api/v1/openapi.json" or (path.startswith("/in/") and path.split("/")[2] in SOURCES):
            continue
        if not any(route.fullmatch(path) for route in routes):
            lost.add((page, path))
    assert lost == set()
