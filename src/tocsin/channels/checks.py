"""What can be wrong with an address, said before anything is sent to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

URL_CHARS_MAX = 2000
FULL = "full"  # the option `detail`: titles and summaries may stand on a lock screen
_E164 = re.compile(r"\+[1-9]\d{6,14}")  # ITU-T E.164: at most 15 digits
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


def phone_number(written: str) -> str | None:
    """What is wrong with a telephone number, or None."""
    if _E164.fullmatch(written):
        return None
    return f"{written!r} is not a telephone number; write it with country code and no spaces: +4915155500101"


def detail(written: str) -> str | None:
    """What is wrong with how much a push may say, or None."""
    return None if written in (FULL, "public") else "write full or public"


def web_address(written: str) -> str | None:
    """What is wrong with an http or https URL, or None."""
    form = "write the full URL, like https://hooks.example.com/pages"
    if len(written) > URL_CHARS_MAX:
        return f"a URL has at most {URL_CHARS_MAX} characters"
    if _UNPRINTABLE.search(written):
        return f"a URL has no spaces and no letters beyond ASCII; {form}"
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        return f"not a URL; {form}"
    if url.scheme not in ("http", "https") or not url.hostname:
        return f"not an http or https URL; {form}"
    if port == 0:
        return "port 0 cannot be called"
    if url.fragment:
        return "the part after # never reaches a server; leave it out"
    return None


def header_value(written: str) -> str | None:
    """What is wrong with a token that travels in an HTTP header, or None. Never shows it."""
    if not written:
        return "is empty"
    return "has spaces or characters beyond ASCII" if _UNPRINTABLE.search(written) else None
