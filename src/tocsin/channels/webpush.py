"""What the push service of a browser needs: a message only the browser can read, and proof of who sends it. Pure.

RFC 8291 encrypts the message for one browser (content coding aes128gcm of RFC 8188, in a single record), so the push
service in between, somebody else's, sees when something is sent and to which device, but never what. RFC 8292 signs
for which service and until when a request counts, with the installation's own key (VAPID): the push service takes
messages for a device only from whoever the device was registered with. Randomness is an argument.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SALT_BYTES = 16
AUTH_BYTES = 16
POINT_BYTES = 65  # an uncompressed point of P-256
SCALAR_BYTES = 32
RECORD_BYTES = 4096  # what every push service takes
PLAIN_BYTES_MAX = RECORD_BYTES - 16 - 1 - (SALT_BYTES + 4 + 1 + POINT_BYTES)  # tag, padding's delimiter, header
TOKEN_LIVES = timedelta(hours=12)  # push services refuse more than 24 h
_CURVE = ec.SECP256R1()
_LAST_RECORD = b"\x02"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The keys of one browser's subscription, as it made them."""

    point: bytes
    auth: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What must be new for every message: a salt, and a private key of P-256."""

    salt: bytes = field(repr=False)
    scalar: bytes = field(repr=False)


def encrypt(plain: bytes, device: Device, fresh: Fresh) -> bytes:
    """The body of a request: only the device can read it."""
    own = private_key(fresh.scalar)
    own_point = point_of(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, device.point))
    secret = _derive(device.auth, shared, b"WebPush: info\0" + device.point + own_point, 32)
    key = _derive(fresh.salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(fresh.salt, secret, b"Content-Encoding: nonce\0", 12)
    header = fresh.salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own_point)]) + own_point
    return header + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


def authorization(scalar: bytes, endpoint: str, subject: str, now: datetime) -> str:
    """The header that says who sends, to the push service of this endpoint only; `subject` is whom to ask about it."""
    url = urlsplit(endpoint)
    claims = {
        "aud": f"{url.scheme}://{url.netloc}",
        "exp": int((now + TOKEN_LIVES).timestamp()),
        "sub": subject,
    }
    key = private_key(scalar)
    signed = f"{to_text(_encode({'typ': 'JWT', 'alg': 'ES256'}))}.{to_text(_encode(claims))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256(), deterministic_signing=True)))
    signature = r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")
    return f"vapid t={signed}.{to_text(signature)}, k={to_text(point_of(key))}"


def private_key(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    """The key with this number."""
    return ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE)


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half of a private key: an uncompressed point, as subscriptions and headers hold it."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def wrong_keys(p256dh: str, auth: str) -> str | None:
    """What is wrong with the keys of a subscription, or None."""
    point, secret = from_text(p256dh), from_text(auth)
    if point is None or len(point) != POINT_BYTES or secret is None or len(secret) != AUTH_BYTES:
        return "these are not the keys of a browser's push subscription"
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        return "the subscription's key is not a point of P-256"
    return None


def to_text(raw: bytes) -> str:
    """Bytes as they stand in URLs and headers, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(written: str) -> bytes | None:
    """The bytes that `to_text` wrote; None if the text is not such."""
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
