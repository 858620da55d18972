"""How a link by mail is written and read: its number, signed. Needs no model, so what sends letters can use it.

The link in a mail also names, as a digest, the address the mail went to: whoever shows it reads that mailbox. The link
that an administrator hands over by another way does not, and is worth nothing as a proof of any address.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.kit import clock
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation, link_signer
from tocsin.people.domain import LinkPurpose

LIVES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(hours=1)}
_PREFIX = "password:"  # keeps these links apart from those in pages
_MARK_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a link of ours says."""

    id: int
    mailed_to: str = ""  # a mark of the address it was sent to by mail; empty if it was handed over

    def proves(self, email: str) -> bool:
        """Whether whoever shows it reads the mail to this address."""
        return self.mailed_to == _mark(email)


def url_of(reader: Reader, link_id: int, *, mailed_to: str = "") -> str:
    """The link to hand over, or as it stands in the mail to this address."""
    expires_at = clock.from_us(reader.value("SELECT expires_at FROM people_link WHERE id = %s", (link_id,)))
    mark = f":{_mark(mailed_to)}" if mailed_to else ""
    token = link_signer().sign(f"{_PREFIX}{link_id}{mark}", expires_at)
    return f"{installation().base_url}/password/{token}"


def read(token: str, now: datetime) -> Shown | None:
    """What a link of ours that has not expired says."""
    payload = link_signer().verify(token, now)
    if payload is None or not payload.startswith(_PREFIX):
        return None
    number, _, mark = payload.removeprefix(_PREFIX).partition(":")
    return Shown(id=int(number), mailed_to=mark)


def _mark(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()[:_MARK_CHARS]
