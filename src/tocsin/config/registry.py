"""The kinds of documents there are. `site` says so once per process; everything else asks here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.config.domain import Kind, Problem, Snapshot
from tocsin.kit.db import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What a change means beyond its words. `problems` refuse it, unless it is forced."""

    notes: tuple[str, ...] = ()
    details: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[Problem, ...] = ()


Foresight = Callable[[Reader, Snapshot, Snapshot], Consequences]
"""(reader, before, after) -> what the change means"""

_kinds: tuple[Kind, ...] = ()
_foresight: Foresight = lambda _reader, _before, _after: Consequences()  # noqa: E731 - until `site` says otherwise


def use(kinds: Sequence[Kind]) -> None:
    """Plug in all kinds, in any order (done once, by `site`)."""
    global _kinds  # noqa: PLW0603 - composition happens once per process
    sections = [kind.section for kind in kinds]
    if len(set(sections)) < len(sections):
        raise ValueError(f"two kinds share a section: {sections}")
    _kinds = tuple(sorted(kinds, key=lambda kind: kind.order))


def foresee_with(foresight: Foresight) -> None:
    """Plug in who says what a change means (done once, by `site`)."""
    global _foresight  # noqa: PLW0603 - as above
    _foresight = foresight


def consequences(reader: Reader, before: Snapshot, after: Snapshot) -> Consequences:
    """What replacing one configuration by another means."""
    return _foresight(reader, before, after)


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of an export."""
    if not _kinds:
        raise RuntimeError("no kinds are plugged in: call tocsin.site.wiring first")
    return _kinds


def kind_of(section: str) -> Kind | None:
    """The kind whose documents stand in this section."""
    return next((kind for kind in kinds() if kind.section == section), None)
