"""The reference says what the code says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve
from tests.docs import generate
from tests.docs.writers import cli, metrics, settings

from databases import Database
from tocsin.cli import app
from tocsin.kit import clock, db
from tocsin.site import health
from tocsin.site.api import nowhere
from tocsin.site.environment import SETTINGS
from tocsin.sources import registry

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
    return [command[0] for command in _commands(text) if re.fullmatch(r"[a-z][a-z-]+", command[0])]


def test_every_option_the_documentation_names_exists() -> None:
    """A command copied from a page is understood to its last option."""
    options = cli.options()
    unknown = set()
    for path, text in PROSE.items():
        for command in _commands(text):
            if command[0] not in app.VERBS:
                continue
            known = options.get(" ".join(command[:2]), options.get(command[0], set()))
            given = {one.partition("=")[0] for one in command if re.fullmatch(r"--?[a-z][a-z-]*(=.*)?", one)}
            unknown |= {(path.name, " ".join(command[:2]), one) for one in given - known}
    assert unknown == set()


def _commands(text: str) -> list[list[str]]:
    """What stands behind `tocsin` in code, as words, each up to the end of the command."""
    code = re.findall(r"^```(?:sh|console|bash)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [*"\n".join(code).replace("\\\n", " ").splitlines(), *re.findall(r"`(tocsin [^`\n]+)`", text)]
    found = []
    for line in lines:
        for written in re.findall(r"(?:^|&& |\| |[/(])tocsin ([^\n]+)", line):
            ended = re.split(r" (?:&&|\||>|#|\|\|)|\)$", written)[0]
            found.append(shlex.split(ended))
    return found


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
    lost = {(page.name, path) for page, text in PROSE.items() for path in _addresses(text) if not _is_answered(path)}
    assert lost == set()


def _addresses(text: str) -> set[str]:
    plain = re.sub(r"\$\{?\w+\}?|\{\w+\}", "x", re.sub(r"[\w./-]*…", "", text))
    found = re.findall(
        r"(?<![\w/])(?:https://tocsin\.example\.org(?::\d+)?|\$?TOCSIN_URL|x)?(/(?:api/v[12]|in|v2|-)/[\w./-]+)", plain
    )
    return {path.rstrip("/.") for path in found}


def _is_answered(path: str) -> bool:
    if any(registry.find(method, path) is not None for method in ("GET", "POST")):
        return True
    if path.startswith("/in/"):
        return path.split("/")[2] in registry.SOURCES
    try:
        return resolve(path).func is not nowhere
    except Resolver404:
        return False
