"""The installation's own key for push (VAPID): made at first need, shared by all nodes, kept encrypted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import lru_cache

from tocsin.channels import webpush
from tocsin.kit import clock
from tocsin.kit.db import Reader, Tx
from tocsin.kit.installation import box

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_ONLY = 1


def public(reader: Reader) -> str:
    """The key's public half as browsers want it; empty if there is no key yet."""
    return str(reader.value("SELECT point FROM paging_push_key WHERE id = %s", (_ONLY,)) or "")


def is_ready(reader: Reader) -> bool:
    """Whether there is one that can be read."""
    return bool(private(reader))


def ensure(tx: Tx) -> str:
    """Make the key if there is none, once among all nodes; its public half.

    One that was kept under a secret this installation no longer has is replaced: browsers register anew.
    """
    if is_ready(tx):
        return public(tx)
    if public(tx):
        tx.execute("DELETE FROM paging_push_key WHERE id = %s", (_ONLY,))
    scalar = new_scalar()
    point = webpush.to_text(webpush.point_of(webpush.private_key(scalar)))
    row = (_ONLY, box().encrypt(webpush.to_text(scalar)), point, clock.to_us(tx.now))
    tx.insert_many("paging_push_key", ("id", "kept", "point", "created_at"), [row], ignore=True)
    return public(tx)


def private(reader: Reader) -> str:
    """The key itself, or empty: not made yet, or of a secret this installation no longer has."""
    kept = reader.value("SELECT kept FROM paging_push_key WHERE id = %s", (_ONLY,))
    return _opened(kept) if kept else ""


def ingredients(key: str) -> Mapping[str, str]:
    """What a message to a device needs beside the device's own keys: ours, and what is new for each message."""
    return {
        "vapid": key,
        "salt": webpush.to_text(secrets.token_bytes(webpush.SALT_BYTES)),
        "ephemeral": webpush.to_text(new_scalar()),
    }


def new_scalar() -> bytes:
    """A fresh private key of P-256."""
    return (1 + secrets.randbelow(_ORDER - 1)).to_bytes(webpush.SCALAR_BYTES, "big")


@lru_cache(maxsize=4)
def _opened(kept: str) -> str:
    return box().decrypt(kept) or ""
