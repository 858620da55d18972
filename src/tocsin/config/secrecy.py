"""Which texts of a document are secret, and what stands in their place where they must not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from tocsin.config.domain import Document, Secret
from tocsin.config.yaml12 import Path

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
