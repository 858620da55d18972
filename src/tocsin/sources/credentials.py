"""Where senders put their key: the path, the Authorization header, a header of its own, the query string."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qsl

from tocsin.sources.domain import Request

KEY_CHARS_MAX = 512
_PASSWORD_CHARS_MIN = 8  # a shorter one is a filler some tool insists on, and the key is the user name
_QUERY_FIELDS_MAX = 200
_KEY_HEADERS = ("x-tocsin-key", "x-api-key")
_TOKEN_SCHEMES = frozenset({"bearer", "token", "geniekey"})


def key(request: Request) -> str | None:
    """The credential, wherever it stands; the most explicit place first."""
    if request.key:
        return bounded(request.key)
    found = authorization(request.headers)
    if found is not None:
        return found
    for name in _KEY_HEADERS:
        if request.headers.get(name):
            return bounded(request.headers[name])
    if request.query:
        asked = query(request)
        return bounded(asked.get("token") or asked.get("key"))
    return None


def authorization(headers: Mapping[str, str]) -> str | None:
    """The key in an Authorization header: a bearer token, a GenieKey, or either half of basic credentials."""
    written = headers.get("authorization")
    if not written:
        return None
    scheme, _, rest = written.strip().partition(" ")
    if scheme.lower() in _TOKEN_SCHEMES:
        return bounded(rest.strip())
    return _basic(rest.strip()) if scheme.lower() == "basic" else None


def query(request: Request) -> dict[str, str]:
    """The query string's fields; the first of each name counts, and a malformed string has none."""
    try:
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace", max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return {}
    return dict(reversed(pairs))


def bounded(found: str | None) -> str | None:
    """A key as it may be looked up: not empty, not absurdly long, nothing a database chokes on."""
    if not found or len(found) > KEY_CHARS_MAX or not found.isprintable():
        return None
    return found


def _basic(encoded: str) -> str | None:
    if len(encoded) > 4 * KEY_CHARS_MAX:
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return bounded(password if len(password) >= _PASSWORD_CHARS_MIN or not user else user)
