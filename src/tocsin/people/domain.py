"""People and teams as documents: who there is, how each is reached, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tocsin.config.domain import Document, Duration, Name, SecretText, ZoneName, lasting, refuse, wrong
from tocsin.journal.domain import Fact

CONTACTS_MAX = 20
RULES_MAX = 20
RULE_DELAY_MAX = timedelta(days=1)
SHIFT_NOTICES_MAX = 5
SHIFT_NOTICE_MOST = timedelta(days=14)
MEMBERS_MAX = 1000
TEXT_CHARS_MAX = 2000
ADDRESS_CHARS_MAX = 2000

_EMAIL = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;.]+(\.[^\s@<>\"',;.]+)*")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_WEB = re.compile(r"https?://[^\s/]+(/\S*)?")


class Urgency(StrEnum):
    """Whether somebody must look at once (high) or may do so in working time (low)."""

    HIGH = "high"
    LOW = "low"


class Role(StrEnum):
    """What a person may do everywhere; each role includes the ones before it."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    MANAGER = "manager"
    ADMIN = "admin"


def _email(value: str) -> str:
    if _EMAIL.fullmatch(value) is None:
        raise wrong(f"{value!r} is not a mail address", fix="write it as name@example.com")
    return value


def _phone(value: str) -> str:
    if _PHONE.fullmatch(value) is None:
        raise wrong(f"{value!r} is not a phone number", fix='write it in quotes with + and country: "+4915155500101"')
    return value


def _web(value: str) -> str:
    if _WEB.fullmatch(value) is None:
        raise wrong(f"{value!r} is not a web address", fix="write it with https://")
    return value


def signing_in_as(email: str) -> str:
    """A mail address as sign-in compares it, however it is spelt."""
    return email.strip().lower()


Email = Annotated[str, Field(max_length=320), AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]
WebAddress = Annotated[str, Field(max_length=ADDRESS_CHARS_MAX), AfterValidator(_web)]

CHANNELS = ("email", "push", "sms", "voice", "ntfy", "webhook", "inbox")  # each is a field of Contact
OWN = ("push", "inbox")  # these need no address: they lead to the person's own devices, or into Tocsin itself
OPTIONS = {  # and whose they are
    "secret": ("webhook",),
    "token": ("ntfy",),
    "user": ("ntfy",),
    "password": ("ntfy",),
    "detail": ("ntfy", "push"),
}


class Contact(Document):
    """One way to reach a person: exactly one channel with its address, and that channel's options."""

    email: Email | None = Field(default=None, description="A mail address.")
    sms: Phone | None = Field(default=None, description="A mobile number for text messages, with + and country.")
    voice: Phone | None = Field(default=None, description="A number to call, with + and country.")
    ntfy: WebAddress | None = Field(default=None, description="An ntfy topic's web address.")
    webhook: WebAddress | None = Field(default=None, description="A web address that takes signed POSTs.")
    push: bool | None = Field(
        default=None, description="`true`: every browser and phone the person has registered under Me."
    )
    inbox: bool | None = Field(default=None, description="`true`: the inbox inside Tocsin.")
    secret: SecretText | None = Field(
        default=None, max_length=500, description="Webhook: what signs each request, whsec_ and then base64."
    )
    token: SecretText | None = Field(default=None, max_length=500, description="ntfy: an access token, tk_….")
    user: str | None = Field(default=None, max_length=200, description="ntfy: signs in together with `password`.")
    password: SecretText | None = Field(default=None, max_length=500, description="ntfy: the password of `user`.")
    detail: Literal["public", "full"] | None = Field(
        default=None,
        description="ntfy and push: `full` puts titles and summaries on the lock screen; otherwise only the service.",
    )

    @model_validator(mode="after")
    def _one_channel(self) -> Self:
        given = [channel for channel in CHANNELS if getattr(self, channel) not in {None, False}]
        if len(given) != 1:
            said = f"names {' and '.join(given)}" if given else "names no channel"
            raise wrong(f"a contact has exactly one channel; this one {said}", fix=f"keep one of {', '.join(CHANNELS)}")
        refuse(
            wrong(f"`{option}` belongs to a contact by {' or '.join(owners)}", fix=f"remove `{option}`", path=(option,))
            for option, owners in OPTIONS.items()
            if getattr(self, option) is not None and given[0] not in owners
        )
        return self

    @cached_property
    def channel(self) -> str:
        """The channel's name."""
        return next(channel for channel in CHANNELS if getattr(self, channel) not in {None, False})

    @property
    def address(self) -> str:
        """Where the channel leads; empty for what is the person's own."""
        held = getattr(self, self.channel)
        return held if isinstance(held, str) else ""

    @property
    def options(self) -> dict[str, str]:
        """The channel's options that are set."""
        return {name: value for name in OPTIONS if (value := getattr(self, name)) is not None}


class NotifyRule(Document):
    """One line of a person's own escalation."""

    after: Annotated[Duration, lasting(most=RULE_DELAY_MAX)] = Field(
        default=timedelta(0), description="How long after the page began."
    )
    via: Name = Field(description="The name of one of the person's contacts.")


Ahead = Annotated[Duration, lasting(most=SHIFT_NOTICE_MOST)]


class ShiftNotices(Document):
    """How long ahead a person is told that they go on call, or off; 0s is at that moment, an empty list never."""

    start: Annotated[tuple[Ahead, ...], Field(max_length=SHIFT_NOTICES_MAX)] = Field(
        default=(timedelta(minutes=30), timedelta(0)), description="Before a shift begins."
    )
    end: Annotated[tuple[Ahead, ...], Field(max_length=SHIFT_NOTICES_MAX)] = Field(
        default=(timedelta(0),), description="Before a shift ends."
    )


class Notify(Document):
    """How a person wants to be told, by urgency; a list that is absent means: at once by every contact."""

    high: Annotated[tuple[NotifyRule, ...], Field(max_length=RULES_MAX)] | None = Field(
        default=None, description="For problems that somebody must look at now."
    )
    low: Annotated[tuple[NotifyRule, ...], Field(max_length=RULES_MAX)] | None = Field(
        default=None, description="For problems that can wait for working time."
    )
    shifts: ShiftNotices = Field(
        default=ShiftNotices(), description="When to be reminded of shifts; by the ways for low urgency."
    )


class PersonDocument(Document):
    """Somebody who can be paged, or only looks on."""

    name: str = Field(min_length=1, max_length=200, description="The full name, as others read it.")
    email: Email = Field(description="The address to sign in with and to send invitations to, nobody else's.")
    timezone: ZoneName = Field(default="UTC", description="The zone in which the person is shown times.")
    role: Role = Field(default=Role.RESPONDER, description="What the person may do.")
    contacts: Annotated[Mapping[Name, Contact], Field(max_length=CONTACTS_MAX)] = Field(
        default={}, description="The ways to reach the person, by a name of their own."
    )
    notify: Notify = Field(default=Notify(), description="When to use which contact.")

    @model_validator(mode="after")
    def _rules_name_contacts(self) -> Self:
        refuse(
            wrong(
                f"`{rule.via}` is not one of the person's contacts",
                fix=f"the contacts here: {', '.join(self.contacts) or 'none yet'}",
                path=("notify", urgency.value, index, "via"),
            )
            for urgency in Urgency
            for index, rule in enumerate(getattr(self.notify, urgency) or ())
            if rule.via not in self.contacts
        )
        return self

    def rules(self, urgency: Urgency) -> tuple[NotifyRule, ...]:
        """The notification rules for this urgency, soonest first; at once by every contact if none are written."""
        written: tuple[NotifyRule, ...] | None = self.notify.high if urgency is Urgency.HIGH else self.notify.low
        if written is None:
            return tuple(NotifyRule(via=name) for name in self.contacts)
        return tuple(sorted(written, key=lambda rule: rule.after))


class TeamDocument(Document):
    """People who look after something together."""

    name: str = Field(min_length=1, max_length=200, description="The team's name, as others read it.")
    description: str = Field(default="", max_length=TEXT_CHARS_MAX, description="What the team looks after.")
    members: Annotated[tuple[str, ...], Field(max_length=MEMBERS_MAX)] = Field(
        default=(), description="People; a page to the team reaches all of them."
    )
    managers: Annotated[tuple[str, ...], Field(max_length=MEMBERS_MAX)] = Field(
        default=(), description="People who may change what the team owns, and are told of gaps."
    )
    channel: Contact | None = Field(
        default=None, description="Where the team reads together: a webhook, an ntfy topic or a mail address."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if self.channel is not None and self.channel.channel in OWN:
            own = self.channel.channel
            raise wrong(f"`{own}` belongs to a person", fix="write a webhook, ntfy or email", path=("channel", own))
        refuse(
            wrong(f"`{name}` stands twice", fix="remove one of the two", path=(field, index))
            for field, names in (("members", self.members), ("managers", self.managers))
            for index, name in enumerate(names)
            if name in names[:index]
        )
        return self


class AccountFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to accounts; part of the account's story and of the audit."""

    loud = False
    audited = True
    user: int
    by: str

    @property
    def subject(self) -> str:
        return f"user:{self.user}"


class OutsiderFact(Fact, frozen=True, kw_only=True):
    """What somebody tried who is not signed in; `address` is where they came from."""

    loud = False
    audited = True
    address: str

    @property
    def subject(self) -> str:
        return "accounts:-"


class AccountOpened(AccountFact, frozen=True, kw_only=True):
    """Somebody may sign in."""

    email: str
    person: str


class PasswordSet(AccountFact, frozen=True, kw_only=True):
    """An account has another password."""


class AddressChanged(AccountFact, frozen=True, kw_only=True):
    """An account is signed in to with another address, because its person's document names another."""

    before: str
    email: str


class AddressProven(AccountFact, frozen=True, kw_only=True):
    """Somebody used a link that was sent to their account's address by mail, so they read what is sent there."""

    person: str
    email: str


class RightsChanged(Fact, frozen=True, kw_only=True):
    """Somebody may do more, or less, since this version of the configuration: role and teams, in words."""

    loud = False
    audited = True
    person: str
    version: int
    by: str
    changes: tuple[str, ...]

    @property
    def subject(self) -> str:
        return f"person:{self.person}"


class LinkPurpose(StrEnum):
    """Why somebody is sent a link by mail."""

    INVITATION = "invitation"
    RESET = "reset"


class InvitationSent(AccountFact, frozen=True, kw_only=True):
    """Somebody was sent a link with which they choose their first password."""

    link: int
    email: str


class InvitationWithdrawn(AccountFact, frozen=True, kw_only=True):
    """The link of an invitation is worth nothing any more."""


class ResetSent(AccountFact, frozen=True, kw_only=True):
    """Somebody was sent a link with which they choose another password."""

    link: int
    email: str


class ResetAsked(OutsiderFact, frozen=True, kw_only=True):
    """Somebody who is not signed in asked for another password, for an address with an account or without."""

    email: str


class SetUpRefused(OutsiderFact, frozen=True, kw_only=True):
    """Somebody tried to open the first account without the installation's code."""


class AccountClosed(AccountFact, frozen=True, kw_only=True):
    """Nobody can sign in to an account, and its sessions and tokens are worth nothing."""


class AccountReopened(AccountFact, frozen=True, kw_only=True):
    """An account that was closed can be signed in to again."""


class SessionsEnded(AccountFact, frozen=True, kw_only=True):
    """An account is signed out everywhere. `tokens` were revoked with it."""

    tokens: int = 0


class SecondFactorAdded(AccountFact, frozen=True, kw_only=True):
    """An account has another second factor or passkey: `totp`, `webauthn` or `recovery_codes`."""

    factor: str


class SecondFactorRemoved(AccountFact, frozen=True, kw_only=True):
    """An account has lost a second factor or passkey."""

    factor: str


class TokenCreated(AccountFact, frozen=True, kw_only=True):
    """A program may act for an account."""

    token: int
    name: str
    scopes: tuple[str, ...]


class TokenRevoked(AccountFact, frozen=True, kw_only=True):
    """A token is worth nothing any more."""

    token: int


class SignedIn(AccountFact, frozen=True, kw_only=True):
    """Somebody signed in from a browser."""

    address: str


class SignInRefused(OutsiderFact, frozen=True, kw_only=True):
    """Somebody tried to sign in and was not let in."""

    email: str
