"""Whom single sign-on lets in, by what the provider says; a real provider is in tests/real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from house import PASSWORD, House, words
from tocsin.admin import signon
from tocsin.admin.mapping import SignOn
from tocsin.kit import clock, db


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    held = settings.SIGN_ON
    yield
    settings.SIGN_ON = held


def _who(held: SignOn, **claims: Any) -> str:
    """The person let in for the first time with these claims, or nothing."""
    with db.transact(clock.now()) as tx:
        found = signon._found(tx, held, claims, str(claims.get("email") or "").lower())
        return found.person if found is not None else ""


def test_an_address_counts_only_if_it_is_verified(house: House) -> None:
    """Whoever can set their own address at the provider does not come into Ann's account with it."""
    held = SignOn(issuer="https://id.example", client_id="tocsin")
    for verified in (None, False, "true", 1):
        assert _who(held, email="ann@tocsin.test", email_verified=verified) == ""
    assert _who(held, email="ANN@tocsin.test", email_verified=True) == "ann"
    assert _who(replace(held, emails_verified=True), email="ann@tocsin.test") == "ann"
    assert _who(held, email_verified=True) == ""


def test_somebody_unknown_is_added_only_if_that_is_wanted(house: House) -> None:
    """Without the setting they are refused; with it they are in the configuration with the role for all others."""
    held = SignOn(issuer="https://id.example", client_id="tocsin")
    zoe = {"email": "zoe@tocsin.test", "email_verified": True, "name": "Zoe Zed"}
    assert _who(held, **zoe) == ""
    assert _who(replace(held, create=True), **zoe) == "zoe"
    assert [fact["changes"] for fact in house.world.facts("RightsChanged")][-1] == ["role: none → viewer"]


def test_what_a_file_manages_stays_as_the_file_says(house: House) -> None:
    """Groups change what is changed by hand, never what a file would change back."""
    held = SignOn(issuer="https://id.example", client_id="tocsin", roles={"leads": "admin"}, teams=(("leads", "web"),))
    from tocsin.config import queries as configuration

    def changes() -> list[tuple[str, str]]:
        state = configuration.state(db.reader(clock.now()))
        found = signon._changes(state, held, "ann", frozenset({"leads"}))
        return [(one.section, one.name) for one in found]

    assert changes() == []
    house.managed("ui")
    assert changes() == [("people", "ann")]


def test_where_only_single_sign_on_counts_there_is_no_other_way_in(house: House) -> None:
    """A right password is refused, the page offers only the provider, and the audit knows it."""
    house.give_password("ann")
    settings.SIGN_ON = SignOn(issuer="https://id.example", client_id="tocsin", name="Acme", only=True)
    page = words(Client().get("/sign-in").content)
    assert "Sign in with Acme" in page
    assert "Password" not in page
    browser = Client()
    answer = browser.post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD})
    assert answer.status_code == 403
    assert browser.get("/").status_code == 302
    assert house.world.facts("SignInRefused")[-1]["email"] == "ann@tocsin.test"


def test_without_a_provider_there_is_no_such_door(house: House) -> None:
    """Nothing is offered, and the address leads nowhere."""
    assert "Sign in with" not in words(Client().get("/sign-in").content).replace("Sign in with a passkey", "")
    assert Client().get("/sso/sso/sign-in").status_code == 404
