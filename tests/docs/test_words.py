"""What must not stand in any file of the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js.org", "npm" + "js.com", "crates" + ".io", "proxy.golang" + ".org", "ruby" + "gems.org", "ana" + "conda.org")  # fmt: skip
_ELSEWHERE = re.compile(r"(?<![\w.-])(?:\.\./)?shared" + "/" + r"|(?<![\w.:/$}-])/(?:work|root|home/\w+)/")
_BYTES_MAX = 2_000_000


def files() -> dict[str, str]:
    """Every text file git knows, by its path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.stat().st_size <= _BYTES_MAX:
            content = path.read_bytes()
            if b"\0" not in content:
                found[name] = content.decode(errors="replace")
    return found


def test_no_file_names_a_package_registry_or_a_machine() -> None:
    """What installs packages is the installer's own setting; the repository works wherever it lies."""
    named = [(name, word) for name, text in files().items() for word in _REGISTRIES if word in text]
    elsewhere = [(name, found[0]) for name, text in files().items() if (found := _ELSEWHERE.search(text))]
    assert named == []
    assert elsewhere == []


def test_locks_name_packages_not_addresses() -> None:
    """A lock file says what and which, never from where."""
    locks = sorted(ROOT.glob("*.lock"))
    assert len(locks) == 3
    assert [lock.name for lock in locks if "://" in lock.read_text()] == []
