"""Whom single sign-on lets in, by what the provider says; a real provider is in tests/real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from fakes.openid import CLIENT, FakeProvider
from house import ACCOUNTS, PASSWORD, House, words
from tocsin.admin import signon
from tocsin.admin.mapping import SignOn
from tocsin.kit import clock, db
from tocsin.people.models import User

ANN = {"sub": "ann-7", "email": "ann@tocsin.test", "email_verified": True, "name": "Ann Lee"}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that this installation trusts."""
    held = settings.SOCIALACCOUNT_PROVIDERS
    with FakeProvider() as made:
        app = {
            "provider_id": "sso",
            "name": "Acme",
            "client_id": CLIENT,
            "secret": "shared",
            "settings": {"server_url": made.url, "oauth_pkce_enabled": True},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        settings.SIGN_ON = SignOn(issuer=made.url, client_id=CLIENT, name="Acme", create=True)
        yield made
    settings.SOCIALACCOUNT_PROVIDERS = held


def _comes(provider: FakeProvider, claims: dict[str, Any], **wrong: Any) -> tuple[Client, int]:
    """Somebody's browser after the provider sent them back, and the answer's status."""
    browser = Client()
    asked = browser.get("/sso/sso/sign-in")["Location"]
    back = browser.get("/sso/sso/return", provider.returning(asked, claims, **wrong))
    return browser, back.status_code


def _is_in(browser: Client) -> bool:
    return browser.get("/me").status_code == 200


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


def test_each_sign_in_has_a_nonce_of_its_own(house: House, provider: FakeProvider) -> None:
    """Sent with the way to the provider, and different each time; with it Ann comes into her account."""
    nonces = {parse_qs(urlsplit(Client().get("/sso/sso/sign-in")["Location"]).query)["nonce"][0] for _ in range(3)}
    assert len(nonces) == 3
    assert min(map(len, nonces)) >= 32
    browser, status = _comes(provider, ANN)
    assert (status, _is_in(browser)) == (302, True)
    assert house.world.facts("SignedIn")[-1]["by"] == "person:ann"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": {"nonce": "of another sign-in"}},
        {"token": {"nonce": ""}},
        {"token": {"aud": "another client"}},
        {"token": {"iss": "https://another.example"}},
        {"token": {"exp": 1_000_000_000}},
        {"token": {"sub": "somebody else"}},
        {"about": "somebody else"},
    ],
    ids=str,
)
def test_a_token_of_another_sign_in_lets_nobody_in(house: House, provider: FakeProvider, wrong: dict[str, Any]) -> None:
    """A nonce that is another or none, another client's token, one that is over, one about somebody else than the page."""
    browser, _ = _comes(provider, ANN, **wrong)
    assert not _is_in(browser)
    assert not house.world.facts("SignedIn")
    chosen = Client().get("/sso/sso/sign-in?auth_params=nonce%3Dmine")["Location"]
    assert parse_qs(urlsplit(chosen).query)["nonce"] != ["mine"]


def test_an_unverified_address_never_takes_an_account_over(house: House, provider: FakeProvider) -> None:
    """Whoever writes Ann's address at the provider is refused, before she ever came and after; also by letters' case."""
    for verified in (False, None, "true"):
        for email in ("ann@tocsin.test", "ANN@Tocsin.test"):
            thief = {"sub": "thief", "email": email, "email_verified": verified, "name": "Ann Lee"}
            browser, status = _comes(provider, thief)
            assert (status, _is_in(browser)) == (403, False)
    assert [fact["email"] for fact in house.world.facts("SignInRefused")] == ["ann@tocsin.test"] * 6
    assert _is_in(_comes(provider, ANN)[0])
    browser, status = _comes(provider, {**ANN, "sub": "thief", "email_verified": False})
    assert (status, _is_in(browser)) == (403, False)
    assert User.objects.filter(email="ann@tocsin.test").count() == 1
    assert User.objects.count() == len(ACCOUNTS)


def test_who_is_known_by_number_stays_who_they_are(house: House, provider: FakeProvider) -> None:
    """Ann who now has Bob's address at the provider, verified or not, comes into her own account, never into Bob's."""
    assert _is_in(_comes(provider, ANN)[0])
    for verified in (True, False):
        browser, _ = _comes(provider, {**ANN, "email": "bob@tocsin.test", "email_verified": verified})
        assert browser.get("/api/v1/me").json()["person"] == "ann"


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
