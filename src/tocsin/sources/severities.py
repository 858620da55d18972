"""The words tools use for how bad something is, on our five."""

from __future__ import annotations

from tocsin.sources.domain import Severity

_WORDS: dict[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: ("critical", "page", "p1", "crit", "fatal", "emergency", "disaster", "blocker", "sev1"),
    Severity.HIGH: ("error", "high", "p2", "err", "major", "sev2"),
    Severity.WARNING: ("warning", "warn", "p3", "medium", "moderate", "average", "sev3"),
    Severity.LOW: ("low", "notice", "p4", "minor", "sev4"),
    Severity.INFO: ("info", "none", "p5", "informational", "information", "debug", "ok", "sev5"),
}
_BY_WORD: dict[str, Severity] = {word: severity for severity, words in _WORDS.items() for word in words}


def from_word(word: str, default: Severity | None) -> Severity:
    """What the sender's word means; for a word nobody knows, the integration's default, else the worst.

    An unknown severity pages like the worst one, because silence is the one mistake that cannot be undone.
    """
    found = _BY_WORD.get(word) or _BY_WORD.get(word.strip().lower())
    return found or default or Severity.CRITICAL


def known(word: str) -> Severity | None:
    """What the sender's word means, or None if it is not one of the words."""
    return _BY_WORD.get(word.strip().lower())
