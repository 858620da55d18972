"""Static files carry a digest of their content in their address, so that a browser may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

DIGEST_CHARS = 12


class VersionedStorage(StaticFilesStorage):
    """Addresses such as /static/tocsin/app.css?v=1f3a…; the file is served from its package."""

    def url(self, name: str | None) -> str:
        plain = str(super().url(name))
        version = _version(name) if name else ""
        return f"{plain}?v={version}" if version else plain


@cache
def _version(name: str) -> str:
    found = finders.find(name)
    if not isinstance(found, str):
        return ""
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:DIGEST_CHARS]
