"""The mails about accounts: invitations, and links to choose another password.

They go through the outbox to the address of the account, whatever contacts the person has. The link is signed when
the letter is put into the outbox; the journal knows only the link's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from tocsin.channels.domain import Address, Message, MessageKind
from tocsin.config import queries as configuration
from tocsin.engine import outbox
from tocsin.engine.domain import LANE_NOTICE, NewDelivery
from tocsin.kit import text
from tocsin.kit.db import Tx
from tocsin.kit.installation import installation
from tocsin.people import signing
from tocsin.people.domain import InvitationSent, LinkPurpose, PersonDocument, ResetSent

TRIED_FOR = timedelta(hours=6)  # a mail server that is away for a morning is back by then
_encode = msgspec.json.Encoder().encode


def send(tx: Tx, facts: Sequence[InvitationSent | ResetSent]) -> None:
    """Put the letters into the outbox."""
    outbox.put(tx, [_delivery(tx, fact) for fact in facts])


def _delivery(tx: Tx, fact: InvitationSent | ResetSent) -> NewDelivery:
    purpose = LinkPurpose.INVITATION if isinstance(fact, InvitationSent) else LinkPurpose.RESET
    message = Message(
        kind=MessageKind.NOTICE,
        id=f"letter-{fact.link}",
        to=fact.email,
        subject=_subject(purpose),
        text=_text(tx, fact, purpose),
        reason="an administrator opened an account for you"
        if purpose is LinkPurpose.INVITATION
        else "somebody asked for another password for your account",
        sent_at=tx.now,
    )
    return NewDelivery(
        lane=LANE_NOTICE,
        channel="email",
        address=_encode(Address(channel="email", target=fact.email)).decode(),
        address_key=f"email:{fact.email}",
        bucket="email",
        body=_encode(message).decode(),
        subject=f"letter:{fact.link}",
        due_at=tx.now,
        give_up_at=tx.now + min(TRIED_FOR, signing.LIVES[purpose]),
    )


def _subject(purpose: LinkPurpose) -> str:
    name = installation().instance
    return f"You are invited to {name}" if purpose is LinkPurpose.INVITATION else f"Choose another password for {name}"


def _text(tx: Tx, fact: InvitationSent | ResetSent, purpose: LinkPurpose) -> str:
    lives = text.format_duration(signing.LIVES[purpose])
    url = signing.url_of(tx, fact.link, mailed_to=fact.email)
    if purpose is LinkPurpose.INVITATION:
        host = configuration.current(tx).all("people", PersonDocument).get(fact.by.removeprefix("person:"))
        by = f"{host.name} invites" if host else "An administrator invites"
        return (
            f"{by} you to {installation().instance}. Open this page, choose a password, and you are in:\n{url}\n"
            f"The link works once, for {lives}."
        )
    return (
        f"Open this page to choose another password for {fact.email}:\n{url}\n"
        f"The link works once, for {lives}. If you did not ask for it, nothing has changed and there is nothing to do."
    )
