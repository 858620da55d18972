"""The only writes to accounts and tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.kit import clock
from tocsin.kit.db import Tx
from tocsin.people.models import Token, User


def put_user(tx: Tx, email: str, person: str, role: str, password: str | None) -> User:
    """A new account; without a password nobody can sign in to it by one."""
    user = User(email=email, person=person, role=role, created_at=tx.now)
    user.set_password(password)
    user.save(force_insert=True)
    return user


def set_password(user: User, password: str) -> None:
    """From now on this one is asked for."""
    user.set_password(password)
    user.save(update_fields=["password"])


def put_token(tx: Tx, user: User, hash_: str, name: str, scopes: Iterable[str], expires_at: datetime | None) -> Token:
    """A new token, by its digest."""
    return Token.objects.create(
        hash=hash_,
        name=name,
        user=user,
        scopes=msgspec.json.encode(sorted(scopes)).decode(),
        created_at=tx.now,
        expires_at=expires_at,
    )


def revoke_token(tx: Tx, token_id: int) -> bool:
    """False if it is not there or was revoked before."""
    sql = "UPDATE people_token SET revoked_at = %s WHERE id = %s AND revoked_at IS NULL"
    return tx.execute(sql, (clock.to_us(tx.now), token_id)) == 1


def token_used(tx: Tx, token_id: int) -> None:
    """Remember that it was used now."""
    tx.execute("UPDATE people_token SET last_used_at = %s WHERE id = %s", (clock.to_us(tx.now), token_id))
