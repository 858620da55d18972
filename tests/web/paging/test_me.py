"""The page about oneself: contacts, codes, rules, devices, tests; and that nobody changes another's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from fakes.push import Browser
from house import House, words
from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.people import actions as accounts
from tocsin.people.domain import PersonDocument
from tocsin.people.models import User

ZOE = {"name": "Zoe Vale", "email": "zoe@tocsin.test", "role": "responder", "timezone": "UTC"}


@pytest.fixture
def zoe(house: House) -> Client:
    """Somebody whose document no file manages, with nothing that reaches her yet."""
    with db.transact(clock.now()) as tx:
        made = configuring.put(tx, "people", "zoe", ZOE, configuring.Author(by="tocsin", through=ManagedBy.UI))
        assert isinstance(made, configuring.Applied)
        accounts.create_user(tx, "zoe@tocsin.test", "zoe", None)
    browser = Client()
    browser.force_login(User.objects.get(person="zoe"))
    return browser


def document(name: str = "zoe") -> PersonDocument:
    return configuration.current(db.reader(clock.now())).all("people", PersonDocument)[name]


def page(browser: Client) -> str:
    answer = browser.get("/me")
    assert answer.status_code == 200
    return words(answer.content)


def add(browser: Client, **typed: str) -> Any:
    return browser.post("/me/contacts", typed)


def code_sent_to(house: House, address: str) -> str:
    house.world.wait("1s")
    mail = next(one for one in reversed(house.world.mail.mails) if address in one.recipients)
    found = re.search(r"\b\d{6}\b", mail.text)
    assert found is not None
    return found[0]


def test_a_contact_is_added_proven_and_used(house: House, zoe: Client) -> None:
    """Typed in, it is worth nothing; with the code that came by mail it counts, and the warning goes."""
    assert "reaches you by nothing" in page(zoe)
    assert add(zoe, channel="email", address="zoe@tocsin.test", name="Work mail").status_code == 303
    assert "not proven yet" in page(zoe)
    assert "reaches you by nothing" in page(zoe)
    found = house.client("dan").get("/api/v1/oncall/findings").json()["findings"]
    assert [(one["code"], one["name"]) for one in found] == [("contacts-unproven", "zoe")]
    code = code_sent_to(house, "zoe@tocsin.test")
    wrong = zoe.post("/me/contacts/work-mail/proof", {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422
    assert "not the code that was sent" in words(wrong.content)
    assert zoe.post("/me/contacts/work-mail/proof", {"code": f"{code[:3]} {code[3:]}"}).status_code == 303
    shown = page(zoe)
    assert "Mail zoe@tocsin.test proven" in shown
    assert house.client("dan").get("/api/v1/oncall/findings").json()["findings"] == []
    assert "reaches you by nothing" not in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"channel": "email", "address": "zoe"}, "not a mail address"),
        ({"channel": "email", "address": ""}, "write where it leads"),
        ({"channel": "ntfy", "address": "https://ntfy.example"}, "topic"),
        ({"channel": "pigeon", "address": "x"}, "choose one of the ways"),
        ({"channel": "sms", "address": "0151"}, "country code"),
    ],
)
def test_a_wrong_contact_is_told_at_its_field(zoe: Client, typed: dict[str, str], said: str) -> None:
    """What is wrong is said, what was typed is kept, nothing is changed."""
    answer = add(zoe, name="mine", **typed)
    assert answer.status_code == 422
    assert said in words(answer.content)
    assert 'value="mine"' in answer.content.decode()
    assert not document().contacts


def test_rules_are_sentences_and_follow_their_contact(house: House, zoe: Client) -> None:
    """Two contacts, two rules; a renamed contact keeps its rule, a removed one takes it along."""
    add(zoe, channel="inbox", name="inbox")
    add(zoe, channel="webhook", address="https://hooks.example.com/zoe", name="hook")
    stamp = re.search(r'name="stamp" value="(\w+)"', zoe.get("/me").content.decode())
    assert stamp is not None
    form = {
        "stamp": stamp[1],
        "high-via": ["inbox", "hook", "", ""],
        "high-after": ["0s", "2m", "0s", "0s"],
        "low-via": ["inbox"],
        "low-after": ["10m"],
        "shift-start": ["1d", "0s"],
    }
    asked = zoe.post("/me/rules", {**form, "preview": "1"})
    assert "What saving would change" in words(asked.content)
    assert "Nothing is saved yet." in words(asked.content)
    assert "When a shift ends: never." not in page(zoe), "asking changes nothing"
    assert zoe.post("/me/rules", form).status_code == 303
    shown = page(zoe)
    assert "At once: inbox in Tocsin After 2 min: webhook (hook)" in shown
    assert "After 10 min: inbox in Tocsin" in shown
    assert "When a shift begins: 1 day before, at that moment." in shown
    assert "When a shift ends: never." in shown
    assert zoe.post("/me/rules", form).status_code == 409, "made from what holds no more"
    assert zoe.post("/me/contacts/hook/name", {"name": "Old hook"}).status_code == 303
    assert "After 2 min: webhook (old-hook)" in page(zoe)
    assert zoe.post("/me/contacts/old-hook/removal").status_code == 303
    assert list(document().contacts) == ["inbox"]
    assert document().notify.high is not None
    assert [rule.via for rule in document().notify.high] == ["inbox"]


def test_a_secret_survives_another_change(house: House, zoe: Client) -> None:
    """Changing one contact leaves the secrets of the others as they are."""
    add(zoe, channel="ntfy", address="https://ntfy.example.com/zoe", name="phone", token="tk_secret")
    add(zoe, channel="inbox", name="inbox")
    assert document().contacts["phone"].token == "tk_secret"
    assert "tk_secret" not in zoe.get("/me").content.decode()


def test_name_and_zone_are_theirs_role_and_address_are_not(house: House, zoe: Client) -> None:
    """A person spells their own name; a form with a role or another address in it changes neither."""
    typed = {"name": "Zoë Vale", "timezone": "Europe/Paris", "role": "admin", "email": "x@x.example"}
    assert zoe.post("/me/profile", typed).status_code == 303
    held = document()
    assert (held.name, held.timezone) == ("Zoë Vale", "Europe/Paris")
    assert (held.role.value, held.email) == ("responder", "zoe@tocsin.test")
    assert zoe.post("/me/profile", {"name": "Zoë", "timezone": "Nowhere/Land"}).status_code == 422


def test_what_a_file_manages_is_changed_there(house: House) -> None:
    """The page says which file, offers no form, and a form sent all the same changes nothing."""
    ann = house.client("ann")
    shown = page(ann)
    assert "managed by story.yaml" in shown
    assert "Add a contact" not in shown
    answer = add(ann, channel="inbox", name="second")
    assert answer.status_code == 422
    assert "managed by the file story.yaml" in words(answer.content)
    assert "second" not in document("ann").contacts


def test_a_device_is_registered_and_removed(house: House, zoe: Client) -> None:
    """Push is turned on for a browser: the contact comes with it, and goes silent when the device is removed."""
    browser = Browser("https://push.example.net/abc")
    p256dh, auth = browser.keys
    form = {"endpoint": browser.endpoint, "p256dh": p256dh, "auth": auth, "name": "Chrome on Android"}
    assert "reaches you by nothing" in page(zoe)
    assert zoe.post("/me/devices", form).status_code == 303
    assert zoe.post("/me/devices", form).status_code == 303, "the same browser again is the same device"
    shown = page(zoe)
    assert shown.count("Chrome on Android") == 1
    assert "reaches you by nothing" not in shown
    assert document().contacts["push"].channel == "push"
    ((number,),) = house.world.rows("SELECT id FROM paging_device")
    assert house.client("ann").post(f"/me/devices/{number}/removal").status_code == 404, "it is not hers"
    assert zoe.post(f"/me/devices/{number}/removal").status_code == 303
    assert "no device takes push yet" in page(zoe)


@pytest.mark.parametrize("endpoint", ["", "javascript:alert(1)", "http://push.example.net/1"])
def test_what_no_browser_gives_is_not_registered(zoe: Client, endpoint: str) -> None:
    """Only an endpoint that push could be sent to is kept."""
    p256dh, auth = Browser("https://x.example/").keys
    answer = zoe.post("/me/devices", {"endpoint": endpoint, "p256dh": p256dh, "auth": auth})
    assert answer.status_code == 422
    assert "was not registered" in words(answer.content)


def test_page_me_now_is_a_real_page_and_says_what_became_of_it(house: House) -> None:
    """Ann pages herself: it arrives marked as a test, her answer is timed, nobody else hears of it, and it ends."""
    ann = house.client("ann")
    assert ann.post("/me/page").status_code == 303
    house.world.at("2s")
    assert "Not woken : it only lies in the inbox" in page(ann)
    heard = house.world.expect("ann", inbox="Test page: nothing is wrong").within("5s")
    assert heard
    group = house.world.groups()[-1]
    assert ann.post(f"/groups/{group.id}/acknowledgement").status_code in (302, 303)
    assert "Answered after" in page(ann)
    house.world.quiet_until("2h")
    assert house.world.groups()[-1].status == "resolved"
    assert not house.world.notices()


def test_a_test_nobody_answers_wakes_nobody_else(house: House) -> None:
    """It is over after ten minutes, and no administrator hears that nobody answered."""
    house.client("ann").post("/me/page")
    house.world.expect("ann", inbox="nothing is wrong").within("5s")
    house.world.quiet_until("3h")
    assert [one.status for one in house.world.groups()] == ["resolved"]


def test_tests_are_few(house: House) -> None:
    """The sixth test within ten minutes is not sent."""
    ann = house.client("ann")
    for _ in range(6):
        ann.post("/me/page")
    assert house.world.rows("SELECT count(*) FROM paging_rehearsal") == [(5,)]
    assert "You were not paged" in page(ann)
    house.world.forget_pages()


def test_one_contact_is_tried(house: House) -> None:
    """A test message goes through this contact alone, and the page says what became of it."""
    ann = house.client("ann")
    assert ann.post("/me/contacts/email/test").status_code == 303
    house.world.at("5s")
    assert "The last test message was delivered" in page(ann)
    assert "This contact works" in house.world.mail.mails[-1].text
    assert ann.post("/me/contacts/nothing/test").status_code == 404


def test_nothing_is_tried_that_is_not_proven(house: House, zoe: Client) -> None:
    """Nobody can have messages sent to an address that is not known to be theirs."""
    add(zoe, channel="webhook", address="https://hooks.example.com/somebody", name="hook")
    before = house.world.rows("SELECT count(*) FROM engine_delivery")
    zoe.post("/me/contacts/hook/test")
    assert house.world.rows("SELECT count(*) FROM engine_delivery") == before


def test_a_team_is_rehearsed_by_who_manages_it(house: House) -> None:
    """Bob pages his whole team as a test and sees who answered; a responder may only look."""
    assert house.client("ann").post("/teams/web/rehearsal").status_code == 403
    bob = house.client("bob")
    assert bob.post("/teams/web/rehearsal").status_code == 303
    house.world.at("5s")
    house.client("ann").post(f"/groups/{house.world.groups()[-3].id}/acknowledgement")
    shown = words(house.client("ann").get("/teams/web/rehearsal").content)
    assert "1 of 3 answered, 1 was reached, 2 not woken" in shown
    assert shown.count("A page only reaches the inbox: it wakes nobody") == 3
    assert "Whoever manages the team can start it" in shown
    house.world.forget_pages()
    assert bob.get("/teams/nothing/rehearsal").status_code == 404


def test_a_rehearsal_tells_whom_it_woke_from_who_only_has_it_in_the_inbox(house: House) -> None:
    """Who is told by mail beside the inbox was reached; a rule that leads to nothing but the inbox wakes nobody."""
    house.world.rules("ann", high=[("0s", "inbox"), ("0s", "email")])
    house.world.at("0s")
    house.client("bob").post("/teams/web/rehearsal")
    house.world.at("5s")
    shown = words(house.client("bob").get("/teams/web/rehearsal").content)
    assert "0 of 3 answered, 1 was reached, 2 not woken" in shown
    assert "Arrived , not answered yet" in shown
    answer = house.client("bob").get("/api/v1/teams/web/rehearsal").json()
    assert sorted(one["result"] for one in answer["people"]) == ["delivered", "quiet", "quiet"]
    house.world.forget_pages()


def test_the_app_is_installable(house: House) -> None:
    """Manifest, icons and service worker are there for everybody, and the worker covers every page."""
    browser = house.client("eve")
    manifest = browser.get("/manifest.webmanifest").json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    for icon in manifest["icons"]:
        answer = browser.get(icon["src"])
        assert answer["Content-Type"] == "image/png"
        assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    worker = browser.get("/sw.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert worker["Cache-Control"] == "no-cache"
    assert "No connection" in words(browser.get("/offline").content)


def test_what_was_said_waits_for_the_next_whole_page(zoe: Client) -> None:
    """A page that fetches itself anew in the meantime does not swallow the words for whoever pressed the button."""
    add(zoe, channel="inbox", name="inbox")
    assert "inbox was added" not in words(zoe.get("/me", headers={"HX-Request": "true"}).content)
    assert "inbox was added" in page(zoe)
