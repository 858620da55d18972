"""By which ways, and when, a person is told: their notification rules against the contacts that work. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from tocsin.channels.domain import Address
from tocsin.channels.registry import CHANNELS
from tocsin.engine.domain import AddressLimit
from tocsin.people.domain import Contact, PersonDocument, Urgency

ContactStates = Mapping[tuple[str, str], tuple[bool, bool]]
"""(person, address key) -> (proven by a code, found dead)"""


class Reach(StrEnum):
    """What a page of high urgency does to somebody."""

    WAKES = "wakes"
    QUIET = "quiet"  # it lies in the inbox inside Tocsin, which wakes nobody
    NOTHING = "nothing"  # no contact works


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A browser or phone that takes push for its person, with the keys it gave."""

    id: int
    person: str
    name: str
    endpoint: str
    p256dh: str
    auth: str


Devices = Mapping[str, Sequence[Device]]
"""person -> what they have registered"""


class Way(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message to be sent to somebody through one contact."""

    contact: str
    channel: str
    address: str  # JSON of channels.domain.Address, without secrets
    address_key: str
    bucket: str
    at: datetime
    shown: str  # the address as people know it: of a device, the name its person gave it


def address_of(person: str, name: str, contact: Contact) -> Address:
    """Where a contact leads. Secrets stay in the document: the carrier looks them up by person and contact."""
    target = contact.address or person
    return Address(channel=contact.channel, target=target, options={"person": person, "contact": name})


def address_key(contact: Contact, person: str) -> str:
    """Equal for contacts that lead to the same place."""
    return f"{contact.channel}:{contact.address or person}"


def is_usable(person: str, contact: Contact, states: ContactStates, devices: Devices, *, vouched: bool) -> bool:
    """Whether a message through this contact can be expected to arrive."""
    channel = CHANNELS.get(contact.channel)
    if channel is None or not channel.implemented:
        return False
    if channel.per_device:
        return bool(devices.get(person))
    proven, dead = states.get((person, address_key(contact, person)), (False, False))
    return not dead and (vouched or proven or not channel.needs_verification)


def usable_contacts(
    person: str, document: PersonDocument, states: ContactStates, devices: Devices, *, vouched: bool
) -> dict[str, Contact]:
    """The person's contacts that can be expected to work, by name."""
    return {
        name: contact
        for name, contact in document.contacts.items()
        if is_usable(person, contact, states, devices, vouched=vouched)
    }


def ways(
    person: str,
    document: PersonDocument,
    urgency: Urgency,
    usable: Mapping[str, Contact],
    now: datetime,
    devices: Sequence[Device] = (),
) -> tuple[Way, ...]:
    """What is to be sent, by the rules for this urgency.

    Rules whose contact does not work are passed over, and the first that does starts at once; if none is left, every
    usable contact is tried at once, because a page must not fail for a rule that leads nowhere.
    """
    rules = [rule for rule in document.rules(urgency) if rule.via in usable]
    if not rules:
        planned = [(name, now) for name in usable]
    else:
        lead = rules[0].after if document.rules(urgency)[0].via not in usable else timedelta(0)
        planned = [(rule.via, now + rule.after - lead) for rule in rules]
    return tuple(way for name, at in planned for way in ways_to(person, name, usable[name], at, devices))


def limits_of(channel: str) -> tuple[AddressLimit, ...]:
    """How much one address of this channel may get."""
    known = CHANNELS.get(channel)
    limits = known.limits if known is not None else ()
    return tuple(AddressLimit(count=one.count, per=timedelta(seconds=one.per_s)) for one in limits)


def bundles(channel: str) -> bool:
    """Whether several messages to one contact of this channel become one."""
    known = CHANNELS.get(channel)
    return known is not None and known.bundles


def repeat_after(channel: str, sent: int) -> timedelta | None:
    """How long after it got through an urgent page is said again that was sent so often, or None for never."""
    known = CHANNELS.get(channel)
    waits_s = known.repeat_after_s if known is not None else ()
    return timedelta(seconds=waits_s[sent - 1]) if sent <= len(waits_s) else None


def reach(channels: Collection[str]) -> Reach:
    """What comes of telling somebody through these channels."""
    if not channels:
        return Reach.NOTHING
    return Reach.WAKES if any(wakes(one) for one in channels) else Reach.QUIET


def wakes(channel: str) -> bool:
    """Whether somebody asleep may hear of what goes through this channel."""
    known = CHANNELS.get(channel)
    return known is not None and known.wakes


def ways_to(person: str, name: str, contact: Contact, at: datetime, devices: Sequence[Device] = ()) -> tuple[Way, ...]:
    """A message through this contact, at this time: to each of the person's devices if it leads there."""
    channel = CHANNELS.get(contact.channel)
    if channel is None or not channel.per_device:
        return (way_to(person, name, contact, at),)
    return tuple(_to_device(name, contact, one, at) for one in devices)


def way_to(person: str, name: str, contact: Contact, at: datetime) -> Way:
    """A message to the one address of this contact, at this time."""
    address = address_of(person, name, contact)
    return Way(
        contact=name,
        channel=contact.channel,
        address=msgspec.json.encode(address).decode(),
        address_key=address_key(contact, person),
        bucket=bucket(contact),
        at=at,
        shown=contact.address,
    )


def _to_device(name: str, contact: Contact, device: Device, at: datetime) -> Way:
    """The device's keys travel with the message: without the installation's own key they are of no use to anybody."""
    keys = {"device": str(device.id), "p256dh": device.p256dh, "auth": device.auth}
    address = Address(
        channel=contact.channel, target=device.endpoint, options={"person": device.person, "contact": name, **keys}
    )
    return Way(
        contact=name,
        channel=contact.channel,
        address=msgspec.json.encode(address).decode(),
        address_key=f"{contact.channel}:device-{device.id}",
        bucket=f"{contact.channel}:{urlsplit(device.endpoint).netloc}",
        at=at,
        shown=device.name,
    )


def bucket(contact: Contact) -> str:
    """Which receiving host this goes to: what concurrency is bounded by."""
    return f"{contact.channel}:{urlsplit(contact.address).netloc}" if "://" in contact.address else contact.channel
