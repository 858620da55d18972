"""All channels by the word a contact document uses, and how such a document is read."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.channels import email, inbox, ntfy, push, sms, voice, webhook
from tocsin.channels.domain import Address, Channel

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


def read_contact(written: Mapping[str, str]) -> Address:
    """Read `{webhook: https://…, secret: whsec_…}`. Raises ValueError that says what to write instead."""
    named = [key for key in written if key in CHANNELS]
    if len(named) != 1:
        raise ValueError(f"a contact names exactly one way to reach the person: {', '.join(CHANNELS)}")
    channel = CHANNELS[named[0]]
    options = {key: value for key, value in written.items() if key != channel.name}
    wrong = channel.check(written[channel.name]) or _wrong_option(channel, options)
    if wrong is not None:
        raise ValueError(f"{channel.name}: {wrong}")
    return Address(channel=channel.name, target=written[channel.name], options=options)


def _wrong_option(channel: Channel, options: Mapping[str, str]) -> str | None:
    for key, value in options.items():
        option = channel.options.get(key)
        if option is None:
            known = f"; known: {', '.join(channel.options)}" if channel.options else ""
            return f"unknown key {key!r}{known}"
        wrong = option.check(value)
        if wrong is not None:
            return f"{key}: {wrong}"
    return None
