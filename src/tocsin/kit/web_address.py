"""Addresses of web servers, as people write them into settings."""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = ("http", "https")


def fault(written: str, *, with_query: bool = False, with_user: bool = False) -> str:
    """What keeps this from being the address of a web server, in words that do not show it; empty if it is one."""
    try:
        parts = urlsplit(written)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return "its host or its port cannot be read"
    if parts.scheme not in SCHEMES:
        return "it must begin with http:// or https://"
    if not host or port == 0:
        return "it names no host, or no port that can be"
    if not written.isprintable() or " " in written or not f"{parts.path}{parts.query}".isascii():
        return "it holds a space or another character that stands in no address"
    if parts.username is not None and not with_user:
        return "it must not hold a user or a password"
    if ("?" in written or "#" in written) and not with_query:
        return "it must end before ? and #"
    return ""
