"""The in-app inbox: a note in our own database. It needs no other machine, so it is always delivered."""

from __future__ import annotations

from datetime import datetime

from tocsin.channels import words
from tocsin.channels.domain import Address, Channel, Delivered, InboxNote, Message, Outcome, Response, Settings

NAME_CHARS_MAX = 100


def check(written: str) -> str | None:
    """What is wrong with a person's name in the configuration, or None."""
    if not written or len(written) > NAME_CHARS_MAX or not written.isprintable():
        return f"write the person's name in the configuration, at most {NAME_CHARS_MAX} characters"
    return None


def compose(message: Message, address: Address, settings: Settings, _now: datetime) -> InboxNote:
    """The note for one message."""
    return InboxNote(
        person=address.target,
        subject=words.subject(message, private=True),
        text=words.plain(message, settings),
        url=message.entries[0].url if message.entries else "",
        acknowledge_url=message.acknowledge_url,
    )


def judge(_response: Response) -> Outcome:
    """Written is delivered: a failed write never gets here, it rolls back."""
    return Delivered()


CHANNEL = Channel(
    name="inbox",
    title="Inbox",
    check=check,
    compose=compose,
    judge=judge,
    private=True,
    bundles=False,
    needs_verification=False,
    wakes=False,
)
