"""What the pages of the configuration say of problems, plans and findings, ready to be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from tocsin.config import registry
from tocsin.config.domain import Finding, Level, Problem, Shape
from tocsin.config.domain import ManagedBy as By
from tocsin.config.drafts import Thought

SHOWN_MAX = 200
EXCERPT_CHARS_MAX = 120
LEVEL_WORDS = {Level.ERROR: "Will fail", Level.WARNING: "Will hurt", Level.NOTE: "Good to know"}
PAGES = {"policies": "policy", "services": "service", "integrations": "integration", "schedules": "schedule"}
MANAGED_WORDS = {By.FILE: "file", By.UI: "interface", By.API: "API"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLine:
    """One thing that is wrong, where, and what to do about it."""

    message: str
    fix: str
    line: int | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """Something allowed that will hurt, and where to mend it."""

    level: str
    words: str
    code: str
    message: str
    fix: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a change would do: in words, for people on call, and what `check` would say of it."""

    lines: tuple[str, ...]
    more: int
    notes: tuple[str, ...]
    gaps: tuple[ProblemLine, ...]
    findings: tuple[FindingLine, ...]
    mark: str = ""  # of the text this is the plan of

    @property
    def changes_nothing(self) -> bool:
        return not self.lines


def mark_of(*written: str) -> str:
    """By which a text is known again: only what was planned is applied."""
    return hashlib.sha256("\0".join(written).encode()).hexdigest()[:32]


def problem_lines(problems: Iterable[Problem], content: str = "") -> tuple[ProblemLine, ...]:
    """Problems with the line they are about."""
    text = content.splitlines()
    return tuple(
        ProblemLine(
            message=one.message,
            fix=one.fix,
            line=one.line,
            excerpt=text[one.line - 1].strip()[:EXCERPT_CHARS_MAX] if one.line and one.line <= len(text) else "",
        )
        for one in list(problems)[:SHOWN_MAX]
    )


def finding_lines(findings: Sequence[Finding]) -> tuple[FindingLine, ...]:
    """Findings with the place to mend them."""
    return tuple(
        FindingLine(
            level=one.level.value,
            words=LEVEL_WORDS[one.level],
            code=one.code,
            message=one.message,
            fix=one.fix,
            url=reverse("config_edit", args=[one.section, one.name]),
        )
        for one in findings[:SHOWN_MAX]
    )


def plan_view(thought: Thought, mark: str = "") -> PlanView:
    """The plan of a draft that can be."""
    return PlanView(
        lines=thought.lines[:SHOWN_MAX],
        more=max(0, len(thought.lines) - SHOWN_MAX),
        notes=thought.notes,
        gaps=problem_lines(thought.gaps),
        findings=finding_lines(thought.findings),
        mark=mark,
    )


def page_of(section: str, name: str) -> str:
    """Where a document is shown to people, if it has a page beside the editor."""
    return reverse(PAGES[section], args=[name]) if section in PAGES else ""


def title_of(section: str, name: str) -> str:
    """`Policy payments`, `Route 3`."""
    kind = registry.kind_of(section)
    if kind is None:
        return f"{section} {name}"
    if kind.shape is Shape.ONE:
        return kind.noun.capitalize()
    return f"{kind.noun.capitalize()} {int(name) + 1 if kind.shape is Shape.LIST and name.isdigit() else name}"
