"""What stands around every page: where one can go, in an order, each by a key of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from house import House, words
from tocsin import people
from tocsin.journal import store as journal
from tocsin.kit import clock, db
from tocsin.site import frame
from tocsin.web import pages
from world import disk_full

ALL = (*frame.PLACES, *frame.MORE, *frame.MANAGERS, *frame.NEW, *frame.ADMINISTRATORS)
PLACES_MAX = 5  # and the press that shows the others: what a phone's bar can hold


def test_every_place_has_a_key_of_its_own() -> None:
    """No letter leads to two places, and none is the one for the account."""
    keys = [key for _, _, _, key, _ in ALL]
    assert len(keys) == len(set(keys))
    assert "m" not in keys
    assert all(len(key) == 1 for key in keys)
    assert len(frame.PLACES) <= PLACES_MAX


def test_what_is_behind_one_press_is_in_parts(house: House) -> None:
    """Each heading stands once, over what belongs to it; what is for administrators is shown to them alone."""
    page = house.client("dan").get("/")
    box = page.content.decode().split('id="menu-more"')[1].split("</details>")[0]
    told = words(box.encode())
    places = [told.index(title) for title, _ in frame.PARTS]
    assert places == sorted(places)
    assert all(told.count(title) == 1 for title, _ in frame.PARTS)
    assert told.index("Silences") < told.index(frame.PARTS[1][0]) < told.index("Integrations")
    assert told.index("Documentation") > told.index(frame.PARTS[2][0])
    assert "People" in told
    assert "People" not in words(house.client("cleo").get("/").content).split("Day to day")[1].split("Documentation")[0]


def test_what_happens_while_a_page_is_made_is_told_to_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem opens between a page's reading and its writing: the page does not claim to show it, so it is told."""
    make = pages.render

    def late(*args: Any, **more: Any) -> Any:
        house.world.at("1s").receive(disk_full)
        return make(*args, **more)

    monkeypatch.setattr(pages, "render", late)
    ann = house.client("ann")
    before = _seen(ann.get("/me").content)
    opened = journal.complete_to(db.reader(clock.now()))
    assert before < opened
    monkeypatch.undo()
    assert _seen(ann.get("/me").content) == opened


def test_without_a_database_each_door_says_so_in_its_own_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is signed in asks a program's door: it answers as programs are answered, not with a page."""

    def away(_: Any) -> int:
        raise OperationalError("it is away")

    ann = house.client("ann")
    monkeypatch.setattr(journal, "complete_to", away)
    assert ann.get("/-/healthy").status_code == 200
    assert ann.get("/api/v1/me").json()["person"] == "ann"
    assert _seen(ann.get("/me").content) == 0, "told at once of all there is"


def test_no_button_that_needs_a_script_can_be_pressed_before_it_runs() -> None:
    """A press on it would do nothing, and say nothing: it is hidden until passkeys.js listens to it."""
    buttons = [
        tag
        for template in Path(people.__file__).parent.rglob("*.html")
        for tag in re.findall(r"<button[^>]*data-passkey[^>]*>", template.read_text())
    ]
    assert buttons
    assert all(tag.endswith(" hidden>") for tag in buttons)


def _seen(page: bytes) -> int:
    return int(page.split(b'data-seen="')[1].split(b'"')[0])
