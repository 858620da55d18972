"""Reading accounts, tokens and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, text
from tocsin.kit.db import Reader, Row
from tocsin.kit.secrets import digest
from tocsin.people.domain import PersonDocument, Role, TeamDocument, signing_in_as
from tocsin.people.models import User
from tocsin.people.rights import Actor

TOKENS_SHOWN_MAX = 500
TOKEN_CHARS_MAX = 200
NAME_STEM_CHARS_MAX = 80
_scopes = msgspec.json.Decoder(frozenset[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """What may be shown of a token."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    email: str = ""  # whose it is, where tokens of several accounts are listed


def user_by_email(email: str) -> User | None:
    """The account with this address, however it is spelt."""
    return User.objects.filter(email=signing_in_as(email)).first()


def user_by_person(person: str) -> User | None:
    """The account of somebody in the configuration."""
    return User.objects.filter(person=person).first() if person else None


def is_empty() -> bool:
    """Whether there is no account at all yet."""
    return not User.objects.exists()


def free_name(snapshot: Snapshot, email: str) -> str:
    """A name for a new person's document, made of the address."""
    people = snapshot.all("people", PersonDocument)
    wanted = text.slug(email.partition("@")[0], NAME_STEM_CHARS_MAX) or "person"
    return next(one for one in (wanted, *(f"{wanted}-{count}" for count in range(2, 1000))) if one not in people)


def person_with_email(snapshot: Snapshot, email: str) -> str:
    """Whose document names this address; empty if nobody's does."""
    wanted = signing_in_as(email)
    people = snapshot.all("people", PersonDocument)
    return next((name for name, person in people.items() if signing_in_as(person.email) == wanted), "")


def actor_of(reader: Reader, user: User) -> Actor:
    """What a signed-in account may do, by the configuration in force."""
    snapshot = configuration.current(reader)
    return _actor(snapshot, user.id, user.person, user.role)


def actor_of_token(reader: Reader, raw_token: str, now: datetime) -> Actor | None:
    """What a token may do; None if it is unknown, expired or revoked, or its account is closed."""
    if len(raw_token) > TOKEN_CHARS_MAX:
        return None
    row = reader.row(
        "SELECT token.id, token.scopes, people_user.id, people_user.person, people_user.role"
        " FROM people_token token JOIN people_user ON people_user.id = token.user_id"
        " WHERE token.hash = %s AND token.revoked_at IS NULL AND people_user.is_active = %s"
        " AND (token.expires_at IS NULL OR token.expires_at > %s)",
        (digest(raw_token), True, clock.to_us(now)),
    )
    if row is None:
        return None
    token_id, scopes, user_id, person, role = row
    snapshot = configuration.current(reader)
    return _actor(snapshot, user_id, person, role, token_id=token_id, scopes=_scopes.decode(scopes))


def tokens_of(reader: Reader, user_id: int) -> list[TokenInfo]:
    """The tokens of an account, newest first."""
    rows = reader.rows(
        "SELECT id, name, scopes, created_at, expires_at, last_used_at, revoked_at FROM people_token"
        " WHERE user_id = %s ORDER BY id DESC LIMIT %s",
        (user_id, TOKENS_SHOWN_MAX),
    )
    return [_token(row) for row in rows]


def tokens_in_force(reader: Reader, now: datetime) -> list[TokenInfo]:
    """What could be used now, of every open account, newest first, at most TOKENS_SHOWN_MAX."""
    rows = reader.rows(
        "SELECT token.id, token.name, token.scopes, token.created_at, token.expires_at, token.last_used_at,"
        " token.revoked_at, people_user.email"
        " FROM people_token token JOIN people_user ON people_user.id = token.user_id"
        " WHERE token.revoked_at IS NULL AND people_user.is_active = %s"
        " AND (token.expires_at IS NULL OR token.expires_at > %s) ORDER BY token.id DESC LIMIT %s",
        (True, clock.to_us(now), TOKENS_SHOWN_MAX),
    )
    return [_token(row) for row in rows]


def _actor(
    snapshot: Snapshot,
    user_id: int,
    person: str,
    role: str,
    *,
    token_id: int | None = None,
    scopes: frozenset[str] | None = None,
) -> Actor:
    if not person:
        return Actor(user_id=user_id, role=Role(role), token_id=token_id, scopes=scopes)
    document = snapshot.all("people", PersonDocument).get(person)
    if document is None:
        return Actor(user_id=user_id, person=person, role=None, token_id=token_id, scopes=scopes)
    teams = snapshot.all("teams", TeamDocument)
    member_of = frozenset(name for name, team in teams.items() if person in team.members)
    manages = frozenset(name for name, team in teams.items() if person in team.managers)
    return Actor(
        user_id=user_id,
        person=person,
        role=document.role,
        teams=member_of,
        managed_teams=manages | member_of if document.role is Role.MANAGER else manages,
        token_id=token_id,
        scopes=scopes,
    )


def _token(row: Row) -> TokenInfo:
    id_, name, scopes, created_at, expires_at, last_used_at, revoked_at, *owner = row
    return TokenInfo(
        id=id_,
        name=name,
        scopes=tuple(sorted(_scopes.decode(scopes))),
        created_at=clock.from_us(created_at),
        expires_at=clock.from_us_or_none(expires_at),
        last_used_at=clock.from_us_or_none(last_used_at),
        revoked_at=clock.from_us_or_none(revoked_at),
        email=owner[0] if owner else "",
    )


def name_of(snapshot: Snapshot, by: str) -> str:
    """How people call whoever did something: "person:ann" -> "Ann Lee"."""
    kind, _, name = by.partition(":")
    if kind == "person":
        document = snapshot.all("people", PersonDocument).get(name)
        return document.name if document else name
    if kind == "integration":
        return f"the tool behind {name}"
    return {"token": f"API token {name}", "user": f"account {name}"}.get(kind, "Tocsin")
