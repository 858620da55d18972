"""Where somebody is signed in, and ending it."""

from __future__ import annotations

from django.test import Client

from house import PASSWORD, House, words


def _sign_in() -> Client:
    browser = Client()
    assert browser.post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD}).status_code == 302
    return browser


def test_one_browser_or_all_others_are_signed_out(house: House) -> None:
    """Ann ends one session from another, then all others; nobody ends somebody else's."""
    house.give_password("ann")
    here, there, elsewhere = _sign_in(), _sign_in(), _sign_in()
    assert "This one" in words(here.get("/me/sessions").content)
    numbers = dict(house.world.rows("SELECT session_key, id FROM usersessions_usersession"))
    number = numbers[there.cookies["tocsin"].value]
    assert house.client("bob").post(f"/me/sessions/{number}/end").status_code == 404
    assert there.get("/").status_code == 200
    assert here.post(f"/me/sessions/{number}/end").status_code == 303
    assert (there.get("/").status_code, elsewhere.get("/").status_code) == (302, 200)
    here.post("/me/sessions")
    assert (here.get("/").status_code, elsewhere.get("/").status_code) == (200, 302)


def test_a_browser_is_called_what_people_call_it(house: House) -> None:
    """Where one is signed in reads `Firefox on Linux`, not what the browser says of itself."""
    house.give_password("ann")
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    browser = Client(headers={"user-agent": agent})
    assert browser.post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD}).status_code == 302
    assert "Firefox on Linux" in words(browser.get("/me/sessions").content)
