"""`tocsin`, also as `python -m tocsin`."""

from __future__ import annotations

from tocsin.cli.app import main

if __name__ == "__main__":
    main()
