"""What people are told, before a channel gives it its form. Pure, but for the clock's `now` it is given."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tocsin.alerts.domain import BY_HAND, OWN, UNROUTED
from tocsin.channels.domain import Entry, Message, MessageKind
from tocsin.engine.domain import LANE_NOTICE, Destination, NewDelivery, addressed
from tocsin.kit import text
from tocsin.kit.secrets import Signer
from tocsin.paging import links
from tocsin.paging.domain import Page
from tocsin.paging.rules import Rung
from tocsin.paging.store import GroupBrief

SUMMARY_CHARS_MAX = 1500
TEST_TITLE = "This is a test"
OWN_TITLE = "Tocsin"  # what Tocsin says of itself is of no service, unless of one that an integration names
_encode = msgspec.json.Encoder().encode


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """What every message needs to know of the installation."""

    base_url: str
    signer: Signer


def entry(brief: GroupBrief, service: str, base_url: str) -> Entry:
    """One group in a message; `service` is its title."""
    where, public = _named(brief, service)
    return Entry(
        reference=f"AG-{brief.id}",
        title=brief.title,
        public_title=public,
        service=where,
        severity=brief.severity,
        urgency=brief.urgency.value,
        url=f"{base_url}/groups/{brief.id}",
        opened_at=brief.opened_at,
        alerts=brief.alert_count,
        summary=text.cut(brief.summary, SUMMARY_CHARS_MAX),
    )


def service_words(service: str, integration: str, title: str) -> str:
    """Of which service a group is, for whoever is woken; nothing where that says nothing, as of a page by hand."""
    if service != UNROUTED:
        return title
    return {BY_HAND: "", OWN: OWN_TITLE}.get(integration, title)


def _named(brief: GroupBrief, service: str) -> tuple[str, str]:
    """Of which service a group is, and what may be read by others."""
    if brief.is_test:
        return "", TEST_TITLE
    words = service_words(brief.service, brief.integration, service)
    return words, f"{words}: {brief.urgency} urgency alert" if words else f"Paged by hand: {brief.urgency} urgency"


def page(head: Letterhead, page_: Page, to: str, about: Entry, rung: Rung, steps: int, now: datetime) -> str:
    """The message of a page, as JSON. Its links acknowledge without signing in, for a week."""
    link = links.to(head.base_url, head.signer, [page_.id], now)
    step = "last resort" if rung.last_resort else f"step {rung.step} of {steps}"
    if rung.cycle > 1:
        step += f", round {rung.cycle}"
    return _encode(
        Message(
            kind=MessageKind.PAGE,
            id=f"page-{page_.id}",
            to=to,
            entries=(about,),
            text=f"If you do not answer, the next step is taken in {text.format_duration(rung.wait)}.",
            acknowledge_url=link,
            acknowledge_post_url=link,
            reason=f"{page_.reason} ({step})",
            sent_at=now,
        )
    ).decode()


def taken(page_: Page, to: str, about: Entry, what: str, now: datetime) -> str:
    """Tell somebody who was paged that it is in hands or over, as JSON."""
    return _encode(
        Message(
            kind=MessageKind.TAKEN,
            id=f"taken-{page_.id}",
            to=to,
            entries=(about,),
            subject=f"{about.reference} {what}",
            text=f"{what[0].upper()}{what[1:]}. Nothing is left for you to do.",
            reason="you were paged for it",
            sent_at=now,
        )
    ).decode()


def notice(message: Message, to: Destination, *, subject: str, due_at: datetime, tried_for: timedelta) -> NewDelivery:
    """A message that goes out after all pages, and only while its news is worth having."""
    return addressed(
        to,
        lane=LANE_NOTICE,
        body=_encode(message).decode(),
        subject=subject,
        due_at=due_at,
        give_up_at=due_at + tried_for,
    )
