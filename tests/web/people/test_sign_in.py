"""Signing in and out."""

from __future__ import annotations

import pytest
from django.test import Client

from house import PASSWORD, House, words


@pytest.fixture(autouse=True)
def _password(house: House) -> None:
    house.give_password("ann")


def sign_in(browser: Client, email: str, password: str, **more: str) -> int:
    return browser.post("/sign-in", {"login": email, "password": password, **more}).status_code


@pytest.mark.parametrize("email", ["ann@tocsin.test", "ANN@Tocsin.test"])
def test_an_address_and_its_password_let_somebody_in(house: House, email: str) -> None:
    """Ann signs in, however she spells her address, sees what is going on, and the audit knows it."""
    browser = house.client("eve")
    answer = browser.post("/sign-in", {"login": email, "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "All quiet" in words(browser.get("/").content)
    assert house.world.facts("SignedIn")[-1]["by"] == "person:ann"


def test_a_wrong_password_lets_nobody_in(house: House) -> None:
    """Whoever types a wrong password stays outside, learns nothing about accounts, and the audit knows the address."""
    browser = house.client("eve")
    wrong = browser.post("/sign-in", {"login": "ann@tocsin.test", "password": "guess"})
    unknown = browser.post("/sign-in", {"login": "nobody@tocsin.test", "password": "guess"})
    assert wrong.status_code == unknown.status_code == 200
    assert words(wrong.content) == words(unknown.content).replace("nobody@", "ann@")
    assert browser.get("/").status_code == 302
    assert [fact["email"] for fact in house.world.facts("SignInRefused")] == ["ann@tocsin.test", "nobody@tocsin.test"]


def test_guessing_is_slowed_down(house: House) -> None:
    """After a few wrong passwords even the right one has to wait."""
    browser = house.client("eve")
    for _ in range(12):
        sign_in(browser, "ann@tocsin.test", "guess")
    answer = browser.post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD})
    assert answer.status_code in (200, 429)
    assert browser.get("/").status_code == 302


def test_a_sign_in_leads_back_to_where_one_was_going_but_never_elsewhere(house: House) -> None:
    """`next` is followed within Tocsin only."""
    stranger = house.client("eve")
    assert stranger.get("/groups?q=disk")["Location"] == "/sign-in?next=/groups%3Fq%3Ddisk"
    for wanted, led_to in [
        ("/groups?q=disk", "/groups?q=disk"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ]:
        answer = house.client("eve").post(
            "/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD, "next": wanted}
        )
        assert answer["Location"] == led_to


def test_signing_out_takes_a_press_and_ends_the_session(house: House) -> None:
    """A link cannot sign anybody out; the button does."""
    browser = house.client("ann")
    assert browser.get("/sign-out").status_code == 200
    assert browser.get("/").status_code == 200
    assert browser.post("/sign-out").status_code == 302
    assert browser.get("/").status_code == 302


def test_nobody_signs_up(house: House) -> None:
    """An account is opened by an administrator, not by whoever comes along."""
    browser = house.client("eve")
    fresh = {"email": "eve@tocsin.test", "password1": PASSWORD}
    assert "opened by an administrator" in words(browser.get("/account/sign-up").content)
    assert "opened by an administrator" in words(browser.post("/account/sign-up", fresh).content)
    assert house.world.rows("SELECT count(*) FROM people_user WHERE email = 'eve@tocsin.test'") == [(0,)]


def test_the_session_is_another_one_after_signing_in(house: House) -> None:
    """A session that somebody planted before is worth nothing after the sign-in."""
    browser = house.client("eve")
    browser.get("/sign-in")
    sign_in(browser, "ann@tocsin.test", PASSWORD)
    first = browser.cookies["tocsin"]
    assert first["httponly"]
    assert first["samesite"] == "Lax"
    browser.post("/sign-out")
    sign_in(browser, "ann@tocsin.test", PASSWORD)
    assert browser.cookies["tocsin"].value != first.value


def test_a_form_from_elsewhere_does_nothing(house: House) -> None:
    """A POST without this page's own secret is refused and says so."""
    browser = house.client("ann", enforce_csrf_checks=True)
    answer = browser.post("/groups/1/acknowledgement")
    assert answer.status_code == 403
    assert "Nothing was changed" in words(answer.content)


def test_an_account_that_is_closed_is_outside_at_once(house: House) -> None:
    """Closing an account ends what its sessions may do."""
    browser = house.client("bob")
    assert browser.get("/").status_code == 200
    from tocsin.people.models import User

    User.objects.filter(person="bob").update(is_active=False)
    assert browser.get("/").status_code == 302
