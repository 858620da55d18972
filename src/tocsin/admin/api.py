"""The JSON door to the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from tocsin.admin import audit_views, auditing
from tocsin.admin.auditing import Asked
from tocsin.kit import clock, db
from tocsin.people.api import permit
from tocsin.people.rights import Right
from tocsin.web.asking import Instant

router = Router(tags=["audit"])
LIMIT_MAX = 1000
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]


class AuditEntry(Schema):
    """One entry: when, which fact, by whom, about whom, in words and as the journal holds it."""

    id: int
    at: datetime
    what: str
    by: str
    who: str
    about: str
    says: str
    body: dict[str, Any]


class AuditOut(Schema):
    """Entries, newest first; `next` is what `before` has to be to read on, absent at the end."""

    entries: list[AuditEntry]
    next: int | None


class AuditIn(Schema):
    """What is searched for."""

    who: str = ""
    what: str = ""
    q: str = ""
    since: Instant | None = None
    until: Instant | None = None
    before: int | None = None
    limit: Limit = auditing.PAGE


@router.get("", response=AuditOut)
def audit(request: HttpRequest, asked: Query[AuditIn]) -> Any:
    """Who signed in, was refused, or changed an account, a right or the configuration; newest first."""
    permit(request, Right.ADMINISTER)
    search = Asked(
        who=asked.who, what=asked.what, text=asked.q, since=asked.since, until=asked.until, before=asked.before
    )
    found = auditing.lines(db.reader(clock.now()), search, asked.limit + 1)
    entries = [audit_views.values(one) for one in found[: asked.limit]]
    return {"entries": entries, "next": found[asked.limit - 1].id if len(found) > asked.limit else None}
