"""What some tests need beyond Python: used when it is there, else said in one line, and a failure where all must run."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacks(what: str) -> NoReturn:
    """Skip with this line; in CI, where everything is installed, fail with it: nothing is left out unseen there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
