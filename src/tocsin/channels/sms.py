"""SMS: a number can be written down, but nothing sends to it yet.

A document may hold such a contact, and its number is checked; the contact counts as not usable, so no rule ever relies
on it, and whoever asks is told so. The limits are what a carrier tolerates before it blocks a sender.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.channels import checks
from tocsin.channels.domain import (
    Address,
    Channel,
    Failed,
    Fault,
    Limit,
    Message,
    Outcome,
    Outgoing,
    Response,
    Settings,
)

LIMITS = (Limit(count=1, per_s=60), Limit(count=3, per_s=900), Limit(count=5, per_s=3600))


def compose(_message: Message, _address: Address, _settings: Settings, _now: datetime) -> Outgoing:
    """Raises: a contact that is not usable is never sent to."""
    raise NotImplementedError("no provider for the channel sms is implemented")


def judge(_response: Response) -> Outcome:
    """Nothing is ever delivered this way."""
    return Failed(reason=f"sms: {Fault.NOT_CONFIGURED.value}")


CHANNEL = Channel(
    name="sms",
    title="SMS",
    check=checks.phone_number,
    compose=compose,
    judge=judge,
    private=False,
    limits=LIMITS,
    implemented=False,
)
