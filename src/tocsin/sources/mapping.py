"""The small language that says which part of a payload is the title, the severity and so on.

    expression  = alternative { "|" alternative }     the first that finds something
    alternative = term { "+" term }                   joined as text; finds nothing if any term does not
    term        = '"constant"' | path [ "{" word ":" word { "," word ":" word } "}" ]
    path        = [ "$." ] name { "." name | "[" index or quoted name "]" }     "$" alone is the whole payload
    condition   = test { "or" test }
    test        = path [ ( "==" | "!=" ) '"constant"' | "in" "[" '"constant"' { "," '"constant"' } "]" ]

A map such as `priority {P1: critical, P2: high}` finds nothing for a value it does not list, so that an alternative
may follow it. There are no loops, no regular expressions and no arithmetic: no payload can make a mapping slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tocsin.sources import clean

EXPRESSION_CHARS_MAX = 2000
FIELDS = (
    "each",
    "action",
    "resolve_when",
    "acknowledge_when",
    "dedup_key",
    "title",
    "severity",
    "description",
    "link",
    "started_at",
    "by",
    "note",
    "labels",
    "details",
)
LABEL_PREFIX = "labels."
_CONDITIONS = frozenset({"resolve_when", "acknowledge_when"})
_COMPILED_MAX = 4096
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[\w@$/-]+)|(?P<mark>==|!=|[.\[\]{}:,|+]))"""
)
_FALSE = frozenset({"", "false", "0", "no"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one field of a mapping."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same text."""

    value: str


@dataclass(frozen=True, slots=True)
class Path:
    """A place in the payload, and what its values are called here."""

    steps: tuple[str | int, ...]
    names: Mapping[str, str] | None = None


Term = Constant | Path


@dataclass(frozen=True, slots=True)
class Expression:
    """Alternatives, each of terms to be joined."""

    alternatives: tuple[tuple[Term, ...], ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a condition; without `values`, whether there is anything true at the place."""

    path: Path
    negated: bool = False
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds if any test does."""

    tests: tuple[Test, ...]


def check(mapping: Mapping[str, str]) -> list[Problem]:
    """What is wrong with this mapping, field by field; empty if nothing is."""
    problems = []
    for field, written in mapping.items():
        if field not in FIELDS and not (field.startswith(LABEL_PREFIX) and len(field) > len(LABEL_PREFIX)):
            known = ", ".join(FIELDS)
            problems.append(
                Problem(field=field, message=f"is not a field of a mapping; there are {known}, labels.NAME")
            )
            continue
        try:
            if field in _CONDITIONS:
                condition(written)
            else:
                expression(written)
        except ValueError as error:
            problems.append(Problem(field=field, message=str(error)))
    return problems


@lru_cache(maxsize=_COMPILED_MAX)
def expression(written: str) -> Expression:
    """Read an expression. Raises ValueError that says what was expected where."""
    reader = _Reader(written)
    alternatives = [_alternative(reader)]
    while reader.take("|"):
        alternatives.append(_alternative(reader))
    reader.finish()
    return Expression(tuple(alternatives))


@lru_cache(maxsize=_COMPILED_MAX)
def condition(written: str) -> Condition:
    """Read a condition. Raises ValueError that says what was expected where."""
    reader = _Reader(written)
    tests = [_test(reader)]
    while reader.take("or"):
        tests.append(_test(reader))
    reader.finish()
    return Condition(tuple(tests))


def find(sought: Expression, payload: object) -> object:
    """What the expression finds in this payload; None if nothing."""
    for terms in sought.alternatives:
        if len(terms) == 1:
            found = _value(terms[0], payload)
            if found not in (None, ""):
                return found
            continue
        parts = [clean.text(_value(term, payload)) for term in terms]
        if all(parts):
            return "".join(parts)
    return None


def holds(asked: Condition, payload: object) -> bool:
    """Whether the condition is true of this payload."""
    return any(_passes(test, payload) for test in asked.tests)


def _passes(test: Test, payload: object) -> bool:
    found = clean.text(_value(test.path, payload)).strip()
    if test.values is None:
        return found.lower() not in _FALSE
    return (found.lower() in test.values) is not test.negated


def _value(term: Term, payload: object) -> object:
    if isinstance(term, Constant):
        return term.value
    found = payload
    for step in term.steps:
        found = _step(found, step)
        if found is None:
            return None
    if term.names is None:
        return found
    return term.names.get(clean.text(found).strip().lower())


def _step(held: object, step: str | int) -> object:
    if isinstance(held, dict):
        return held.get(str(step))
    if isinstance(held, list) and (isinstance(step, int) or step.lstrip("-").isdecimal()):
        at = int(step)
        return held[at] if -len(held) <= at < len(held) else None
    return None


def _alternative(reader: _Reader) -> tuple[Term, ...]:
    terms = [_term(reader)]
    while reader.take("+"):
        terms.append(_term(reader))
    return tuple(terms)


def _term(reader: _Reader) -> Term:
    constant = reader.string()
    if constant is not None:
        return Constant(constant)
    path = _path(reader)
    if not reader.take("{"):
        return path
    names: dict[str, str] = {}
    while not reader.take("}"):
        name = reader.text("a value to map")
        reader.need(":")
        names[name.lower()] = reader.text("what it maps to")
        if not reader.take(","):
            reader.need("}")
            break
    return Path(path.steps, names)


def _path(reader: _Reader) -> Path:
    first = reader.word("a path such as alert.name, or a quoted text")
    steps: list[str | int] = [] if first == "$" else [first]
    while True:
        if reader.take("."):
            steps.append(reader.word("a name after the dot"))
        elif reader.take("["):
            steps.append(_index(reader.text("an index or a quoted name")))
            reader.need("]")
        else:
            return Path(tuple(steps))


def _index(written: str) -> str | int:
    return int(written) if re.fullmatch(r"-?\d{1,6}", written, re.ASCII) else written


def _test(reader: _Reader) -> Test:
    path = _path(reader)
    for mark, negated in (("==", False), ("!=", True)):
        if reader.take(mark):
            return Test(path, negated, (reader.text("a quoted value").lower(),))
    if not reader.take("in"):
        return Test(path)
    reader.need("[")
    values = []
    while not reader.take("]"):
        values.append(reader.text("a quoted value").lower())
        if not reader.take(","):
            reader.need("]")
            break
    return Test(path, False, tuple(values))


class _Reader:
    """The tokens of one expression, taken from the left."""

    def __init__(self, written: str) -> None:
        if len(written) > EXPRESSION_CHARS_MAX:
            raise ValueError(
                f"an expression has at most {EXPRESSION_CHARS_MAX} characters, this one has {len(written)}"
            )
        self._written = written.strip()
        self._at = 0

    def take(self, token: str) -> bool:
        found = _TOKEN.match(self._written, self._at)
        if found is None or (found["mark"] or found["word"]) != token:
            return False
        self._at = found.end()
        return True

    def string(self) -> str | None:
        found = _TOKEN.match(self._written, self._at)
        if found is None or found["string"] is None:
            return None
        self._at = found.end()
        return re.sub(r"\\(.)", r"\1", found["string"][1:-1])

    def word(self, wanted: str) -> str:
        found = _TOKEN.match(self._written, self._at)
        if found is None or found["word"] is None:
            raise self._expected(wanted)
        self._at = found.end()
        return found["word"]

    def text(self, wanted: str) -> str:
        quoted = self.string()
        return self.word(wanted) if quoted is None else quoted

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self._expected(f"{token!r}")

    def finish(self) -> None:
        if self._at < len(self._written):
            raise self._expected("the end")

    def _expected(self, wanted: str) -> ValueError:
        rest = self._written[self._at :].strip()[:40]
        place = f"at {rest!r}" if rest else "at the end"
        return ValueError(f"{self._written[:80]!r}: expected {wanted} {place}")
