"""The JSON Schema of a whole file, for editors that complete and check while one writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from tocsin.config.domain import NAME_PATTERN, Kind, Shape
from tocsin.config.parse import FORMAT, HEAD


def whole(kinds: Sequence[Kind]) -> dict[str, Any]:
    """One schema for YAML and JSON files alike. A value may always be text with `${NAME}` in it; editors will grumble."""
    ordered = sorted(kinds, key=lambda kind: kind.order)
    references, merged = models_json_schema([(kind.model, "validation") for kind in ordered])
    properties: dict[str, Any] = {
        HEAD: {"const": FORMAT, "description": "The version of the file's format."},
    }
    for kind in ordered:
        properties[kind.section] = _section(kind, references[kind.model, "validation"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin configuration",
        "type": "object",
        "required": [HEAD],
        "properties": properties,
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        "$defs": merged.get("$defs", {}),
    }


def _section(kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
    title = f"{kind.section}: each a {kind.noun}"
    match kind.shape:
        case Shape.MAP:
            return {
                "title": title,
                "type": ["object", "null"],
                "propertyNames": {"pattern": NAME_PATTERN},
                "additionalProperties": document,
            }
        case Shape.LIST:
            return {"title": title, "type": ["array", "null"], "items": document}
        case Shape.ONE:
            return document
