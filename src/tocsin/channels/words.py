"""What a message says, before a channel gives it its form: subject lines and plain text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tocsin.channels.domain import Entry, Message, MessageKind, Settings
from tocsin.kit import text

SUBJECT_CHARS_MAX = 200
ENTRIES_MAX = 20  # a bundle names this many groups and counts the rest
SUMMARY_CHARS_MAX = 2000
OPEN_LIST = "Open the list (sign in)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BIDI = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # can make a line read as another one


def one_line(written: str, chars_max: int = SUBJECT_CHARS_MAX) -> str:
    """The same words on one line, without control characters: safe in a header, a title, a log."""
    if written.isprintable() and written.isascii() and "  " not in written:
        return text.cut(written.strip(), chars_max)
    return text.cut(" ".join(_BIDI.sub("", _CONTROL.sub(" ", written)).split()), chars_max)


def quoted(written: str, chars_max: int = SUMMARY_CHARS_MAX) -> list[str]:
    """What a sender wrote, line by line, so that none of its lines can pass for one of ours."""
    return [f"> {_BIDI.sub('', _CONTROL.sub(' ', line))}" for line in text.cut(written, chars_max).splitlines()]


def title(entry: Entry, *, private: bool) -> str:
    """`Checkout: disk full`; without private text, what may be read over a shoulder."""
    if not private:
        return one_line(entry.public_title)
    return one_line(f"{entry.service}: {entry.title}" if entry.service else entry.title)


def subject(message: Message, *, private: bool) -> str:
    """One line that says how urgent, where and what: `[HIGH] Checkout: disk full (AG-12)`."""
    line = _subject(message, private=private)
    return one_line(f"DRILL: {line}" if message.drill else line)


def _subject(message: Message, *, private: bool) -> str:
    entries = message.entries
    if not entries and message.kind is MessageKind.PAGE and not private:
        return _DEFAULT_SUBJECTS[MessageKind.PAGE]  # a person wrote the subject of such a page
    if not entries or (message.subject and private):
        return one_line(message.subject) or _DEFAULT_SUBJECTS[message.kind]
    prefix = f"[{highest_urgency(message).upper()}] " if message.kind is MessageKind.PAGE else _PREFIXES[message.kind]
    if len(entries) == 1:
        return (
            f"{prefix}{text.cut(title(entries[0], private=private), SUBJECT_CHARS_MAX - 40)} ({entries[0].reference})"
        )
    services = sorted({entry.service for entry in entries if entry.service})
    where = f" in {', '.join(services)}" if 0 < len(services) <= 3 else ""
    return f"{prefix}{len(entries)} alert groups{where} ({entries[0].reference}, …)"


_PREFIXES = {
    MessageKind.PAGE: "",
    MessageKind.TAKEN: "Taken: ",
    MessageKind.NOTICE: "",
    MessageKind.TEST: "Test: ",
    MessageKind.CODE: "",
}
_DEFAULT_SUBJECTS = {
    MessageKind.PAGE: "You are being paged",
    MessageKind.TAKEN: "Somebody took what you were paged for",
    MessageKind.NOTICE: "A notice from Tocsin",
    MessageKind.TEST: "This is a test message",
    MessageKind.CODE: "Your verification code",
}


def acknowledge(message: Message) -> str:
    """What stands on the button: it takes all that the message tells of."""
    return f"Acknowledge all {len(message.entries)}" if len(message.entries) > 1 else "Acknowledge"


def opened_by(message: Message) -> str:
    """What a tap opens: the one group, or all of them with their button, or the list they are in."""
    only = message.entries[0].url if len(message.entries) == 1 else ""
    return only or message.acknowledge_url or message.url


def highest_urgency(message: Message) -> str:
    """`high` if any group of the message is, else the first group's urgency."""
    urgencies = [entry.urgency.lower() for entry in message.entries]
    return "high" if "high" in urgencies else next(iter(urgencies), "")


def plain(message: Message, settings: Settings) -> str:
    """The whole message as plain text, for mail and inbox."""
    lines = [f"Hello {one_line(message.to)},", ""] if message.to else []
    if message.drill:
        lines += ["This is a DRILL.", ""]
    if message.text:
        lines += [message.text, ""]
    if message.acknowledge_url:
        lines += [f"{acknowledge(message)}: {message.acknowledge_url}", ""]
    elif message.url:
        lines += [f"{OPEN_LIST}: {message.url}", ""]
    for entry in message.entries[:ENTRIES_MAX]:
        lines += [*_entry_lines(entry), ""]
    lines += _more(message)
    if message.reason:
        lines += [f"Why you: {one_line(message.reason)}", ""]
    return "\n".join([*lines, f"-- {settings.instance}", settings.base_url]).rstrip() + "\n"


def more(message: Message) -> int:
    """How many groups a bundle does not name."""
    return max(0, len(message.entries) - ENTRIES_MAX)


def facts(entry: Entry) -> str:
    """`critical · high urgency · 3 alerts · since 2026-03-01 09:30 UTC`."""
    parts = (
        entry.severity,
        f"{entry.urgency} urgency" if entry.urgency else "",
        text.plural(entry.alerts, "alert") if entry.alerts > 1 else "",
        f"since {moment(entry.opened_at)}",
    )
    return " · ".join(part for part in parts if part)


def moment(instant: datetime) -> str:
    """A time everyone can place: `2026-03-01 09:30 UTC`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _entry_lines(entry: Entry) -> list[str]:
    lines = [f"{entry.reference}  {title(entry, private=True)}", f"  {facts(entry)}"]
    lines += [f"  {line}" for line in quoted(entry.summary)]
    return [*lines, f"  {entry.url}"] if entry.url else lines


def _more(message: Message) -> list[str]:
    left = more(message)
    return [f"and {left} more.", ""] if left else []
