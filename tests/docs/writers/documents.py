"""docs/reference/documents.md: every section of a configuration file, from the documents' own schema."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from tests.docs.writers import marks

from tocsin.config.domain import NAME_CHARS_MAX, Document, Kind, Shape
from tocsin.site.kinds import KINDS

_SHAPES = {
    Shape.MAP: "A map: each name has its {noun}.",
    Shape.LIST: "A list: the order counts.",
    Shape.ONE: "One {noun}.",
}


def write() -> dict[str, str]:
    """The page."""
    ordered = sorted(KINDS, key=lambda kind: kind.order)
    _, merged = models_json_schema([(kind.model, "validation") for kind in ordered])
    schemas: dict[str, Any] = merged["$defs"]
    models = _models([kind.model for kind in ordered])
    parts: list[str] = []
    told: set[str] = set()
    for kind in ordered:
        parts += _kind(kind, schemas, models, told)
    return {"documents.md": marks.page("Documents", _INTRODUCTION, *parts)}


_INTRODUCTION = f"""The configuration is made of documents: YAML or JSON files, applied with `tocsin apply`, or changed \
one by one through the API and the interface. Unknown keys are refused, and so are names that lead nowhere. \
[Configuration as code](../howto/configuration-as-code.md) shows the way around; \
[`examples/acme.yaml`](../../examples/acme.yaml) is a whole organisation.

```yaml
tocsin: 1            # the version of the format, required
people: {{}}
teams: {{}}
services: {{}}
```

- Names of documents are lower-case letters, digits, `.`, `_` and `-`, at most {NAME_CHARS_MAX} characters.
- A *duration* is a number with a unit, or several: `30s`, `5m`, `1h30m`, `2d`, `1w`.
- `${{NAME}}` in a text comes from the environment, `${{NAME:-this}}` has a default, `$${{` is a plain `${{`.
- Keys at the top that begin with `x-` are yours, for anchors.
- Fields marked *secret* are encrypted in the database and never shown again.

`tocsin schema` prints all of this as JSON Schema for editors. The rules of schedules have \
[a page of their own](schedules.md)."""


def _kind(kind: Kind, schemas: dict[str, Any], models: dict[str, type[BaseModel]], told: set[str]) -> list[str]:
    parts = [f"## {kind.section}", f"{marks.promise(kind.model)} {_SHAPES[kind.shape].format(noun=kind.noun)}"]
    queue = [kind.model.__name__]
    while queue:
        name = queue.pop(0)
        if name in told:
            continue
        told.add(name)
        schema = schemas[name]
        if name != kind.model.__name__:
            parts += [f"### {name}", marks.promise(models[name])]
        parts.append(_fields(schema, schemas, models[name]))
        queue += [one for one in _references(schema) if "properties" in schemas[one]]
    return parts


def _fields(schema: dict[str, Any], schemas: dict[str, Any], model: type[BaseModel]) -> str:
    required = set(schema.get("required", ()))
    given = model.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    rows = []
    for field, info in model.model_fields.items():
        name = info.alias or field
        one = schema["properties"][name]
        secret = " *(secret)*" if "writeOnly" in json.dumps(one) else ""
        default = "required" if name in required else _default(given[name])
        rows.append((marks.code(name), _type(one, schemas), default, one.get("description", "") + secret))
    return marks.table(("field", "type", "if left out", "meaning"), rows)


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if "properties" in schemas[name] else _type(schemas[name], schemas)
    for either in ("anyOf", "oneOf", "allOf"):
        if either in schema:
            found = [_type(one, schemas) for one in schema[either] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(found))
    if "enum" in schema:
        return ", ".join(marks.code(str(one)) for one in schema["enum"])
    if "const" in schema:
        return marks.code(str(schema["const"]))
    return _plain(schema, schemas)


def _plain(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    if kind == "object":
        values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), {})
        return f"map of names to {_type(values, schemas)}"
    if "ms|s|m|h|d|w" in schema.get("pattern", "") or schema.get("format") == "duration":
        return "duration"
    words = {"integer": "whole number", "number": "number", "boolean": "true or false"}
    return words.get(str(kind), schema.get("format", "text").replace("-", " and "))


def _default(value: Any) -> str:
    if value is None or value in ((), [], {}, ""):
        return "none"
    shown = json.dumps(_shown(value), ensure_ascii=False).replace('"', "")
    return marks.code(shown)


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items() if one is not None}
    return [_shown(one) for one in value] if isinstance(value, list) else value


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []
        return own + [name for one in schema.values() for name in _references(one)]
    return [name for one in schema for name in _references(one)] if isinstance(schema, list) else []


def _models(roots: list[type[Document]]) -> dict[str, type[BaseModel]]:
    """Every document there is, by name: roots and what they are made of."""
    found: dict[str, type[BaseModel]] = {}
    queue: list[type[BaseModel]] = [*roots, *_below(Document)]
    for model in queue:
        found.setdefault(model.__name__, model)
    return found


def _below(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [one for child in model.__subclasses__() for one in (child, *_below(child))]
