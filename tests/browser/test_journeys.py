"""What people do, in a real browser: at a desk, on a phone, by keyboard only, without scripts, on a bad line."""

from __future__ import annotations

import re
from typing import Any

from house import PASSWORD
from serving import Served
from tocsin.kit import clock
from tocsin.kit.installation import link_signer

TAP_PX_MIN = 44


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def test_somebody_signs_in_and_sees_what_is_wrong(visits: Any, served: Served) -> None:
    """By keyboard alone: address, Tab, password, Enter; the first heading says how things stand."""
    visits.give_password("ann")
    served.trouble("the till is stuck")
    page = visits.open("/groups?status=open")
    page.locator("#id_login:focus").wait_for()
    page.keyboard.type("ann@acme.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/groups?status=open")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url(f"{served.url}/")
    assert "in nobody’s hands" in page.locator("h1").inner_text()
    see(page, "the till is stuck")


def test_one_tap_on_the_link_in_a_message(visits: Any, served: Served) -> None:
    """Woken at three, not signed in: the link shows what it is, one tap takes it, nothing else is asked."""
    number = served.trouble("disk of db1 is full")
    pages = served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"], "cleo")["pages"]
    token = link_signer().sign(f"page:{pages[0]['id']}", clock.now().replace(year=2099))
    page = visits.open(f"/a/{token}", size="phone")
    button = page.get_by_role("button", name="Acknowledge as Cleo Adeyemi")
    box = button.bounding_box()
    assert box["height"] >= TAP_PX_MIN
    assert box["y"] + box["height"] / 2 > 844 / 2, "a thumb reaches the lower half"
    button.tap()
    see(page, "You have it, Cleo Adeyemi")
    assert served.api("ann", "GET", f"/groups/{number}").body["acknowledged_by"] == "person:cleo"


def test_one_tap_takes_all_that_a_message_tells_of(visits: Any, served: Served) -> None:
    """The button stays under the thumb however long the list is; what Ann has by then stays hers and is said so."""
    numbers = [served.trouble(f"pump {number} has stopped") for number in range(9)]
    path = served.link(*numbers)
    served.api("ann", "POST", f"/groups/{numbers[0]}/acknowledgement")
    page = visits.open(path, size="phone")
    button = page.get_by_role("button", name="Acknowledge all 8 as Cleo Adeyemi")
    box = button.bounding_box()
    assert box["height"] >= TAP_PX_MIN
    assert 844 / 2 < box["y"] < 844 - TAP_PX_MIN, "a thumb reaches the lower half"
    page.keyboard.press("Tab")
    assert button.evaluate("(one) => one === document.activeElement"), "the first stop of the keyboard"
    button.tap()
    see(page, "You have 8 of 9, Cleo Adeyemi")
    see(page, "Ann Lee has it")
    who = [served.api("ann", "GET", f"/groups/{number}").body["acknowledged_by"] for number in numbers]
    assert who == ["person:ann"] + ["person:cleo"] * 8


def test_a_group_is_answered_on_a_phone(visits: Any, served: Served) -> None:
    """The main button stays under the thumb however far one reads, and every button is big enough."""
    number = served.trouble("queue grows")
    page = visits.open(f"/groups/{number}", who="cleo", size="phone")
    see(page, "What happens next")
    page.mouse.wheel(0, 2000)
    for button in page.locator(".actbar button, .actbar summary").all():
        if not button.is_visible():
            continue  # inside a closed menu
        box = button.bounding_box()
        assert box["height"] >= TAP_PX_MIN
        assert box["width"] >= TAP_PX_MIN
        assert box["x"] + box["width"] <= 390
    page.get_by_role("button", name="Acknowledge").tap()
    see(page, "You have")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_night_by_keyboard_only(visits: Any, served: Served) -> None:
    """From the list to the group, acknowledge, note, resolve, and back, without touching a mouse."""
    number = served.trouble("replica lags")
    page = visits.open("/groups?status=open&q=replica", who="cleo")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/groups/{number}")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("a")
    see(page, "You have it now")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("c")
    page.keyboard.type("resyncing all of it")  # its letters are no shortcuts
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    see(page, "resyncing all of it")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("r")
    see(page, "It is over")
    page.locator("html.scripted").wait_for()
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/groups")


def test_an_open_page_follows_what_happens_elsewhere(visits: Any, served: Served) -> None:
    """A group that opens, is taken and is resolved by others shows by itself, and a half-written note stays."""
    page = visits.open("/", who="ann")
    page.locator(".live[data-state=live]").wait_for()
    number = served.trouble("cache is cold")
    see(page, "cache is cold")
    page.get_by_role("link", name="cache is cold").click()
    page.locator(".live[data-state=live]").wait_for()
    page.locator("#note-text").fill("half a note")
    page.locator("#more-signals summary").click()
    served.api("cleo", "POST", f"/groups/{number}/acknowledgement")
    see(page, "Cleo Adeyemi has")
    assert page.locator("#note-text").input_value() == "half a note"
    assert page.locator("#more-signals").get_attribute("open") is not None
    served.api("cleo", "POST", f"/groups/{number}/resolution")
    see(page, "resolved by")


def test_a_broken_line_is_said_and_mended(visits: Any, served: Served) -> None:
    """Without a connection the page says how old it is; when it is back it shows what was missed."""
    number = served.trouble("certificate ends soon")
    page = visits.open(f"/groups/{number}", who="ann")
    page.locator(".live[data-state=live]").wait_for()
    page.context.set_offline(True)
    page.locator(".live[data-state=lost]").wait_for(timeout=20_000)
    see(page, "Offline: this is from")
    served.api("cleo", "POST", f"/groups/{number}/acknowledgement")
    page.context.set_offline(False)
    page.locator(".live[data-state=live]").wait_for(timeout=20_000)
    see(page, "Cleo Adeyemi has")
    of_the_line = ("htmx:sendError", "htmx:afterRequest", "Failed to load resource: net::ERR_INTERNET_DISCONNECTED")
    visits.complaints = [one for one in visits.complaints if not one.startswith(of_the_line)]


def test_the_essential_works_without_scripts(visits: Any, served: Served) -> None:
    """Sign in, read, acknowledge, snooze, resolve: plain forms and links are enough."""
    visits.give_password("cleo")
    number = served.trouble("mail is late")
    page = visits.open(f"/groups/{number}", java_script_enabled=False, size="phone")
    page.fill("#id_login", "cleo@acme.example")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/groups/{number}")
    page.get_by_role("button", name="Acknowledge").click()
    see(page, "You have it now")
    page.locator("#act-snooze").click()
    page.get_by_role("button", name="30 minutes").click()
    see(page, "Snoozed\\.")
    page.get_by_role("button", name="Resolve").click()
    see(page, "It is over")
    assert not page.locator(".js-only").first.is_visible()


def test_a_message_in_the_inbox_is_answered_there(visits: Any, served: Served) -> None:
    """The newest message stands on top with its button; one press and somebody has it."""
    number = served.trouble("sensor is silent")
    served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"], "cleo")
    page = visits.open("/inbox", who="cleo")
    see(page, "sensor is silent")
    page.get_by_role("button", name=f"Acknowledge AG-{number}").click()
    see(page, "You have it now")


def test_what_the_documentation_says_to_type_is_copied(visits: Any, served: Served) -> None:
    """A press copies the block, for a stranger and for somebody signed in, also where plain http offers no clipboard."""
    for who, clipboard in (("", True), ("ann", True), ("ann", False)):
        page = visits.open("/docs/tutorial/first-page", who=who)
        if not clipboard:
            page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
            page.reload()
        page.get_by_role("button", name="Copy: tocsin check tocsin.yaml").click()
        page.get_by_text("Copied", exact=True).wait_for()
        page.focus("#manual-q")
        page.keyboard.press("Control+V")
        assert page.input_value("#manual-q") == "tocsin check tocsin.yaml"
