"""Mail to an address per integration: a name configuration may use, though nothing reads mail yet.

It has no HTTP endpoint, so no request can reach it, and whatever asks it to read one is told that.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.sources import answers
from tocsin.sources.domain import Reading, Refusal, RefusalKind, Request, Settings, Source


def key(request: Request) -> str | None:  # noqa: ARG001 - no request has one
    """None: mail carries its key in the address it is sent to."""
    return None


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - there is nothing to read
    """Nothing, with 404: mail does not come by HTTP."""
    return Reading(signals=(), reply=answers.refuse(request, Refusal(kind=RefusalKind.NOT_FOUND)))


SOURCE = Source(name="email", title="Mail", endpoints=(), key=key, read=read, refuse=answers.refuse)
