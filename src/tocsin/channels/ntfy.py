"""ntfy: a push message with an Acknowledge button, published as JSON to the server's root.

A push shows on a locked screen and passes through a server that may be somebody else's, so it carries the public text
unless the contact says `detail: full`. The button posts to a link that acknowledges at once; tapping the message opens
the group's page behind sign-in, or, of several groups, the page of that link.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from tocsin.channels import answers, checks, words
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
    Retry,
    Settings,
)
from tocsin.kit import text

TITLE_CHARS_MAX = 150
MESSAGE_CHARS_MAX = 1000  # ntfy turns more than 4,096 bytes into an attachment, and a character has up to four
ENTRIES_MAX = 5
LIMITS = (Limit(count=10, per_s=60), Limit(count=60, per_s=900))  # ntfy.sh itself allows bursts of 60
PRIORITY_HIGH = 5
PRIORITY_NORMAL = 3
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_DAILY_QUOTAS = frozenset({42905, 42908, 42910})  # these come back tomorrow, not in a minute
_TAGS = {
    MessageKind.PAGE: "rotating_light",
    MessageKind.TAKEN: "white_check_mark",
    MessageKind.NOTICE: "information_source",
    MessageKind.TEST: "test_tube",
    MessageKind.CODE: "key",
}


class _Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    action: str
    label: str
    url: str
    method: str = ""
    clear: bool = False


class _Push(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    topic: str
    title: str
    message: str
    priority: int
    tags: list[str]
    click: str = ""
    actions: list[_Action] = []


class _Said(msgspec.Struct, frozen=True):
    """What ntfy answers: the published message's id, or an error's code and text."""

    id: str = ""
    code: int = 0
    error: str = ""


_said = msgspec.json.Decoder(_Said)
_encoder = msgspec.json.Encoder()


def check(written: str) -> str | None:
    """What is wrong with a topic's URL, or None."""
    wrong = checks.web_address(written)
    if wrong is not None:
        return wrong
    url = urlsplit(written)
    if url.query or url.username is not None:
        return "write only server and topic, like https://ntfy.example.com/ann; a token is an option of its own"
    if not _TOPIC.fullmatch(url.path.rstrip("/").rpartition("/")[2]):
        return "the URL ends with the topic: up to 64 letters, digits, _ and -, like https://ntfy.example.com/ann"
    return None


def compose(message: Message, address: Address, _settings: Settings, _now: datetime) -> HttpRequest:
    """The publish call for one message."""
    server, topic = _split(address.target)
    private = address.options.get("detail") == checks.FULL
    high = message.kind is MessageKind.PAGE and words.highest_urgency(message) == "high"
    push = _Push(
        topic=topic,
        title=text.cut(words.subject(message, private=private), TITLE_CHARS_MAX),
        message=_text(message, private=private),
        priority=PRIORITY_HIGH if high else PRIORITY_NORMAL,
        tags=[_TAGS[message.kind]],
        click=words.opened_by(message),
        actions=_actions(message),
    )
    headers = {"Content-Type": "application/json"} | _authorization(address)
    return HttpRequest(method="POST", url=server, headers=headers, body=_encoder.encode(push))


def judge(response: Response) -> Outcome:
    """Delivered only if ntfy answers with the message's id: a proxy's sign-in page also says 200."""
    said = _read(response.body)
    if response.fault is None and 200 <= response.status < 300:
        if said is None or not said.id:
            return Retry(reason=f"HTTP {response.status}, but not ntfy's answer")
        return Delivered(receipt=said.id)
    if response.status == 429 and said is not None and said.code in _DAILY_QUOTAS:
        return Failed(reason=f"HTTP 429: {words.one_line(said.error)}")
    if response.status in (401, 403):
        return Failed(reason=f"HTTP {response.status}: ntfy does not let us publish to this topic; check its token")
    return answers.judge_http(response)


def _split(target: str) -> tuple[str, str]:
    base, _, topic = target.rstrip("/").rpartition("/")
    return f"{base}/", topic


def _authorization(address: Address) -> dict[str, str]:
    token, user = address.options.get("token"), address.options.get("user")
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user:
        pair = f"{user}:{address.options.get('password', '')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return {}


def _text(message: Message, *, private: bool) -> str:
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
    written = "\n".join(line for line in lines if line) or "Open Tocsin for details."
    return text.cut(written, MESSAGE_CHARS_MAX)


def _actions(message: Message) -> list[_Action]:
    actions = []
    if post := message.acknowledge_post_url:
        actions.append(_Action(action="http", label=words.acknowledge(message), url=post, method="POST", clear=True))
    if click := words.opened_by(message):
        actions.append(_Action(action="view", label="Open", url=click))
    return actions


def _read(body: bytes) -> _Said | None:
    try:
        return _said.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


CHANNEL = Channel(
    name="ntfy",
    title="ntfy",
    check=check,
    compose=compose,
    judge=judge,
    private=False,
    limits=LIMITS,
    options={
        "token": Option(check=checks.header_value, meaning="an access token: tk_…"),
        "user": Option(check=checks.header_value, secret=False, meaning="signs in together with password"),
        "password": Option(check=lambda written: None if written else "is empty", meaning="of user"),
        "detail": Option(check=checks.detail, secret=False, meaning="full: titles and summaries too; default public"),
    },
)
