"""Push to a browser or an installed app (Web Push): a notification with an Acknowledge button, without a vendor's relay.

The address is one device's; a contact `{push: true}` leads to all devices of the person, each with a delivery of its
own. A notification shows on a locked screen, so it carries the public text unless the contact says `detail: full`,
although nobody on the way can read it. Its button posts to a link that acknowledges at once.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from tocsin.channels import answers, checks, webpush, words
from tocsin.channels.domain import (
    Address,
    Channel,
    Delivered,
    Failed,
    HttpRequest,
    Limit,
    Message,
    MessageKind,
    Option,
    Outcome,
    Response,
    Settings,
)
from tocsin.channels.webpush import from_text
from tocsin.kit import text

TITLE_CHARS_MAX = 150
BODY_CHARS_MAX = 600  # phones show less, and all of it has to fit in one record
ENTRIES_MAX = 5
LIVES_S = {
    MessageKind.PAGE: 4 * 3600,
    MessageKind.CODE: 600,
}  # how long a push service keeps it for a phone that is off
LIVES_S_OTHERWISE = 3600
LIMITS = (Limit(count=20, per_s=60), Limit(count=120, per_s=900))
REPEAT_AFTER_S = (60, 120, 180)
OPEN_FOR_MORE = "Open Tocsin for details."
_encode = msgspec.json.Encoder().encode
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the service worker gets; its field names are known there."""

    kind: str
    title: str
    body: str
    tag: str  # one with the same tag takes the place of the one before
    groups: int = 0  # how many, if it tells of several
    url: str = ""  # opened by a tap
    acknowledge: str = ""  # a POST to it acknowledges
    ask: str = ""  # a page with one button, for browsers whose notifications have none
    loud: bool = False  # stays until it is answered, rings again when it is repeated
    drill: bool = False
    at: int = 0  # ms


def check(written: str) -> str | None:
    """What is wrong with the endpoint a browser gave, or None."""
    wrong = checks.web_address(written)
    if wrong is not None:
        return wrong
    url = urlsplit(written)
    if url.scheme != "https" and url.hostname not in _LOOPBACK:
        return "the endpoint of a push service is an https address"
    return None


def compose(message: Message, address: Address, settings: Settings, now: datetime) -> HttpRequest:
    """The request to the push service. The options hold the device's keys, ours, and what is new for this message."""
    given = {name: from_text(address.options[name]) or b"" for name in ("p256dh", "auth", "salt", "ephemeral", "vapid")}
    loud = message.kind is MessageKind.PAGE and words.highest_urgency(message) != "low"
    shown = _notification(message, private=address.options.get("detail") == checks.FULL, loud=loud, now=now)
    plain = _encode(shown)
    if len(plain) > webpush.PLAIN_BYTES_MAX:
        plain = _encode(msgspec.structs.replace(shown, body=OPEN_FOR_MORE))
    body = webpush.encrypt(
        plain,
        webpush.Device(point=given["p256dh"], auth=given["auth"]),
        webpush.Fresh(salt=given["salt"], scalar=given["ephemeral"]),
    )
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(LIVES_S.get(message.kind, LIVES_S_OTHERWISE)),
        "Urgency": "high" if loud or message.kind is MessageKind.CODE else "normal",
        "Authorization": webpush.authorization(given["vapid"], address.target, _subject(settings), now),
    }
    if len(message.entries) == 1:
        headers["Topic"] = message.entries[0].reference  # what has not reached the phone yet is replaced, not added to
    return HttpRequest(method="POST", url=address.target, headers=headers, body=body)


def judge(response: Response) -> Outcome:
    """404 and 410 say that the browser has left: the device is dead. 413 and others have failed; the rest as usual."""
    if response.fault is None and response.status in (404, 410):
        return Failed(reason=f"HTTP {response.status}: the browser does not take push any more", disable=True)
    if response.fault is None and response.status in (401, 403):
        return Failed(reason=f"HTTP {response.status}: the push service does not accept our key for this device")
    outcome = answers.judge_http(response)
    if isinstance(outcome, Delivered):
        return Delivered(receipt=response.headers.get("location", "").rpartition("/")[2][: answers.REASON_CHARS_MAX])
    return outcome


def _notification(message: Message, *, private: bool, loud: bool, now: datetime) -> Notification:
    only = message.entries[0] if len(message.entries) == 1 else None
    return Notification(
        kind=message.kind.value,
        title=text.cut(words.subject(message, private=private), TITLE_CHARS_MAX),
        body=_body(message, private=private),
        tag=only.reference if only else message.id,
        url=words.opened_by(message),
        groups=len(message.entries) if not only else 0,
        acknowledge=message.acknowledge_post_url,
        ask=message.acknowledge_url,
        loud=loud,
        drill=message.drill,
        at=round((message.sent_at or now).timestamp() * 1000),
    )


def _body(message: Message, *, private: bool) -> str:
    """What stands below the title; a code or a test is nothing without its text, which is then shown in any case."""
    lines = []
    if private or message.kind in (MessageKind.CODE, MessageKind.TEST):
        lines.append(message.text)
    if len(message.entries) > 1:
        lines += [f"{entry.reference} {words.title(entry, private=private)}" for entry in message.entries[:ENTRIES_MAX]]
        left = len(message.entries) - ENTRIES_MAX
        lines += [f"and {left} more"] if left > 0 else []
    elif private:
        lines += [line for entry in message.entries for line in words.quoted(entry.summary)]
    written = "\n".join(line for line in lines if line) or OPEN_FOR_MORE
    return text.cut(written, BODY_CHARS_MAX)


def _subject(settings: Settings) -> str:
    """Whom the push service asks when something is wrong."""
    if settings.base_url.startswith("https://"):
        return settings.base_url
    address = settings.sender.rpartition("<")[2].rstrip("> ")
    return f"mailto:{address}" if "@" in address else "mailto:tocsin@localhost"


CHANNEL = Channel(
    name="push",
    title="Push",
    check=check,
    compose=compose,
    judge=judge,
    private=False,
    limits=LIMITS,
    needs_verification=False,  # whoever registers a device is signed in on it
    per_device=True,
    repeat_after_s=REPEAT_AFTER_S,
    options={
        "detail": Option(check=checks.detail, secret=False, meaning="full: titles and summaries too; default public"),
    },
)
