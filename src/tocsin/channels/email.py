"""Email: text and HTML that say the same, with one large link that opens the acknowledge page.

The link opens a page with one button; fetching it, as mail scanners and previews do, changes nothing. All mails of an
alert group form one thread, and a mail sent twice after a crash has the same Message-ID both times.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

from tocsin.channels import answers, words
from tocsin.channels.domain import (
    Address,
    Channel,
    Delivered,
    Entry,
    Failed,
    Fault,
    Limit,
    Mail,
    Message,
    MessageKind,
    Outcome,
    Response,
    Settings,
)
from tocsin.kit import text

ADDRESS_CHARS_MAX = 254  # RFC 5321
LOCAL_CHARS_MAX = 64
LIMITS = (Limit(count=10, per_s=60), Limit(count=100, per_s=3600))
_ADDRESS = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._-]+")
# RFC 3463's codes for a bad recipient (5.1.7 and 5.1.8 speak of the sender), and how servers without codes put it
_NO_SUCH_MAILBOX = re.compile(r"\b5\.1\.(1|2|3|6|10)\b|user unknown|no such user|mailbox not found", re.IGNORECASE)
_NO_DOMAIN = "tocsin.invalid"
_URGENT = {"X-Priority": "1", "Importance": "high", "Priority": "urgent"}

# Colours are only set in pairs (words and what they stand on), so that a mail program's dark mode stays legible.
_PAGE = "margin:0;padding:16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
_COLUMN = "max-width:560px;margin:0 auto"
_BUTTON = (
    "display:block;padding:16px 24px;border-radius:8px;background:#b42318;color:#ffffff;"
    "font-size:20px;font-weight:600;text-align:center;text-decoration:none"
)
_DRILL = "padding:8px 12px;border-radius:8px;background:#fff3c4;color:#3d2c00;font-weight:600"
_CARD = "margin:0 0 16px;padding:12px 0 0;border-top:1px solid #8a8f98"
_TITLE = "margin:0;font-size:18px;line-height:1.35"
_SUMMARY = "margin:8px 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.45 ui-monospace,Menlo,monospace"


def check(written: str) -> str | None:
    """What is wrong with a mail address, or None."""
    found = _ADDRESS.fullmatch(written)
    if found is None:
        return f"{words.one_line(written, 80)!r} is not a mail address; write it as ann@example.com"
    if len(written) > ADDRESS_CHARS_MAX or len(found["local"]) > LOCAL_CHARS_MAX:
        return f"a mail address has at most {ADDRESS_CHARS_MAX} characters, {LOCAL_CHARS_MAX} before the @"
    return None


def compose(message: Message, address: Address, settings: Settings, _now: datetime) -> Mail:
    """The mail for one message."""
    domain = _domain(settings)
    references = [entry.reference for entry in message.entries[: words.ENTRIES_MAX]]
    headers = {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Tocsin-Kind": message.kind.value,
    }
    if references:
        headers["X-Tocsin-Groups"] = words.one_line(", ".join(references), 800)
    if message.kind is MessageKind.PAGE and words.highest_urgency(message) == "high":
        headers |= _URGENT
    return Mail(
        to=address.target,
        subject=words.subject(message, private=True),
        text=words.plain(message, settings),
        html=_html(message, settings),
        message_id=f"<{_id(message.id)}@{domain}>",
        thread=f"<{_id(references[0])}.group@{domain}>" if references else "",
        headers=headers,
    )


def judge(response: Response) -> Outcome:
    """Taken by our server is delivered. Only an address that does not exist disables the contact: a 5xx for spam or
    a full mailbox may not happen next time.
    """
    if response.fault is None:
        return Delivered(receipt=response.detail)
    if response.fault is Fault.RECIPIENT_REFUSED:
        gone = _NO_SUCH_MAILBOX.search(response.detail) is not None
        return Failed(reason=f"{_code(response)}{answers.reason(response)}", disable=gone)
    if response.fault is Fault.REJECTED:
        return Failed(reason=f"{_code(response)}{answers.reason(response)}")
    return answers.judge_fault(response)


def _code(response: Response) -> str:
    return f"SMTP {response.status}: " if response.status else ""


def _domain(settings: Settings) -> str:
    after_at = settings.sender.rpartition("@")[2].rstrip("> ")
    domain = after_at if "@" in settings.sender else urlsplit(settings.base_url).hostname or _NO_DOMAIN
    return _id(domain)


def _id(written: str) -> str:
    return _NOT_IN_AN_ID.sub("-", written).strip("-.") or "none"


def _html(message: Message, settings: Settings) -> str:
    headline = escape(words.subject(message, private=True))
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<title>{headline}</title></head><body style="{_PAGE}"><main style="{_COLUMN}">',
        f'<p role="note" style="{_DRILL}">This is a drill.</p>' if message.drill else "",
        f'<h1 style="{_TITLE}">{headline}</h1>',
        _paragraphs(message.text),
        _button(message),
        *(_card(entry) for entry in message.entries[: words.ENTRIES_MAX]),
        f"<p>and {words.more(message)} more.</p>" if words.more(message) else "",
        f"<p>Why you: {escape(message.reason)}</p>" if message.reason else "",
        _footer(settings),
        "</main></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _paragraphs(written: str) -> str:
    return "\n".join(f"<p>{_line(line.strip())}</p>" for line in written.splitlines() if line.strip())


def _line(written: str) -> str:
    """A line that is nothing but an address can be pressed."""
    is_link = written.startswith(("https://", "http://")) and " " not in written
    return f'<a href="{escape(written)}">{escape(written)}</a>' if is_link else escape(written)


def _button(message: Message) -> str:
    url, label = message.acknowledge_url, words.acknowledge(message)
    if not url:
        url, label = message.url, words.OPEN_LIST
    return f'<p style="margin:20px 0"><a href="{escape(url)}" style="{_BUTTON}">{label}</a></p>' if url else ""


def _card(entry: Entry) -> str:
    name = escape(words.title(entry, private=True))
    reference = escape(entry.reference)
    link = f'<a href="{escape(entry.url)}">{reference}</a>' if entry.url else reference
    summary = text.cut(entry.summary, words.SUMMARY_CHARS_MAX)
    block = f'<p style="{_SUMMARY}">{escape(summary)}</p>' if summary else ""
    return (
        f'<section style="{_CARD}"><h2 style="{_TITLE}">{name}</h2>'
        f'<p style="margin:4px 0 0">{link} · {escape(words.facts(entry))}</p>{block}</section>'
    )


def _footer(settings: Settings) -> str:
    name = escape(settings.instance)
    named = f'<a href="{escape(settings.base_url)}">{name}</a>' if settings.base_url else name
    return f'<p style="margin:24px 0 0;font-size:14px">Sent by {named}</p>'


CHANNEL = Channel(name="email", title="Email", check=check, compose=compose, judge=judge, private=True, limits=LIMITS)
