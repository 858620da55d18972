"""The administrators' pages of people and their accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from house import PASSWORD, House, sends_mail, words
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.paging import codes, store
from tocsin.people import actions
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.people.models import User
from tocsin.people.rights import Right
from world import wake

_LINK = re.compile(r"(/password/[A-Za-z0-9_-]{30,})")


@pytest.fixture(autouse=True)
def _by_hand(house: House) -> Iterator[None]:
    """What the world has applied may be changed from pages, and mail is sent."""
    house.managed("ui")
    with sends_mail():
        yield


def _snapshot() -> Any:
    return configuration.current(db.reader(clock.now()))


def _person(name: str) -> PersonDocument:
    return dict(_snapshot().all("people", PersonDocument))[name]


def _team(name: str) -> TeamDocument:
    return dict(_snapshot().all("teams", TeamDocument))[name]


def _typed(who: str, **changed: Any) -> dict[str, Any]:
    held = _person(who)
    teams = [team for team, one in _snapshot().all("teams", TeamDocument).items() if who in one.members]
    return {
        "name": held.name,
        "email": held.email,
        "role": held.role.value,
        "timezone": held.timezone,
        "team": teams,
        "base": str(_snapshot().version),
        **changed,
    }


def test_a_letter_that_does_not_arrive_is_said_where_it_was_sent(house: House) -> None:
    """Whoever invited sees why the mail has not come, with the person, and by address among the troubles."""
    house.world.mail.refuse("zoe@tocsin.test", "451 4.7.1 try again later")
    fresh = {"name": "Zoe Zed", "email": "zoe@tocsin.test", "role": "responder", "timezone": "UTC", "invite": "yes"}
    house.client("dan").post("/people/-/new", {**fresh, "base": str(_snapshot().version)})
    house.world.at("10m")
    page = words(house.client("dan").get("/people/zoe").content)
    assert "The mail with the link has not arrived" in page
    assert "try again later" in page
    assert "Not woken: a page only reaches the inbox in Tocsin" in page
    assert "email to zoe@tocsin.test does not get through" in words(house.client("dan").get("/").content)


def test_a_rule_wakes_only_by_a_contact_that_works(house: House) -> None:
    """Who has mail in their rules counts as woken once it is proven; until then, a page only lies in the inbox."""
    house.world.rules("ann", high=[("0s", "email"), ("0s", "inbox")])
    house.world.at("0s")
    house.managed("ui")
    dan = house.client("dan")
    line = "not woken: a page only reaches the inbox"
    assert line in words(dan.get("/people", {"q": "ann lee"}).content)
    with db.transact(clock.now()) as tx:
        codes.vouch(tx, "ann", "email")
    assert line not in words(dan.get("/people", {"q": "ann lee"}).content)
    assert "leads out of Tocsin, by contacts that work" in words(dan.get("/people/ann").content)
    with db.transact(clock.now()) as tx:
        store.set_contact_state(tx, "ann", "email:ann@tocsin.test", verified=False, reason="gone")
    assert line in words(dan.get("/people", {"q": "ann lee"}).content)


def test_an_administrator_adds_somebody_who_chooses_a_password_and_is_in(house: House) -> None:
    """A new person is in the configuration and the team, gets an invitation, and is signed in after its form."""
    fresh = {"name": "Zoe Zed", "email": "zoe@tocsin.test", "role": "responder", "timezone": "UTC"}
    answer = house.client("dan").post(
        "/people/-/new", {**fresh, "team": ["web"], "invite": "yes", "base": str(_snapshot().version)}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/people/zoe")
    assert "zoe" in _team("web").members
    assert "invited" in words(house.client("dan").get("/people").content)
    house.world.wait("5s")
    mail = house.world.mail.mails[-1]
    found = _LINK.search(mail.text)
    assert mail.recipients == ("zoe@tocsin.test",)
    assert found is not None
    browser = Client()
    assert browser.post(found[1], {"password": PASSWORD}).status_code == 302
    assert browser.get("/").status_code == 200
    assert [fact["changes"] for fact in house.world.facts("RightsChanged") if fact["person"] == "zoe"] == [
        ["role: none → responder"],
        ["became member of web"],
    ]


def test_a_change_of_role_and_team_stands_in_the_audit(house: House) -> None:
    """Who became what, by whom, is a fact of its own."""
    answer = house.client("dan").post("/people/ann", _typed("ann", role="manager", team=["web", "platform"]))
    assert answer.status_code == 303
    assert _person("ann").role == "manager"
    changes = [(fact["by"], fact["changes"]) for fact in house.world.facts("RightsChanged") if fact["person"] == "ann"]
    assert changes[-2:] == [
        ("person:dan", ["role: responder → manager"]),
        ("person:dan", ["became member of platform"]),
    ]
    assert _person("ann").contacts, "what the form does not show is kept"


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_changed(house: House) -> None:
    """A poor address, and one that somebody has, are refused; what was typed stays."""
    dan = house.client("dan")
    answer = dan.post("/people/ann", _typed("ann", email="nowhere", name="Ann Other", team=["platform"]))
    assert answer.status_code == 422
    assert "is not a mail address" in words(answer.content)
    assert 'value="Ann Other"' in answer.content.decode()
    assert "ann" not in _team("platform").members
    taken = dan.post("/people/-/new", {"name": "A", "email": "ann@tocsin.test", "role": "viewer", "base": ""})
    assert taken.status_code == 422
    assert "has this address already" in words(taken.content)


def test_two_administrators_do_not_overwrite_each_other(house: House) -> None:
    """A form that was opened before another change is refused."""
    typed = _typed("ann", name="Ann Two")
    assert house.client("dan").post("/people/bob", _typed("bob", name="Bob Two")).status_code == 303
    answer = house.client("dan").post("/people/ann", typed)
    assert answer.status_code == 422
    assert "while you were typing" in words(answer.content)


def test_what_a_file_manages_is_shown_and_not_changed(house: House) -> None:
    """The file's name stands on the page, the form is closed, and a forged one is refused."""
    house.managed("file", file="acme.yaml", name="ann")
    page = house.client("dan").get("/people/ann").content
    assert "The file acme.yaml manages this person" in words(page)
    assert 'class="bare" disabled' in page.decode()
    answer = house.client("dan").post("/people/ann", _typed("ann", name="Other"))
    assert answer.status_code == 422
    assert "acme.yaml" in words(answer.content)


def test_nobody_locks_themselves_out(house: House) -> None:
    """An administrator cannot close their own account, give their role away or remove themselves."""
    dan = house.client("dan")
    own = User.objects.get(person="dan").id
    assert dan.post("/people/dan", _typed("dan", role="viewer")).status_code == 422
    assert dan.post("/people/dan/removal").status_code == 422
    dan.post(f"/accounts/{own}/closing")
    assert dan.get("/people").status_code == 200


def test_closing_an_account_ends_everything_it_could_do(house: House) -> None:
    """Sessions and tokens are worth nothing at once, also after it is opened again."""
    bob = User.objects.get(person="bob")
    browser = house.client("bob")
    with db.transact(clock.now()) as tx:
        raw = actions.create_token(tx, bob, "laptop", [Right.SEE], None)
    bearer = {"authorization": f"Bearer {raw}"}
    assert Client().get("/api/v1/me", headers=bearer).status_code == 200
    dan = house.client("dan")
    assert dan.post(f"/accounts/{bob.id}/closing").status_code == 303
    assert browser.get("/").status_code == 302
    assert Client().get("/api/v1/me", headers=bearer).status_code == 401
    assert "account closed" in words(dan.get("/people").content)
    assert dan.post(f"/accounts/{bob.id}/opening").status_code == 303
    assert browser.get("/").status_code == 302
    assert Client().get("/api/v1/me", headers=bearer).status_code == 401
    names = ("AccountClosed", "SessionsEnded", "AccountReopened")
    assert [len(house.world.facts(name)) for name in names] == [1, 1, 1]


def test_signing_somebody_out_everywhere_leaves_the_account_open(house: House) -> None:
    """A lost laptop: every browser has to sign in again, every token is revoked."""
    house.give_password("bob")
    browser = Client()
    browser.post("/sign-in", {"login": "bob@tocsin.test", "password": PASSWORD})
    assert browser.get("/").status_code == 200
    bob = User.objects.get(person="bob").id
    assert house.client("dan").post(f"/accounts/{bob}/sign-out").status_code == 303
    assert browser.get("/").status_code == 302
    assert browser.post("/sign-in", {"login": "bob@tocsin.test", "password": PASSWORD}).status_code == 302


def test_an_address_that_changes_is_signed_in_with(house: House) -> None:
    """Whoever's document names another address signs in with that one, and the audit says so."""
    house.give_password("ann")
    house.client("dan").post("/people/ann", _typed("ann", email="Ann.Lee@tocsin.test"))
    assert Client().post("/sign-in", {"login": "ann.lee@tocsin.test", "password": PASSWORD}).status_code == 302
    assert Client().post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD}).status_code == 200
    assert house.world.facts("AddressChanged")[-1]["email"] == "ann.lee@tocsin.test"


def test_an_address_of_somebody_elses_account_is_not_taken_over(house: House) -> None:
    """Naming another account's address in a document does not move an account onto it."""
    house.client("dan").post("/people/ann", _typed("ann", email="gus@tocsin.test"))
    assert User.objects.get(person="ann").email == "ann@tocsin.test"


def test_somebody_leaves(house: House) -> None:
    """Out of teams and configuration, the account closed; refused while a schedule names them."""
    dan = house.client("dan")
    refused = dan.post("/people/ann/removal")
    assert refused.status_code == 422
    assert "ann" in str(re.findall(r'class="wrong" role="alert">([^<]*)', refused.content.decode()))
    assert dan.post("/people/cleo/removal").status_code == 303
    assert "cleo" not in _team("web").members
    assert not User.objects.get(person="cleo").is_active
    assert "was cleo" in words(dan.get("/people").content)


def test_where_no_mail_is_sent_the_link_is_shown(house: House) -> None:
    """An installation without a mail server can still invite: the administrator hands the link over."""
    from dataclasses import replace

    from django.conf import settings

    from tocsin.kit.installation import installation

    settings.TOCSIN = replace(settings.TOCSIN, smtp_url="")
    installation.cache_clear()
    cleo = User.objects.get(person="cleo").id
    house.client("dan").post(f"/accounts/{cleo}/invitation")
    page = house.client("dan").get("/people/cleo").content
    assert "sends no mail" in words(page)
    found = _LINK.search(page.decode())
    assert found is not None
    assert Client().get(found[1]).status_code == 200


def test_accounts_without_a_person_are_listed(house: House) -> None:
    """Gus has left the configuration; his account is still seen, and can be closed."""
    dan = house.client("dan")
    assert "gus@tocsin.test" in words(dan.get("/people").content)
    gus = User.objects.get(person="gus").id
    assert "may do nothing" in words(dan.get(f"/accounts/{gus}").content)
    assert dan.get(f"/accounts/{User.objects.get(person='ann').id}")["Location"] == "/people/ann"
    assert dan.get("/accounts/999").status_code == 404
    assert dan.get("/people/nobody").status_code == 404


def test_people_are_found(house: House) -> None:
    """By name, address, role or team."""
    dan = house.client("dan")
    for find, there, not_there in (
        ("ann l", "Ann Lee", "Bob"),
        ("platform", "Dan Novak", "Ann Lee"),
        ("zzz", "fits", "Ann"),
    ):
        page = words(dan.get("/people", {"q": find}).content)
        assert there in page
        assert not_there not in page


def test_a_team_is_made_and_changed(house: House) -> None:
    """Members and managers by ticks; an order that nobody changed stays; a team that owns something stays too."""
    dan = house.client("dan")
    made = dan.post(
        "/teams/-/new", {"name": "Data Base", "member": ["cleo"], "manager": ["bob"], "base": str(_snapshot().version)}
    )
    assert made.status_code == 303
    assert (_team("data-base").members, _team("data-base").managers) == (("cleo",), ("bob",))
    again = dan.post("/teams/-/new", {"name": "Data Base"})
    assert (again.status_code, "already" in words(again.content)) == (422, True)
    web = {"name": "Web", "member": ["cleo", "dan", "ann", "bob"], "base": str(_snapshot().version)}
    assert dan.post("/teams/web", web).status_code == 303
    assert (_team("web").members, _team("web").managers) == (("ann", "bob", "cleo", "dan"), ())
    assert dan.post("/teams/web/removal").status_code == 422
    assert dan.post("/teams/data-base/removal").status_code == 303
    assert "Yours" in words(house.client("ann").get("/teams").content)


def test_a_change_that_leaves_nobody_is_shown_and_can_be_meant(house: House) -> None:
    """A team that loses its last member leaves a policy nobody to page: it is said from when, and saved if that is meant."""
    house.world.policy("only", wake("team:platform"))
    house.world.at("1s")
    house.managed("ui")
    dan = house.client("dan")
    version = _snapshot().version
    form = {"name": "Platform", "base": str(version)}
    answer = dan.post("/teams/platform", form)
    assert answer.status_code == 422
    assert "Nothing was saved: nobody would be there" in words(answer.content)
    assert 'name="force" value="yes">Save anyway' in answer.content.decode()
    assert _snapshot().version == version
    assert dan.post("/teams/platform", {**form, "force": "yes"}).status_code == 303
    assert _team("platform").members == ()


def test_somebody_whose_leaving_leaves_nobody_stays_until_it_is_meant(house: House) -> None:
    """Neither their form nor their removal takes the last member out of a team unseen; what is refused changes nothing."""
    house.world.config["people"]["zoe"] = {"name": "Zoe Zed", "email": "zoe@tocsin.test", "contacts": {}}
    house.world.config["teams"]["night"] = {"name": "Night", "members": ["zoe"]}
    house.world.policy("only", wake("team:night"))
    house.world.at("1s")
    house.managed("ui")
    dan = house.client("dan")
    before = _snapshot().version
    refused = dan.post("/people/zoe", _typed("zoe", team=[]))
    assert (refused.status_code, "Save anyway" in refused.content.decode()) == (422, True)
    refused = dan.post("/people/zoe/removal")
    assert (refused.status_code, "Remove anyway" in refused.content.decode()) == (422, True)
    assert "zoe" in _team("night").members
    assert _snapshot().version == before
    assert dan.post("/people/zoe/removal", {"force": "yes"}).status_code == 303
    assert "zoe" not in _snapshot().all("people", PersonDocument)
    assert _team("night").members == ()


def test_whoever_cannot_be_removed_keeps_their_teams(house: House) -> None:
    """While a schedule names somebody, their removal is refused as a whole: they are not taken out of their teams first."""
    assert house.client("dan").post("/people/ann/removal").status_code == 422
    assert "ann" in _team("web").members
