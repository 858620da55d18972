"""Prometheus-style label matchers: `name="value"`, `!=`, `=~`, `!~`. Regular expressions are anchored at both ends,
and cannot take for ever (`patterns`).

The grammar is Alertmanager's (its `matchers` configuration): an unquoted value is allowed where it has no special
character. A label that is absent counts as the empty string, as it does there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tocsin.kit.patterns import Pattern

_MATCHER = re.compile(
    r"""\s*(?:"(?P<quoted_name>(?:[^"\\]|\\.)+)"|(?P<name>[A-Za-z_][\w.:/-]*))\s*(?P<op>=~|!~|!=|=)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"{},~=!]*))\s*$"""
)
PATTERNS_KEPT_MAX = 500  # compiled; a silence or a route is read anew for every batch of signals


class Op(StrEnum):
    """How a label's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    NOT_MATCHES = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    label: str
    op: Op
    value: str
    pattern: Pattern | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy the condition; an absent label is the empty string."""
        value = labels.get(self.label, "")
        if self.op is Op.EQUAL:
            return value == self.value
        if self.op is Op.NOT_EQUAL:
            return value != self.value
        found = self.pattern is not None and self.pattern.matches(value)
        return found if self.op is Op.MATCHES else not found

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.label}{self.op}"{escaped}"'


def parse(written: str) -> Matcher:
    """Read one matcher. Raises ValueError that shows the form."""
    found = _MATCHER.match(written)
    if found is None:
        raise ValueError(f'{written!r} is not a matcher; write label="value", label!="value", label=~"a|b" or !~')
    name = found["name"] or _unescape(found["quoted_name"])
    op = Op(found["op"])
    value = _unescape(found["quoted"]) if found["quoted"] is not None else found["bare"]
    if op in (Op.EQUAL, Op.NOT_EQUAL):
        return Matcher(name, op, value)
    return Matcher(name, op, value, _compile(value))


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether every condition holds; no condition at all holds for everything."""
    return all(matcher.matches(labels) for matcher in matchers)


@lru_cache(maxsize=PATTERNS_KEPT_MAX)
def _compile(value: str) -> Pattern:
    return Pattern(value)


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), value)
