"""What /api/v1/openapi.json says beside what the operations say of themselves: how each answers when something is wrong."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from tocsin.web.problems import CONTENT_TYPE

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_TEXT = {"type": "string"}
_MISTAKE = {
    "type": "object",
    "required": ["message"],
    "properties": {"field": _TEXT, "message": _TEXT, "fix": _TEXT, "file": _TEXT, "line": {"type": "integer"}},
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/Mistake"}},
    },
}
_WRONG = {
    "description": "Something is wrong: the token, the right, the request, or the state of what it is about.",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class DescribedApi(NinjaAPI):
    """An API whose description tells of problems too, so that clients made from it can read them."""

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        """The description, with one answer for whatever went wrong at every operation."""
        schema = super().get_openapi_schema(**where)
        schema["components"]["schemas"] |= {"Problem": _PROBLEM, "Mistake": _MISTAKE}
        schema["components"]["responses"] = {"Problem": _WRONG}
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        return schema

    def parameters_at(self, request: HttpRequest) -> list[str]:
        """The query parameters of the operation a request has come to, which are those its description names."""
        found = request.resolver_match
        assert found is not None
        return self._parameters[_CONVERTER.sub(r"{\1}", f"/{found.route}"), str(request.method).lower()]

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], list[str]]:
        return {
            (path, method): [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            for path, operations in self.get_openapi_schema()["paths"].items()
            for method, operation in operations.items()
        }
