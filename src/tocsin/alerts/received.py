"""A request as it is kept: as received, but for the key. Whoever may read it need not be able to send.

A key that stands in it as it is costs no more than to replace it. One that is there in another writing (escapes of
JSON, UTF-16, a form's percent signs) is found by reading the body as its source has, and then what is kept is written
anew.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

from tocsin.sources import clean

KEY_SHOWN = b"(the key)"
_IN_WORDS = KEY_SHOWN.decode()
_MAY_HIDE = (b"\\", b"\x00", b"%")  # without any of these, every letter stands for itself
_NOT_KEPT = b"(not kept: it holds the key in a form that cannot be taken out)"


def without_key(received: bytes, key: bytes, *, may_hide: bool) -> bytes:
    """The same without the key; `may_hide` says that the key may be in it without standing there as it is."""
    kept = received.replace(key, KEY_SHOWN)
    if kept != received or not may_hide or not any(mark in received for mark in _MAY_HIDE):
        return kept
    return _rewritten(received, key.decode())


def _rewritten(received: bytes, key: str) -> bytes:
    try:
        read = clean.decode(received)
    except clean.Unreadable:
        return _form(received, key)
    try:
        hidden = _hidden(read, key)
        return received if hidden == read else json.dumps(hidden).encode()
    except (ValueError, RecursionError):
        return _NOT_KEPT


def _form(received: bytes, key: str) -> bytes:
    try:
        pairs = parse_qsl(received.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    except ValueError:
        return _NOT_KEPT
    hidden = [(name.replace(key, _IN_WORDS), value.replace(key, _IN_WORDS)) for name, value in pairs]
    return received if hidden == pairs else urlencode(hidden).encode()


def _hidden(value: object, key: str) -> object:
    if isinstance(value, str):
        return value.replace(key, _IN_WORDS)
    if isinstance(value, dict):
        return {_hidden(name, key): _hidden(held, key) for name, held in value.items()}
    return [_hidden(each, key) for each in value] if isinstance(value, list) else value
