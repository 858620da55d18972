"""All channels by the word a contact document uses, and how such a document is read."""

from __future__ import annotations

from tocsin.channels import email, inbox, ntfy, push, sms, voice, webhook
from tocsin.channels.domain import Channel

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        email.CHANNEL,
        webhook.CHANNEL,
        ntfy.CHANNEL,
        push.CHANNEL,
        inbox.CHANNEL,
        sms.CHANNEL,
        voice.CHANNEL,
    )
}
