"""The server's API, as the client verbs see it: one JSON request at a time, with the standard library."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from tocsin import __version__
from tocsin.cli.exits import Exit, Stop
from tocsin.kit import web_address

TIMEOUT_S = 30.0
_MOVED = (301, 302, 303, 307, 308)
_CODES = {401: Exit.NOT_ALLOWED, 403: Exit.NOT_ALLOWED, 503: Exit.UNREACHABLE}


class Refusal(Stop):
    """The server answered with a problem; `body` is all it said."""

    def __init__(self, message: str, code: Exit, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(message, code)
        self.status = status
        self.body = body


def get(path: str, **query: object) -> Any:
    """What the server says to a GET; None values are left out of the query."""
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    return call("GET", f"{path}?{urllib.parse.urlencode(asked, doseq=True)}" if asked else path)


def call(method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """What the server answers, None if it has nothing to say. Raises Stop."""
    raw = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(_base() + path, data=raw, method=method)  # noqa: S310 - _base allows http and https only
    request.add_header("Accept", "application/json")
    request.add_header("User-Agent", f"tocsin/{__version__}")
    if raw is not None:
        request.add_header("Content-Type", "application/json")
    token = _token()
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    return _answer(request)


def name(part: str) -> str:
    """A name as part of a path."""
    return urllib.parse.quote(part, safe="")


def _answer(request: urllib.request.Request) -> Any:
    try:
        with _STRAIGHT.open(request, timeout=TIMEOUT_S) as response:
            content = response.read()
            is_json = response.headers.get_content_type().endswith("json")
        return (json.loads(content) if is_json else content.decode()) if content else None
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise Stop(f"cannot reach {request.host}: {reason}", Exit.UNREACHABLE) from None
    except (http.client.HTTPException, ValueError):
        raise Stop(f"what answers at {request.host} is no Tocsin: look at TOCSIN_URL", Exit.UNREACHABLE) from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Another address is not followed: the token goes to the server that was named, and a POST would become a GET."""

    def redirect_request(self, *_: Any) -> None:
        return None


_STRAIGHT = urllib.request.build_opener(_Stay())


def _refusal(error: urllib.error.HTTPError) -> Refusal:
    if error.code in _MOVED:
        where = error.headers.get("Location", "").partition("/api/")[0] or "what it is now"
        raise Stop(f"the server is somewhere else: set TOCSIN_URL to {where}", Exit.USAGE)
    try:
        body = json.loads(error.read())
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    said = body.get("detail") or body.get("title") or f"the server answered {error.code}"
    for one in body.get("errors", []):
        if said.endswith(str(one.get("message", ""))):
            continue  # there is one, and it is the detail
        said += f"\n  {one.get('field', '')}: {one.get('message', '')}".replace("\n  : ", "\n  ")
    if error.code == 401 and not _token():
        said = "set TOCSIN_TOKEN to an API token: `tocsin token create --user EMAIL` makes one"
    return Refusal(said, _CODES.get(error.code, Exit.PROBLEM), error.code, body)


def _token() -> str:
    """The token, without the line's end that came with it from a file. Raises Stop, which does not show it."""
    token = os.environ.get("TOCSIN_TOKEN", "").strip()
    if not all("!" <= one <= "~" for one in token):
        raise Stop(
            "TOCSIN_TOKEN holds characters that no token has: set it to what `tocsin token create` printed",
            Exit.NOT_ALLOWED,
        )
    return token


def _base() -> str:
    url = os.environ.get("TOCSIN_URL", "").strip().rstrip("/")
    if not url:
        raise Stop("set TOCSIN_URL to the server's address, for example http://localhost:8080", Exit.USAGE)
    wrong = web_address.fault(url)
    if wrong:
        raise Stop(f"TOCSIN_URL is not a server's address, like http://localhost:8080: {wrong}", Exit.USAGE)
    return f"{url}/api/v1"
