"""Every screen: no serious finding of axe, nothing wider than the window, and a picture for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser import looks
from browser.conftest import beside
from browser.looks import EXPECTED_STATUS, SCREENS
from browser.roster import busy_roster, handed_over
from serving import Served


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's source, or nothing."""
    return looks.source()


def nights(served: Served, wait: str) -> int:
    """A policy that is managed in Tocsin, not by a file; the version that has it."""
    steps = [{"page": ["schedule:first"], "wait": wait}, {"page": ["team:shop"], "wait": "15m"}]
    body = {"name": "Nights", "description": "Outside office hours.", "steps": steps, "last_resort": ["person:ann"]}
    answer = served.api("ann", "PUT", "/config/documents/policies/nights", body)
    assert answer.status == 200, answer.body
    return int(answer.body["version"])


@pytest.fixture(scope="module")
def places(served: Served, mia: str) -> dict[str, int | str]:
    """A group that is open and one that is over."""
    over = served.trouble("a problem that is over")
    served.api("ann", "POST", f"/groups/{over}/resolution")
    taken = served.trouble("a problem that somebody has")
    served.api("cleo", "POST", f"/groups/{taken}/acknowledgement")
    major = {"name": "Major incident", "severity": "SEV1", "declare_when": ['severity="critical"']}
    major["updates"] = {"SEV1": {"first": "15m", "every": "30m"}}
    assert served.api("ann", "PUT", "/config/documents/plans/major", major).status == 200
    before, version = nights(served, "5m"), nights(served, "10m")
    signal = served.api("ann", "GET", "/signals?limit=1").body["signals"][0]["id"]
    opened = [served.trouble("Card payments fail: 12 % are refused by the gateway"), served.trouble("orders are late")]
    return {
        "bundle": served.link(over, taken, *opened),
        "before": before,
        "version": version,
        "swap": busy_roster(served),
        "handover": beside(served, lambda: handed_over(served.url)),
        "open": opened[0],
        "over": over,
        "signal": signal,
    }


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_is_for_everybody(
    visits: Any, places: dict[str, int | str], axe: str, screenshot: Callable[[Any, str], None], screen: str, size: str
) -> None:
    """At desk and phone size, light and dark: axe finds nothing serious, and nothing sticks out."""
    who, path = SCREENS[screen]
    page = visits.open(path.format(**places), who=who, size=size)
    if who and page.locator(".live").count():  # not on what stands outside: signing out, what is not there
        page.locator(".live[data-state=live]").wait_for()
    if screen in EXPECTED_STATUS:
        visits.complaints = [one for one in visits.complaints if str(EXPECTED_STATUS[screen]) not in one]
    looks.look(page, axe, screenshot, screen, size)
