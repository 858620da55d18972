"""How a link by mail is written and read: its number, signed. Needs no model, so what sends letters can use it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.kit import clock
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation, link_signer
from tocsin.people.domain import LinkPurpose

LIVES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(hours=1)}
_PREFIX = "password:"  # keeps these links apart from those in pages


def url_of(reader: Reader, link_id: int) -> str:
    """The link as it stands in the mail."""
    expires_at = clock.from_us(reader.value("SELECT expires_at FROM people_link WHERE id = %s", (link_id,)))
    token = link_signer().sign(f"{_PREFIX}{link_id}", expires_at)
    return f"{installation().base_url}/password/{token}"


def number_in(token: str, now: datetime) -> int | None:
    """The number of a link of ours that has not expired."""
    payload = link_signer().verify(token, now)
    if payload is None or not payload.startswith(_PREFIX):
        return None
    return int(payload.removeprefix(_PREFIX))
