"""Who calls: what stands in the history for a change that was made on this machine."""

from __future__ import annotations

import getpass
import os


def who() -> str:
    """Whoever is signed in to this machine: `shell:ann`."""
    try:
        return f"shell:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    except (KeyError, OSError):
        return "shell"
