"""Problems of a configuration and findings of a check, as lines people read and as values for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.config.actions import Outdated, Refused


def problem_lines(problems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each problem with where it is and what to do."""
    return [_problem_line(problem) for problem in problems]


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each finding with its level and code."""
    return [f"{one['level']}: {one['message']} [{one['code']}]\n  {one['fix']}" for one in findings]


def refusal(outcome: Refused | Outdated) -> str:
    """Why nothing was changed, in a few lines."""
    if isinstance(outcome, Outdated):
        return (
            f"nothing was changed: it was made from version {outcome.base}, but version {outcome.version} holds by now"
        )
    return "nothing was changed:\n" + "\n".join(problem_lines([one.as_json() for one in outcome.problems]))


def _problem_line(problem: Mapping[str, Any]) -> str:
    place = ":".join(str(part) for part in (problem["file"], problem["line"], problem["column"]) if part)
    path = ".".join(str(part) for part in problem["path"])
    where = ": ".join(part for part in (place, path) if part)
    fix = f"\n  {problem['fix']}" if problem["fix"] else ""
    return f"{where}: {problem['message']}{fix}" if where else f"{problem['message']}{fix}"
