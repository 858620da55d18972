"""How a screen is looked at: with axe, at both sizes, in both schemes; and which screens there are."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from needs import lacks

NO_AXE = "axe-core-python is not installed, so accessibility was not checked"
SCREENS = {
    "sign-in": ("", "/sign-in"),
    "forgotten": ("", "/password/forgotten"),
    "now": ("cleo", "/"),
    "groups": ("cleo", "/groups?status=all"),
    "group": ("cleo", "/groups/{open}"),
    "group-over": ("cleo", "/groups/{over}"),
    "signal": ("cleo", "/signals/{signal}"),
    "silences": ("cleo", "/silences"),
    "setup": ("ann", "/setup"),
    "health": ("ann", "/health"),
    "services": ("cleo", "/services"),
    "service": ("ann", "/services/checkout"),
    "service-form": ("ann", "/services/new"),
    "service-change": ("ann", "/services/checkout/change"),
    "integrations": ("cleo", "/integrations"),
    "integration": ("ann", "/integrations/checkout-events?key=shown"),
    "integration-change": ("ann", "/integrations/checkout-events/change"),
    "integration-new": ("ann", "/integrations/new?source=heartbeat"),
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
    "person-new": ("ann", "/people/-/new"),
    "audit": ("ann", "/audit"),
    "audit-found": ("ann", "/audit?q=schedule&what=configuration&from=2026-01-01"),
    "audit-nothing": ("ann", "/audit?q=nothing+like+it"),
    "teams": ("ann", "/teams"),
    "team": ("ann", "/teams/shop"),
    "team-new": ("ann", "/teams/-/new"),
    "me": ("mia", "/me"),
    "me-by-file": ("cleo", "/me"),
    "tokens": ("cleo", "/me/tokens"),
    "rehearsal": ("bob", "/teams/shop/rehearsal"),
    "offline": ("", "/offline"),
    "passkeys": ("cleo", "/me/2fa/webauthn/"),
    "second-factor": ("cleo", "/me/2fa/"),
    "password": ("cleo", "/me/password"),
    "link": ("", "/a/nothing"),
    "link-of-several": ("", "{bundle}"),
    "nothing": ("cleo", "/nothing"),
    "not-yours": ("dan", "/audit"),
    "sign-out": ("cleo", "/sign-out"),
    "sign-on-cancelled": ("", "/sso/cancelled"),
    "account-closed": ("", "/account/inactive"),
    "sign-up": ("", "/account/sign-up"),
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
ACCOUNT_SCREENS = {
    "invitation": ("", "/password/{invited}"),
    "reset-by-link": ("", "/password/{reset}"),
    "totp-new": ("tia", "/me/2fa/totp/activate/"),
    "totp-remove": ("sam", "/me/2fa/totp/deactivate/"),
    "recovery-codes": ("sam", "/me/2fa/recovery-codes/"),
    "recovery-codes-new": ("sam", "/me/2fa/recovery-codes/generate/"),
    "second-factor-on": ("sam", "/me/2fa/"),
    "passkeys-two": ("sam", "/me/2fa/webauthn/"),
    "passkey-new": ("sam", "/me/2fa/webauthn/add/"),
    "passkey-rename": ("sam", "/me/2fa/webauthn/keys/{key}/edit/"),
    "passkey-remove": ("sam", "/me/2fa/webauthn/keys/{key}/remove/"),
    "sessions": ("sam", "/me/sessions"),
    "password-change": ("tia", "/me/password"),
    "confirm": ("tia", "/me/confirmation?next=/me"),
    "confirm-by-code": ("sam", "/me/2fa/reauthenticate/?next=/me"),
    "confirm-by-passkey": ("sam", "/me/2fa/webauthn/reauthenticate/?next=/me"),
    "account": ("ann", "/accounts/{eve}"),
}
NEWCOMER = {"Your name": "Ann Lee", "Email": "ann@acme.example", "Password": "password1234", "Time zone": "Mars/Base"}
ENTRANCES: dict[str, tuple[str, str, dict[str, str], str]] = {  # server, path, what is typed by label, the button
    "welcome": ("empty", "/welcome", {}, ""),
    "welcome-wrong": ("empty", "/welcome", {"Set-up code": "guessed", **NEWCOMER}, "Open the account"),
    "sign-on": ("signing_on", "/sign-in", {}, ""),
    "sign-in-wrong": ("signing_on", "/sign-in", {"Email": "ann@acme.example", "Password": "guessed"}, "Sign in"),
    "forgotten-mail": ("signing_on", "/password/forgotten", {}, ""),
    "forgotten-asked": ("signing_on", "/password/forgotten", {"Email": "ann@acme.example"}, "Send the link"),
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
EXPECTED_STATUS = {"link": 410, "nothing": 404, "not-yours": 403}
WIDER = """() => [...document.querySelectorAll("main *, header *, footer *")].filter((one) =>
    one.scrollWidth > one.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(one).overflowX)
    && !["PRE", "TEXTAREA"].includes(one.tagName) && !one.closest(".timeline-scroll, .scroll-wide, .prose, .editor")
).map((one) => `${one.scrollWidth} in ${one.clientWidth}: ${one.outerHTML.slice(0, 120)}`)"""


def source() -> str:
    """The checker's source, or nothing."""
    found = find_spec("axe_core_python")
    if found is None or found.origin is None:
        return ""
    return (Path(found.origin).parent / "axe.min.js").read_text()


def look(page: Any, axe: str, screenshot: Callable[[Any, str], None], name: str, size: str) -> None:
    """Axe finds nothing serious, nothing sticks out or has to be pushed sideways, and there is a picture."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        screenshot(page, f"{name}-{size}-{scheme}")
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(WIDER)
    if size == "phone":
        assert not page.evaluate(SMALL_TARGETS, TAP_PX_MIN)
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
