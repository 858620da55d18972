"""The reference's examples, sent by the real curl."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from needs import lacks
from serving import Served

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "api.md"
EXAMPLES = re.findall(r"^curl .*$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=[one.rpartition("/api/v1/")[2].rstrip('"') for one in EXAMPLES])
def test_an_example_of_the_reference_works(served: Served, example: str) -> None:
    """As it stands on the page, with the number of a group that there is, it is done and answered in JSON."""
    if shutil.which("curl") is None:
        lacks("curl is not installed, so the reference's examples were not sent")
    number = served.trouble(f"an example {EXAMPLES.index(example)}")
    command = example.replace("AG-12", f"AG-{number}").replace("curl ", "curl -sS --fail-with-body ")
    environment = os.environ | {"TOCSIN_URL": served.url, "TOCSIN_TOKEN": served.tokens["ann"], "NO_PROXY": "127.0.0.1,localhost"}  # fmt: skip
    ended = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=30, check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)
