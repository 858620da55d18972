"""Every screen: no serious finding of axe, nothing wider than the window, and a picture for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import beside
from browser.roster import busy_roster, handed_over
from needs import lacks
from serving import Served

NO_AXE = "axe-core-python is not installed, so accessibility was not checked"
SCREENS = {
    "sign-in": ("", "/sign-in"),
    "forgotten": ("", "/password/forgotten"),
    "now": ("cleo", "/"),
    "groups": ("cleo", "/groups?status=all"),
    "group": ("cleo", "/groups/{open}"),
    "group-over": ("cleo", "/groups/{over}"),
    "silences": ("cleo", "/silences"),
    "setup": ("ann", "/setup"),
    "health": ("ann", "/health"),
    "services": ("cleo", "/services"),
    "service": ("ann", "/services/checkout"),
    "service-form": ("ann", "/services/new"),
    "integrations": ("cleo", "/integrations"),
    "integration": ("ann", "/integrations/checkout-events?key=shown"),
    "senders": ("ann", "/integrations/new"),
    "mapping": ("ann", "/integrations/odds/mapping"),
    "oncall": ("ann", "/oncall"),
    "oncall-list": ("ann", "/oncall?weeks=1#agenda"),
    "oncall-me": ("ann", "/oncall/me"),
    "schedules": ("ann", "/schedules"),
    "schedule": ("ann", "/schedules/payments"),
    "schedule-form": ("ann", "/schedules/payments/edit"),
    "schedule-new": ("ann", "/schedules/new"),
    "schedule-remove": ("ann", "/schedules/pair/removal"),
    "override": ("ann", "/schedules/first/override"),
    "swap-new": ("ann", "/oncall/swaps/new"),
    "swap": ("bob", "/oncall/swaps/{swap}"),
    "handover": ("bob", "/oncall/handovers/{handover}"),
    "inbox": ("cleo", "/inbox"),
    "people": ("ann", "/people"),
    "person": ("ann", "/people/bob"),
    "audit": ("ann", "/audit"),
    "teams": ("ann", "/teams"),
    "team": ("ann", "/teams/shop"),
    "me": ("mia", "/me"),
    "me-by-file": ("cleo", "/me"),
    "tokens": ("cleo", "/me/tokens"),
    "rehearsal": ("bob", "/teams/shop/rehearsal"),
    "offline": ("", "/offline"),
    "passkeys": ("cleo", "/me/2fa/webauthn/"),
    "second-factor": ("cleo", "/me/2fa/"),
    "password": ("cleo", "/me/password"),
    "link": ("", "/a/nothing"),
    "docs": ("", "/docs"),
    "docs-page": ("cleo", "/docs/howto/alertmanager"),
    "docs-reference": ("cleo", "/docs/reference/status-machines"),
    "docs-search": ("cleo", "/docs?q=silence"),
    "what-if": ("cleo", "/what-if?integration=checkout-events&at=03:00"),
    "routes": ("ann", "/routes"),
    "plans": ("ann", "/plans"),
    "policies": ("cleo", "/policies"),
    "policy": ("ann", "/policies/nights"),
    "policy-new": ("ann", "/policies/new"),
    "policy-edit": ("ann", "/policies/nights/edit"),
    "configuration": ("ann", "/configuration"),
    "config-edit": ("ann", "/configuration/edit/policies/nights"),
    "config-edit-file": ("cleo", "/configuration/edit/schedules/first"),
    "config-new": ("ann", "/configuration/new/services"),
    "config-remove": ("ann", "/configuration/remove/policies/nights"),
    "config-apply": ("ann", "/configuration/apply?whole=1"),
    "config-history": ("ann", "/configuration/history"),
    "config-version": ("ann", "/configuration/history/{version}"),
    "config-return": ("ann", "/configuration/history/{before}/return"),
}
SCHEMES: dict[str, dict[str, Any]] = {  # what axe is asked of each: between them, only colours differ
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},
}
TAP_PX_MIN = 44
SMALL_TARGETS = """(least) => [...document.querySelectorAll(
    "button, summary, select, textarea, .button, .places a, .menu-box a, .link-list a, .tick,"
    + " input:not([type=hidden], [type=checkbox], [type=radio])"
)].filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => [one, one.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1 && box.height < least - 0.5)
  .map(([one, box]) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${one.outerHTML.slice(0, 120)}`)"""
EXPECTED_STATUS = {"link": 410}


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's source, or nothing."""
    found = find_spec("axe_core_python")
    if found is None or found.origin is None:
        return ""
    return (Path(found.origin).parent / "axe.min.js").read_text()


def nights(served: Served, wait: str) -> int:
    """A policy that is managed in Tocsin, not by a file; the version that has it."""
    steps = [{"page": ["schedule:first"], "wait": wait}, {"page": ["team:shop"], "wait": "15m"}]
    body = {"name": "Nights", "description": "Outside office hours.", "steps": steps, "last_resort": ["person:ann"]}
    answer = served.api("ann", "PUT", "/config/documents/policies/nights", body)
    assert answer.status == 200, answer.body
    return int(answer.body["version"])


@pytest.fixture(scope="module")
def places(served: Served, mia: str) -> dict[str, int]:
    """A group that is open and one that is over."""
    over = served.trouble("a problem that is over")
    served.api("ann", "POST", f"/groups/{over}/resolution")
    taken = served.trouble("a problem that somebody has")
    served.api("cleo", "POST", f"/groups/{taken}/acknowledgement")
    major = {"name": "Major incident", "severity": "SEV1", "declare_when": ['severity="critical"']}
    major["updates"] = {"SEV1": {"first": "15m", "every": "30m"}}
    assert served.api("ann", "PUT", "/config/documents/plans/major", major).status == 200
    before, version = nights(served, "5m"), nights(served, "10m")
    return {
        "before": before,
        "version": version,
        "swap": busy_roster(served),
        "handover": beside(served, lambda: handed_over(served.url)),
        "open": served.trouble("Card payments fail: 12 % are refused by the gateway"),
        "over": over,
    }


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_is_for_everybody(
    visits: Any, places: dict[str, int], axe: str, screenshot: Callable[[Any, str], None], screen: str, size: str
) -> None:
    """At desk and phone size, light and dark: axe finds nothing serious, and nothing sticks out."""
    who, path = SCREENS[screen]
    page = visits.open(path.format(**places), who=who, size=size)
    if who:
        page.locator(".live[data-state=live]").wait_for()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        screenshot(page, f"{screen}-{size}-{scheme}")
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if size == "phone":
        assert not page.evaluate(SMALL_TARGETS, TAP_PX_MIN)
    if screen in EXPECTED_STATUS:
        visits.complaints = [one for one in visits.complaints if str(EXPECTED_STATUS[screen]) not in one]
    if not axe:
        lacks(NO_AXE)
    page.evaluate(axe)
    found = [one for scheme, rules in SCHEMES.items() for one in _serious(page, scheme, rules)]
    assert not found, "\n".join(found)


def _serious(page: Any, scheme: str, options: dict[str, Any]) -> list[str]:
    page.emulate_media(color_scheme=scheme)
    return [
        f"{scheme}: {one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in page.evaluate("(options) => axe.run(options)", options)["violations"]
        if one["impact"] in ("serious", "critical")
    ]
