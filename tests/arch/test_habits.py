"""Habits that a reader relies on: one clock, no mocks, reasons for what is switched off, promises on what is public."""

from __future__ import annotations

import ast
import io
import re
import tokenize

import pytest
from django.core.management import call_command
from tests.arch import source

CLOCK = "kit/clock.py"
READS_THE_CLOCK = re.compile(
    r"(?:^|\.)(?:datetime\.(?:now|utcnow|today)|date\.today|timezone\.(?:now|localtime|localdate)"
    r"|time\.(?:time|time_ns|monotonic|monotonic_ns|localtime|gmtime)|Instant\.now|ZonedDateTime\.now)$"
)
_UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
_BARE = re.compile(r"#\s*(?:noqa(?!:\s*[A-Z]+\d)|type:\s*ignore(?!\[))")
DECIDING = ("domain.py", "rules.py", "actions.py")


def test_only_one_module_reads_the_clock() -> None:
    """Time is an argument everywhere else, so a test can say what time it is."""
    readers = [
        f"{module.name}:{node.lineno}: {ast.unparse(node.func)}"
        for module in source.modules()
        if module.name != CLOCK
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and READS_THE_CLOCK.search(ast.unparse(node.func))
    ]
    named = [
        module.name
        for module in source.modules()
        if module.name != CLOCK and {"time.time", "time.monotonic"} & set(source.imports(module.tree))
    ]
    fields = [module.name for module in source.modules() if re.search(r"auto_now(_add)?=", module.text)]
    assert readers == []
    assert named == []
    assert fields == []


def test_only_what_is_done_again_by_itself_may_be_lost_with_the_machine() -> None:
    """A commit that does not wait for the disk is for absorbing and timers: their rows wait until they are done."""
    asking = {
        module.name
        for module in source.modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg == "replayable"
    }
    assert asking == {"alerts/absorb.py", "engine/timers.py"}


def test_nothing_of_ours_is_mocked() -> None:
    """A fake speaks the wire, or the code is pure."""
    mocking = [
        module.name
        for module in (*source.modules(), *source.tests())
        if any(name == "mock" or name.startswith("unittest.mock") for name in source.imports(module.tree))
    ]
    assert mocking == []


def test_nothing_is_left_for_later() -> None:
    """What is not done is not in the code."""
    found = [module.name for module in (*source.modules(), *source.tests()) if _UNFINISHED.search(module.text)]
    assert found == []


def test_what_is_switched_off_says_what() -> None:
    """An ignored finding names its code, so that the next finding on the line is not ignored with it."""
    bare = [
        f"{module.name}:{token.start[0]}"
        for module in (*source.modules(), *source.tests())
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline)
        if token.type == tokenize.COMMENT and _BARE.match(token.string)
    ]
    assert bare == []


def test_what_is_public_and_decides_has_a_promise() -> None:
    """Each public function and class in domain, rules and actions says in a sentence what it promises."""
    silent = []
    for module in source.modules():
        if module.name.rpartition("/")[2] not in DECIDING:
            continue
        classes = {node.name: node for node in module.tree.body if isinstance(node, ast.ClassDef)}
        silent += [f"{module.name} {name}" for name, node in classes.items() if not _hidden(name) and not _says(node)]
        silent += [
            f"{module.name} {name}"
            for name, function in source.functions(module.tree)
            if _must_promise(name, function, classes) and not _says(function)
        ]
    assert silent == []


def _must_promise(name: str, function: source.Function, classes: dict[str, ast.ClassDef]) -> bool:
    head, _, method = name.partition(".")
    if "." in method or _hidden(head) or _hidden(method):
        return False
    if not method:
        return True
    if head not in classes:
        return False
    bases = {ast.unparse(base).rpartition(".")[2] for base in classes[head].bases}
    speaks_for_itself = any(ast.unparse(one) in ("property", "cached_property") for one in function.decorator_list)
    return "Protocol" not in bases and not speaks_for_itself


def _hidden(name: str) -> bool:
    return name.startswith("_")


def _says(node: ast.ClassDef | source.Function) -> bool:
    return ast.get_docstring(node) is not None


def test_tests_promise_something() -> None:
    """Each test's docstring says what holds if it passes."""
    silent = [
        f"{module.name} {name}"
        for module in source.tests()
        for name, function in source.functions(module.tree)
        if name.rpartition(".")[2].startswith("test_") and not _says(function)
    ]
    assert silent == []


@pytest.mark.usefixtures("sqlite")
def test_migrations_make_the_tables_the_models_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody changes a model without the step that changes the table."""
    try:
        call_command("makemigrations", check=True, dry_run=True, interactive=False)
    except SystemExit:
        pytest.fail(capsys.readouterr().out)
