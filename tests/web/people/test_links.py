"""Links by mail with which a password is chosen: invitations and resets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from house import PASSWORD, House, sends_mail, words
from tocsin.kit import clock, db
from tocsin.people import links, signing
from tocsin.people.models import User

OTHER = "a battery, correctly stapled"
_LINK = re.compile(r"http://[^\s/]+(/password/[A-Za-z0-9_-]{30,})")


@pytest.fixture(autouse=True)
def _mail() -> Iterator[None]:
    with sends_mail():
        yield


def _ask(email: str) -> Any:
    return Client().post("/password/forgotten", {"email": email})


def _letter(house: House) -> tuple[Any, str]:
    """The newest mail and the path of its link."""
    house.world.wait("5s")
    mail = house.world.mail.mails[-1]
    found = _LINK.search(mail.text)
    assert found is not None, mail.text
    return mail, found[1]


def _user(who: str) -> User:
    return User.objects.get(email=f"{who}@tocsin.test")


def test_somebody_who_forgot_their_password_chooses_another(house: House) -> None:
    """A link comes by mail; with it another password is chosen, every session ends, and the audit knows."""
    house.give_password("ann")
    before = house.client("ann")
    assert _ask("ANN@tocsin.test").status_code == 200
    mail, path = _letter(house)
    assert mail.recipients == ("ann@tocsin.test",)
    browser = Client()
    assert "ann@tocsin.test" in words(browser.get(path).content)
    assert browser.post(path, {"password": OTHER})["Location"] == "/sign-in"
    assert before.get("/").status_code == 302
    assert Client().post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD}).status_code == 200
    assert Client().post("/sign-in", {"login": "ann@tocsin.test", "password": OTHER}).status_code == 302
    assert [fact["by"] for fact in house.world.facts("PasswordSet")][-1] == "person:ann"
    assert len(house.world.facts("ResetAsked")) == len(house.world.facts("ResetSent")) == 1


def test_nobody_learns_who_has_an_account(house: House) -> None:
    """The answer is the same for every address; a closed or unknown one is sent nothing."""
    User.objects.filter(person="bob").update(is_active=False)
    answers = [words(_ask(f"{who}@tocsin.test").content) for who in ("ann", "nobody", "bob")]
    assert len(set(answers)) == 1
    house.world.wait("5s")
    assert [mail.recipients for mail in house.world.mail.mails] == [("ann@tocsin.test",)]


def test_a_link_works_once(house: House) -> None:
    """A mail scanner that opens it uses nothing up; a second use is told that it is over."""
    _ask("ann@tocsin.test")
    _, path = _letter(house)
    assert Client().get(path).status_code == Client().get(path).status_code == 200
    assert Client().post(path, {"password": OTHER}).status_code == 303
    for answer in (Client().get(path), Client().post(path, {"password": PASSWORD})):
        assert answer.status_code == 410
        assert "not worth anything" in words(answer.content)


def test_a_link_ends(house: House) -> None:
    """After its time, or once a newer one was sent, it is worth nothing; an altered one never was."""
    _ask("ann@tocsin.test")
    _, first = _letter(house)
    _ask("ann@tocsin.test")
    _, second = _letter(house)
    assert (Client().get(first).status_code, Client().get(second).status_code) == (410, 200)
    assert Client().get(second[:-2]).status_code == 410
    house.world.wait("61m")
    assert Client().get(second).status_code == 410


def test_wrong_tries_count_for_the_address_whatever_the_host(house: House) -> None:
    """A guesser who names another host each time has no more tries; whoever resets by mail need not wait."""
    house.give_password("ann")

    def tries(password: str, host: str) -> int:
        typed = {"login": "Ann@tocsin.test", "password": password}
        return int(Client().post("/sign-in", typed, headers={"host": host}).status_code)

    for count in range(5):
        assert tries("wrong wrong wrong", f"h{count}.example") == 200
    assert tries(PASSWORD, "h9.example") == 200
    _ask("ann@tocsin.test")
    _, path = _letter(house)
    assert Client().post(path, {"password": OTHER}).status_code == 303
    assert tries(OTHER, "localhost") == 302


def test_a_poor_password_is_refused_and_the_link_kept(house: House) -> None:
    """What is wrong is said, and the link can still be used."""
    _ask("ann@tocsin.test")
    _, path = _letter(house)
    for poor in ("short", "password123", "ann@tocsin.test"):
        assert Client().post(path, {"password": poor}).status_code == 422
    assert Client().post(path, {"password": OTHER}).status_code == 303


def test_asking_again_and_again_is_slowed_down(house: House) -> None:
    """An address gets a few links an hour, and one place may ask for a few addresses."""
    assert [_ask("ann@tocsin.test").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [_ask(f"x{count}@tocsin.test").status_code for count in range(8)][-1] == 429


def test_the_journal_holds_no_link(house: House) -> None:
    """Whoever may read the audit cannot choose somebody's password."""
    _ask("ann@tocsin.test")
    _, path = _letter(house)
    journal = str(house.world.rows("SELECT name, body FROM journal_fact"))
    assert "ResetSent" in journal
    assert path.rpartition("/")[2] not in journal


def test_somebody_invited_chooses_a_password_and_is_in(house: House) -> None:
    """An invitation lives for days, lets its reader in at once, and says who sent it."""
    with db.transact(clock.now()) as tx:
        links.invite(tx, _user("cleo"), by="person:dan")
    mail, path = _letter(house)
    assert "Dan Novak invites you" in mail.text
    house.world.wait("6d")
    browser = Client()
    assert "Welcome" in words(browser.get(path).content)
    assert browser.post(path, {"password": OTHER}).status_code == 302
    assert browser.get("/me").status_code == 200
    assert house.world.facts("SignedIn")[-1]["by"] == "person:cleo"


def _mail_contact(house: House, who: str) -> str:
    """What is known about somebody's contact by mail."""
    found = house.client(who).get(f"/api/v1/people/{who}/contacts").json()["contacts"]
    return next(str(one["state"]) for one in found if one["channel"] == "email")


def _invited(who: str) -> None:
    with db.transact(clock.now()) as tx:
        links.invite(tx, _user(who), by="person:dan")


def test_a_link_that_came_by_mail_proves_the_address(house: House) -> None:
    """Whoever uses it reads that mailbox: pages go there without a code from then on, and the audit tells why."""
    house.managed("ui")
    assert _mail_contact(house, "cleo") == "unproven"
    _invited("cleo")
    _, path = _letter(house)
    Client().get(path)
    assert _mail_contact(house, "cleo") == "unproven"
    assert Client().post(path, {"password": OTHER}).status_code == 302
    assert _mail_contact(house, "cleo") == "proven"
    assert house.world.facts("AddressProven")[-1]["email"] == "cleo@tocsin.test"
    _ask("cleo@tocsin.test")
    _, again = _letter(house)
    assert Client().post(again, {"password": PASSWORD}).status_code == 303
    assert len(house.world.facts("ContactProven")) == 1


def test_a_link_that_was_handed_over_proves_nothing(house: House) -> None:
    """An administrator who copies it may give it to anybody."""
    house.managed("ui")
    _invited("cleo")
    reader = db.reader(clock.now())
    number = int(reader.value("SELECT max(id) FROM people_link"))
    path = signing.url_of(reader, number).removeprefix("http://localhost:8080")
    assert Client().post(path, {"password": OTHER}).status_code == 302
    assert _mail_contact(house, "cleo") == "unproven"
    assert not house.world.facts("AddressProven")


def test_a_link_proves_the_address_it_went_to_and_no_other(house: House) -> None:
    """If the address is changed between the letter and its use, the new one still has to be proven."""
    house.managed("ui")
    _invited("cleo")
    _, path = _letter(house)

    def moves(config: Any) -> None:
        config["people"]["cleo"]["email"] = "new@tocsin.test"
        config["people"]["cleo"]["contacts"]["mail"] = {"email": "new@tocsin.test"}

    house.world.edit(moves)
    house.managed("ui")
    assert User.objects.get(person="cleo").email == "new@tocsin.test"
    assert Client().post(path, {"password": OTHER}).status_code == 302
    assert not house.world.facts("AddressProven")


def test_an_invitation_can_be_taken_back(house: House) -> None:
    """A link that was withdrawn is worth nothing."""
    with db.transact(clock.now()) as tx:
        links.invite(tx, _user("cleo"), by="person:dan")
    _, path = _letter(house)
    with db.transact(clock.now()) as tx:
        assert links.withdraw(tx, _user("cleo"), by="person:dan")
        assert not links.withdraw(tx, _user("cleo"), by="person:dan")
    assert Client().get(path).status_code == 410


def test_an_installation_without_mail_says_so(house: House) -> None:
    """Nobody waits for a link that cannot come."""
    from django.conf import settings

    from tocsin.kit.installation import installation

    held = settings.TOCSIN
    try:
        from dataclasses import replace

        settings.TOCSIN = replace(held, smtp_url="")
        installation.cache_clear()
        assert "sends no mail" in words(Client().get("/password/forgotten").content)
        assert "sends no mail" in words(_ask("ann@tocsin.test").content)
    finally:
        settings.TOCSIN = held
        installation.cache_clear()


def test_changing_ones_own_password_is_in_the_audit_and_ends_other_sessions(house: House) -> None:
    """Whoever changes their password stays signed in here, and is signed out everywhere else."""
    house.give_password("ann")
    here, elsewhere = house.client("ann"), house.client("ann")
    before = here.cookies["tocsin"].value
    here.post("/me/confirmation", {"password": PASSWORD})
    answer = here.post("/me/password", {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER})
    assert answer.status_code == 302
    assert here.get("/").status_code == 200
    assert here.cookies["tocsin"].value != before
    assert elsewhere.get("/").status_code == 302
    assert house.world.facts("PasswordSet")[-1]["by"] == "person:ann"
