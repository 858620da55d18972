"""The link in a message acknowledges without signing in, and only for whom and what it was made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from house import House, words
from tocsin.kit import clock
from tocsin.kit.installation import link_signer
from world import disk_full


def link(payload: str = "page:1", lives: timedelta = timedelta(days=7)) -> str:
    return f"/a/{link_signer().sign(payload, clock.now() + lives)}"


def test_a_page_s_own_link_is_the_one_that_works(house: House) -> None:
    """What stands in the message leads to the big button and to nothing else."""
    house.world.rules("ann", high=[("0s", "webhook")])
    house.world.receive(disk_full)
    sent = house.world.http.requests[-1].body.decode()
    path = sent.split('"http://tocsin.test/a/')[1].split('"')[0]
    answer = house.client("eve").get(f"/a/{path}")
    assert "Acknowledge as Ann Lee" in words(answer.content)


def test_looking_answers_nothing(house: House) -> None:
    """A mail program that follows links ahead of its reader acknowledges nothing."""
    house.world.receive(disk_full)
    browser = house.client("eve")
    assert browser.head(link()).status_code == 200
    answer = browser.get(link())
    assert "If nobody answers, Bob Ortiz next, at 09:05" in words(answer.content)
    assert house.world.groups()[0].status == "open"


def test_one_press_acknowledges_as_whom_it_was_sent_to(house: House) -> None:
    """A POST without a session or a cookie takes it as Ann, and again does no harm."""
    house.world.receive(disk_full)
    browser = house.client("eve", enforce_csrf_checks=True)
    for _ in range(2):
        answer = browser.post(link())
        assert answer.status_code == 200
        assert "You have it, Ann Lee" in words(answer.content)
    assert house.world.groups()[0].acknowledged_by == "person:ann"
    assert len(house.world.facts("AlertGroupAcknowledged")) == 1
    assert house.world.facts("AlertGroupAcknowledged")[0]["via"] == "link"


def test_who_comes_second_learns_who_has_it(house: House) -> None:
    """Somebody who answers when it is taken changes nothing and is told whose it is."""
    house.world.receive(disk_full).at("6m").acknowledge(by="bob")
    answer = house.client("eve").post(link())
    assert answer.status_code == 409
    assert "Bob Ortiz has it" in words(answer.content)
    assert house.world.groups()[0].acknowledged_by == "person:bob"


def test_what_is_over_stays_over(house: House) -> None:
    """An old message's button does not open anything again."""
    house.world.receive(disk_full).resolve(by="bob")
    answer = house.client("eve").post(link())
    assert (answer.status_code, house.world.groups()[0].status) == (409, "resolved")
    assert "It is over" in words(answer.content)


@pytest.mark.parametrize(
    "token",
    ["x", "AAAA", "%00", "a" * 5000, "..%2f..%2fetc", "page:1"],
)
def test_a_forged_link_says_so(house: House, token: str) -> None:
    """What we did not sign answers nothing, and says what to do instead."""
    house.world.receive(disk_full)
    browser = house.client("eve")
    for answer in (browser.get(f"/a/{token}"), browser.post(f"/a/{token}")):
        assert answer.status_code in (404, 410)
    assert house.world.groups()[0].status == "open"


@pytest.mark.parametrize("payload", ["page:999", "page:", "page:x", "page:99999999999999999999", "other:1", ""])
def test_a_link_for_something_else_says_so(house: House, payload: str) -> None:
    """A token of ours for another purpose, or for a page that is not there, answers nothing."""
    house.world.receive(disk_full)
    answer = house.client("eve").post(link(payload))
    assert answer.status_code == 410
    assert "Nothing was acknowledged" in words(answer.content)


def test_an_old_link_says_so(house: House) -> None:
    """After a week a link answers nothing."""
    house.world.receive(disk_full)
    old = link(lives=timedelta(minutes=1))
    house.world.at("1m")
    assert house.client("eve").post(old).status_code == 410
    assert house.world.groups()[0].status == "open"


def test_a_link_shows_a_stranger_no_more_than_the_message_did(house: House) -> None:
    """Who is not signed in sees this one group's title and service: no navigation, no inbox, nobody's address."""
    house.world.receive(disk_full)
    page = words(house.client("eve").get(link()).content)
    assert "Inbox" not in page
    assert "@" not in page
    assert "(sign in)" in page


def test_a_page_by_hand_names_no_service(house: House) -> None:
    """It belongs to none, so the page says only what it is about, as its message does."""
    house.world.page_by_hand("please join the bridge", "ann", by="bob")
    page = words(house.client("eve").get(link()).content)
    assert "please join the bridge" in page
    assert "Unrouted" not in page
