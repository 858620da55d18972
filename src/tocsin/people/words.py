"""How people call the ways to reach somebody. Pure."""

from __future__ import annotations

CHANNEL_WORDS = {
    "email": "mail",
    "push": "push",
    "sms": "text message",
    "voice": "call",
    "ntfy": "push by ntfy",
    "webhook": "webhook",
    "inbox": "inbox in Tocsin",
}


def by_contact(channel: str, contact: str) -> str:
    """How a message goes: `webhook (bot)`, and only `mail` where the contact is called after its way."""
    words = CHANNEL_WORDS.get(channel, channel)
    says_it = not contact or contact.casefold() in (channel, *words.split())
    return words if says_it else f"{words} ({contact})"
