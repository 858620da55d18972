"""Policies as people read them, and the form that changes them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client

from house import House, words
from tocsin.catalog import editing
from tocsin.config import queries
from tocsin.config.actions import Applied
from tocsin.kit import clock, db
from tocsin.people import queries as people
from tocsin.people.models import User

STEP = {"page": ["person:ann"], "wait": "5m"}


def put(name: str, **body: object) -> None:
    who = people.actor_of(db.reader(clock.now()), User.objects.get(email="dan@tocsin.test"))
    outcome = editing.put(who, "policies", name, {"name": name.title(), **body}, force=True)
    assert isinstance(outcome, Applied), outcome


def held(name: str) -> dict[str, Any] | None:
    document = queries.current(db.reader(clock.now())).sections.get("policies", {}).get(name)
    return None if document is None else document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def form_of(html: str) -> dict[str, list[str]]:
    """What a browser would send of the form as it stands."""
    inside = html.split('class="policy-form"')[1].split("</form>", maxsplit=1)[0]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", inside):
        given = dict(re.findall(r'(\S+)="([^"]*)"', tag))
        ticks = given.get("type") == "checkbox"
        if "name" in given and (not ticks or " checked" in tag):
            sent.setdefault(given["name"], []).append(unescape(given.get("value", "")))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', inside, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = [chosen[1] if chosen else ""]
    written = re.search(r"<textarea [^>]*>(.*?)</textarea>", inside, re.DOTALL)
    sent["description"] = [unescape(written[1])]
    return sent


def press(browser: Client, path: str, html: str, do: str, **changes: Any):
    return browser.post(path, {**form_of(html), "do": [do], **changes})


def test_a_policy_reads_as_a_ladder(house: House) -> None:
    """Who at once, who after how long, who that is now, what each receives, who uses it, and the last resort."""
    put(
        "night",
        steps=[{"page": ["schedule:primary"], "wait": "5m"}, {"page": ["team:web"], "wait": "10m"}],
        repeat=1,
        then="web",
        last_resort=["person:dan"],
    )
    said = words(house.client("ann").get("/policies/night").content)
    assert "At once Primary (now Ann Lee)" in said
    assert "After 5 min everybody in Web : Ann Lee, Bob Ortiz, Cleo Adeyemi" in said
    assert "After 15 min: all of it again, once more" in said
    assert "After 30 min policy Web takes over" in said
    assert "Last resort Dan Novak" in said
    assert "Ann Lee paged at once at once: inbox in Tocsin" in said
    assert "No service uses it yet" in said
    listed = words(house.client("ann").get("/policies").content)
    assert "At once Primary (now Ann Lee), after 5 min everybody in Web, then policy Web, at last Dan Novak." in listed
    assert "Web" in words(house.client("ann").get("/policies/web").content).split("Used by")[1]


def test_a_policy_that_reaches_nobody_says_so(house: House) -> None:
    """In red, with when; and the steps that are passed over."""
    house.world.config["teams"]["empty"] = {"name": "Empty", "members": []}
    house.world.on_call("primary", "ann")
    house.world.at("1m")
    put("night", steps=[{"page": ["team:empty"], "wait": "5m"}])
    said = words(house.client("ann").get("/policies/night").content)
    assert "This reaches nobody at any time" in said
    assert "Nobody is there, so it is passed over at once" in said
    assert "None of its steps reaches anybody now" in said


def test_steps_for_one_urgency_are_two_ladders(house: House) -> None:
    """What high and low urgency do differently is not mixed."""
    put("night", steps=[{**STEP, "if": {"urgency": "high"}}, {"page": ["person:bob"]}])
    said = words(house.client("ann").get("/policies/night").content)
    high, low = said.split("For low urgency")
    assert "At once Ann Lee After 5 min Bob Ortiz" in high
    assert "At once Bob Ortiz" in low.split("If something broke now")[0]


def test_a_policy_is_made_by_its_form(house: House) -> None:
    """Step by step without scripts: add, move, remove, save; each press keeps what is there."""
    browser = house.client("dan")
    html = browser.get("/policies/new").content.decode()
    filled = {"name": "night", "title": "Night", "description": "Outside office hours"}
    html = press(browser, "/policies/new", html, "add", **filled, **{"step-0-add": "schedule:primary"}).content.decode()
    html = press(browser, "/policies/new", html, "pick-1", **{"step-1-add": "person:bob"}).content.decode()
    html = press(browser, "/policies/new", html, "pick-1", **{"step-1-add": "team:web"}).content.decode()
    html = press(browser, "/policies/new", html, "up-1", **{"step-1-wait": "9m"}).content.decode()
    assert held("night") is None
    answer = press(
        browser, "/policies/new", html, "save", **{"last-add": "person:dan", "repeat": "2", "expires": "30m"}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/policies/night")
    assert held("night") == {
        "name": "Night",
        "description": "Outside office hours",
        "steps": [
            {"page": ["person:bob", "team:web"], "wait": "9m"},
            {"page": ["schedule:primary"], "wait": "5m"},
        ],
        "repeat": 2,
        "last_resort": ["person:dan"],
        "acknowledgement_expires": "30m",
    }


def test_saving_without_a_change_changes_nothing(house: House) -> None:
    """The form writes back exactly what the document said."""
    put("night", steps=[{**STEP, "round_robin": True, "if": {"urgency": "low"}}, STEP], then="web", repeat=3)
    before = held("night")
    browser = house.client("dan")
    html = browser.get("/policies/night/edit").content.decode()
    assert press(browser, "/policies/night/edit", html, "save").status_code == 303
    assert held("night") == before
    assert "nothing was changed" in words(browser.get("/policies/night").content)


def test_what_it_would_change_is_told_before_it_is_saved(house: House) -> None:
    """Who would be paged instead of whom, for the services it concerns; nothing is saved by asking."""
    house.managed("ui")
    dan, before = house.client("dan"), held("web")
    form = dan.get("/policies/web/edit").content.decode()
    asked = press(dan, "/policies/web/edit", form, "preview", **{"step-1-page": ["person:cleo"]})
    page = words(asked.content)
    assert asked.status_code == 200
    assert "Who would be paged differently" in page
    assert "Web, high urgency, at every time tried: before Ann Lee, then Bob Ortiz after" in page
    assert "after Ann Lee, then Cleo Adeyemi after" in page
    assert held("web") == before
    assert 'value="person:cleo"' in asked.content.decode()
    same = press(dan, "/policies/web/edit", form, "preview")
    assert "This changes nothing" in words(same.content)
    wrong = press(dan, "/policies/web/edit", form, "preview", **{"step-0-wait": ["soon"]})
    assert wrong.status_code == 422


def test_targets_are_taken_off_and_steps_removed(house: House) -> None:
    """An unticked box takes somebody off; Remove takes a step."""
    put("night", steps=[{"page": ["person:ann", "person:bob"], "wait": "5m"}, {"page": ["person:cleo"]}])
    browser = house.client("dan")
    html = browser.get("/policies/night/edit").content.decode()
    html = press(browser, "/policies/night/edit", html, "remove-1").content.decode()
    assert press(browser, "/policies/night/edit", html, "save", **{"step-0-page": ["person:bob"]}).status_code == 303
    assert held("night")["steps"] == [{"page": ["person:bob"], "wait": "5m"}]


def test_what_is_wrong_stands_at_its_field(house: House) -> None:
    """Every field says what is wrong with it and how to mend it; what was typed stays, nothing is saved."""
    put("night", steps=[STEP])
    browser = house.client("dan")
    html = browser.get("/policies/night/edit").content.decode()
    sent = {"step-0-wait": "soon", "step-0-page": [], "repeat": "44", "expires": "2s", "then": "night", "title": ""}
    answer = press(browser, "/policies/night/edit", html, "save", **sent)
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    for field, said in [
        ("wait-0-wrong", "'soon' is not a duration"),
        ("add-0-wrong", "Choose whom this step pages"),
        ("repeat-wrong", "9"),
        ("expires-wrong", "is shorter than 1m"),
        ("title-wrong", "must not be empty"),
    ]:
        assert said in page.split(f'id="{field}"')[1].split("</p>")[0], field
    assert 'value="soon"' in page
    assert held("night")["steps"] == [STEP]
    sent = {"then": "night"}
    page = unescape(press(browser, "/policies/night/edit", html, "save", **sent).content.decode())
    assert "in a circle" in page.split('id="then-wrong"')[1].split("</p>")[0]
    page = unescape(
        press(browser, "/policies/night/edit", html, "save", **{"step-0-page": ["person:zed"]}).content.decode()
    )
    assert "there is no person" in page.split('id="add-0-wrong"')[1].split("</p>")[0].lower()


def test_whoever_comes_second_loses_nothing(house: House) -> None:
    """An outdated form is told what the other changed, stands as it was, and saves at the second press."""
    put("night", steps=[STEP])
    browser = house.client("dan")
    html = browser.get("/policies/night/edit").content.decode()
    put("night", steps=[{**STEP, "wait": "7m"}])
    answer = press(browser, "/policies/night/edit", html, "save", title="Mine")
    assert answer.status_code == 409
    assert "step 1 waits 7m (was 5m)" in words(answer.content)
    assert held("night")["name"] == "Night"
    again = press(browser, "/policies/night/edit", answer.content.decode(), "save")
    assert again.status_code == 303
    assert held("night")["name"] == "Mine"


def test_a_gap_is_told_and_can_be_meant(house: House) -> None:
    """What would leave nobody is not saved until somebody says that it is meant."""
    house.world.config["teams"]["empty"] = {"name": "Empty", "members": []}
    house.world.on_call("primary", "ann")
    house.world.at("1m")
    put("night", steps=[STEP])
    browser = house.client("dan")
    html = browser.get("/policies/night/edit").content.decode()
    answer = press(browser, "/policies/night/edit", html, "save", **{"step-0-page": ["team:empty"]})
    assert answer.status_code == 422
    assert "would reach nobody" in words(answer.content)
    assert held("night")["steps"] == [STEP]
    answer = press(browser, "/policies/night/edit", answer.content.decode(), "save", force="yes")
    assert answer.status_code == 303
    assert held("night")["steps"][0]["page"] == ["team:empty"]


def test_what_a_file_manages_is_read_here_and_changed_there(house: House) -> None:
    """The form gives way to the page, which names the file."""
    browser = house.client("dan")
    said = words(browser.get("/policies/web/edit").content)
    assert "The file story.yaml brings this" in said
    assert "Save" not in said
    browser.post("/policies/web/edit", {"title": "Ours", "steps": "0"})
    assert held("web")["name"] == "Web"


def test_a_name_that_cannot_be_is_told(house: House) -> None:
    """Taken, or nothing a name can be made of: at its field."""
    browser = house.client("dan")
    html = browser.get("/policies/new").content.decode()
    for name, said in [("web", "of this name already"), ("!?", "lower-case"), ("", "lower-case")]:
        answer = press(browser, "/policies/new", html, "save", name=name, title="…", **{"step-0-add": "person:ann"})
        assert answer.status_code == 422
        assert said in answer.content.decode().split('id="name-wrong"')[1].split("</p>")[0]
    assert house.client("ann").get("/policies/nothing").status_code == 404


def test_a_policy_needs_no_name_but_the_one_people_read(house: House) -> None:
    """The name in the configuration is made from it, or from what somebody typed who knows no rules for such names."""
    browser = house.client("dan")
    html = browser.get("/policies/new").content.decode()
    for typed, made in [("", "out-of-hours"), ("Night Shift", "night-shift"), ("kept_as.it-is", "kept_as.it-is")]:
        answer = press(
            browser, "/policies/new", html, "save", name=typed, title="Out of hours", **{"step-0-add": "person:ann"}
        )
        assert (answer.status_code, answer["Location"]) == (303, f"/policies/{made}")
