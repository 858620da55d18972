"""Which texts of a document are secret, and what stands in their place where they must not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from tocsin.config.domain import Document, Secret
from tocsin.config.yaml12 import Path

HIDDEN = "(hidden)"  # shown in place of a secret; written back there, it means: as it was
MASKED_CHARS_MIN = 3  # shorter values are no secrets, and would be found inside ordinary words

Cover = Callable[[Path, str], str]


def paths(document: BaseModel) -> Iterator[Path]:
    """Where the document's secrets are in its written form."""
    for name, written in _fields(type(document)):
        value = getattr(document, name)
        if _is_secret(type(document), name):
            if value is not None:
                yield (written,)
        else:
            yield from ((written, *inner) for inner in _inside(value))


def dump(document: Document, *, everything: bool = False) -> dict[str, Any]:
    """The document as plain values: what its author wrote, or `everything` with what is left at its default."""
    return document.model_dump(mode="json", by_alias=True, exclude_unset=not everything)


def covered(body: dict[str, Any], secrets: Iterator[Path], cover: Cover) -> dict[str, Any]:
    """`body` with another text in place of each of its secrets; it is changed in place."""
    for path in secrets:
        held: Any = body
        for part in path[:-1]:
            held = held[part]
        held[path[-1]] = cover(path, held[path[-1]])
    return body


def kept(body: object, before: Document | None) -> object:
    """`body` with each hidden text as it was: HIDDEN where `before` has a secret stands for that secret."""
    if before is None:
        return body
    held = dump(before)
    for path in paths(before):
        body = _kept(body, path, _at(held, path))
    return body


def never_told(document: Document) -> list[Path]:
    """Where HIDDEN stands for a secret that nobody has told: there was none before at this place."""
    held = dump(document)
    return [path for path in paths(document) if _at(held, path) == HIDDEN]


def masks(document: Document | None) -> dict[str, str]:
    """What must not stand in any message about the document, and what stands there instead."""
    if document is None:
        return {}
    held = dump(document)
    told = (_at(held, path) for path in paths(document))
    return {secret: HIDDEN for secret in told if len(secret) >= MASKED_CHARS_MIN}


def _kept(value: object, path: Path, secret: str) -> object:
    if not path:
        return secret if value == HIDDEN else value
    head, *rest = path
    if isinstance(value, Mapping) and head in value:
        return {**value, head: _kept(value[head], tuple(rest), secret)}
    if isinstance(value, list | tuple) and isinstance(head, int) and head < len(value):
        return [*value[:head], _kept(value[head], tuple(rest), secret), *value[head + 1 :]]
    return value


def _at(values: Any, path: Path) -> str:
    for part in path:
        values = values[part]
    return str(values)


def _inside(value: object) -> Iterator[Path]:
    if isinstance(value, BaseModel):
        yield from paths(value)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from ((str(key), *inner) for inner in _inside(held))
    elif isinstance(value, tuple | list):
        for index, held in enumerate(value):
            yield from ((index, *inner) for inner in _inside(held))


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    return tuple((name, info.serialization_alias or name) for name, info in model.model_fields.items())


@cache
def _is_secret(model: type[BaseModel], name: str) -> bool:
    info = model.model_fields[name]
    return any(isinstance(mark, Secret) for mark in (*info.metadata, *_marks(info.annotation)))


def _marks(annotation: object) -> Iterator[object]:
    yield from getattr(annotation, "__metadata__", ())
    for inner in get_args(annotation):
        yield from _marks(inner)
