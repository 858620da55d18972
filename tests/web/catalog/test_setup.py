"""The set-up checklist and the health of the house."""

from __future__ import annotations

from typing import Any

from house import House, words
from world import disk_full


def test_the_checklist_reads_what_is_there(house: House) -> None:
    """Each step is done by what is in the configuration; the last one is a page that somebody answered."""
    page = words(house.client("dan").get("/setup").content)
    assert "7 of 9 done" in page
    assert "4 may answer pages" not in page  # Cleo only looks on
    assert "3 may answer pages" in page
    assert "Ann Lee on call now" in page
    assert "Nothing received yet" in page
    house.world.receive(disk_full)
    assert "8 of 9 done" in words(house.client("dan").get("/setup").content)
    house.world.acknowledge(by="ann")
    assert "Tocsin is set up" in words(house.client("dan").get("/setup").content)


def test_a_step_that_has_to_wait_says_for_what(house: House) -> None:
    """Before there is an integration an administrator reads that it comes first, not that an administrator does it."""

    def change(config: dict[str, Any]) -> None:
        config["integrations"] = {}

    house.world.edit(change)
    page = words(house.client("dan").get("/setup").content)
    assert page.count("Once there is an integration") == 2
    assert "An administrator does this" not in page


def test_the_checklist_leads_to_a_page(house: House) -> None:
    """From the checklist one press sends a test alert, which pages whoever is on call and is answered."""
    browser = house.client("dan")
    assert browser.post("/integrations/web/test").status_code == 303
    house.world.wait("1s")
    page = words(browser.get("/setup").content)
    assert "Somebody was paged" in page
    house.client("ann").post("/groups/1/acknowledgement")
    house.world.wait("1s")
    assert "Tocsin is set up" in words(browser.get("/setup").content)


def test_the_home_screen_goes_on_with_the_set_up(house: House) -> None:
    """For those who can set it up, until a page was answered; then it is out of the way, in the menu too."""
    assert "Set Tocsin up" in words(house.client("bob").get("/").content)
    assert "Set Tocsin up" not in words(house.client("ann").get("/").content)
    assert 'href="/setup"' in house.client("bob").get("/groups").content.decode()
    house.world.receive(disk_full).acknowledge(by="ann")
    assert 'href="/setup"' not in house.client("bob").get("/").content.decode()


def test_health_says_what_to_mend(house: House) -> None:
    """The engine, channels, readiness by team, and contacts that would fail, each leading to where it is mended."""
    house.world.receive(disk_full).at("1m")
    page = words(house.client("bob").get("/health").content)
    assert "Engines" in page
    assert "Inbox Works" in page
    assert "Web 0 of 1" in page
    assert "No runbook says what to do" in page


def test_health_shows_a_failing_channel(house: House) -> None:
    """A channel through which nothing gets is said to fail, with its error."""
    house.world.rules("ann", high=[("0s", "webhook"), ("1m", "inbox")])
    house.world.break_("webhook", "ann").receive(disk_full).at("4m")
    page = words(house.client("dan").get("/health").content)
    assert "Webhook Failing" in page


def test_a_gap_ahead_is_trouble(house: House) -> None:
    """A policy that some service relies on and that would reach nobody soon stands on the home screen."""
    house.world.on_call("primary")
    house.world.config["policies"]["web"]["steps"] = [{"page": ["schedule:primary"]}]
    house.world.at("1s")
    page = words(house.client("cleo").get("/").content)
    assert "Web reaches nobody from" in page
