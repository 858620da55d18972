"""SMS: see unsent.py for what that means until a provider is implemented."""

from __future__ import annotations

from tocsin.channels import checks, unsent
from tocsin.channels.domain import Channel

CHANNEL = Channel(
    name="sms",
    title="SMS",
    check=checks.phone_number,
    compose=unsent.compose,
    judge=unsent.judge,
    private=False,
    limits=unsent.LIMITS,
    implemented=False,
)
