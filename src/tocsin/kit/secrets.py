"""Secrets: made, kept encrypted, compared as digests, and signed into links.

Everything is derived from the installation's secrets, newest first: the first one makes, all of them are accepted, so
an installation changes its secret by putting a new one in front. Each purpose has a key of its own, so a token made
for one is worth nothing for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tocsin.kit import clock

INSTALLATION_SECRET_CHARS_MIN = 32
TOKEN_BYTES = 24  # 192 bits: a plain digest of it cannot be guessed back
LINK_CHARS_MAX = 512
CODE_BYTES = 10  # 16 letters, 80 bits
CODE_GROUP = 4
_SECOND_US = 1_000_000
_EXPIRY_BYTES = 5  # seconds since the epoch, until the year 36812
_MAC_BYTES = 16
_SALT_BYTES = 16
_SEALED = "tocsin-sealed-1"


def new_token(prefix: str) -> str:
    """A fresh secret such as `tsn_kX3…`; the prefix lets people and scanners tell what leaked."""
    return f"{prefix}_{secrets.token_urlsafe(TOKEN_BYTES)}"


def digest(token: str) -> str:
    """What is stored instead of a token from `new_token`. Not for passwords, which people choose."""
    return hashlib.sha256(token.encode()).hexdigest()


def code(installation_secret: str, purpose: str) -> str:
    """A code that whoever knows the installation's secret can derive and nobody else can guess: `ABCD-EFGH-IJKL-MNOP`."""
    letters = base64.b32encode(_derive(installation_secret, f"code:{purpose}")[:CODE_BYTES]).decode()
    return "-".join(letters[at : at + CODE_GROUP] for at in range(0, len(letters), CODE_GROUP))


def same(typed: str, wanted: str) -> bool:
    """Whether somebody typed this code, with or without its dashes, spaces and capitals; takes equally long for all."""
    return hmac.compare_digest(_letters(typed), _letters(wanted))


def _letters(written: str) -> bytes:
    return "".join(one for one in written.upper() if one.isascii() and one.isalnum()).encode()


class Box:
    """Keeps small secrets encrypted at rest."""

    def __init__(self, installation_secrets: Sequence[str], purpose: str) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(secret, f"box:{purpose}"))) for secret in installation_secrets]
        )

    def encrypt(self, plain: str) -> str:
        """Text that only this installation can read back."""
        return self._fernet.encrypt(plain.encode()).decode()

    def decrypt(self, kept: str) -> str | None:
        """What was encrypted, or None if it was not encrypted with any of our secrets or was altered."""
        try:
            return self._fernet.decrypt(kept.encode()).decode()
        except InvalidToken:
            return None


def seal(plain: str, passphrase: str) -> str:
    """Text that whoever knows the passphrase can read back with `unseal`, and nobody else."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{_SEALED}:{_encode(salt)}:{_locked_by(passphrase, salt).encrypt(plain.encode()).decode()}"


def unseal(sealed: str, passphrase: str) -> str | None:
    """What was sealed, or None if the passphrase is another or the text is none of ours."""
    mark, _, rest = sealed.strip().partition(":")
    salt, _, token = rest.partition(":")
    raw = _decode(salt) if mark == _SEALED else None
    if raw is None or len(raw) != _SALT_BYTES:
        return None
    try:
        return _locked_by(passphrase, raw).decrypt(token.encode()).decode()
    except InvalidToken:
        return None


class Signer:
    """Makes short, expiring tokens for links: whoever shows one was given it by us."""

    def __init__(self, installation_secrets: Sequence[str], purpose: str) -> None:
        self._keys = tuple(_derive(secret, f"link:{purpose}") for secret in installation_secrets)
        if not self._keys:
            raise ValueError("an installation has at least one secret")

    def sign(self, payload: str, expires_at: datetime) -> str:
        """A URL-safe token that yields `payload` until `expires_at`, to the second. The payload is readable."""
        expiry = clock.to_us(expires_at) // _SECOND_US
        signed = expiry.to_bytes(_EXPIRY_BYTES, "big") + payload.encode()
        return _encode(_mac(self._keys[0], signed) + signed)

    def verify(self, token: str, now: datetime) -> str | None:
        """The payload of a token of ours that has not expired, else None."""
        raw = _decode(token)
        if raw is None or len(raw) < _MAC_BYTES + _EXPIRY_BYTES:
            return None
        given, signed = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(hmac.compare_digest(given, _mac(key, signed)) for key in self._keys):
            return None
        expiry = int.from_bytes(signed[:_EXPIRY_BYTES], "big")
        if clock.to_us(now) // _SECOND_US >= expiry:
            return None
        return signed[_EXPIRY_BYTES:].decode()


def _locked_by(passphrase: str, salt: bytes) -> Fernet:
    key = Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode())
    return Fernet(base64.urlsafe_b64encode(key))


def _derive(secret: str, purpose: str) -> bytes:
    if len(secret) < INSTALLATION_SECRET_CHARS_MIN:
        raise ValueError(f"an installation's secret has at least {INSTALLATION_SECRET_CHARS_MIN} characters")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tocsin:{purpose}".encode()).derive(secret.encode())


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes | None:
    if len(token) > LINK_CHARS_MAX:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
