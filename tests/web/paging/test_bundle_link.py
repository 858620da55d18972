"""The link in a message that tells of several groups: one press takes those nobody has, and leaves the others alone."""

from __future__ import annotations

import re

import pytest

from house import House, words
from tocsin.kit import clock
from tocsin.kit.installation import link_signer
from tocsin.paging import links
from world import disk_full, resolve, trigger, wake

LATE, SLOW = trigger("orders are late"), trigger("search is slow")
COUNT = 3


def sent(house: House) -> str:
    """Three groups become one mail to Ann; the path of its link."""
    house.world.rules("ann", high=[("0s", "email")])
    house.world.receive(disk_full, LATE, SLOW)
    (mail,) = house.world.mail.mails
    found = re.findall(r"Acknowledge all 3: http://tocsin\.test(/a/\S+)", mail.text)
    assert len(found) == 1, mail.text
    return str(found[0])


def statuses(house: House) -> list[tuple[str, str]]:
    return [(group.status.value, group.acknowledged_by) for group in house.world.groups()]


def test_looking_shows_them_all_and_answers_nothing(house: House) -> None:
    """Without signing in one sees what each is and who is next; a program that follows links acknowledges nothing."""
    path = sent(house)
    browser = house.client("eve")
    assert browser.head(path).status_code == 200
    page = words(browser.get(path).content)
    for title in ("disk full", "orders are late", "search is slow", "Web"):
        assert title in page
    assert "Acknowledge all 3 as Ann Lee" in page
    assert "If nobody answers, Bob Ortiz next, at 09:05" in page
    assert "@" not in page
    assert statuses(house) == [("open", "")] * COUNT


def test_one_press_takes_all_of_them(house: House) -> None:
    """A POST without a session or a cookie takes each as Ann, through the link; again does no harm."""
    path = sent(house)
    browser = house.client("eve", enforce_csrf_checks=True)
    for _ in range(2):
        answer = browser.post(path)
        assert answer.status_code == 200
        assert "You have all 3, Ann Lee" in words(answer.content)
    assert statuses(house) == [("acknowledged", "person:ann")] * COUNT
    facts = house.world.facts("AlertGroupAcknowledged")
    assert [(one["by"], one["via"]) for one in facts] == [("person:ann", "link")] * COUNT
    house.world.forget_pages().quiet_until("25m")


def test_what_others_have_and_what_is_over_is_left_alone(house: House) -> None:
    """Only what nobody has is asked for and taken; whose the other is, and what is over, is told."""
    path = sent(house)
    house.world.acknowledge(by="bob", group=1).receive(resolve(LATE))
    browser = house.client("eve")
    page = words(browser.get(path).content)
    assert "1 alert group is in nobody’s hands" in page
    assert "Acknowledge it as Ann Lee" in page
    assert "Bob Ortiz has it" in page
    answer = browser.post(path)
    assert answer.status_code == 200
    assert "You have 1 of 3, Ann Lee" in words(answer.content)
    assert [one[1] for one in statuses(house)] == ["person:bob", "", "person:ann"]
    assert [one[0] for one in statuses(house)] == ["acknowledged", "resolved", "acknowledged"]


def test_a_press_that_comes_too_late_for_all_says_so(house: House) -> None:
    """If each is somebody else's or over, nothing is changed, and whoever asked by a program sees it too."""
    path = sent(house)
    for group in (1, 2):
        house.world.acknowledge(by="bob", group=group)
    house.world.receive(resolve(SLOW))
    before = statuses(house)
    answer = house.client("eve").post(path)
    assert answer.status_code == 409
    assert "Nothing is left for you to do" in words(answer.content)
    assert statuses(house) == before


def test_a_program_is_told_how_many(house: House) -> None:
    """The button on a notification learns whether it took all of them."""
    path = sent(house)
    house.world.acknowledge(by="bob", group=1)
    answer = house.client("eve").post(path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"groups": 3, "yours": 2})


def test_ntfy_has_the_button_and_the_page(house: House) -> None:
    """The button of the notification takes them all, a tap on it opens the page of the link."""
    house.world.rules("ann", high=[("0s", "ntfy")])
    house.world.receive(disk_full, LATE)
    (push,) = [one.json() for one in house.world.http.requests if one.path == "/ntfy/"]
    button = push["actions"][0]
    assert (button["label"], button["method"], button["url"]) == ("Acknowledge all 2", "POST", push["click"])
    assert house.client("eve").post(button["url"].removeprefix("http://tocsin.test")).status_code == 200
    assert statuses(house) == [("acknowledged", "person:ann")] * 2


def test_more_than_a_link_holds_lead_to_the_list(house: House) -> None:
    """There is no button that takes only some of them: a mail with more leads to the list, behind sign-in."""
    house.world.change_service("web", storm="off")
    house.world.rules("ann", high=[("0s", "email")])
    house.world.receive(*(trigger(f"problem {number}") for number in range(links.PAGES_MAX + 1)))
    texts = [mail.text for mail in house.world.wait("5m").mail.mails]
    (large,) = [text for text in texts if f"and {links.PAGES_MAX + 1 - 20} more" in text]
    assert "/a/" not in large
    assert "http://tocsin.test/groups?person=ann" in large
    assert house.client("cleo").get("/groups?person=ann").status_code == 200


@pytest.mark.parametrize("payload", ["pages:", "pages:x", "pages:1.", "pages:-1", "pages:3e7", f"pages:{'f' * 40}"])
def test_a_link_that_names_nothing_says_so(house: House, payload: str) -> None:
    """What names no page that is there answers nothing."""
    house.world.receive(disk_full)
    token = link_signer().sign(payload, clock.now() + links.LIVES)
    answer = house.client("eve").post(f"/a/{token}")
    assert answer.status_code == 410
    assert "Nothing was acknowledged" in words(answer.content)


def test_a_link_takes_only_what_its_person_was_paged_for(house: House) -> None:
    """A link acknowledges as one person: numbers of another's pages in it count for nothing."""
    house.world.policy("shop", wake("bob", wait="1h"))
    house.world.receive(disk_full, integration="web").receive(LATE, integration="shop")
    ids = [row[0] for row in house.world.rows("SELECT id FROM paging_page ORDER BY id")]
    link = links.to("", link_signer(), ids, clock.now())
    assert house.client("eve").post(link).status_code == 200
    assert statuses(house) == [("acknowledged", "person:ann"), ("open", "")]
