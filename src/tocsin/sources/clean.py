"""Make what strangers send safe to keep: decoded, bounded, and free of what no database can hold.

PostgreSQL cannot store U+0000 in text, UTF-8 cannot carry lone surrogates and MessagePack has no integers beyond
64 bits, yet JSON can say all three. Everything a source keeps has passed through here, or through a typed decoder
after `is_plain` said that the bytes hold nothing of the kind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import cast

import msgspec

from tocsin.kit import text as words
from tocsin.sources.domain import (
    DETAILS_DEPTH_MAX,
    DETAILS_MAX,
    DETAILS_VALUES_MAX,
    HREF_CHARS_MAX,
    LABEL_NAME_CHARS_MAX,
    LABEL_VALUE_CHARS_MAX,
    LABELS_MAX,
    LINKS_MAX,
    TEXT_CHARS_MAX,
    Link,
)

_NUL_ESCAPE = b"\\u0000"
_GZIP = b"\x1f\x8b"
_COMPRESSED = "the body is compressed (gzip), which is not understood here: send it as it is"
_INTEGER_DIGITS_MAX = 18  # more might not fit 64 bits, which is all MessagePack has
_INTEGER_MAX = 2**63 - 1
_DECIMAL_BITS_MAX = 4096  # Python refuses to write much longer ones in decimal
_SCHEMES = ("https://", "http://")
_SCHEME_CHARS_MAX = 8
_PLAIN = msgspec.json.Decoder()


class Unreadable(ValueError):
    """The body is not JSON, or is nested too deeply to be meant seriously."""


def is_plain(body: bytes) -> bool:
    """Whether strings decoded from this JSON can be kept as they are: none can hold U+0000."""
    return _NUL_ESCAPE not in body


def decode(body: bytes) -> object:
    """Read JSON as leniently as is safe: bad UTF-8 is replaced, NaN and giant numbers become text.

    Raises Unreadable with a sentence for the sender.
    """
    try:
        return cast("object", _PLAIN.decode(body))
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply") from None
    except ValueError as error:
        complaint = _COMPRESSED if body.startswith(_GZIP) else str(error)
    try:
        written = body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")
        return cast(
            "object", json.loads(written, parse_int=_integer, parse_float=_number, parse_constant=_not_a_number)
        )
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply") from None
    except ValueError:
        raise Unreadable(complaint) from None


def decode_object(body: bytes) -> dict[str, object]:
    """Read a JSON object. Raises Unreadable for anything else."""
    read = decode(body)
    if not isinstance(read, dict):
        raise Unreadable("the body must be a JSON object")
    return cast("dict[str, object]", read)


def text(value: object, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Any scalar as text that can be stored, at most `chars_max` characters; "" for null, objects and lists."""
    if type(value) is str:
        if len(value) > chars_max:
            value = words.cut(value, chars_max)
        return value if value.isascii() and "\x00" not in value else words.storable(value)
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > _DECIMAL_BITS_MAX:
        return words.cut(hex(value), chars_max)
    return words.cut(str(value), chars_max)


def optional(value: object) -> str | None:
    """A scalar as text without a bound on its length; None for null, objects and lists."""
    if isinstance(value, str):
        return words.storable(value)
    return None if value is None or isinstance(value, (dict, list)) else text(value)


def labels(pairs: Mapping[str, object]) -> dict[str, str]:
    """Flat labels within the bounds; empty and structured values are left out."""
    kept: dict[str, str] = {}
    for name, value in pairs.items():
        if len(kept) >= LABELS_MAX:
            break
        cleaned = text(value, LABEL_VALUE_CHARS_MAX)
        if cleaned and name:
            kept[text(name, LABEL_NAME_CHARS_MAX)] = cleaned
    return kept


def fits(pairs: Mapping[str, str]) -> bool:
    """Whether these labels are within every bound as they stand, and none is empty, which is the same as absent."""
    return (
        len(pairs) <= LABELS_MAX
        and "" not in pairs.values()
        and max(map(len, pairs.values()), default=0) <= LABEL_VALUE_CHARS_MAX
        and max(map(len, pairs), default=0) <= LABEL_NAME_CHARS_MAX
    )


def add_labels(kept: dict[str, str], pairs: Mapping[str, object], chars_max: int) -> None:
    """Add the short scalars among `pairs` as labels, unless a label of that name stands already."""
    for name, value in pairs.items():
        if name in kept or not name:
            continue
        if len(kept) >= LABELS_MAX:
            return
        cleaned = text(value, chars_max + 1)
        if cleaned and len(cleaned) <= chars_max:
            kept[text(name, LABEL_NAME_CHARS_MAX)] = cleaned


def tag_labels(tags: Iterable[object]) -> dict[str, str]:
    """Labels from tags: `env:prod` and `env=prod` become env="prod"; all of them together are the label `tags`."""
    written = [tag for tag in (text(each, LABEL_VALUE_CHARS_MAX).strip() for each in tags) if tag]
    kept: dict[str, str] = {}
    for tag in written:
        name, mark, value = tag.partition(":") if ":" in tag else tag.partition("=")
        if mark and name.strip() and value.strip():
            kept.setdefault(name.strip(), value.strip())
    if written:
        kept["tags"] = ",".join(written)
    return labels(kept)


def details(value: object) -> dict[str, object]:
    """Free-form details within the bounds on breadth, depth and number; anything but an object is put under `details`."""
    if value is None or value in ("", [], {}):
        return {}
    if type(value) is dict and _is_harmless(value):
        return cast("dict[str, object]", value)
    left = [DETAILS_VALUES_MAX]
    if isinstance(value, dict):
        return _mapping(cast("dict[str, object]", value), 1, left)
    return {"details": _bounded(value, 1, left)}


def texts(pairs: dict[str, str]) -> dict[str, object]:
    """Texts as details, as they stand if they are within the bounds."""
    if len(pairs) <= DETAILS_MAX and max(map(len, pairs.values()), default=0) <= TEXT_CHARS_MAX:
        return cast("dict[str, object]", pairs)
    return details(pairs)


def link(href: object, label: str = "") -> Link | None:
    """A link a browser may follow, or None: only http and https, for anything else could run in our pages."""
    address = text(href, HREF_CHARS_MAX + 1)
    if not address.startswith(_SCHEMES):
        address = address.strip()
        if not address[:_SCHEME_CHARS_MAX].lower().startswith(_SCHEMES):
            return None
    return Link(address, label) if len(address) <= HREF_CHARS_MAX else None


def links(candidates: Iterable[tuple[object, str]]) -> tuple[Link, ...]:
    """The usable links among (address, text) pairs, each address once."""
    kept: dict[str, Link] = {}
    for href, label in candidates:
        made = link(href, label) if href else None
        if made is not None and len(kept) < LINKS_MAX:
            kept.setdefault(made.href, made)
    return tuple(kept.values())


def mapping(value: object) -> dict[str, object]:
    """The object at this place, or an empty one if something else stands there."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def sequence(value: object) -> list[object]:
    """The list at this place, or an empty one if something else stands there."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _is_harmless(value: dict[str, object]) -> bool:
    """Whether this is a small flat object of ordinary scalars, as nearly all are; a shortcut, nothing more."""
    if len(value) > DETAILS_MAX:
        return False
    for name, held in value.items():
        if isinstance(held, str):
            if len(held) > TEXT_CHARS_MAX or not held.isascii() or "\x00" in held:
                return False
        elif isinstance(held, float):
            if not math.isfinite(held):
                return False
        elif isinstance(held, (dict, list)) or (isinstance(held, int) and abs(held) > _INTEGER_MAX):
            return False
        if len(name) > LABEL_NAME_CHARS_MAX or not name.isascii() or "\x00" in name:
            return False
    return True


def _bounded(value: object, depth: int, left: list[int]) -> object:
    left[0] -= 1
    if type(value) is str:
        return text(value)
    if isinstance(value, dict):
        return "…" if depth >= DETAILS_DEPTH_MAX else _mapping(value, depth + 1, left)
    if isinstance(value, list):
        if depth >= DETAILS_DEPTH_MAX:
            return "…"
        return [_bounded(each, depth + 1, left) for each in value[: min(DETAILS_MAX, max(left[0], 0))]]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > _INTEGER_MAX:
        return text(value)
    return value


def _mapping(value: dict[str, object], depth: int, left: list[int]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for name, held in value.items():
        if len(kept) >= DETAILS_MAX or left[0] <= 0:
            kept["…"] = f"{len(value) - len(kept)} more"
            break
        left[0] -= 1
        kept[text(name, LABEL_NAME_CHARS_MAX)] = text(held) if type(held) is str else _bounded(held, depth, left)
    return kept


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else digits


def _number(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _not_a_number(name: str) -> str:
    return name
