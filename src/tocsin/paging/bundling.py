"""Several messages to one person as one, with one link that acknowledges all that it tells of. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from tocsin.channels.domain import Message, MessageKind
from tocsin.paging import links
from tocsin.paging.messages import Letterhead


def bundle(messages: Sequence[Message], pages: Sequence[int], head: Letterhead, person: str) -> Message:
    """Many messages to one person as one: the newest one's kind, everybody's entries, each group once.

    `pages` are those the messages are of, 0 for none. What has no entries has only its words, so all of those are kept.
    """
    if len(messages) == 1:
        return messages[0]
    last = _with_words(messages)
    entries = {entry.reference: entry for message in messages for entry in message.entries}
    if len(entries) <= 1:
        return msgspec.structs.replace(last, entries=tuple(entries.values()))
    link = _link(messages, pages, head)
    return msgspec.structs.replace(
        last,
        entries=tuple(entries.values()),
        url=f"{head.base_url}/groups?{urlencode({'person': person})}",
        acknowledge_url=link,
        acknowledge_post_url=link,
    )


def _with_words(messages: Sequence[Message]) -> Message:
    last = messages[-1]
    wordy = [message for message in messages if not message.entries]
    words = [f"{message.subject}\n{message.text}".strip() for message in wordy]
    if not wordy:
        return last
    return msgspec.structs.replace(
        last,
        text="\n\n".join([last.text, *words] if last.entries else words),
        subject=last.subject if last.entries or len(wordy) == 1 else f"{len(wordy)} notices: {last.subject}",
    )


def _link(messages: Sequence[Message], pages: Sequence[int], head: Letterhead) -> str:
    """To the newest page of each group; it lives as long as the first of the links it stands for would."""
    newest = {
        entry.reference: page
        for message, page in sorted(zip(messages, pages, strict=True), key=lambda pair: pair[1])
        for entry in message.entries
        if page and message.kind is MessageKind.PAGE
    }
    sent = [message.sent_at for message in messages if message.sent_at is not None]
    return links.to(head.base_url, head.signer, newest.values(), min(sent)) if newest and sent else ""
