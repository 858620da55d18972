"""Writes the pages of docs/reference that say what the code says. Run it with `make docs`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every generated page by its file's name; Django is set up."""
    from tests.docs.writers import api, cli, documents, doors, exits, facts, machines, metrics, settings

    found: dict[str, str] = {}
    for writer in (api, cli, documents, doors, exits, facts, machines, metrics, settings):
        found |= writer.write()
    return found


def main() -> None:
    """Write every page; say which ones changed."""
    with tempfile.TemporaryDirectory(prefix="tocsin-docs-") as data:
        os.environ |= {"TOCSIN_DATA": data, "TOCSIN_SECRETS": "only-for-making-the-documentation"}
        os.environ.pop("TOCSIN_DATABASE", None)
        from tocsin.site import startup

        startup.set_up()
        for name, content in pages().items():
            path = REFERENCE / name
            if not path.exists() or path.read_text() != content:
                path.write_text(content)
                print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
