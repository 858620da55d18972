"""The only writes to accounts and tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.kit import clock
from tocsin.kit.db import Tx
from tocsin.people.domain import LinkPurpose
from tocsin.people.models import Link, Token, User


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


def set_active(user: User, *, active: bool) -> None:
    """Whether somebody can sign in to the account."""
    user.is_active = active
    user.save(update_fields=["is_active"])


def put_link(tx: Tx, user: User, purpose: LinkPurpose, expires_at: datetime) -> Link:
    """A link to be sent."""
    return Link.objects.create(user=user, purpose=purpose.value, created_at=tx.now, expires_at=expires_at)


def end_links(tx: Tx, user_id: int, purposes: Iterable[LinkPurpose]) -> int:
    """The links of these purposes that could still be used are worth nothing any more; how many there were."""
    return tx.execute(
        "UPDATE people_link SET ended_at = %s WHERE user_id = %s AND used_at IS NULL AND ended_at IS NULL"
        f" AND expires_at > %s AND {tx.among('purpose')}",
        (clock.to_us(tx.now), user_id, clock.to_us(tx.now), tx.listed(one.value for one in purposes)),
    )


def use_link(tx: Tx, link_id: int) -> bool:
    """Take a link that can be used; False if it was used, ended or has expired."""
    now = clock.to_us(tx.now)
    sql = (
        "UPDATE people_link SET used_at = %s WHERE id = %s AND used_at IS NULL AND ended_at IS NULL AND expires_at > %s"
    )
    return tx.execute(sql, (now, link_id, now)) == 1


def end_sessions(tx: Tx, user_id: int) -> None:
    """Every browser in which the account is signed in has to sign in again."""
    keys = [
        row[0] for row in tx.rows("SELECT session_key FROM usersessions_usersession WHERE user_id = %s", (user_id,))
    ]
    tx.delete_many("django_session", keys, key="session_key")
    tx.execute("DELETE FROM usersessions_usersession WHERE user_id = %s", (user_id,))
    tx.execute("UPDATE people_user SET epoch = epoch + 1 WHERE id = %s", (user_id,))


def revoke_tokens(tx: Tx, user_id: int) -> list[int]:
    """All tokens of an account are worth nothing any more; which they were."""
    held = tx.rows("SELECT id FROM people_token WHERE user_id = %s AND revoked_at IS NULL ORDER BY id", (user_id,))
    sql = "UPDATE people_token SET revoked_at = %s WHERE user_id = %s AND revoked_at IS NULL"
    tx.execute(sql, (clock.to_us(tx.now), user_id))
    return [row[0] for row in held]


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
