"""Takes parcels out of the house: composes them by their channel, sends them by the shared clients, judges the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tocsin.channels import wire
from tocsin.channels.domain import (
    Address,
    Channel,
    Delivered,
    HttpRequest,
    Mail,
    Message,
    Outcome,
    Response,
    Retry,
    Settings,
)
from tocsin.channels.registry import CHANNELS
from tocsin.engine.domain import PARCELS_PER_BUCKET_MAX, AddressLimit, Parcel, Verdict, VerdictKind
from tocsin.kit import clock, mail
from tocsin.kit.db import Reader
from tocsin.kit.http import HttpClient
from tocsin.kit.mail import Mailer
from tocsin.paging import bundling, devices, pushkey, ways
from tocsin.paging.domain import page_of
from tocsin.paging.standing import letterhead

_message = msgspec.json.Decoder(Message)
_address = msgspec.json.Decoder(Address)
Secrets = Callable[[Address], Mapping[str, str] | None]
"""The options, secret ones too, of the contact an address belongs to, from the configuration last learnt.

None if the person, or this contact, or this address of it is not there any more: then it leads to somebody else.
"""
MARK_CHARS = 16
MAILS_AT_ONCE = 2 * mail.CONNECTIONS_MAX  # one on each connection, and the next one ready
GONE = "this contact is not in the configuration any more"


class ChannelCarrier:
    """The one carrier: knows every channel, and the two clients that do the I/O."""

    def __init__(
        self, http: HttpClient, mailer: Mailer, settings: Settings, secrets: Secrets, learn: Callable[[Reader], object]
    ) -> None:
        self._http = http
        self._mailer = mailer
        self._settings = settings
        self._secrets = secrets
        self._learn = learn
        self._push_key = ""
        self._devices: frozenset[int] = frozenset()
        self._limits = {name: ways.limits_of(name) for name in CHANNELS}

    def limits(self, channel: str) -> Sequence[AddressLimit]:
        """How much one address of this channel may get."""
        return self._limits.get(channel, ())

    def bundles(self, channel: str) -> bool:
        """Whether several messages to one address become one."""
        return ways.bundles(channel)

    def at_once(self, bucket: str) -> int:
        """The mail server gets few at a time, or they would wait for its connections until their time is up."""
        return MAILS_AT_ONCE if bucket == "email" else PARCELS_PER_BUCKET_MAX

    def learn(self, reader: Reader) -> None:
        """Take over the configuration in force, which holds the contacts' secrets, the devices, and our key for push."""
        self._learn(reader)
        self._devices = devices.known(reader)
        self._push_key = pushkey.private(reader)

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """Send these as one message."""
        channel = CHANNELS.get(parcels[0].channel)
        if channel is None or not channel.implemented:
            return Verdict(kind=VerdictKind.FAILED, reason=f"there is no channel {parcels[0].channel}")
        if channel.per_device and not self._push_key:
            return Verdict(kind=VerdictKind.FAILED, reason="the installation's key for push cannot be read")
        address = _address.decode(parcels[0].address)
        secrets = self._secrets(address)
        if secrets is None or (channel.per_device and int(address.options["device"]) not in self._devices):
            return Verdict(kind=VerdictKind.FAILED, reason=GONE)
        options = {**address.options, **secrets, **self._ingredients(channel)}
        messages = [_message.decode(parcel.body) for parcel in parcels]
        pages = [page_of(parcel.subject) for parcel in parcels]
        one = bundling.bundle(messages, pages, letterhead(), address.options.get("person", ""))
        message = identified(one, parcels)
        outgoing = channel.compose(
            message,
            Address(channel=address.channel, target=address.target, options=options),
            self._settings,
            clock.now(),
        )
        if isinstance(outgoing, HttpRequest):
            return _verdict(channel.judge(wire.from_http(await self._http.send(outgoing))))
        if isinstance(outgoing, Mail):
            return _verdict(channel.judge(wire.from_mail(await self._mailer.send(outgoing))))
        return _verdict(channel.judge(Response(status=200)))

    async def close(self) -> None:
        """Close the clients' connections."""
        await self._http.close()
        await self._mailer.close()

    def _ingredients(self, channel: Channel) -> Mapping[str, str]:
        return pushkey.ingredients(self._push_key) if channel.per_device else {}


def identified(message: Message, parcels: Sequence[Parcel]) -> Message:
    """The message with an id made of these parcels: the same at every attempt, and no other message's.

    Mail servers and webhooks' receivers throw away what comes with an id they have seen. So a reminder of a page, a
    bundle with one more in it, and what a database restored from a backup numbers anew must not look like a repeat.
    """
    sent = [(parcel.id, clock.to_us(parcel.give_up_at)) for parcel in parcels]
    mark = hashlib.sha256(repr(sorted(sent)).encode()).hexdigest()[:MARK_CHARS]
    return msgspec.structs.replace(message, id=f"{message.id}-{mark}")


def _verdict(outcome: Outcome) -> Verdict:
    if isinstance(outcome, Delivered):
        return Verdict(kind=VerdictKind.DELIVERED, receipt=outcome.receipt)
    if isinstance(outcome, Retry):
        return Verdict(kind=VerdictKind.RETRY, reason=outcome.reason, after_s=outcome.after_s)
    return Verdict(kind=VerdictKind.FAILED, reason=outcome.reason, disable=outcome.disable)
