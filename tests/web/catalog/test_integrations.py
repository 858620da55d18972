"""Integrations: set-up to copy, the key, a test alert, what came through, the mapping."""

from __future__ import annotations

from typing import Any

import pytest

from house import House, words
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.sources.recipes import GUIDES
from tocsin.sources.tools import TOOLS
from world import disk_full


def integrations() -> Any:
    return configuration.current(db.reader(clock.now())).all("integrations", IntegrationDocument)


def make(house: House, source: str = "generic", **more: str) -> str:
    """A new integration of service `own`; its name."""
    browser = house.client("dan")
    if "own" not in configuration.current(db.reader(clock.now())).sections["services"]:
        browser.post("/services/new", {"title": "Own", "team": "web", "policy": "web", "tier": "3"})
    answer = browser.post(f"/integrations/new?source={source}", {"service": "own", "every": "1d", **more})
    assert answer.status_code == 303, words(answer.content)
    return answer["Location"].removeprefix("/integrations/").partition("?")[0]


@pytest.mark.parametrize("source", GUIDES)
def test_every_sender_can_be_added(house: House, source: str) -> None:
    """Choosing a sender and a service is enough: a key is made, and stands in the set-up that is shown."""
    name = make(house, source)
    key = integrations()[name].key
    assert len(key) == 32
    page = house.client("dan").get(f"/integrations/{name}?key=shown").content.decode()
    assert key in page
    assert key not in house.client("dan").get(f"/integrations/{name}").content.decode()


@pytest.mark.parametrize("source", GUIDES)
def test_a_test_alert_takes_the_real_way(house: House, source: str) -> None:
    """It is read as its sender's own, marked as a test, opens a group that pages, and is resolved with one press."""
    name = make(house, source)
    answer = house.client("dan").post(f"/integrations/{name}/test")
    following = answer["Location"].partition("#")[0]
    assert "on its way" in words(house.client("dan").get(following).content)
    house.world.wait("1s")
    page = words(house.client("dan").get(following).content)
    if source == "heartbeat":
        assert "Taken in and beat : a sign of life" in page
        return
    assert "Taken in and opened : new problem" in page
    group = house.world.groups()[-1]
    assert group.service == "own"
    assert "test= yes" in words(house.client("dan").get(f"/groups/{group.id}").content)
    house.client("dan").post(f"/groups/{group.id}/resolution", {"next": following})
    assert house.world.groups()[-1].status == "resolved"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_has_a_tile_of_its_own(house: House, tool: str) -> None:
    """It stands among the senders; the integration has its mapping, its set-up with the key, and a test in its words."""
    guide = TOOLS[tool]
    browser = house.client("dan")
    tiles = browser.get("/integrations/new").content.decode()
    assert f"?source={guide.source}&amp;tool={tool}" in tiles
    assert guide.sender in tiles
    name = make(house, f"{guide.source}&tool={tool}")
    assert name == f"own-{tool}"
    held = integrations()[name]
    assert (held.tool, dict(held.mapping)) == (tool, dict(guide.mapping))
    page = browser.get(f"/integrations/{name}?key=shown").content.decode()
    assert guide.sender in page
    assert held.key in page
    browser.post(f"/integrations/{name}/test")
    house.world.wait("1s")
    assert house.world.groups()[-1].title.startswith("Test alert: nothing is broken")


def test_a_tool_that_speaks_another_source_is_refused(house: House) -> None:
    """A document cannot say that CloudWatch speaks Opsgenie, and the answer names what it does speak."""
    body = {"service": "web", "source": "opsgenie", "tool": "cloudwatch", "key": "a-key-0123456789"}
    answer = house.client("bob").put("/api/v1/config/documents/integrations/odd", body, "application/json")
    assert answer.status_code == 422
    assert "source: generic" in answer.content.decode()


def test_the_key_is_for_those_who_may_change_it(house: House) -> None:
    """Neither a viewer nor another team's people see it, whatever they ask for; nor does the page of one signal."""
    house.world.receive(disk_full)
    key = integrations()["web"].key
    for who in ("ann", "cleo"):
        page = house.client(who).get("/integrations/web?key=shown").content.decode()
        assert key not in page
        assert "sees the key in place of" in page
    assert key in house.client("bob").get("/integrations/web?key=shown").content.decode()


def test_another_key(house: House) -> None:
    """The key is made anew, is shown once, and the old one is gone."""
    name = make(house)
    old = integrations()[name].key
    answer = house.client("dan").post(f"/integrations/{name}/key", follow=True)
    new = integrations()[name].key
    assert new != old
    assert new in answer.content.decode()
    assert old not in answer.content.decode()


def test_what_came_last_and_what_became_of_it(house: House) -> None:
    """Each signal stands with its outcome, its reason and its group."""
    house.world.receive(disk_full).receive(disk_full)
    page = words(house.client("cleo").get("/integrations/web").content)
    assert "trigger refreshed the alert is already firing AG-1" in page
    assert "trigger opened new problem AG-1" in page
    assert "Opened 1" in page


@pytest.mark.parametrize(
    ("source", "typed", "said"),
    [
        ("generic", {"service": ""}, "Choose a service."),
        ("generic", {"group_window": "ten"}, "ten"),
        ("generic", {"rate_limit": "fast"}, "is not a rate"),
        ("heartbeat", {"every": ""}, "a heartbeat needs"),
        ("heartbeat", {"misses": "0"}, "misses"),
        ("prometheus", {"resolve_timeout": "0s"}, "shorter than"),
        ("generic", {"name": "web"}, "There is an integration called web already"),
    ],
)
def test_a_refused_form_says_why_at_the_field(house: House, source: str, typed: dict[str, str], said: str) -> None:
    """What was typed stays, and nothing is made."""
    before = len(integrations())
    sent = {"service": "web", "description": "in the cellar", "every": "1d"} | typed
    answer = house.client("bob").post(f"/integrations/new?source={source}", sent)
    assert answer.status_code == 422
    assert said.lower() in words(answer.content).lower()
    assert "in the cellar" in answer.content.decode()
    assert len(integrations()) == before


def test_what_a_change_would_mean_is_told_before_it_is_saved(house: House) -> None:
    """Sending its alerts to another service says who would be paged instead of whom; nothing is changed by asking."""
    name = make(house)
    before = integrations()[name]
    browser = house.client("dan")
    browser.post("/services/new", {"title": "Other", "team": "web", "policy": "", "tier": "3"})
    assert "What it would change" in browser.get(f"/integrations/{name}/change").content.decode()
    asked = browser.post(f"/integrations/{name}/change", {"service": "other", "preview": "1"})
    page = words(asked.content)
    assert "What saving would change" in page
    assert f"Alerts through {name}" in page
    assert "Nothing is saved yet." in page
    assert '<option value="other" selected>' in asked.content.decode(), "what was typed stays"
    wrong = browser.post(f"/integrations/{name}/change", {"service": "other", "hold": "soon", "preview": "1"})
    assert wrong.status_code == 422
    assert integrations()[name] == before


def test_settings_are_changed_and_the_rest_is_kept(house: House) -> None:
    """Grouping, windows and limits become the document's; key and mapping stay."""
    name = make(house)
    key = integrations()[name].key
    form = {"service": "own", "group_by": "alertname, cluster", "group_window": "1h", "window_kind": "rolling"}
    assert house.client("dan").post(f"/integrations/{name}/change", form | {"hold": "30s"}).status_code == 303
    held = integrations()[name]
    assert held.group_by == ("alertname", "cluster")
    assert held.window_kind == "rolling"
    assert held.key == key
    assert "Grouped by alertname, cluster" in words(house.client("ann").get(f"/integrations/{name}").content)


def test_a_mapping_is_tried_before_it_is_saved(house: House) -> None:
    """The preview says what would be read from the sample and what finds nothing; saving is another press."""
    name = make(house)
    sample = '{"monitor": {"name": "Checkout"}, "state": "down"}'
    written = 'title = monitor.name + " is " + state\nseverity = priority'
    browser = house.client("dan")
    page = words(browser.post(f"/integrations/{name}/mapping", {"mapping": written, "sample": sample}).content)
    assert "Checkout is down" in page
    assert "Severity:" in page
    assert not integrations()[name].mapping
    broken = browser.post(f"/integrations/{name}/mapping", {"mapping": "titel = x", "sample": sample, "save": "1"})
    assert broken.status_code == 422
    assert "titel" in words(broken.content)
    browser.post(f"/integrations/{name}/mapping", {"mapping": written, "sample": sample, "save": "1"})
    assert dict(integrations()[name].mapping) == {"title": 'monitor.name + " is " + state', "severity": "priority"}


def test_a_heartbeat_says_how_it_stands(house: House) -> None:
    """Last heard and next due; silent once it is missed."""
    name = make(house, "heartbeat", every="5m", grace="")
    house.world.wait("1m")
    assert "Sign of life" in words(house.client("ann").get(f"/integrations/{name}").content)
    house.world.wait("10m")
    assert "Silent" in words(house.client("ann").get(f"/integrations/{name}").content)
    assert "Silent" in words(house.client("ann").get("/integrations").content)
