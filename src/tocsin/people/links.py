"""Links sent by mail with which somebody chooses a password: signed, expiring, worth something once.

The link carries its number and is signed by the installation, so it can be made again from its row and need not be
kept. Opening it changes nothing, because mail scanners open links too; the form behind it does.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx
from tocsin.people import signing, store
from tocsin.people.domain import (
    AddressProven,
    InvitationSent,
    InvitationWithdrawn,
    LinkPurpose,
    PasswordSet,
    ResetSent,
)
from tocsin.people.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A link that can be used."""

    id: int
    user_id: int
    email: str
    purpose: LinkPurpose
    by_mail: bool  # it came to this address by mail, so whoever shows it reads the mailbox


def invite(tx: Tx, user: User, *, by: str) -> None:
    """Send an invitation; one that was sent before is worth nothing from now on."""
    store.end_links(tx, user.id, LinkPurpose)
    link = store.put_link(tx, user, LinkPurpose.INVITATION, tx.now + signing.LIVES[LinkPurpose.INVITATION])
    tx.record(InvitationSent(user=user.id, by=by, link=link.id, email=user.email))


def withdraw(tx: Tx, user: User, *, by: str) -> bool:
    """Take an invitation back; False if there was none that could be used."""
    if not store.end_links(tx, user.id, [LinkPurpose.INVITATION]):
        return False
    tx.record(InvitationWithdrawn(user=user.id, by=by))
    return True


def send_reset(tx: Tx, user: User, *, by: str) -> None:
    """Send a link for another password; one that was sent before is worth nothing from now on."""
    store.end_links(tx, user.id, [LinkPurpose.RESET])
    link = store.put_link(tx, user, LinkPurpose.RESET, tx.now + signing.LIVES[LinkPurpose.RESET])
    tx.record(ResetSent(user=user.id, by=by, link=link.id, email=user.email))


def look(reader: Reader, token: str) -> Opened | None:
    """What a link is good for; None if it is not ours, was used or withdrawn, has expired, or the account is closed."""
    shown = signing.read(token, reader.now)
    if shown is None:
        return None
    row = reader.row(
        "SELECT link.id, link.user_id, people_user.email, link.purpose FROM people_link link"
        " JOIN people_user ON people_user.id = link.user_id WHERE link.id = %s AND link.used_at IS NULL"
        " AND link.ended_at IS NULL AND link.expires_at > %s AND people_user.is_active",
        (shown.id, clock.to_us(reader.now)),
    )
    if row is None:
        return None
    purpose = LinkPurpose(row[3])
    return Opened(id=row[0], user_id=row[1], email=row[2], purpose=purpose, by_mail=shown.proves(row[2]))


def choose(tx: Tx, opened: Opened, password: str, *, by: str) -> User | None:
    """Use the link: the account has this password, and every session of it ends. None if another was quicker.

    A link that came by mail proves the account's address, too.
    """
    if not store.use_link(tx, opened.id):
        return None
    user = User.objects.get(id=opened.user_id)
    store.set_password(user, password)
    store.end_links(tx, user.id, LinkPurpose)
    store.end_sessions(tx, user.id)
    tx.record(PasswordSet(user=user.id, by=by))
    if opened.by_mail and user.email == opened.email:
        tx.record(AddressProven(user=user.id, by=by, person=user.person, email=user.email))
    return User.objects.get(id=user.id)
