"""What the demo makes up once and keeps beside its database."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

SIGN_IN = "ann@demo.example"
PASSWORD_FILE = "demo-password"  # noqa: S105  a file name


def password(data: Path) -> str:
    """The one password of the demo's accounts: that which is kept, or a new one, which is not kept yet."""
    path = data / PASSWORD_FILE
    return path.read_text().strip() if path.exists() else secrets.token_urlsafe(9)


def kept(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; made and written, readable only for us, if it is not there yet."""
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = make()
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(made + "\n")
    return made
