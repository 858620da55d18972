"""The form of a schedule: made, changed with a preview, forced, kept whole, removed; who may, and what is refused."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from house import House, read, words
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.oncall.domain import ScheduleDocument

NEW = {
    "title": "Payments, first",
    "zone": "Europe/Berlin",
    "team": "web",
    "layers": "1",
    "l0-name": "weekly",
    "l0-rotation": "weekly",
    "l0-every": "1",
    "l0-weekday": "Mon",
    "l0-time": "09:00",
    "l0-start": "2026-02-23",
    "l0-at_once": "1",
    "l0-p0": "ann",
    "l0-p1": "bob",
}


@pytest.fixture
def desk(house: House) -> House:
    """Schedule night belongs to team web, which Bob manages, and is looked after on pages; nothing pages it."""
    for who in ("bob",):
        answer = house.client(who).post("/schedules/new", {**NEW, "title": "Night", "zone": "UTC", "do": "save"})
        assert answer.status_code == 303, words(answer.content)
    return house


def document(house: House, name: str = "night") -> ScheduleDocument:
    return configuration.current(db.reader(clock.now())).all("schedules", ScheduleDocument)[name]


def form_of(house: House, who: str, path: str) -> dict[str, Any]:
    """What a browser would send of a page's form, untouched."""
    html = house.client(who).get(path).content.decode()
    main = html[html.index("<main") : html.index("</main>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", main):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrfmiddlewaretoken" or ("checkbox" in tag and " checked" not in tag):
            continue
        if "checkbox" in tag:
            found.setdefault(name[1], []).append(value[1] if value else "on")
        else:
            found[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def send(house: House, who: str, path: str, form: dict[str, Any], do: str, expect: int = 200) -> str:
    answer = house.client(who).post(path, {**form, "do": do})
    page = words(answer.content)
    assert answer.status_code == expect, page
    assert not read(answer.content).inline
    house.world.wait("0s")
    return page


def test_a_schedule_is_made_in_a_form(desk: House) -> None:
    """The empty form has a first layer; what is typed becomes a document under a short name, and is shown."""
    form = form_of(desk, "bob", "/schedules/new")
    assert (form["layers"], form["team"], form["l0-start"]) == ("1", "web", "2026-02-23")
    page = send(desk, "bob", "/schedules/new", {**form, **NEW}, "preview")
    assert "This schedule is new" in page
    assert "Somebody is on call all the time" in page
    send(desk, "bob", "/schedules/new", {**form, **NEW}, "save", 303)
    (layer,) = document(desk, "payments-first").layers
    assert (layer.people, layer.handoff, layer.every) == (("ann", "bob"), "Mon 09:00", 1)
    assert "Ann Lee" in words(desk.client("cleo").get("/schedules/payments-first").content)


def test_an_untouched_form_changes_nothing(desk: House) -> None:
    """What is read from the form is what was written into it."""
    before = document(desk)
    form = form_of(desk, "bob", "/schedules/night/edit")
    send(desk, "bob", "/schedules/night/edit", form, "save", 303)
    assert document(desk) == before
    assert document(desk) is before


RICH: dict[str, Any] = {
    "name": "Rich",
    "timezone": "UTC",
    "gap_notice": "3d",
    "layers": [
        {"name": "split", "rotation": "weekly", "handoffs": ["Mon 09:00", "Fri 17:00"], "start": "2026-01-05", "people": ["ann", "bob"]},
        {"name": "second week", "rotation": "weekly", "every": 2, "handoff": "2 Mon 09:00", "start": "2026-01-05", "people": ["ann"]},
        {"name": "fest", "rotation": "daily", "handoff": "9:00", "start": "2026-01-05", "people": ["nobody"], "dates": ["2026-12-24..2026-12-26"]},
        {"name": "monthly", "rotation": "monthly", "handoff": "31 09:00", "start": "2026-01-05", "people": ["dan"], "weekdays": ["Fri-Mon"], "from": "2026-04-01T09:00:00Z", "until": "2026-06-01"},
        {"name": "learn", "rotation": "hourly", "every": 12, "start": "2026-01-05", "people": ["ann", "bob"], "at_once": 2, "shadow": True, "between": ["22:00-06:00", "08:00-09:00"], "timezone": "Asia/Tokyo"},
    ],
}  # fmt: skip


def test_what_the_form_cannot_say_is_kept(desk: House) -> None:
    """Several hand-overs, numbered ones, dates and instants survive a change of something else, and are named."""
    put = desk.client("dan").put("/api/v1/config/documents/schedules/rich", RICH, content_type="application/json")
    assert put.status_code < 300, put.content
    before = document(desk, "rich")
    page = words(desk.client("dan").get("/schedules/rich/edit").content)
    assert "it hands over Mon 09:00, Fri 17:00" in page
    assert "it applies only on 2026-12-24..2026-12-26" in page
    form = form_of(desk, "dan", "/schedules/rich/edit")
    send(desk, "dan", "/schedules/rich/edit", {**form, "description": "told apart"}, "save", 303)
    after = document(desk, "rich")
    assert after.description == "told apart"
    assert after.layers == before.layers
    assert after.gap_notice == before.gap_notice


def test_layers_and_people_come_go_and_move_without_a_script(desk: House) -> None:
    """Each small button answers with the changed form and saves nothing."""
    path = "/schedules/night/edit"
    form = form_of(desk, "bob", path)

    def press(do: str, **more: str) -> dict[str, Any]:
        answer = desk.client("bob").post(path, {**form, **more, "do": do})
        assert answer.status_code == 200
        html = answer.content.decode()
        names = dict(re.findall(r'<input[^>]*name="(l\d-name|layers)"[^>]*value="([^"]*)"', html))
        names |= dict(re.findall(r'name="(l\d-name)" type="text" value="([^"]*)"', html))
        people = re.findall(r'name="(l\d-p\d)">.*?(?:value="(\w+)" selected)?[^"]*?</select>', html)
        return names | {"people": [who for _, who in people]}

    assert press("layer-add")["layers"] == "2"
    assert press("layer-remove:0")["layers"] == "0"
    two = {
        **{key.replace("l0", "l1"): value for key, value in NEW.items() if key[0] == "l"},
        "layers": "2",
        "l1-name": "top",
    }
    moved = press("layer-down:0", **two)
    assert (moved["l0-name"], moved["l1-name"]) == ("top", "weekly")
    assert press("layer-up:99", **two)["l0-name"] == "weekly"
    assert document(desk).layers[0].name == "weekly"
    html = desk.client("bob").post(path, {**form, "do": "person-down:0:0"}).content.decode()
    assert html.index('name="l0-p0"') < html.index('value="bob" selected') < html.index('value="ann" selected')


def test_a_change_is_previewed_before_it_is_saved(desk: House) -> None:
    """Who is paged on which nights instead of whom; the preview writes nothing."""
    form = form_of(desk, "bob", "/schedules/night/edit")
    page = send(desk, "bob", "/schedules/night/edit", {**form, "l0-p1": "dan"}, "preview")
    assert "This change alters who is paged on 48 nights" in page
    assert "Dan Novak instead of Bob Ortiz" in page
    assert document(desk).layers[0].people == ("ann", "bob")


def test_a_change_that_opens_a_gap_takes_save_anyway(desk: House) -> None:
    """It is refused with the gap, shown with what it means, and saved only by the button that says so."""
    form = {**form_of(desk, "bob", "/schedules/night/edit"), "l0-between": "08:00-20:00"}
    page = send(desk, "bob", "/schedules/night/edit", form, "save", 422)
    assert "nobody would be on call from 2026-03-02 20:00" in page.lower()
    assert "Save anyway" in page
    assert "Nobody would be on call" in page
    assert document(desk).layers[0].between == ()
    send(desk, "bob", "/schedules/night/edit", form, "force", 303)
    assert document(desk).layers[0].between == ("08:00-20:00",)


def test_a_change_from_a_day_on_leaves_what_was_before_it(desk: House) -> None:
    """Until that day the old layers hold, from it on the new ones."""
    form = {**form_of(desk, "bob", "/schedules/night/edit"), "l0-p0": "dan", "effective": "2026-03-16"}
    send(desk, "bob", "/schedules/night/edit", form, "save", 303)
    old, fresh = document(desk).layers
    assert (old.name, old.people, str(old.until)) == ("weekly", ("ann", "bob"), "2026-03-16")
    assert (fresh.name, fresh.people, str(fresh.from_)) == ("weekly from 2026-03-16", ("dan", "bob"), "2026-03-16")
    page = words(desk.client("bob").get("/schedules/night?weeks=4").content)
    assert "Dan Novak" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "Give the schedule a name"),
        ({"title": "new"}, "Give the schedule a name"),
        ({"title": "Night"}, "There is a schedule called night already"),
        ({"zone": "Moon/Base"}, "no time zone"),
        ({"team": ""}, "Choose a team"),
        ({"team": "other"}, "Choose a team of a team that you manage"),
        ({"l0-name": ""}, "This must not be empty"),
        ({"l0-every": "0"}, "This must be at least 1"),
        ({"l0-every": "often"}, "a whole number"),
        ({"l0-time": "25:99"}, "no time"),
        ({"l0-start": "soon"}, "date"),
        ({"l0-p0": "", "l0-p1": ""}, "This list is empty"),
        ({"l0-p0": "mallory"}, "mallory"),
        ({"l0-at_once": "3"}, "3 people at once"),
        ({"l0-between": "late"}, "not a window of time"),
        ({"l0-from": "2026-04-01", "l0-until": "2026-03-01"}, "ends before it begins"),
        ({"layers": "0"}, "puts nobody on call"),
    ],
)
def test_a_refused_schedule_says_why(desk: House, change: dict[str, str], said: str) -> None:
    """Each mistake stands in the form with what was typed; nothing is written."""
    page = send(desk, "bob", "/schedules/new", {**NEW, **change}, "save", 422)
    assert "Nothing was saved" in page
    assert said in page
    assert "payments-first" not in configuration.current(db.reader(clock.now())).all("schedules", ScheduleDocument)


def test_who_may_change_a_schedule(desk: House) -> None:
    """Whoever manages its team, and administrators; the others do not see the door."""
    for who, status in (("ann", 403), ("cleo", 403), ("bob", 200), ("dan", 200)):
        assert desk.client(who).get("/schedules/night/edit").status_code == status
        assert desk.client(who).get("/schedules/night/removal").status_code == status
        assert ("Edit" in words(desk.client(who).get("/schedules/night").content)) is (status == 200)
    assert desk.client("bob").get("/schedules/primary/edit").status_code == 403, "it has no team"
    assert desk.client("dan").get("/schedules/none/edit").status_code == 404


def test_nobody_overwrites_what_they_have_not_seen(desk: House) -> None:
    """A form made from an older schedule is refused; a change elsewhere in the configuration does not matter."""
    form = form_of(desk, "bob", "/schedules/night/edit")
    send(desk, "dan", "/schedules/new", NEW, "save", 303)
    send(desk, "bob", "/schedules/night/edit", {**form, "description": "mine"}, "save", 303)
    page = send(desk, "bob", "/schedules/night/edit", {**form, "description": "late"}, "save", 422)
    assert "somebody else changed this schedule meanwhile" in page
    assert document(desk).description == "mine"


def test_what_a_file_manages_is_changed_there(desk: House) -> None:
    """The form names the file and offers no Save; a press all the same is refused."""
    page = words(desk.client("dan").get("/schedules/primary/edit").content)
    assert "is managed by the file" in page
    form = form_of(desk, "dan", "/schedules/primary/edit")
    assert "managed by the file" in send(
        desk, "dan", "/schedules/primary/edit", {**form, "description": "x"}, "save", 422
    )


def test_a_schedule_is_removed_with_care(desk: House) -> None:
    """First what it means; a schedule that a policy pages stays."""
    page = words(desk.client("bob").get("/schedules/night/removal").content)
    assert "This change alters who is paged on" in page
    base = form_of(desk, "bob", "/schedules/night/removal")["base"]
    answer = desk.client("bob").post("/schedules/night/removal", {"base": base})
    assert answer.status_code == 303, words(answer.content)
    assert desk.client("bob").get("/schedules/night").status_code == 404
    base = form_of(desk, "dan", "/schedules/primary/removal").get("base", "0")
    refused = desk.client("dan").post("/schedules/primary/removal", {"base": base})
    assert refused.status_code == 422
    assert "Nothing was saved" in words(refused.content)


def test_a_schedule_from_a_calendar_keeps_its_address(desk: House) -> None:
    """Its name changes in the form; its secret address is neither shown nor lost."""
    body = {"name": "Feed", "timezone": "UTC", "ical": {"url": "https://cal.example/secret.ics"}}
    put = desk.client("dan").put("/api/v1/config/documents/schedules/feed", body, content_type="application/json")
    assert put.status_code < 300
    page = desk.client("dan").get("/schedules/feed/edit").content.decode()
    assert "cal.example" not in page
    form = form_of(desk, "dan", "/schedules/feed/edit")
    send(desk, "dan", "/schedules/feed/edit", {**form, "title": "Renamed"}, "save", 303)
    held = document(desk, "feed")
    assert held.name == "Renamed"
    assert held.ical is not None
    assert held.ical.url == "https://cal.example/secret.ics"
