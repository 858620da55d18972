"""Webhook: a signed POST of JSON, by the Standard Webhooks specification.

Headers `webhook-id` (the same for every attempt: the receiver's key for duplicates), `webhook-timestamp` and, if there
is a secret, `webhook-signature: v1,<base64 of HMAC-SHA256(secret, "id.timestamp.body")>`. The body:

    {"type": "page", "timestamp": "2026-03-01T09:30:00Z", "data": {
        "id": …, "to": "Ann Lee", "subject": …, "text": …, "reason": …, "drill": false,
        "acknowledge_url": …, "acknowledge_post_url": …,
        "groups": [{"reference": "AG-12", "title": …, "service": …, "severity": …, "urgency": …, "url": …,
                    "opened_at": …, "alerts": 1, "summary": …}],
        "groups_total": 1}}

`type` is page, taken, notice, test or code; `groups` holds at most GROUPS_MAX of `groups_total`. A program is best
served one event at a time, so pages are not bundled and not limited: each has its own `acknowledge_url`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from functools import lru_cache

import msgspec

from tocsin.channels import answers, checks, words
from tocsin.channels.domain import Address, Channel, Entry, HttpRequest, Message, Option, Settings

SECRET_PREFIX = "whsec_"  # noqa: S105  the specification's marker, not a secret
SECRET_BYTES_MIN = 16
SECRET_BYTES_MAX = 64
GROUPS_MAX = 500
_SECRETS_CACHED = 1024


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    title: str
    service: str
    severity: str
    urgency: str
    url: str
    opened_at: datetime
    alerts: int
    summary: str


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    to: str
    subject: str
    text: str
    reason: str
    drill: bool
    acknowledge_url: str
    acknowledge_post_url: str
    groups: list[_Group]
    groups_total: int


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    timestamp: datetime
    data: _Body


_encoder = msgspec.json.Encoder()


def compose(message: Message, address: Address, settings: Settings, now: datetime) -> HttpRequest:
    """The request for one message, signed with the contact's own secret or else the installation's."""
    body = _encoder.encode(_Event(type=message.kind.value, timestamp=message.sent_at or now, data=_body(message)))
    timestamp = str(int(now.timestamp()))
    headers = {"Content-Type": "application/json", "webhook-id": message.id, "webhook-timestamp": timestamp}
    secret = address.options.get("secret") or settings.secrets.get("webhook", "")
    if secret:
        headers["webhook-signature"] = sign(secret, message.id, timestamp, body)
    return HttpRequest(method="POST", url=address.target, headers=headers, body=body)


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The value of `webhook-signature`. Raises ValueError if the secret is not one `check_secret` accepts."""
    signed = b"%b.%b.%b" % (message_id.encode(), timestamp.encode(), body)
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def check_secret(written: str) -> str | None:
    """What is wrong with a signing secret, or None. Never shows it."""
    try:
        _key(written)
    except ValueError as error:
        return str(error)
    return None


@lru_cache(maxsize=_SECRETS_CACHED)
def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a webhook's secret is {SECRET_PREFIX} and then base64") from None
    if not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(
            f"a webhook's secret holds {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes in base64; "
            "make one with: openssl rand -base64 32"
        )
    return key


def _body(message: Message) -> _Body:
    return _Body(
        id=message.id,
        to=message.to,
        subject=words.subject(message, private=True),
        text=message.text,
        reason=message.reason,
        drill=message.drill,
        acknowledge_url=message.acknowledge_url,
        acknowledge_post_url=message.acknowledge_post_url,
        groups=[_group(entry) for entry in message.entries[:GROUPS_MAX]],
        groups_total=len(message.entries),
    )


def _group(entry: Entry) -> _Group:
    return _Group(
        reference=entry.reference,
        title=entry.title,
        service=entry.service,
        severity=entry.severity,
        urgency=entry.urgency,
        url=entry.url,
        opened_at=entry.opened_at,
        alerts=entry.alerts,
        summary=entry.summary,
    )


CHANNEL = Channel(
    name="webhook",
    title="Webhook",
    check=checks.web_address,
    compose=compose,
    judge=answers.judge_http,
    private=True,
    bundles=False,
    options={"secret": Option(check=check_secret, meaning="signs each request: whsec_ and then base64")},
)
