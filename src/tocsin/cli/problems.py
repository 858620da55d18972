"""Problems of a configuration and findings of a check, as lines people read and as values for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.config.actions import Outdated, Refused
from tocsin.config.domain import Shape
from tocsin.site.kinds import KINDS


def problem_lines(problems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each problem with where it is and what to do."""
    return [_problem_line(problem) for problem in problems]


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each finding with where it is, its level and its code."""
    return [_finding_line(one) for one in findings]


def refusal(outcome: Refused | Outdated) -> str:
    """Why nothing was changed, in a few lines."""
    if isinstance(outcome, Outdated):
        return (
            f"nothing was changed: it was made from version {outcome.base}, but version {outcome.version} holds by now"
        )
    return "nothing was changed:\n" + "\n".join(problem_lines([one.as_json() for one in outcome.problems]))


def _finding_line(one: Mapping[str, Any]) -> str:
    where = _where(one, (one["section"], *_names(one), *one["path"]))
    return f"{where}: {one['level']}: {one['message']} [{one['code']}]\n  {one['fix']}"


def _names(one: Mapping[str, Any]) -> tuple[str, ...]:
    """How the document is called; in a list, by its place there, counted from 0 as in every path."""
    shape = next((kind.shape for kind in KINDS if kind.section == one["section"]), Shape.MAP)
    match shape:
        case Shape.MAP:
            return (one["name"],)
        case Shape.LIST:
            return (str(int(one["name"])),)
        case Shape.ONE:
            return ()


def _where(told: Mapping[str, Any], parts: Sequence[object]) -> str:
    place = ":".join(str(part) for part in (told["file"], told["line"], told["column"]) if part)
    path = ".".join(str(part) for part in parts)
    return ": ".join(part for part in (place, path) if part)


def _problem_line(problem: Mapping[str, Any]) -> str:
    where = _where(problem, problem["path"])
    fix = f"\n  {problem['fix']}" if problem["fix"] else ""
    return f"{where}: {problem['message']}{fix}" if where else f"{problem['message']}{fix}"
