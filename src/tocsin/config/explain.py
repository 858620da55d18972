"""What pydantic found wrong with a document, in words for the person who wrote it: where, what, and the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tocsin.config.domain import WRONG, Document
from tocsin.config.yaml12 import Path
from tocsin.kit import text

KNOWN_SHOWN_MAX = 20
VALUE_CHARS_MAX = 60
_NEAR = 0.6
_QUOTED = re.compile(r"'([^']*)'")
# A message of ours ends in its own remedy: "'5x' is not a duration; write a number with a unit: …"
_REMEDY = re.compile(r"; (?=(?:write|did you mean|name|give|use|add|remove|leave|put)\b)")


Mask = Callable[[str], str]
"""Takes out of a text what nobody may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One thing wrong with a document; `at_key` if the key is to blame rather than its value."""

    path: Path
    message: str
    fix: str
    at_key: bool = False


class Explainer:
    """Explains errors of one kind of document."""

    def __init__(self, model: type[Document]) -> None:
        self._schema: dict[str, Any] = model.model_json_schema()

    def explain(self, error: ValidationError, raw: object, mask: Mask) -> Iterator[Explanation]:
        """Everything that is wrong, without what only follows from something deeper."""
        found = [
            explanation
            for details in error.errors(include_url=False)
            for explanation in self._explanations(details, raw, mask)
        ]
        for one in found:
            if one.message != _FOLLOWS or not any(_inside(other.path, one.path) for other in found):
                yield one if one.message != _FOLLOWS else _too_few(one)

    def _explanations(self, details: ErrorDetails, raw: object, mask: Mask) -> Iterable[Explanation]:
        path = _real_path(details["loc"], raw)
        context = details.get("ctx") or {}
        kind = details["type"]
        if kind == WRONG:
            for each in (context, *context["more"]):
                fix = each["fix"] or self._about(path)
                yield Explanation(path=(*path, *each["path"]), message=each["message"], fix=fix)
            return
        if kind == "missing":
            name = str(details["loc"][-1])
            about = self._about((*path, name))
            yield Explanation(path=path, message=f"`{name}` is missing", fix=f"add it: {about or name}", at_key=True)
            return
        if kind == "extra_forbidden":
            yield self._unknown_key(path)
            return
        message, fix = _said(details, (lambda _: "…") if self._is_secret(path) else mask)
        at_key = details["loc"][-1:] == ("[key]",)
        yield Explanation(path=path, message=message, fix=fix or self._about(path), at_key=at_key)

    def _unknown_key(self, path: Path) -> Explanation:
        known = [name for node in self._nodes(path[:-1]) for name in node.get("properties", {})]
        return Explanation(
            path=path, message=f"`{path[-1]}` is not known here", fix=suggest(str(path[-1]), known), at_key=True
        )

    def _about(self, path: Path) -> str:
        """What the schema says of this place: `wait`: How long … (for example 5m)."""
        while path and isinstance(path[-1], int):
            path = path[:-1]
        told = (node["description"] for node in self._nodes(path, resolve=False) if "description" in node)
        return next((f"`{path[-1]}`: {description}" for description in told if path), "")

    def _is_secret(self, path: Path) -> bool:
        return any(node.get("writeOnly", False) for node in self._nodes(path, resolve=False))

    def _nodes(self, path: Path, *, resolve: bool = True) -> list[dict[str, Any]]:
        """The parts of the schema that describe this place."""
        nodes = [self._schema]
        for part in path:
            nodes = [inner for node in self._resolved(nodes) for inner in _step(node, part)]
        return self._resolved(nodes) if resolve else nodes

    def _resolved(self, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Nodes without references and alternatives: what those lead to, at most a few levels down."""
        found: list[dict[str, Any]] = []
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            inner = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
            if "$ref" in node:
                inner.append(self._schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
            waiting += inner
            if not inner:
                found.append(node)
        return found


@cache
def explainer(model: type[Document]) -> Explainer:
    """The explainer of a model, made once."""
    return Explainer(model)


def suggest(name: str, known: Collection[str]) -> str:
    """The nearest known name, or the list of those there are."""
    near = _nearest(name, known)
    if near is not None:
        return f"did you mean `{near}`?"
    shown = sorted(set(known))
    more = ", …" if len(shown) > KNOWN_SHOWN_MAX else ""
    return f"known: {', '.join(shown[:KNOWN_SHOWN_MAX])}{more}" if shown else ""


def _nearest(written: str, known: Iterable[str]) -> str | None:
    """The one known word most like what was written; None if there is none, or no single one."""
    rated = sorted(
        ((difflib.SequenceMatcher(None, written.lower(), word.lower()).ratio(), word) for word in known), reverse=True
    )
    if not rated or rated[0][0] < _NEAR or (len(rated) > 1 and rated[1][0] == rated[0][0]):
        return None
    return rated[0][1]


def shown(value: object) -> str:
    """A value as the author may have written it, cut to a line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case Mapping():
            return "a map"
        case list() | tuple():
            return "a list"
        case str():
            return repr(text.cut(value, VALUE_CHARS_MAX))
        case _:
            return text.cut(str(value), VALUE_CHARS_MAX)


_FOLLOWS = "(follows from another)"


def _too_few(one: Explanation) -> Explanation:
    return Explanation(path=one.path, message="this list is empty", fix=one.fix)


def _inside(path: Path, outer: Path) -> bool:
    return len(path) > len(outer) and path[: len(outer)] == outer


def _step(node: dict[str, Any], part: str | int) -> list[dict[str, Any]]:
    if isinstance(part, int):
        return [node["items"]] if isinstance(node.get("items"), dict) else []
    if part in node.get("properties", {}):
        return [node["properties"][part]]
    others = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
    return [other for other in others if isinstance(other, dict)]


def _real_path(loc: tuple[int | str, ...], raw: object) -> Path:
    """Where an error is, without what is not in the document: names of union members, missing fields, `[key]`."""
    path: list[str | int] = []
    here = raw
    for part in loc:
        children: Mapping[Any, object] = {}
        if isinstance(here, dict):
            children = here
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            children = {part: here[part]}
        if part in children:
            here = children[part]
            path.append(part)
    return tuple(path)


def _said(details: ErrorDetails, mask: Mask) -> tuple[str, str]:
    """Message and fix for an error that pydantic found itself or a ValueError told; the fix may be empty."""
    kind, context, value = details["type"], details.get("ctx") or {}, details["input"]
    got = shown(mask(value) if isinstance(value, str) else value)
    if kind == "value_error":
        message, _, fix = _halves(str(context["error"]))
        return message, fix
    if kind in {"enum", "literal_error"}:
        words = _QUOTED.findall(context["expected"])
        near = _nearest(str(value), words)
        if len(words) == 1:
            return f"{got} is not `{words[0]}`", ""
        fix = f"did you mean `{near}`?" if near else f"write one of {', '.join(words)}"
        return f"{got} is not one of {', '.join(words)}", fix
    if kind == "string_type":
        said = "a number" if isinstance(value, int | float) and not isinstance(value, bool) else got
        return f"this must be text, not {said}", 'put it in quotes: "…"' if isinstance(value, int | float) else ""
    if kind in _SHAPES:
        wanted, fix = _SHAPES[kind]
        return f"this must be {wanted}, not {got}", fix
    if kind == "string_too_short" and not value:
        return "this must not be empty", ""
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context), ""
    if kind == "string_pattern_mismatch":
        return f"{got} is not allowed here", "use lower-case letters, digits, `-`, `_` and `.`: payments-primary"
    return details["msg"][:1].lower() + details["msg"][1:], ""


def _halves(message: str) -> tuple[str, str, str]:
    found = list(_REMEDY.finditer(message))
    if not found:
        return message, "", ""
    return message[: found[-1].start()], "; ", message[found[-1].end() :]


_LIST = ("a list", "write [one, two], or each on a line of its own after `- `")
_MAP = ("a map", "write `key: value`, each on a line of its own")
_WHOLE = ("a whole number", "")
_DATE = ("a date", "write it as 2026-01-05")
_SHAPES = {
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _MAP,
    "mapping_type": _MAP,
    "model_type": _MAP,
    "model_attributes_type": _MAP,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": ("true or false", ""),
    "bool_parsing": ("true or false", ""),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "datetime_parsing": _DATE,
    "datetime_from_date_parsing": _DATE,
}
_LIMITS = {
    "greater_than_equal": "this must be at least {ge}",
    "less_than_equal": "this must be at most {le}",
    "greater_than": "this must be more than {gt}",
    "less_than": "this must be less than {lt}",
    "string_too_short": "this text is too short: it has at least {min_length} characters",
    "string_too_long": "this text is too long; {max_length} characters are allowed",
    "too_long": "this has {actual_length} entries; {max_length} are allowed",
    "too_short": _FOLLOWS,
}
