"""Small, in reading order. What is still too large stands here with its size, and may only shrink."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from tests.arch import source

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
ARGUMENTS_MAX = 6
NESTING_MAX = 3

FILES: Mapping[str, int] = {}
FUNCTIONS: Mapping[str, int] = {}
ARGUMENTS: Mapping[str, int] = {
    "alerts/manual_pages.py page": 7,
    "oncall/agenda.py _ahead": 7,
    "paging/messages.py page": 7,
}
NESTING: Mapping[str, int] = {
    "config/rules.py _dangling": 4,
    "engine/timers.py _work_off_singly": 4,
    "oncall/queries.py conflicts": 4,
    "paging/check.py contact_problems": 4,
}


def test_files_are_small() -> None:
    """A file is read in one sitting."""
    _hold({module.name: module.text.count("\n") for module in source.modules()}, FILE_LINES_MAX, FILES)


def test_functions_are_small() -> None:
    """A function fits a screen."""
    _hold(_measured(_lines), FUNCTION_LINES_MAX, FUNCTIONS)


def test_functions_take_few_arguments() -> None:
    """What needs more is a value of its own; the options of a command are not arguments."""
    _hold(_measured(_arguments), ARGUMENTS_MAX, ARGUMENTS)


def test_blocks_are_shallow() -> None:
    """Nobody has to remember four conditions at once."""
    _hold(_measured(source.nesting), NESTING_MAX, NESTING)


def _hold(sizes: Mapping[str, int], most: int, exceptions: Mapping[str, int]) -> None:
    too_large = {name: size for name, size in sizes.items() if size > max(most, exceptions.get(name, 0))}
    needless = {name for name in exceptions if sizes.get(name, 0) <= most}
    assert too_large == {}, f"at most {most}"
    assert needless == set(), "these are small by now: take them off the list"


def _measured(measure: Callable[[source.Function], int]) -> dict[str, int]:
    return {f"{module}{name}": measure(function) for module, name, function in _all()}


def _all() -> Iterator[tuple[str, str, source.Function]]:
    for module in source.modules():
        for name, function in source.functions(module.tree):
            yield f"{module.name} ", name, function


def _lines(function: source.Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _arguments(function: source.Function) -> int:
    if any(ast.unparse(one).partition("(")[0].endswith(".command") for one in function.decorator_list):
        return 0
    given = function.args
    return len([one for one in (*given.posonlyargs, *given.args, *given.kwonlyargs) if one.arg not in ("self", "cls")])
