"""Numbers, times and texts that cannot be: refused by every operation on both databases, and never our fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from databases import Database
from serving import found_company, node

EXTREMES: dict[str, tuple[str, ...]] = {
    "integer": (str(10**30), str(-(10**30)), str(2**63), "-1"),
    "date-time": ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
    "string": ("\x00", "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), "x" * 3000),
}
READS = ("get", "delete")


def _kinds(schema: dict[str, Any]) -> set[str]:
    """What a parameter can be."""
    found = {str(schema.get("format") or schema.get("type") or "")}
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        found |= _kinds(part)
    return found & set(EXTREMES)


def _requests(description: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each operation without a body, with each of its parameters at each of its extremes."""
    for path, operations in description["paths"].items():
        for method in set(READS) & operations.keys():
            parameters = operations[method].get("parameters", [])
            for one in parameters:
                for kind in _kinds(one["schema"]):
                    for value in EXTREMES[kind]:
                        yield method.upper(), _address(path, parameters, one["name"], value)


def _address(path: str, parameters: list[dict[str, Any]], name: str, value: str) -> str:
    query = []
    for one in parameters:
        usual = "1" if "integer" in _kinds(one["schema"]) else "2026-03-01T00:00:00Z"
        given = quote(value if one["name"] == name else usual, safe="")
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", given)
        elif one["name"] == name or one.get("required"):
            query.append(f"{one['name']}={given}")
    return f"{path}?{'&'.join(query)}" if query else path


def test_what_cannot_be_is_refused(database: Database, tmp_path: Path) -> None:
    """No operation that reads or removes answers that it broke, whatever its parameters are."""
    tokens = found_company(database)
    with node(database, tokens, tmp_path / "log") as served:
        description = served.call("", "GET", "/api/v1/openapi.json").body
        tried = sorted(set(_requests(description)))
        broken = [f"{method} {path[:100]}" for method, path in tried if served.call("ann", method, path).status >= 500]
        assert broken == []
        assert len(tried) > 150
        body = json.dumps({"name": "x", "query": "q=" + "%00"}).encode()
        assert served.call("ann", "POST", "/api/v1/searches", body).status in (201, 422)
