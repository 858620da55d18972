"""Columns of values as PostgreSQL's binary arrays, the shape in which many rows travel as one parameter each column.

Source of the format: `array_recv` of PostgreSQL. A head (dimensions, whether there are NULLs, the elements' type, length,
lower bound), then each element with its length before it; all numbers big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

_HEAD = struct.Struct("!iiIii").pack
_LENGTH = struct.Struct("!i").pack
_INT4 = struct.Struct("!ii").pack
_INT8 = struct.Struct("!iq").pack


class Statement(NamedTuple):
    """One statement with $1, $2, … in it, and their values in PostgreSQL's binary formats."""

    sql: str
    values: Sequence[bytes]


def packed(kind: str, values: Sequence[object]) -> bytes:
    """An array of this type ("text", "bytea", "int4", "int8") with no NULL in it.

    Raises KeyError for another type, and TypeError, AttributeError, struct.error or UnicodeEncodeError for a value that
    is not of it.
    """
    oid, pack = _KINDS[kind]
    return _HEAD(1, 0, oid, len(values), 1) + pack(values)


def _bytes(values: Sequence[bytes]) -> bytes:
    return b"".join([part for value in values for part in (_LENGTH(len(value)), value)])


def _texts(values: Sequence[str]) -> bytes:
    return _bytes([value.encode() for value in values])


def _int4s(values: Sequence[int]) -> bytes:
    return b"".join([_INT4(4, value) for value in values])


def _int8s(values: Sequence[int]) -> bytes:
    return b"".join([_INT8(8, value) for value in values])


_Pack = Callable[[Sequence[object]], bytes]
_KINDS: dict[str, tuple[int, _Pack]] = {  # with their numbers in pg_type, which never change
    "bytea": (17, _bytes),  # type: ignore[dict-item]  # what is not of the type raises
    "int8": (20, _int8s),  # type: ignore[dict-item]  # as above
    "int4": (23, _int4s),  # type: ignore[dict-item]  # as above
    "text": (25, _texts),  # type: ignore[dict-item]  # as above
}
