"""What people do, with nothing but a keyboard: every control is reached by Tab, seen to be focused, and pressed."""

from __future__ import annotations

import re
from typing import Any

from serving import Served

TABS_MAX = 120


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def reach(page: Any, selector: str) -> None:
    """Press Tab until the control has the focus; it must show that it has."""
    wanted = page.locator(selector).first
    wanted.wait_for()
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            shown = wanted.evaluate(
                "one => { const s = getComputedStyle(one); return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
            )
            assert shown, f"{selector} does not show that it has the focus"
            return
    raise AssertionError(f"{selector} cannot be reached with Tab")


def ready(page: Any) -> None:
    """Shortcuts work from now on."""
    page.locator("html.scripted").wait_for()


def go(page: Any, key: str, url: str) -> None:
    """By the shortcut for a place."""
    ready(page)
    page.keyboard.press("g")
    page.keyboard.press(key)
    page.wait_for_url(url)
    ready(page)


def test_a_group_is_found_and_its_reasons_read(visits: Any, served: Served) -> None:
    """`/` searches; Enter opens; Tab reaches the reasons and the raw signal."""
    number = served.trouble("the parrot repeats itself")
    page = visits.open("/", who="cleo")
    ready(page)
    page.keyboard.press("/")
    page.wait_for_url("**/groups?find")
    page.locator("[data-search]:focus").wait_for()
    page.keyboard.type("parrot")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=parrot**")
    ready(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/groups/{number}")
    reach(page, "#more-signals summary")
    page.keyboard.press("Enter")
    reach(page, "a[href^='/signals/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signals/*")
    see(page, "the parrot repeats itself")


def test_something_is_silenced(visits: Any, served: Served) -> None:
    """From anywhere by its shortcut, through the form, and ended again."""
    page = visits.open("/", who="cleo")
    go(page, "s", "**/silences")
    reach(page, "#matchers")
    page.keyboard.type('alertname="Parrot"')
    reach(page, "#comment")
    page.keyboard.type("it is asleep now")
    page.keyboard.press("Enter")
    row = page.locator(".rows > li", has_text="it is asleep now")
    row.wait_for()
    reach(page, ".rows > li:has-text('it is asleep now') button")
    page.keyboard.press("Enter")
    row.wait_for(state="detached")


def test_a_service_is_set_up(visits: Any, served: Served) -> None:
    """By its shortcut to the services, the form, and the integration with its address to paste."""
    page = visits.open("/", who="ann")
    go(page, "v", "**/services")
    reach(page, "a[href='/services/new']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/new")
    reach(page, "#field-title")
    page.keyboard.type("Warehouse")
    reach(page, "#field-team")
    page.keyboard.type("Shop")
    reach(page, "form.narrow button.primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/services/warehouse**")
    see(page, "Warehouse")


def test_the_menu_opens_and_closes(visits: Any, served: Served) -> None:
    """Enter opens what is behind More, Escape closes it and gives the focus back."""
    page = visits.open("/", who="ann")
    ready(page)
    reach(page, "#menu-more > summary")
    page.keyboard.press("Enter")
    page.locator("#menu-more[open]").wait_for()
    reach(page, "#menu-more a[href='/docs']")
    page.keyboard.press("Escape")
    page.locator("#menu-more:not([open])").wait_for()
    assert page.evaluate("document.activeElement.parentElement.id") == "menu-more"


def test_a_policy_is_changed(visits: Any, served: Served) -> None:
    """From the list of policies: the wait of the first step becomes another, and the policy says so."""
    body = {"name": "Keys", "steps": [{"page": ["person:cleo"], "wait": "5m"}], "last_resort": ["person:ann"]}
    assert served.api("ann", "PUT", "/config/documents/policies/keys", body).status == 200
    page = visits.open("/", who="ann")
    go(page, "p", "**/policies")
    reach(page, "a[href^='/policies/keys']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/policies/keys**")
    reach(page, "a[href^='/policies/keys/']")
    page.keyboard.press("Enter")
    page.locator("#wait-0").wait_for()
    reach(page, "#wait-0")
    page.keyboard.press("Control+a")
    page.keyboard.type("7m")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/policies/keys$"))
    found = served.api("ann", "GET", "/config/documents/policies/keys").body["document"]
    assert str(found["steps"][0]["wait"]) == "7m"


def test_a_shift_is_taken_over(visits: Any, served: Served) -> None:
    """On a schedule's page: an override for a colleague, previewed, without a mouse."""
    page = visits.open("/schedules/first", who="ann")
    ready(page)
    reach(page, "a[href^='/schedules/first/override']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/schedules/first/override**")
    ready(page)
    reach(page, "#into")
    page.keyboard.type("Cleo")
    reach(page, "#reason")
    page.keyboard.type("Her birthday is over")
    reach(page, "button[value=preview]")
    page.keyboard.press("Enter")
    page.locator("[aria-labelledby=preview-title]", has_text="Cleo Adeyemi").wait_for()
    reach(page, "button[value=make]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/schedules/first($|\?)"))
    assert "Her birthday is over" in str(served.api("ann", "GET", "/overrides?schedule=first").body)
