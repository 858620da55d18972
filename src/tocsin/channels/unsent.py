"""What the channels share for which a number can be written down, but which send nothing yet.

A document may hold such a contact, and its number is checked; the contact counts as not usable, so no rule ever relies
on it, and whoever asks is told so. The limits are what a carrier tolerates before it blocks a sender.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.channels.domain import Address, Failed, Fault, Limit, Message, Outcome, Outgoing, Response, Settings

LIMITS = (Limit(count=1, per_s=60), Limit(count=3, per_s=900), Limit(count=5, per_s=3600))


def compose(_message: Message, address: Address, _settings: Settings, _now: datetime) -> Outgoing:
    """Raises: a contact that is not usable is never sent to."""
    raise NotImplementedError(f"no provider for the channel {address.channel} is implemented")


def judge(_response: Response) -> Outcome:
    """Nothing is ever delivered this way."""
    return Failed(reason=Fault.NOT_CONFIGURED.value)
