"""Problem details (RFC 9457): what the JSON doors answer when something is not as it should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a request: which field, or where in a file, and what to do."""

    message: str
    field: str = ""
    fix: str = ""
    file: str = ""
    line: int | None = None

    def as_values(self) -> dict[str, Any]:
        """For the answer, without what is not known."""
        values = {
            "field": self.field,
            "message": self.message,
            "fix": self.fix,
            "file": self.file,
            "line": self.line,
        }
        return {name: value for name, value in values.items() if value not in ("", None)}


class Problem(Exception):
    """Raised by a door; the answer is made of it. `more` are members of the answer beside the standard ones."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        mistakes: Sequence[Mistake] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.mistakes = tuple(mistakes)
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def respond(problem: Problem) -> HttpResponse:
    """The answer."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    if problem.mistakes:
        body["errors"] = [mistake.as_values() for mistake in problem.mistakes]
    response = HttpResponse(_encode(body), status=problem.status, content_type=CONTENT_TYPE)
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def not_found(what: str) -> Problem:
    """There is no such thing."""
    return Problem(404, what)


def wrong(field_name: str, message: str, fix: str = "") -> Problem:
    """One field of the request cannot be used."""
    mistake = Mistake(field=field_name, message=message, fix=fix)
    return Problem(422, f"{field_name}: {message}", mistakes=(mistake,))
