"""The JSON door to people: who stands there and may do what, tokens, and proving a contact with a code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from tocsin.kit import clock, db
from tocsin.kit.db import Reader, Tx
from tocsin.people import actions, queries, rights
from tocsin.people.middleware import visitor
from tocsin.people.models import User
from tocsin.people.rights import Actor, Right
from tocsin.web.asking import Asking, Instant
from tocsin.web.problems import Problem, not_found, wrong

router = Router(tags=["tokens"])
TOKEN_NAME_CHARS_MAX = actions.NAME_CHARS_MAX


class Bearer(HttpBearer):
    """An API token: `Authorization: Bearer tsn_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002 - ninja's signature
        return queries.actor_of_token(db.reader(clock.now()), token, clock.now())


class Session(AuthBase):
    """Whoever is signed in to the interface, protected against forged requests."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        found = visitor(request)
        if found is not None and check_csrf(request) is not None:
            raise Problem(403, "the CSRF token is missing or wrong; send it as X-CSRFToken")
        return found


def actor(request: HttpRequest) -> Actor:
    """Whoever asks; every operation of the API stands behind this."""
    found = getattr(request, "auth", None)
    if not isinstance(found, Actor):
        raise Problem(401, "sign in, or send an API token: Authorization: Bearer tsn_…")
    return found


def permit(request: HttpRequest, right: Right, team: str | None = None) -> Actor:
    """Whoever asks, if they have the right (for what this team owns). Raises Problem."""
    found = actor(request)
    if not rights.may(found, right, team):
        raise Problem(403, _refusal(found, right, team), more={"right": right.value})
    return found


@contextmanager
def writing(whoever: Actor) -> Iterator[Tx]:
    """One transaction for what they do; remembers that their token was used."""
    with db.transact(clock.now()) as tx:
        if whoever.token_id is not None:
            actions.token_used(tx, whoever.token_id)
        yield tx


class TokenOut(Schema):
    """What may be shown of a token."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenIn(Asking):
    """A token to be made for whoever asks."""

    name: str = Field(min_length=1, max_length=TOKEN_NAME_CHARS_MAX)
    scopes: list[Right] = Field(default_factory=lambda: list(Right), min_length=1)
    expires_at: Instant | None = None


class TokenMade(Schema):
    """The token itself, told this once."""

    token: str
    name: str
    scopes: list[str]


class Me(Schema):
    """Whoever asks."""

    person: str
    role: str | None
    teams: list[str]
    managed_teams: list[str]
    rights: list[str]
    by: str


@router.get("/me", response=Me, tags=["people"])
def me(request: HttpRequest) -> Any:
    """Who the token or session belongs to, and what it may do everywhere."""
    found = actor(request)
    return Me(
        person=found.person,
        role=found.role.value if found.role else None,
        teams=sorted(found.teams),
        managed_teams=sorted(found.managed_teams),
        rights=[right.value for right in Right if rights.may(found, right)],
        by=found.by,
    )


@router.get("/tokens", response=dict[str, list[TokenOut]])
def tokens(request: HttpRequest) -> Any:
    """The tokens of whoever asks, newest first; never the secrets."""
    found = permit(request, Right.SEE)
    return {
        "tokens": [
            TokenOut.model_validate(one, from_attributes=True) for one in queries.tokens_of(_reader(), found.user_id)
        ]
    }


@router.post("/tokens", response={201: TokenMade})
def make_token(request: HttpRequest, body: TokenIn) -> Any:
    """A new token for whoever asks. A token cannot make one that may do more than itself."""
    found = permit(request, Right.SEE)
    if found.scopes is not None and not set(body.scopes) <= found.scopes:
        raise wrong("scopes", "a token cannot make one with scopes that it has not itself")
    if body.expires_at is not None and body.expires_at <= clock.now():
        raise wrong("expires_at", "this is in the past")
    with writing(found) as tx:
        raw = actions.create_token(
            tx, User.objects.get(id=found.user_id), body.name, body.scopes, body.expires_at, by=found.by
        )
    return Status(201, TokenMade(token=raw, name=body.name, scopes=sorted(body.scopes)))


@router.delete("/tokens/{token_id}", response={204: None})
def revoke_token(request: HttpRequest, token_id: int) -> Any:
    """Revoke a token: one's own, or as an administrator anybody's."""
    found = permit(request, Right.SEE)
    with writing(found) as tx:
        if not _may_revoke(tx, found, token_id) or not actions.revoke(tx, token_id, by=found.by):
            raise not_found(f"there is no token {token_id} in force that you may revoke")
    return Status(204, None)


def _may_revoke(tx: Tx, found: Actor, token_id: int) -> bool:
    owner = tx.value("SELECT user_id FROM people_token WHERE id = %s", (token_id,))
    return owner == found.user_id or rights.may(found, Right.ADMINISTER)


def _refusal(found: Actor, right: Right, team: str | None) -> str:
    if found.scopes is not None and right not in found.scopes:
        return f"this token has not the scope `{right}`"
    of = f" for team {team}" if team else ""
    return f"this needs the right to {right}{of}, which {found.person or 'this account'} has not"


def _reader() -> Reader:
    return db.reader(clock.now())
