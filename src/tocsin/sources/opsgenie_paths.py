"""What an address of Opsgenie's API asks for.

An identifier may hold slashes, which arrive percent-decoded, so a path is read from its end: the verb is the last
part and everything before it is the identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from tocsin.sources import clean

_ALERTS = "/v2/alerts"
_HEARTBEATS = "/v2/heartbeats/"
_QUERY_FIELDS_MAX = 100
_POSTED = frozenset(
    [
        "acknowledge",
        "unacknowledge",
        "close",
        "snooze",
        "escalate",
        "assign",
        "notes",
        "tags",
        "details",
        "responders",
        "teams",
        "attachments",
    ]
)
_PUT = frozenset({"message", "description", "priority"})
_DELETED = frozenset({"tags", "details"})
_VERBS = {"POST": _POSTED, "PUT": _PUT, "PATCH": _PUT, "DELETE": _DELETED}
_IDENTIFIER_TYPES = frozenset({"id", "alias", "tiny"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A verb and the alert or heartbeat it is about."""

    method: str
    verb: str
    identifier: str = ""
    identifier_type: str = "id"


def parse(method: str, path: str, query: str) -> Asked | None:
    """What is asked for, or None if Opsgenie has no such address for writing."""
    path = path.rstrip("/")
    if path in ("", _ALERTS):
        return Asked(method=method, verb="create") if method == "POST" else None
    if path.startswith(_HEARTBEATS) and path.endswith("/ping"):
        name = clean.text(path[len(_HEARTBEATS) : -len("/ping")])
        return Asked(method=method, verb="ping", identifier=name) if name else None
    if not path.startswith(_ALERTS + "/"):
        return None
    identifier, verb = _split(method, path[len(_ALERTS) + 1 :])
    identifier = clean.text(identifier)
    if not identifier or not verb:
        return None
    return Asked(method=method, verb=verb, identifier=identifier, identifier_type=_identifier_type(query))


def _split(method: str, rest: str) -> tuple[str, str]:
    identifier, _, last = rest.rpartition("/")
    if identifier and last in _VERBS.get(method, ()):
        return identifier, last
    before, mark, name = rest.rpartition("/actions/")
    if method == "POST" and mark and before and name:
        return before, f"actions/{name}"
    return (rest, "delete") if method == "DELETE" else ("", "")


def _identifier_type(query: str) -> str:
    try:
        pairs = parse_qsl(query, errors="replace", max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        return "id"
    asked = dict(pairs).get("identifierType", "id").lower()
    return asked if asked in _IDENTIFIER_TYPES else "id"
