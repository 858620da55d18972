"""docs/reference/api.md: every route of /api/v1, from the OpenAPI description the server itself gives."""

from __future__ import annotations

import json
from typing import Any

from tests.docs.writers import marks

from tocsin.people.rights import Right
from tocsin.site.api import api

_INTRODUCTION = """The description for programs is at `/api/v1/openapi.json`. Everything is JSON.

Show an API token as `Authorization: Bearer tsn_…`; `tocsin token create` makes one. A browser that is signed in may \
use its session instead, with the CSRF token for anything that changes something. A token can never do more than the \
person whose it is, and only what its scopes say: {scopes}.

Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details: `status`, `title`, `detail`, and for \
invalid requests `errors`, a list of `field`, `message` and, where there is one, `fix`. 400 means that the \
body is not JSON (`detail` says at which line and column), 401 no token or a wrong one, 403 that it has not the \
right, 404 that there is no such thing, 405 that the address does not take this method (`Allow` says which it takes), \
409 that it cannot be done in the present state, 413 that it is more than 10 MB, 422 that the request is not as it \
should be, 503 (with `Retry-After`) that the database is away for the moment. A parameter or a field that is not \
described here is refused too: what nobody reads would be a mistake that nobody notices.

Times are ISO 8601 in UTC. One that you send needs a zone, `Z` or an offset, and a year from 1970 to 2999. Groups are named `AG-12`, or `12`. Lists that go on have `next`: ask again with \
`before=NEXT`.

With `TOCSIN_URL` and `TOCSIN_TOKEN` set:

```sh
{examples}
```"""
_CURL = 'curl -H "Authorization: Bearer $TOCSIN_TOKEN"'
_POST = _CURL.replace("curl", "curl -X POST")
_JSON = f'{_POST} -H "Content-Type: application/json"'
EXAMPLES = (
    f'{_CURL} "$TOCSIN_URL/api/v1/groups?status=open&limit=5"',
    f"{_POST} $TOCSIN_URL/api/v1/groups/AG-12/acknowledgement",
    f"""{_JSON} -d '{{"text": "a bad disk"}}' $TOCSIN_URL/api/v1/groups/AG-12/notes""",
    f"""{_JSON} -d '{{"to": ["team:shop"], "title": "Please look at the shop"}}' $TOCSIN_URL/api/v1/pages""",
    f"""{_JSON} -d '{{"matchers": ["alertname=\\"DiskFull\\""], "for": "2h", "comment": "new disks"}}' $TOCSIN_URL/api/v1/silences""",
    f'{_CURL} "$TOCSIN_URL/api/v1/oncall?at=2026-12-31T23:00:00Z"',
)
_METHODS = ("get", "post", "put", "patch", "delete")


def write() -> dict[str, str]:
    """The page."""
    described: dict[str, Any] = api.get_openapi_schema()
    schemas: dict[str, Any] = described["components"]["schemas"]
    by_tag: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method in _METHODS:
            if method in methods:
                tag = (methods[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_route(method, path, methods[method], schemas))
    parts = [part for tag, routes in by_tag.items() for part in (f"## {tag}", *routes)]
    scopes = ", ".join(f"`{right.value}`" for right in Right)
    shapes = ["## Shapes", *(_shape(name, schemas) for name in sorted(schemas) if "properties" in schemas[name])]
    return {
        "api.md": marks.page(
            "API", _INTRODUCTION.format(scopes=scopes, examples="\n```\n\n```sh\n".join(EXAMPLES)), *parts, *shapes
        )
    }


def _route(method: str, path: str, described: dict[str, Any], schemas: dict[str, Any]) -> str:
    said = " ".join(described.get("description", "").split())
    parts = [f"### {method.upper()} {path}", said]
    asked = described.get("parameters", [])
    rows = [
        (
            marks.code(one["name"]),
            one["in"],
            _type(one["schema"], schemas),
            "required" if one.get("required") else _default(one["schema"]),
        )
        for one in asked
    ]
    parts.append(marks.table(("parameter", "in", "type", "if left out"), rows))
    body = described.get("requestBody", {}).get("content", {})
    for kind, content in body.items():
        parts.append(f"Takes `{kind}`: {_type(content['schema'], schemas)}")
    answers = [f"{status} {_answer(one, schemas)}".strip() for status, one in sorted(described["responses"].items(), key=str) if status != "default"]  # fmt: skip
    parts.append(f"Answers {', '.join(answers)}")
    return "\n\n".join(part for part in parts if part)


def _answer(described: dict[str, Any], schemas: dict[str, Any]) -> str:
    content = described.get("content", {}).get("application/json")
    return _type(content["schema"], schemas) if content else ""


def _shape(name: str, schemas: dict[str, Any]) -> str:
    schema = schemas[name]
    required = set(schema.get("required", ()))
    rows = [
        (
            marks.code(field),
            _type(one, schemas),
            "always" if field in required else _default(one),
            one.get("description", ""),
        )
        for field, one in schema["properties"].items()
    ]
    said = " ".join(schema.get("description", "").partition("\n\n")[0].split())
    return "\n\n".join(
        part for part in (f"### {name}", said, marks.table(("field", "type", "if left out", "meaning"), rows)) if part
    )


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if "properties" in schemas[name] else _type(schemas[name], schemas)
    for either in ("anyOf", "oneOf", "allOf"):
        if either in schema:
            return " or ".join(dict.fromkeys(_type(one, schemas) for one in schema[either]))
    if "enum" in schema:
        return ", ".join(marks.code(str(one)) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    if schema.get("format"):
        return {"date-time": "instant"}.get(schema["format"], str(schema["format"]))
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return words.get(schema.get("type", ""), schema.get("type", "anything"))


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else marks.code(json.dumps(value, ensure_ascii=False))
