"""Opening accounts, giving out tokens and taking them back. Each verb runs inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tocsin.config import queries as configuration
from tocsin.kit.db import Tx
from tocsin.kit.secrets import digest, new_token
from tocsin.people import queries, store
from tocsin.people.domain import (
    AccountClosed,
    AccountOpened,
    AccountReopened,
    LinkPurpose,
    PasswordSet,
    Role,
    SessionsEnded,
    TokenCreated,
    TokenRevoked,
)
from tocsin.people.models import User
from tocsin.people.rights import Right

TOKEN_PREFIX = "tsn"  # noqa: S105 - the part of a token that says it is one of ours
NAME_CHARS_MAX = 100
EMAIL_CHARS_MAX = 254


class AccountTaken(Exception):
    """There is an account with this address, or for this person."""


class UnknownScope(ValueError):
    """A token can only have scopes that there are."""


def create_user(
    tx: Tx, email: str, person: str, password: str | None, *, role: Role = Role.VIEWER, by: str = "tocsin"
) -> User:
    """Open an account for a person of the configuration, found by the address if not named.

    `role` counts only if there is no such person. Raises AccountTaken.
    """
    address = email.strip().lower()
    whose = person or queries.person_with_email(configuration.current(tx), address)
    if queries.user_by_email(address) is not None:
        raise AccountTaken(f"there is an account for {address} already")
    if queries.user_by_person(whose) is not None:
        raise AccountTaken(f"{whose} has an account already")
    user = store.put_user(tx, address, whose, role.value, password)
    tx.record(AccountOpened(user=user.id, email=address, person=whose, by=by))
    return user


def close(tx: Tx, user: User, *, by: str) -> None:
    """Nobody can sign in to the account any more, and whoever is, is out; its tokens are worth nothing."""
    store.set_active(user, active=False)
    store.end_links(tx, user.id, LinkPurpose)
    tokens = _end_everything(tx, user)
    tx.record(AccountClosed(user=user.id, by=by))
    tx.record(SessionsEnded(user=user.id, by=by, tokens=tokens))


def reopen(tx: Tx, user: User, *, by: str) -> None:
    """The account can be signed in to again."""
    store.set_active(user, active=True)
    tx.record(AccountReopened(user=user.id, by=by))


def sign_out_everywhere(tx: Tx, user: User, *, by: str) -> None:
    """All sessions end and all tokens are worth nothing."""
    tx.record(SessionsEnded(user=user.id, by=by, tokens=_end_everything(tx, user)))


def _end_everything(tx: Tx, user: User) -> int:
    store.end_sessions(tx, user.id)
    return len(store.revoke_tokens(tx, user.id))


def set_password(tx: Tx, user: User, password: str, *, by: str = "tocsin") -> None:
    """Give an account another password."""
    store.set_password(user, password)
    tx.record(PasswordSet(user=user.id, by=by))


def create_token(
    tx: Tx, user: User, name: str, scopes: Iterable[str], expires_at: datetime | None, *, by: str = "tocsin"
) -> str:
    """A fresh token for this account; it is told once and never again. Raises UnknownScope."""
    wanted = frozenset(scopes)
    unknown = sorted(wanted - set(Right))
    if unknown:
        raise UnknownScope(f"there is no scope {', '.join(unknown)}; the scopes are {', '.join(Right)}")
    raw = new_token(TOKEN_PREFIX)
    made = store.put_token(tx, user, digest(raw), name[:NAME_CHARS_MAX], wanted, expires_at)
    tx.record(TokenCreated(user=user.id, token=made.id, name=made.name, scopes=tuple(sorted(wanted)), by=by))
    return raw


def revoke(tx: Tx, token_id: int, *, by: str = "tocsin") -> bool:
    """The token is worth nothing from now on; False if it was not in force."""
    if not store.revoke_token(tx, token_id):
        return False
    user_id = tx.value("SELECT user_id FROM people_token WHERE id = %s", (token_id,))
    tx.record(TokenRevoked(user=user_id, token=token_id, by=by))
    return True


def token_used(tx: Tx, token_id: int) -> None:
    """Remember that a token was used; a door calls it when it writes anyway."""
    store.token_used(tx, token_id)
