"""Answers to senders that have no shape of their own to insist on, and the parts every vendor's answer is made of."""

from __future__ import annotations

import msgspec

from tocsin.kit import text as words
from tocsin.sources.domain import Refusal, RefusalKind, Reply, Request

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 30  # when the intake does not say: the pause vendors recommend between tries
_STATUSES: dict[RefusalKind, int] = {
    RefusalKind.UNKNOWN_KEY: 401,
    RefusalKind.TOO_LARGE: 413,
    RefusalKind.RATE_LIMITED: 429,
    RefusalKind.UNAVAILABLE: 503,
    RefusalKind.METHOD: 405,
    RefusalKind.NOT_FOUND: 404,
}
_TITLES: dict[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def problem(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """An error as RFC 9457 problem details."""
    body = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail}
    return Reply(status=status, body=msgspec.json.encode(body), content_type=PROBLEM_TYPE, headers=headers)


def refuse(request: Request, refusal: Refusal) -> Reply:  # noqa: ARG001 - one shape for every source
    """A refusal for senders without a shape of their own."""
    return problem(status_of(refusal), sentence(refusal), headers_of(refusal))


def status_of(refusal: Refusal) -> int:
    """The HTTP status this refusal has unless a vendor does it otherwise."""
    return _STATUSES[refusal.kind]


def headers_of(refusal: Refusal) -> tuple[tuple[str, str], ...]:
    """When to come back, and by which methods."""
    if refusal.kind in (RefusalKind.RATE_LIMITED, RefusalKind.UNAVAILABLE):
        wait_s = RETRY_AFTER_S if refusal.retry_after_s is None else refusal.retry_after_s
        return (("Retry-After", str(wait_s)),)
    if refusal.kind is RefusalKind.METHOD and refusal.allow:
        return (("Allow", ", ".join(refusal.allow)),)
    return ()


def sentence(refusal: Refusal) -> str:
    """Why the request was turned away and what to do about it, for a person reading the sender's log."""
    match refusal.kind:
        case RefusalKind.UNKNOWN_KEY:
            return "no integration has this key, or no key was sent"
        case RefusalKind.TOO_LARGE:
            bound = "" if refusal.body_bytes_max is None else f" of {words.plural(refusal.body_bytes_max, 'byte')}"
            return f"the body is larger than the limit{bound}"
        case RefusalKind.RATE_LIMITED:
            return "too many requests with this key; try again later"
        case RefusalKind.UNAVAILABLE:
            return "this could not be stored durably right now; try again"
        case RefusalKind.METHOD:
            return "this address does not take that method"
        case RefusalKind.NOT_FOUND:
            return "there is nothing at this address"
