"""The first account of a fresh installation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from databases import Database
from house import PASSWORD, words
from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config.parse import File
from tocsin.kit import clock, db, secrets
from tocsin.people import actions, firstrun
from tocsin.people.domain import PersonDocument, Role

FRESH = {"name": "Ann Lee", "email": "Ann@acme.example", "timezone": "Europe/Berlin", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _empty(sqlite: Database) -> Iterator[None]:
    sqlite.connect()
    cache.clear()
    yield
    db.drop_connection()


def _send(**changed: str) -> Any:
    return Client().post("/welcome", {**FRESH, "code": firstrun.code(), **changed})


def _people() -> dict[str, PersonDocument]:
    return dict(configuration.current(db.reader(clock.now())).all("people", PersonDocument))


def test_signing_in_where_nobody_can_leads_to_the_first_account() -> None:
    """Whoever comes to a fresh installation is led to the page that opens the first account."""
    browser = Client()
    assert browser.get("/")["Location"].startswith("/sign-in")
    assert browser.get("/sign-in")["Location"] == "/welcome"
    assert "Nobody has an account here yet" in words(browser.get("/welcome").content)


def test_the_code_opens_the_administrators_account() -> None:
    """With the code, an administrator is in the configuration, has an account with the password chosen, and is in."""
    browser = Client()
    answer = browser.post("/welcome", {**FRESH, "code": f" {firstrun.code().lower().replace('-', ' ')} "})
    assert answer.status_code == 302
    assert browser.get("/").status_code == 200
    ann = _people()["ann"]
    assert (ann.name, ann.email, ann.role, ann.timezone) == ("Ann Lee", "Ann@acme.example", Role.ADMIN, "Europe/Berlin")
    assert Client().post("/sign-in", {"login": "ann@acme.example", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("code", ["", "AAAA-BBBB-CCCC-DDDD", "é" * 16])
def test_without_the_code_nobody_takes_an_installation_over(code: str) -> None:
    """A stranger who guesses is refused, that is in the audit, and nothing is changed."""
    answer = _send(code=code)
    assert answer.status_code == 422
    assert "not the code" in words(answer.content)
    assert _people() == {}
    assert db.reader(clock.now()).value("SELECT count(*) FROM journal_fact WHERE name = 'SetUpRefused'") == 1


def test_guessing_the_code_is_slowed_down() -> None:
    """After ten attempts within a minute even the right code has to wait, whichever process is asked."""
    for _ in range(10):
        assert _send(code="AAAA").status_code == 422
    answer = _send()
    assert answer.status_code == 429
    assert "tried too often" in words(answer.content)
    assert db.reader(clock.now()).value("SELECT count(*) FROM people_cache") > 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "short"}, "too short"),
        ({"email": "no address"}, "is not a mail address"),
        ({"timezone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"name": ""}, "name"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_and_the_rest_is_kept(changed: dict[str, str], said: str) -> None:
    """A form that cannot be used names its problem, keeps what was typed but the password, and opens nothing."""
    answer = _send(**changed)
    assert answer.status_code == 422
    assert said in words(answer.content)
    assert 'value="Ann Lee"' in answer.content.decode() or "name" in changed
    assert PASSWORD not in answer.content.decode()
    assert _people() == {}


def test_once_somebody_has_an_account_the_code_is_worth_nothing() -> None:
    """The page opens one account, then leads to the sign-in."""
    assert _send().status_code == 302
    assert _send(email="eve@evil.example")["Location"] == "/sign-in"
    assert Client().get("/welcome")["Location"] == "/sign-in"
    assert set(_people()) == {"ann"}


def test_somebody_the_configuration_knows_already_keeps_their_document() -> None:
    """A document with the address is used and made an administrator's; one of a file has to say so itself."""
    with db.transact(clock.now()) as tx:
        body = {"name": "Ann", "email": "ann@acme.example", "role": "viewer", "contacts": {"in": {"inbox": True}}}
        configuring.put(tx, "people", "annie", body, configuring.Author(by="tocsin"))
    assert _send().status_code == 302
    assert (_people()["annie"].role, _people()["annie"].name) == (Role.ADMIN, "Ann")
    assert "in" in _people()["annie"].contacts


def test_a_file_that_makes_nobody_administrator_is_named() -> None:
    """What a file brings is changed in the file."""
    text = "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@acme.example, role: viewer}\n"
    with db.transact(clock.now()) as tx:
        configuring.apply(tx, [File(name="acme.yaml", content=text)], {}, configuring.Author(by="tocsin"))
    answer = _send()
    assert answer.status_code == 422
    assert "acme.yaml" in words(answer.content)


def test_a_code_belongs_to_one_installation_and_one_purpose() -> None:
    """It follows from the secret alone, and tells nothing about it."""
    one, other = "x" * 40, "y" * 40
    assert secrets.code(one, "first run") == secrets.code(one, "first run")
    assert len({secrets.code(one, "first run"), secrets.code(other, "first run"), secrets.code(one, "another")}) == 3
    assert not secrets.same("", secrets.code(one, "first run"))


def test_two_who_are_first_at_once_do_not_both_become_administrator() -> None:
    """The second of two is told that somebody has an account."""
    with db.transact(clock.now()) as tx:
        actions.create_user(tx, "ann@acme.example", "", PASSWORD, role=Role.ADMIN)
        who = firstrun.Newcomer(name="Eve", email="eve@evil.example", timezone="UTC", password=PASSWORD)
        assert firstrun.open_first(tx, who) is None
