"""How messages go out: a channel is two pure functions.

`compose(message, address, settings)` says what to send; `judge(response)` says what the answer means. One shared
sender (kit/http.py, kit/mail.py) does the I/O in between, so timeouts, proxies and the private-address guard live
in one place and a channel can be tested as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec


class MessageKind(StrEnum):
    """What a message is for. Pages outrank all others in the outbox."""

    PAGE = "page"
    TAKEN = "taken"  # someone else acknowledged or resolved what you were paged for
    NOTICE = "notice"  # shift starts, internal alerts, anything that can wait a minute
    TEST = "test"
    CODE = "code"  # a verification code for a new contact method


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One alert group in a message. A bundled page has several."""

    reference: str  # "AG-12"
    title: str  # full text: only for channels that are private to the person (mail, webhook, inbox)
    public_title: str  # sanitised: for lock screens and SMS; service name and urgency, no labels
    service: str
    severity: str
    urgency: str
    url: str  # the group's page, behind sign-in
    opened_at: datetime
    alerts: int = 1
    summary: str = ""  # a few lines of plain text: labels, description


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is to be told, before it takes a channel's form. Stored as JSON in the outbox."""

    kind: MessageKind
    id: str  # stable per delivery: the idempotency key (webhook-id, Message-ID)
    to: str  # the person's name for greeting
    entries: tuple[Entry, ...] = ()
    subject: str = ""  # for kinds without entries, and the override where set
    text: str = ""  # why you are told, what happens next; plain text
    url: str = ""  # of a bundle: the list of its groups among others, behind sign-in
    acknowledge_url: str = ""  # opens a page with one button; a GET changes nothing (prefetch-safe)
    acknowledge_post_url: str = ""  # a POST to it acknowledges at once (ntfy action button)
    reason: str = ""  # "you are on call for Payments, first (step 1 of 3)"
    drill: bool = False
    sent_at: datetime | None = None

    def __repr__(self) -> str:
        """Without the links: whoever holds one can acknowledge."""
        groups = [entry.reference for entry in self.entries]
        return f"Message(kind={self.kind.value!r}, id={self.id!r}, groups={groups!r})"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where one contact method leads: `{email: ann@…}` is channel "email", target "ann@…"."""

    channel: str
    target: str
    options: dict[str, str] = {}  # channel-specific, e.g. a webhook's signing secret

    def __repr__(self) -> str:
        """Without the target, which may hold a secret, and without the options' values."""
        return f"Address(channel={self.channel!r}, options={sorted(self.options)!r})"


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP call. The shared client adds the User-Agent, proxies and the private-address guard."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        """Method and host only: path, headers and body may hold secrets."""
        host = urlsplit(self.url).hostname or ""
        return f"HttpRequest(method={self.method!r}, host={host!r}, body_bytes={len(self.body)})"


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail; the shared mailer builds the MIME message from it."""

    to: str
    subject: str
    text: str
    html: str = ""
    message_id: str = ""  # stable, so that a duplicate after a crash is recognised by the mail program
    thread: str = ""  # same for all mails of one alert group (References)
    headers: dict[str, str] = {}

    def __repr__(self) -> str:
        """Without the text, which holds acknowledge links and verification codes."""
        return f"Mail(message_id={self.message_id!r}, headers={sorted(self.headers)!r})"


class InboxNote(msgspec.Struct, frozen=True, kw_only=True):
    """A note in the person's in-app inbox: written in our own database, always works."""

    person: str
    subject: str
    text: str
    url: str = ""
    acknowledge_url: str = ""

    def __repr__(self) -> str:
        """Without text and links."""
        return f"InboxNote(person={self.person!r})"


Outgoing = HttpRequest | Mail | InboxNote


class Fault(StrEnum):
    """Why there was no answer at all."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    TLS = "tls"
    DNS = "dns"
    FORBIDDEN_ADDRESS = "forbidden_address"  # the private-address guard said no
    PROTOCOL = "protocol"
    RECIPIENT_REFUSED = "recipient_refused"  # SMTP 5xx for this recipient
    REJECTED = "rejected"  # SMTP 5xx for the message
    BUSY = "busy"  # SMTP 4xx, or the other side asks to come back later
    NOT_CONFIGURED = "not_configured"  # e.g. no SMTP server is set up


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: an HTTP status, or a fault with its detail. Mail and inbox answer with status 250 and 200."""

    status: int = 0
    headers: Mapping[str, str] = {}
    body: bytes = b""  # at most 64 KiB are kept
    fault: Fault | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The other side took it. `receipt` is its own id, if it gives one."""

    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try again; not before `after_s` seconds if the other side named a time."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """No use to try again. `disable` says that the contact method itself is dead (gone, unsubscribed)."""

    reason: str
    disable: bool = False


Outcome = Delivered | Retry | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the installation says: its own address and name, and secrets a channel needs."""

    base_url: str = ""
    sender: str = ""  # From: address for mail
    instance: str = "Tocsin"
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `count` messages to one address within `per_s` seconds."""

    count: int
    per_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A further key of a contact document: `{webhook: https://…, secret: whsec_…}` has the option "secret"."""

    check: Callable[[str], str | None]  # a value -> what is wrong with it, or None
    secret: bool = True  # never shown, exported masked
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to reach a person."""

    name: str  # the word in a contact document: {email: …}
    title: str
    check: Callable[[str], str | None]  # an address -> what is wrong with it, or None
    compose: Callable[[Message, Address, Settings, datetime], Outgoing]
    judge: Callable[[Response], Outcome]
    private: bool  # may carry full text; False: only public_title (SMS, lock screens)
    bundles: bool = True  # many due messages to one address become one
    limits: tuple[Limit, ...] = ()  # per address; what exceeds them waits and is bundled, never dropped
    needs_verification: bool = True  # a typed-in address must be proven before it counts as usable
    implemented: bool = True  # False: accepted in documents, but nothing sends yet; counts as not usable
    wakes: bool = True  # somebody asleep may hear it; what only waits inside Tocsin does not
    per_device: bool = False  # leads to each device a person registered, and its messages are encrypted for one of them
    repeat_after_s: tuple[int, ...] = ()  # an urgent page is sent again after so long, until it is answered
    options: Mapping[str, Option] = field(default_factory=dict)  # the further keys its documents may have
