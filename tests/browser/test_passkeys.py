"""Passkeys in a real browser with an authenticator of its own."""

from __future__ import annotations

from typing import Any

from house import PASSWORD

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_and_lets_its_owner_in(visits: Any, served: Any) -> None:
    """Dan adds a passkey, keeps his recovery codes, signs out, and is in again with a touch, without a password."""
    visits.give_password("dan")  # from here on his password alone is not enough: nobody else uses it
    visits.served.url = served.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, not to a number
    try:
        page = visits.open("/sign-in?next=/me/2fa/webauthn/add/")
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        key = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
        page.get_by_label("Email").fill("dan@acme.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Confirm that it is you").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Name").fill("laptop")
        page.get_by_role("button", name="Add it").click()
        page.get_by_role("heading", name="Recovery codes").wait_for()
        page.goto("/me/2fa/webauthn/")
        page.get_by_role("rowheader", name="laptop", exact=True).wait_for()
        page.goto("/sign-out")
        page.locator("main").get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.locator("#part-head").wait_for()  # the home page
        devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
        page.goto("/sign-out")
        page.locator("main").get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.locator("#passkey-wrong:visible").wait_for()
    finally:
        visits.served.url = served.url.replace("localhost", "127.0.0.1")
