"""Whom an outgoing connection trusts."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def context(ca_file: str) -> ssl.SSLContext:
    """Certificates and names are checked against the system's authorities, and those in a PEM file if one is named.

    Raises OSError for a file that cannot be read, ssl.SSLError (an OSError too) for one that holds no certificate.
    """
    made = ssl.create_default_context()
    if ca_file:
        made.load_verify_locations(ca_file)
    return made
