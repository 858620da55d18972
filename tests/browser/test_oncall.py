"""What people do with schedules: override by dragging and by keyboard, swap, change a rotation, all of it without scripts too."""

from __future__ import annotations

import re
from typing import Any

import pytest

from serving import Served

ROTA = {
    "name": "Rota",
    "timezone": "UTC",
    "team": "shop",
    "layers": [
        {"name": "daily", "rotation": "daily", "handoff": "09:00", "start": "2026-01-05", "people": ["ann", "bob"]}
    ],
}
TAP_PX_MIN = 44


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def rota(served: Served, name: str) -> str:
    """A schedule of one's own for a journey."""
    put = served.api("ann", "PUT", f"/config/documents/schedules/{name}", {**ROTA, "name": name.title()})
    assert put.status < 300, put.body
    return f"/schedules/{name}"


def overrides(served: Served, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.api("ann", "GET", f"/overrides?schedule={name}").body["overrides"]
    return found


def test_an_override_by_dragging(visits: Any, served: Served) -> None:
    """A span drawn over the line is what stands in the form; the preview says who changes; one press makes it."""
    page = visits.open(f"{rota(served, 'dragged')}?weeks=1", who="ann")
    band = page.locator("[data-selects][tabindex]")
    box = band.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 2 / 7, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 2.5 / 7, box["y"] + 12, steps=5)
    assert page.locator(".selecting").is_visible()
    page.mouse.move(box["x"] + box["width"] * 3 / 7, box["y"] + 12, steps=5)
    page.mouse.up()
    page.wait_for_url("**/override?from=*")
    start, end = page.locator("#from").input_value(), page.locator("#to").input_value()
    assert start.endswith("T00:00")
    assert end.endswith("T00:00")
    assert start < end
    page.locator("#into").select_option("cleo")
    page.locator("#reason").fill("exam")
    page.get_by_role("button", name="Preview", exact=True).click()
    see(page, "instead of (Ann Lee|Bob Ortiz)")
    assert page.locator("#reason").input_value() == "exam"
    assert overrides(served, "dragged") == []
    page.get_by_role("button", name="Make the override").click()
    see(page, "The override counts")
    (made,) = overrides(served, "dragged")
    assert (made["person_in"], made["person_out"], made["reason"]) == ("cleo", "*", "exam")
    assert made["start"][:16] == start
    page.get_by_role("button", name="Cancel the override").click()
    see(page, "does not count any more")


def test_an_override_by_keyboard(visits: Any, served: Served) -> None:
    """The line is reached by Tab, arrows choose, Shift extends, Enter leads to the form, and on from there."""
    page = visits.open(f"{rota(served, 'typed')}?weeks=1", who="ann")
    page.locator("[data-selects][tabindex]").focus()
    page.keyboard.press("PageDown")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    see(page, "Enter makes an override")
    page.keyboard.press("Enter")
    page.wait_for_url("**/override?from=*")
    page.locator("#reason").focus()
    page.keyboard.type("dentist")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    see(page, "The override counts")
    (made,) = overrides(served, "typed")
    assert made["reason"] == "dentist"


def test_a_shift_is_offered_and_taken(visits: Any, served: Served) -> None:
    """Ann offers from her own page, Bob takes it on his phone with one thumb; the schedule says so."""
    path = rota(served, "swapped")
    page = visits.open(path, who="ann")
    page.get_by_role("link", name="Offer it").last.click()
    page.locator("#to").select_option("bob")
    page.locator("#message").fill("my sister's wedding")
    page.get_by_role("button", name="Offer it").click()
    see(page, "Whoever could take it is told")
    phone = visits.open(page.url, who="bob", size="phone")
    button = phone.get_by_role("button", name=re.compile("Take it"))
    assert button.bounding_box()["height"] >= TAP_PX_MIN
    button.tap()
    see(phone, "The shift is yours")
    page.goto(path)
    see(page, "Bob Ortiz instead of Ann Lee")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_rotation_is_changed_with_a_preview(visits: Any, served: Served, scripts: bool) -> None:
    """A second layer is added, previewed, and saved; a change that leaves nobody takes Save anyway. Scripts or not."""
    name = "changed" if scripts else "plain"
    path = rota(served, name)
    page = visits.open(f"{path}/edit", who="bob", java_script_enabled=scripts)
    page.get_by_role("button", name="Add a layer").click()
    page.locator("#field-l1-name").fill("weekend")
    page.locator("#l1-p0").select_option("cleo")
    page.locator("#more-limits-1 summary").click()
    page.locator("#field-l1-weekdays").get_by_label("Sat").check()
    page.get_by_role("button", name="Preview", exact=True).click()
    see(page, "This change alters who is paged on")
    see(page, "Cleo Adeyemi.*instead of|instead of (Ann Lee|Bob Ortiz)")
    page.get_by_role("button", name="Save", exact=True).click()
    see(page, "Saved\\.")
    held = served.api("ann", "GET", f"/config/documents/schedules/{name}").body["document"]
    assert [layer["name"] for layer in held["layers"]] == ["daily", "weekend"]
    page.goto(f"{path}/edit")
    page.locator("#more-limits-0 summary").click()
    page.locator("#field-l0-between").fill("08:00-20:00")
    page.get_by_role("button", name="Save", exact=True).click()
    see(page, "Nothing was saved")
    see(page, "Nobody would be on call")
    page.get_by_role("button", name="Save anyway").click()
    see(page, "Saved\\.")
    visits.complaints = [one for one in visits.complaints if "422" not in one]


def test_on_call_on_a_phone(visits: Any, served: Served) -> None:
    """Instead of a squeezed chart there is a list by day; nothing is wider than the screen."""
    rota(served, "phoned")
    page = visits.open("/oncall", who="ann", size="phone")
    see(page, "Now")
    assert not page.locator(".chart").is_visible()
    assert page.locator(".agenda-list li").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#mine").select_option("1")
    page.wait_for_url("**mine=1**")
    assert page.locator(".agenda-list").first.is_visible()
