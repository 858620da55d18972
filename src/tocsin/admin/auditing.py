"""The audit: who signed in or was refused, and who changed accounts, rights, tokens and the configuration.

It is a view of the journal, where such facts are marked; nothing is written twice. Each kind of fact has a place among
the topics and a sentence here, and a test says that none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.journal import store as journal
from tocsin.journal.domain import Entry
from tocsin.journal.store import AuditSearch
from tocsin.kit import clock
from tocsin.kit.db import Reader
from tocsin.people import queries as people

PAGE = 100
SUBJECTS_MAX = 200
CHUNK = 1000
Said = Callable[[Mapping[str, Any]], str]

TOPICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sign-ins": ("Sign-ins", ("SignedIn",)),
    "refusals": ("Refused", ("SignInRefused", "SetUpRefused", "ResetAsked")),
    "accounts": (
        "Accounts",
        (
            "AccountOpened",
            "AccountClosed",
            "AccountReopened",
            "AddressChanged",
            "AddressProven",
            "InvitationSent",
            "InvitationWithdrawn",
            "PasswordSet",
            "ResetSent",
            "SecondFactorAdded",
            "SecondFactorRemoved",
            "SessionsEnded",
        ),
    ),
    "tokens": ("Tokens", ("TokenCreated", "TokenRevoked")),
    "rights": ("Rights", ("RightsChanged",)),
    "configuration": ("Configuration", ("ConfigApplied",)),
}
_FACTORS = {"totp": "an authenticator app", "webauthn": "a passkey", "recovery_codes": "recovery codes"}
SENTENCES: dict[str, Said] = {
    "SignedIn": lambda body: f"signed in from {body['address']}",
    "SignInRefused": lambda body: f"a sign-in{_as(body)} from {body['address']} was refused",
    "SetUpRefused": lambda body: f"somebody at {body['address']} tried to open the first account without the code",
    "ResetAsked": lambda body: f"somebody at {body['address']} asked for another password{_as(body)}",
    "AccountOpened": lambda body: f"opened an account for {body['email']}",
    "AccountClosed": lambda _: "closed the account",
    "AccountReopened": lambda _: "opened the account again",
    "AddressChanged": lambda body: f"changed the sign-in address from {body['before']} to {body['email']}",
    "AddressProven": lambda body: f"used a link that was mailed to {body['email']}, which proves the address",
    "InvitationSent": lambda body: f"sent an invitation to {body['email']}",
    "InvitationWithdrawn": lambda _: "withdrew the invitation",
    "PasswordSet": lambda _: "set another password",
    "ResetSent": lambda body: f"had a link for another password sent to {body['email']}",
    "SecondFactorAdded": lambda body: f"added {_FACTORS.get(body['factor'], body['factor'])}",
    "SecondFactorRemoved": lambda body: f"removed {_FACTORS.get(body['factor'], body['factor'])}",
    "SessionsEnded": lambda body: f"signed the account out everywhere; {body.get('tokens', 0)} tokens revoked",
    "TokenCreated": lambda body: f"made the token {body['name']} for {', '.join(body['scopes'])}",
    "TokenRevoked": lambda body: f"revoked token {body['token']}",
    "RightsChanged": lambda body: "; ".join(body["changes"]),
    "ConfigApplied": lambda body: f"version {body['version']}: {'; '.join(body.get('lines', ())) or 'no change'}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry in words."""

    id: int
    at: datetime
    what: str  # the fact's name
    topic: str
    by: str
    who: str  # in words
    whom: str  # whose account or which person it is about, in words; may be empty
    says: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is searched for, as people say it."""

    who: str = ""  # ann, person:ann, token:7
    what: str = ""  # a topic or a fact's name
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def lines(reader: Reader, asked: Asked, limit: int = PAGE) -> list[Line]:
    """The newest entries that fit, newest first."""
    return next(_chunks(reader, asked, limit), [])


def everything(reader: Reader, asked: Asked) -> Iterator[Line]:
    """All entries that fit, newest first, however many: they are read as they are asked for."""
    for chunk in _chunks(reader, asked, CHUNK):
        yield from chunk


def _chunks(reader: Reader, asked: Asked, size: int) -> Iterator[list[Line]]:
    """One after the other until none is left; each goes on where the last one ended, so nothing comes twice."""
    snapshot = configuration.current(reader)
    accounts = _accounts(reader)
    search = _search(reader, asked)
    while found := journal.audit(reader, search, limit=size):
        yield [_line(snapshot, accounts, entry) for entry in found]
        if len(found) < size:
            return
        search = replace(search, before=found[-1].id)


def _search(reader: Reader, asked: Asked) -> AuditSearch:
    names = TOPICS[asked.what][1] if asked.what in TOPICS else ((asked.what,) if asked.what else ())
    actor = asked.who if ":" in asked.who or not asked.who or asked.who == "tocsin" else f"person:{asked.who}"
    return AuditSearch(
        names=names,
        actor=actor,
        text=asked.text,
        subjects=_subjects(reader, asked.text) if asked.text else (),
        since=asked.since,
        until=asked.until,
        before=asked.before,
    )


def _subjects(reader: Reader, text: str) -> tuple[str, ...]:
    """The accounts whose address or person has these words: what happened to them is found too."""
    wanted = text.lower()
    found = [
        f"user:{id_}"
        for id_, email, person in reader.rows("SELECT id, email, person FROM people_user")
        if wanted in email or wanted in person
    ]
    return tuple(found[:SUBJECTS_MAX])


def _accounts(reader: Reader) -> dict[str, tuple[str, str]]:
    rows = reader.rows("SELECT id, email, person FROM people_user")
    return {f"user:{id_}": (email, person) for id_, email, person in rows}


def _line(snapshot: Snapshot, accounts: Mapping[str, tuple[str, str]], entry: Entry) -> Line:
    email, person = accounts.get(entry.subject, ("", ""))
    own = bool(person) and entry.actor == f"person:{person}"
    about = f"person:{person}" if person else entry.subject if entry.subject.startswith("person:") else ""
    whom = "" if own else people.name_of(snapshot, about) if about else email
    return Line(
        id=entry.id,
        at=clock.from_us(entry.at_us),
        what=entry.name,
        topic=next((key for key, (_, names) in TOPICS.items() if entry.name in names), ""),
        by=entry.actor,
        who=people.name_of(snapshot, entry.actor),
        whom=whom,
        says=SENTENCES[entry.name](entry.body),
        body=entry.body,
    )


def _as(body: Mapping[str, Any]) -> str:
    return f" as {body['email']}" if body.get("email") else ""
