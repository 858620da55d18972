"""Proving that a contact leads to its person: a code is sent through it, and whoever can read it says it back.

A code lives ten minutes and dies after five wrong tries, so guessing one of a million is hopeless; and only so many
are sent to one address in a quarter of an hour, so that nobody can be flooded with them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import msgspec

from tocsin.channels.domain import Message, MessageKind
from tocsin.channels.registry import CHANNELS
from tocsin.config import queries as configuration
from tocsin.engine import outbox
from tocsin.engine.domain import NewDelivery
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx
from tocsin.kit.installation import installation
from tocsin.paging import devices, messages, store, ways
from tocsin.paging.domain import ContactProven
from tocsin.people.domain import AddressProven, Contact, PersonDocument

CODE_DIGITS = 6  # with five tries the chance to guess it is one in 200,000
CODE_LIVES = timedelta(minutes=10)  # long enough for a slow mail
TRIES_MAX = 5  # wrong ones, then a new code is needed
SENDS_MAX = 3  # to one address within the time below, so that nobody can be flooded
SENDS_WITHIN = timedelta(minutes=15)
_encode = msgspec.json.Encoder().encode


class TooMany(Exception):
    """So many codes have been sent to this address that the next has to wait."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"{SENDS_MAX} codes were sent here a moment ago; the next can be sent in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Outcome(StrEnum):
    """What became of a try."""

    PROVEN = "this contact is proven"
    WRONG = "this is not the code that was sent"
    OVER = "no code is waiting for this contact, or it has expired; send another"
    SPENT = "too many wrong tries; send another code"


class Proof(StrEnum):
    """How much is known about a contact."""

    PROVEN = "proven"  # somebody read a code sent there
    VOUCHED = "vouched"  # a file brought it, and whoever applied it answers for it
    NOT_NEEDED = "not needed"  # the inbox is the person's own, and so is a device that was registered
    NO_DEVICE = "no device"  # push, but nothing is registered that takes it
    UNPROVEN = "unproven"  # nothing is sent there but codes
    DEAD = "dead"  # the other side says that there is no such address
    NOT_BUILT = "not available"  # this installation cannot send through this channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLine:
    """One way to reach a person, and whether it is proven."""

    person: str
    contact: str
    channel: str
    state: str


def contacts(reader: Reader, person: str) -> list[ContactLine]:
    """The person's contacts and whether each can be used."""
    snapshot = configuration.current(reader)
    document = snapshot.all("people", PersonDocument)[person]
    known = _Known(
        store.contact_states(reader, [person]),
        has_devices=bool(devices.of_people(reader, [person])),
        vouched=snapshot.managed_by.get(("people", person), "file") == "file",
    )
    return [
        ContactLine(
            person=person,
            contact=name,
            channel=contact.channel,
            state=_proof(person, contact, known).value,
        )
        for name, contact in document.contacts.items()
    ]


def waiting(reader: Reader, person: str) -> set[str]:
    """The address keys of the person's contacts for which a code is out that still counts."""
    rows = reader.rows(
        "SELECT address_key FROM paging_contact_code WHERE person = %s AND hash <> '' AND expires_at > %s AND tries < %s",
        (person, clock.to_us(reader.now), TRIES_MAX),
    )
    return {row[0] for row in rows}


def send(tx: Tx, person: str, name: str) -> None:
    """Send a fresh code through this contact; earlier ones are worth nothing. Raises TooMany."""
    document = configuration.current(tx).all("people", PersonDocument)[person]
    contact = document.contacts[name]
    key = ways.address_key(contact, person)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    sent = _count_send(tx, person, key)
    tx.execute("DELETE FROM paging_contact_code WHERE person = %s AND address_key = %s", (person, key))
    tx.insert_many(
        "paging_contact_code",
        ("person", "address_key", "hash", "expires_at", "tries", "sent"),
        [(person, key, _hash(person, key, code), clock.to_us(tx.now + CODE_LIVES), 0, _encode(sent).decode())],
    )
    outbox.cancel(tx, [_subject(person, name)], "another code was sent")
    outbox.put(tx, _deliveries(tx, document, person, name, code))


def confirm(tx: Tx, person: str, name: str, code: str) -> Outcome:
    """The contact is proven if this is the code sent last, in time and within a few tries."""
    contact = configuration.current(tx).all("people", PersonDocument)[person].contacts[name]
    key = ways.address_key(contact, person)
    row = tx.row(
        "SELECT id, hash, expires_at, tries FROM paging_contact_code WHERE person = %s AND address_key = %s"
        + tx.for_update,
        (person, key),
    )
    if row is None or not row[1] or row[2] <= clock.to_us(tx.now):
        return Outcome.OVER
    if row[3] >= TRIES_MAX:
        return Outcome.SPENT
    if not hmac.compare_digest(row[1], _hash(person, key, code.strip())):
        tx.execute("UPDATE paging_contact_code SET tries = tries + 1 WHERE id = %s", (row[0],))
        return Outcome.WRONG
    tx.execute("UPDATE paging_contact_code SET hash = '' WHERE id = %s", (row[0],))
    vouch(tx, person, name)
    return Outcome.PROVEN


def vouch(tx: Tx, person: str, name: str) -> None:
    """Somebody answers for it that this contact leads to its person: it is proven without a code."""
    contact = configuration.current(tx).all("people", PersonDocument)[person].contacts[name]
    store.set_contact_state(tx, person, ways.address_key(contact, person), verified=True)
    tx.record(ContactProven(person=person, contact=name, channel=contact.channel))


def trust_addresses(tx: Tx, facts: Sequence[AddressProven]) -> None:
    """Who has used a link from a mail reads that mailbox: contacts that lead there need no code any more."""
    people = configuration.current(tx).all("people", PersonDocument)
    for fact in facts:
        states = store.contact_states(tx, [fact.person])
        document = people.get(fact.person)
        for name, contact in document.contacts.items() if document else ():
            leads_there = contact.channel == "email" and contact.address.lower() == fact.email
            if leads_there and states.get((fact.person, ways.address_key(contact, fact.person))) != (True, False):
                vouch(tx, fact.person, name)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about the addresses of one person."""

    states: ways.ContactStates
    has_devices: bool
    vouched: bool


def _proof(person: str, contact: Contact, known: _Known) -> Proof:
    channel = CHANNELS.get(contact.channel)
    proven, dead = known.states.get((person, ways.address_key(contact, person)), (False, False))
    if channel is None or not channel.implemented:
        return Proof.NOT_BUILT
    if channel.per_device and not known.has_devices:
        return Proof.NO_DEVICE
    if dead:
        return Proof.DEAD
    if not channel.needs_verification:
        return Proof.NOT_NEEDED
    if proven:
        return Proof.PROVEN
    return Proof.VOUCHED if known.vouched else Proof.UNPROVEN


def _count_send(tx: Tx, person: str, key: str) -> list[int]:
    written = tx.value("SELECT sent FROM paging_contact_code WHERE person = %s AND address_key = %s", (person, key))
    since = clock.to_us(tx.now - SENDS_WITHIN)
    sent = [at for at in msgspec.json.decode(written or "[]", type=list[int]) if at > since]
    if len(sent) >= SENDS_MAX:
        raise TooMany(max(1, (sent[0] - since) // 1_000_000))
    return [*sent, clock.to_us(tx.now)]


def _deliveries(tx: Tx, document: PersonDocument, person: str, name: str, code: str) -> list[NewDelivery]:
    theirs = devices.of_people(tx, [person]).get(person, ())
    message = Message(
        kind=MessageKind.CODE,
        id=f"code-{secrets.token_hex(8)}",
        to=document.name,
        text=f"{code} is the code that proves this contact. It counts for 10 minutes. If you did not ask for it, ignore it.",
        reason=f"somebody asked to prove your contact {name}",
        sent_at=tx.now,
    )
    return [
        messages.notice(message, way, subject=_subject(person, name), due_at=tx.now, tried_for=CODE_LIVES)
        for way in ways.ways_to(person, name, document.contacts[name], tx.now, theirs)
    ]


def _subject(person: str, name: str) -> str:
    return f"code:{person}:{name}"


def _hash(person: str, key: str, code: str) -> str:
    """Keyed, because six digits alone could be tried offline."""
    secret = installation().secrets[0].encode()
    return hmac.digest(secret, f"code\x1f{person}\x1f{key}\x1f{code}".encode(), hashlib.sha256).hex()
