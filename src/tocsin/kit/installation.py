"""What this installation is: its address, its secrets, where its mail goes. Read once from Django's settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from tocsin.kit.secrets import Box, Signer


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Installation:
    """Settings that slices need; `site/settings.py` reads them from the environment."""

    base_url: str
    instance: str
    sender: str
    secrets: tuple[str, ...]
    webhook_secret: str
    smtp_url: str
    outbound_allow: str
    outbound_proxy: str
    watchdog_url: str
    watchdog_every_s: float


@cache
def installation() -> Installation:
    """The installation this process runs for."""
    configured: Installation = settings.TOCSIN
    return configured


@cache
def link_signer() -> Signer:
    """Signs the links in messages."""
    return Signer(installation().secrets, "link")


@cache
def box() -> Box:
    """Keeps small secrets encrypted in the database."""
    return Box(installation().secrets, "document")
