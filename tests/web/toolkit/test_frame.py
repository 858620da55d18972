"""What stands around every page: where one can go, in an order, each by a key of its own."""

from __future__ import annotations

from house import House, words
from tocsin.site import frame

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
