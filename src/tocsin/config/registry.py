"""The kinds of documents there are. `site` says so once per process; everything else asks here."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.config.domain import Kind

_kinds: tuple[Kind, ...] = ()


def use(kinds: Sequence[Kind]) -> None:
    """Plug in all kinds, in any order (done once, by `site`)."""
    global _kinds  # noqa: PLW0603 - composition happens once per process
    sections = [kind.section for kind in kinds]
    if len(set(sections)) < len(sections):
        raise ValueError(f"two kinds share a section: {sections}")
    _kinds = tuple(sorted(kinds, key=lambda kind: kind.order))


def kinds() -> tuple[Kind, ...]:
    """All kinds, in the order of an export."""
    if not _kinds:
        raise RuntimeError("no kinds are plugged in: call tocsin.site.wiring first")
    return _kinds


def kind_of(section: str) -> Kind | None:
    """The kind whose documents stand in this section."""
    return next((kind for kind in kinds() if kind.section == section), None)
