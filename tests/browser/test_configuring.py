"""What people do with the configuration in a real browser: break it, see the line, mend it, go back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from serving import Served


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def policy(served: Served, name: str, wait: str = "5m") -> None:
    """A policy that no file manages."""
    body = {"name": name.title(), "steps": [{"page": ["person:cleo"], "wait": wait}], "last_resort": ["person:ann"]}
    assert served.api("ann", "PUT", f"/config/documents/policies/{name}", body).status == 200


def wait_of(served: Served, name: str) -> str:
    found = served.api("ann", "GET", f"/config/documents/policies/{name}").body["document"]
    return str(found["steps"][0]["wait"])


def test_a_mistake_is_shown_at_its_line_while_one_types(
    visits: Any, served: Served, screenshot: Callable[[Any, str], None]
) -> None:
    """By keyboard: break a line, see which, go there, mend it, plan, apply."""
    policy(served, "mendable")
    page = visits.open("/configuration/edit/policies/mendable", who="ann")
    page.locator(".gutter span").first.wait_for()
    text = page.locator("#content")
    written = text.input_value()
    line = 1 + written[: written.index("5m")].count("\n")
    text.fill(written.replace("5m", "soon"))
    page.locator(f"#problems [data-line='{line}']").wait_for()
    see(page, "is not a duration")
    assert page.locator(".gutter .wrong-line").all_inner_texts() == [str(line)]
    screenshot(page, "editor-wrong-desk-light")
    page.locator("#problems a").focus()
    page.keyboard.press("Enter")
    chosen = text.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)")
    assert "soon" in chosen
    page.keyboard.type(chosen.replace("soon", "9m"))
    see(page, "Nothing wrong so far")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "plan"
    page.keyboard.press("Enter")
    see(page, r"waits 9m \(was 5m\)")
    assert wait_of(served, "mendable") == "5m"
    screenshot(page, "editor-plan-desk-light")
    page.get_by_label("Why").fill("five minutes were too short")
    page.get_by_role("button", name="Apply").press("Enter")
    see(page, "holds: policy mendable")
    assert wait_of(served, "mendable") == "9m"


def test_tab_indents_and_lets_go(visits: Any, served: Served) -> None:
    """Tab writes two spaces, Shift+Tab takes them, and after Esc it leads on, so that nobody is trapped."""
    policy(served, "indented")
    page = visits.open("/configuration/edit/policies/indented", who="ann")
    page.locator(".gutter span").first.wait_for()
    text = page.locator("#content")
    text.fill("name: x\nsteps:")
    page.keyboard.press("Tab")
    assert text.input_value() == "name: x\nsteps:  "
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    assert text.input_value() == "name: x\n  steps:  "
    page.keyboard.press("Shift+Tab")
    assert text.input_value() == "name: x\nsteps:  "
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") != "content"


def test_going_back_to_an_earlier_version(visits: Any, served: Served) -> None:
    """From the history: what it would do, then one press."""
    policy(served, "returning", "5m")
    policy(served, "returning", "45m")
    page = visits.open("/configuration/history", who="ann", size="phone")
    page.get_by_role("link", name=re.compile("Go back to version")).first.tap()
    see(page, r"waits 5m \(was 45m\)")
    page.get_by_role("button", name="Go back").tap()
    see(page, "holds: policy returning")
    assert wait_of(served, "returning") == "5m"


def test_the_editor_works_without_scripts(visits: Any, served: Served) -> None:
    """Plan and Apply are plain presses."""
    policy(served, "plain")
    page = visits.open("/configuration/edit/policies/plain", who="ann", java_script_enabled=False)
    page.locator("#content").fill(page.locator("#content").input_value().replace("5m", "6m"))
    page.get_by_role("button", name="Plan").click()
    see(page, r"waits 6m \(was 5m\)")
    page.get_by_role("button", name="Apply").click()
    see(page, "holds: policy plain")
    assert wait_of(served, "plain") == "6m"


def test_a_policy_is_changed_by_keyboard_only(
    visits: Any, served: Served, screenshot: Callable[[Any, str], None]
) -> None:
    """From the list to the form: a step is added, somebody picked, the step moved up, the wait changed, saved."""
    policy(served, "keyed")
    page = visits.open("/policies", who="ann")
    page.get_by_role("link", name="Keyed").focus()
    page.keyboard.press("Enter")
    see(page, "If something broke now")
    page.get_by_role("link", name="Change").focus()
    page.keyboard.press("Enter")
    page.locator("#add-step").focus()
    page.keyboard.press("Enter")
    page.locator("#add-1:focus").wait_for()
    page.keyboard.type("Dan")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Person: Dan Novak").wait_for()
    page.locator("#up-1").focus()
    page.keyboard.press("Enter")
    page.locator("#down-0:focus").wait_for()
    page.locator("#wait-0").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    see(page, "is not a duration")
    screenshot(page, "policy-form-wrong-desk-light")
    visits.complaints = [one for one in visits.complaints if "422" not in one]
    page.locator("#wait-0").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("3m")
    page.keyboard.press("Enter")
    see(page, "Saved: policy keyed")
    steps = served.api("ann", "GET", "/config/documents/policies/keyed").body["document"]["steps"]
    assert steps == [{"page": ["person:dan"], "wait": "3m"}, {"page": ["person:cleo"], "wait": "5m"}]


def test_what_would_happen_at_three(visits: Any, served: Served, screenshot: Callable[[Any, str], None]) -> None:
    """From the integration: a press, and the answer has who is woken when and how."""
    page = visits.open("/integrations/checkout-events", who="cleo", size="phone")
    page.get_by_role("link", name="What if it came at 03:00?").tap()
    page.get_by_role("button", name="What would happen?").tap()
    see(page, "A new group opens")
    see(page, "If nobody answers")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "what-if-answer-phone-light")
    page.set_viewport_size({"width": 1440, "height": 900})
    screenshot(page, "what-if-answer-desk-light")


def test_what_a_form_would_change_is_shown_before_it_is_saved(
    visits: Any, served: Served, screenshot: Callable[[Any, str], None]
) -> None:
    """By keyboard: another wait, asked what that changes, and then saved."""
    policy(served, "asked")
    service = {"name": "Ledger", "team": "shop", "policy": "asked"}
    assert served.api("ann", "PUT", "/config/documents/services/ledger", service).status == 200
    page = visits.open("/policies/asked/edit", who="ann")
    page.get_by_label("Wait for an answer").first.fill("12m")
    page.get_by_role("button", name="What it would change").press("Enter")
    see(page, "Who would be paged differently")
    see(page, r"Ledger, high urgency, at every time tried: before Cleo Adeyemi, then Ann Lee after 5m")
    screenshot(page, "policy-preview-desk-light")
    page.set_viewport_size({"width": 390, "height": 844})
    screenshot(page, "policy-preview-phone-light")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert wait_of(served, "asked") == "5m"
    page.get_by_role("button", name="Save", exact=True).press("Enter")
    page.get_by_text("Saved: policy asked").first.wait_for()
    assert wait_of(served, "asked") == "12m"
