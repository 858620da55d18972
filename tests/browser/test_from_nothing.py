"""The tutorial, followed by somebody who only clicks: from an empty directory to a page received and answered."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from house import PASSWORD

READY_S_MAX = 60.0


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """`tocsin serve` on an empty directory: its address, and the code it prints for the first account."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    log = tmp_path / "serve.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment |= {"TOCSIN_DATA": str(tmp_path / "var"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "tocsin", "serve", "--port", str(port)]
    with log.open("ab") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            yield f"http://127.0.0.1:{port}", _code(log, process)
        finally:
            process.terminate()
            process.wait(20)


def _code(log: Path, process: subprocess.Popen[bytes]) -> str:
    ends = time.monotonic() + READY_S_MAX
    while time.monotonic() < ends and process.poll() is None:
        told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        if any(one["event"] == "server.ready" for one in told):
            return str(next(one["code"] for one in told if "code" in one))
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_from_an_empty_directory_to_a_page_answered(
    empty: tuple[str, str], chromium: Any, screenshot: Callable[[Any, str], None]
) -> None:
    """First account, team, schedule, policy, service, integration, test alert: each page leads to the next."""
    url, code = empty
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=url, timezone_id="Europe/Berlin")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("request", lambda one: None if one.url.startswith(url) else complaints.append(one.url))
    page.goto("/")
    page.wait_for_url("**/welcome")
    page.fill("#code", code)
    page.fill("#name", "Ann Lee")
    page.fill("#email", "ann@example.com")
    page.fill("#password", PASSWORD)
    assert page.input_value("#timezone") == "Europe/Berlin", "as the browser knows it"
    page.get_by_role("button", name="Open the account").click()
    page.goto("/setup")
    page.get_by_role("heading", name="From nothing to a page received").wait_for()

    page.get_by_role("link", name="Add a team").click()
    page.fill("[name=name]", "Shop")
    page.locator("input[name=member]").first.check()
    page.locator("main form button.primary").click()
    page.get_by_role("link", name="Shop").first.wait_for()

    page.goto("/setup")
    page.get_by_role("link", name="Make a schedule").click()
    page.fill("#field-title", "Shop")
    page.select_option("#field-team", "shop")
    page.select_option("#l0-p0", "ann")
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url("**/schedules/shop**")

    page.goto("/setup")
    page.get_by_role("link", name="Make a policy").click()
    page.fill("#title", "Shop")
    page.select_option("#add-0", "schedule:shop")
    page.select_option("#add-last", "person:ann")
    page.locator("button[value=save]").last.click()
    page.wait_for_url("**/policies/shop**")

    page.goto("/setup")
    page.get_by_role("link", name="Add a service").click()
    page.fill("#field-title", "Checkout")
    page.select_option("#field-team", "shop")
    page.select_option("#field-policy", "shop")
    page.get_by_role("button", name="Add the service").click()
    page.wait_for_url("**/services/checkout**")

    page.goto("/setup")
    page.get_by_role("link", name="Add an integration").click()
    page.get_by_role("link", name="A tool that speaks PagerDuty").click()
    page.fill("#field-name", "My script")
    page.select_option("#field-service", "checkout")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/integrations/my-script**")
    with page.expect_navigation():  # leaving the page at once would take the press back
        page.get_by_role("button", name="Send a test alert").click()

    page.goto("/inbox")
    page.get_by_text(re.compile("Test alert")).first.wait_for()
    page.get_by_role("button", name="Acknowledge AG-1").click()
    page.get_by_text(re.compile("You have it now")).first.wait_for()
    page.goto("/setup")
    page.get_by_role("heading", name="The first signal").wait_for()
    screenshot(page, "from-nothing-desk-light")
    context.close()
    assert not complaints
