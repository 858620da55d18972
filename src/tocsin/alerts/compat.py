"""What the read addresses of other vendors' APIs have in common: whose key was shown, and how an answer is written."""

from __future__ import annotations

import hmac
from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse

from tocsin.alerts import listing
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.sources import credentials
from tocsin.sources.domain import Request

_ALERT = ", ".join(f"alert.{column}" for column in listing.ALERT_COLUMNS)
_GROUP = "grouped.status, grouped.acknowledged_by, grouped.acknowledged_at, grouped.snoozed_until, grouped.resolved_by"
# Alerts as `listing.alert_line` reads them, each followed by its group's number and what became of that.
JOINED = (
    f"SELECT {_ALERT}, grouped.id, {_GROUP} FROM alerts_alert alert"
    " JOIN alerts_group grouped ON grouped.id = alert.group_id"
)
encode = msgspec.json.Encoder().encode


def integration_of(
    request: HttpRequest, kinds: frozenset[str], in_path: str = ""
) -> tuple[str, IntegrationDocument] | None:
    """Whose key was shown, in the path, the headers or the query, if it is of one of these kinds of sender."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    asked = Request(
        method="GET", path=request.path, query=request.META.get("QUERY_STRING", ""), headers=headers, key=in_path
    )
    key = credentials.key(asked)
    if key is None:
        return None
    found = None
    for name, document in (
        configuration.current(db.reader(clock.now())).all("integrations", IntegrationDocument).items()
    ):
        if hmac.compare_digest(document.key.encode(), key.encode()) and document.source in kinds:
            found = (name, document)
    return found


def instant(at: datetime) -> str:
    """As these APIs write it: UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(status: int, body: object) -> HttpResponse:
    """JSON."""
    return HttpResponse(encode(body), status=status, content_type="application/json")
