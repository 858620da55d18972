"""What the demo makes up once and keeps beside its database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

SIGN_IN = "ann@demo.example"


def password(data: Path) -> str:
    """The one password of the demo's accounts."""
    return kept(data / "demo-password", lambda: secrets.token_urlsafe(9))


def kept(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; made and written, readable only for us, if it is not there yet."""
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = make()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(made + "\n")
    return made
