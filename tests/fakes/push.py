"""A browser that takes push: it makes a subscription, and reads what its push service was given, as RFC 8291 and
RFC 8292 say a receiver does. Written from the receiver's side, with HKDF by hand, so that it shares nothing with ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fakes.http import Received


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


@dataclass
class Browser:
    """One subscription: an endpoint, and keys that never leave the browser."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> tuple[str, str]:
        """p256dh and auth, as the browser hands them out."""
        return text(self.point), text(self.auth)

    @property
    def path(self) -> str:
        return urlsplit(self.endpoint).path

    def read(self, request: Received, key: str, now: datetime) -> dict[str, Any]:
        """What the notification says, if the request was signed with the key this browser was registered for."""
        self.check_signature(request.headers["authorization"], key, now)
        assert request.headers["content-encoding"] == "aes128gcm"
        assert int(request.headers["ttl"]) >= 0
        found: dict[str, Any] = json.loads(self.decrypt(request.body))
        return found

    def check_signature(self, header: str, key: str, now: datetime) -> dict[str, Any]:
        """As a push service does: signed with that key, for this service, not for too long."""
        scheme, _, rest = header.partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert (scheme, given["k"]) == ("vapid", key)
        signed, _, signature = given["t"].rpartition(".")
        number = raw(signature)
        der = encode_dss_signature(int.from_bytes(number[:32], "big"), int.from_bytes(number[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(given["k"]))
        public.verify(der, signed.encode(), ec.ECDSA(SHA256()))
        head, claims = (json.loads(raw(part)) for part in signed.split("."))
        assert head == {"typ": "JWT", "alg": "ES256"}
        url = urlsplit(self.endpoint)
        assert claims["aud"] == f"{url.scheme}://{url.netloc}"
        assert now.timestamp() < claims["exp"] <= (now + timedelta(hours=24)).timestamp()
        assert claims["sub"].startswith(("mailto:", "https://"))
        return dict(claims)

    def decrypt(self, body: bytes) -> bytes:
        """The one record of the body."""
        salt, record_bytes, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(body) <= 4096
        assert len(sealed) <= record_bytes
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = _hkdf(self.auth, shared, b"WebPush: info\0" + self.point + sender, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded.endswith(b"\2"), "the last record ends so"
        return padded[:-1]


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\1", hashlib.sha256)[:length]
