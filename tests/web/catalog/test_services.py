"""Services: the list, one of them, and the form."""

from __future__ import annotations

from typing import Any

import pytest

from house import House, words
from tocsin.catalog import editing
from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.people.domain import Role
from tocsin.people.rights import Actor
from world import disk_full

FORM = {"title": "Card payments", "team": "web", "tier": "1", "policy": "web", "urgency": "high", "storm": "default"}


def services() -> Any:
    return configuration.current(db.reader(clock.now())).all("services", ServiceDocument)


def base() -> int:
    return configuration.current(db.reader(clock.now())).version


def test_the_list_says_what_is_wrong_and_who_is_woken(house: House) -> None:
    """Each service stands under its team with its state, its policy and whoever it would wake now."""
    assert "Web All well Tier 3 Web wakes Ann Lee" in words(house.client("cleo").get("/services").content)
    house.world.receive(disk_full)
    page = words(house.client("cleo").get("/services").content)
    assert "1 in trouble that nobody has" in page
    assert "Web 1 open" in page


def test_a_service_shows_the_ladder_and_what_is_missing(house: House) -> None:
    """Who would be paged now, step by step; what it lacks for the night; what needs it."""
    house.world.service("shop", policy="web", depends_on=["web"], runbook="https://wiki.example/shop")
    house.world.at("1s").receive(disk_full)
    page = words(house.client("ann").get("/services/web").content)
    assert "at once Ann Lee Step 1: schedule Primary 5 min Bob Ortiz Step 2: Bob Ortiz" in page
    assert "disk full" in page
    assert "Needed by Shop" in page
    assert "No runbook says what to do" in page
    other = words(house.client("ann").get("/services/shop").content)
    assert "Cannot work without Web 1 not over" in other
    assert "It is written what to do" in other


def test_a_service_is_added(house: House) -> None:
    """The form makes a service, called after its name, and leads to it."""
    answer = house.client("bob").post("/services/new", {**FORM, "links": "Board: https://grafana.example/d/1"})
    assert answer["Location"] == "/services/card-payments"
    made = services()["card-payments"]
    assert (made.name, made.team, made.tier, made.policy) == ("Card payments", "web", 1, "web")
    assert dict(made.links) == {"Board": "https://grafana.example/d/1"}


def test_what_it_would_change_is_told_before_it_is_saved(house: House) -> None:
    """Who is paged differently by another policy; nothing is saved by asking."""
    house.managed("ui")
    before = services()["web"]
    asked = house.client("bob").post("/services/web/change", {**FORM, "title": "Web", "policy": "", "preview": "1"})
    page = words(asked.content)
    assert asked.status_code == 200
    assert "Web, high urgency, at every time tried: before Ann Lee, then Bob Ortiz after 5m" in page
    assert services()["web"] == before


def test_urgency_that_follows_support_hours(house: House) -> None:
    """Hours, days and zone of the form become the document's, and stand in the form again."""
    hours = {"urgency": "hours", "zone": "Europe/Berlin", "days": ["Mon", "Tue"], "between": "08:00-12:00, 13:00-18:00"}
    house.client("bob").post("/services/new", FORM | hours)
    page = house.client("bob").get("/services/card-payments/change").content.decode()
    assert "08:00-12:00, 13:00-18:00" in page
    assert page.count("checked") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"title": ""}, "Give it a name"),
        ({"title": "Web"}, "There is a service called web already"),
        ({"team": ""}, "Choose a team"),
        ({"team": "platform"}, "of a team that you manage"),
        ({"runbook": "wiki"}, "is not a web address"),
        ({"policy": "none"}, "There is no policy"),
        ({"urgency": "hours", "zone": "Mars/Base", "between": "9-5"}, "is not a time range"),
        ({"storm_groups": "many"}, "storm_groups"),
        ({"links": "Board: grafana"}, "is not a web address"),
    ],
)
def test_what_is_wrong_stands_at_its_field(house: House, typed: dict[str, str], said: str) -> None:
    """A refused form says what is wrong at the field, keeps what was typed, and changes nothing."""
    before = base()
    answer = house.client("bob").post("/services/new", FORM | {"description": "for all to buy"} | typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in (page if said == "storm_groups" else words(answer.content))
    assert 'role="alert"' in page
    assert "for all to buy" in page
    assert base() == before


def test_what_the_form_does_not_know_is_kept(house: House) -> None:
    """Labels written in a file or by the API survive a change from the page."""
    with_more = {"labels": {"site": "berlin"}, "storm": {"groups": 7, "within": "5m"}}
    browser = house.client("dan")
    browser.post("/services/new", FORM)
    dan = Actor(user_id=1, person="dan", role=Role.ADMIN)
    editing.put(dan, "services", "card-payments", {"name": "Card payments", "team": "web", **with_more})
    browser.post("/services/card-payments/change", FORM | {"title": "Cards", "storm_groups": "7", "base": str(base())})
    held = services()["card-payments"]
    assert held.name == "Cards"
    assert dict(held.labels) == {"site": "berlin"}
    assert held.storm.within.total_seconds() == 300


def test_nobody_overwrites_another_s_change_unseen(house: House) -> None:
    """A form made from an older version is refused, and says so."""
    browser = house.client("bob")
    browser.post("/services/new", FORM)
    old = base()
    browser.post("/services/card-payments/change", FORM | {"tier": "2", "base": str(old)})
    answer = browser.post("/services/card-payments/change", FORM | {"tier": "4", "base": str(old)})
    assert answer.status_code == 422
    assert "somebody else changed the configuration meanwhile" in words(answer.content)
    assert services()["card-payments"].tier == 2


def test_what_a_file_manages_is_changed_there(house: House) -> None:
    """The page names the file, and a change is refused with its name."""
    assert "managed by the file" in words(house.client("bob").get("/services/web").content)
    answer = house.client("bob").post("/services/web/change", FORM | {"base": str(base())})
    assert answer.status_code == 422
    assert "is managed by the file" in words(answer.content)


def test_a_service_is_taken_out_unless_something_names_it(house: House) -> None:
    """Removal is refused while an integration leads to it."""
    browser = house.client("bob")
    browser.post("/services/new", FORM)
    browser.post("/integrations/new?source=generic", {"service": "card-payments"})
    assert browser.post("/services/card-payments/removal").status_code == 422
    assert browser.post("/integrations/card-payments-generic/removal").status_code == 303
    assert browser.post("/services/card-payments/removal")["Location"] == "/services"
    assert "card-payments" not in services()


def test_a_change_touches_only_what_was_changed(house: House) -> None:
    """Support hours that make no difference, an order, and a title with a colon stay when something else is changed."""
    browser = house.client("dan")
    browser.post("/services/new", FORM)
    hours = {"hours": {"timezone": "Asia/Tokyo"}, "inside": "low", "outside": "low"}
    links = {"Board: the big one": "https://grafana.example/d/1"}
    dan = Actor(user_id=1, person="dan", role=Role.ADMIN)
    editing.put(
        dan, "services", "card-payments", {"name": "Card payments", "team": "web", "urgency": hours, "links": links}
    )
    page = browser.get("/services/card-payments/change").content.decode()
    assert '<option value="low-alike" selected>' in page
    as_shown = {"urgency": "low-alike", "zone": "Asia/Tokyo", "days": ["Mon", "Tue", "Wed", "Thu", "Fri"]}
    more = {"links": "Board: the big one: https://grafana.example/d/1\r\nWiki: https://wiki.example/a"}
    form = FORM | as_shown | {"between": "09:00-17:00", "tier": "3", "policy": "", "base": str(base())} | more
    assert browser.post("/services/card-payments/change", form).status_code == 303
    held = services()["card-payments"]
    assert dict(held.links) == {**links, "Wiki": "https://wiki.example/a"}
    assert held.model_dump(mode="json", exclude_unset=True)["urgency"] == hours
