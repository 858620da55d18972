"""What is essential works with scripts switched off: plain links, plain forms, menus that the browser opens itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from house import PASSWORD
from serving import Served
from tocsin.kit import clock

REFUSED = "status of 422"  # a browser notes it of every form that is shown again


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def arrive(visits: Any, who: str, path: str = "/") -> Any:
    """Somebody signs in on a phone with a browser that runs no scripts."""
    visits.give_password(who)
    page = visits.open(path, java_script_enabled=False, size="phone")
    page.fill("#id_login", f"{who}@acme.example")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_one_finds_a_group_and_reads_what_came_and_why(visits: Any, served: Served) -> None:
    """From the list by a search to the group, to the reasons, to the raw signal."""
    number = served.trouble("the shredder jams")
    page = arrive(visits, "cleo", "/groups")
    page.wait_for_url("**/groups")
    page.fill("[data-search]", "shredder")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="the shredder jams").click()
    page.wait_for_url(f"**/groups/{number}*")
    see(page, "What happens next")
    page.locator("#more-signals summary").click()
    page.locator("a[href^='/signals/']").first.click()
    page.wait_for_url("**/signals/*")
    see(page, "the shredder jams")


def test_one_goes_everywhere_by_the_menu(visits: Any, served: Served) -> None:
    """Every place of the bar and behind it opens from the menu."""
    page = arrive(visits, "ann")
    page.locator("h1").wait_for()
    page.locator("#menu-more > summary").click()
    links = [one.get_attribute("href") for one in page.locator(".places a").all()]
    assert len(links) > 8
    page.locator("#menu-more a", has_text="Documentation").click()
    page.wait_for_url("**/docs")
    for link in links:
        page.goto(link)
        assert page.locator("h1").first.inner_text()


def test_one_silences_and_ends_it(visits: Any, served: Served) -> None:
    """A silence is made with a form, shows, and is ended with a press; a matcher that is none is told at the form."""
    page = arrive(visits, "cleo", "/silences")
    page.wait_for_url("**/silences")
    page.fill("#matchers", "nonsense")
    page.fill("#comment", "painting the server room")
    page.get_by_role("button", name="Silence", exact=True).click()
    page.locator("#wrong").wait_for()
    assert page.locator("#comment").input_value() == "painting the server room"
    page.fill("#matchers", 'alertname="Fumes"')
    page.get_by_role("button", name="Silence", exact=True).click()
    see(page, "painting the server room")
    page.get_by_role("button", name=re.compile("^End silence")).first.click()
    page.locator(".rows", has_text="painting the server room").wait_for(state="detached")
    visits.complaints = [one for one in visits.complaints if REFUSED not in one]


def test_one_takes_over_a_shift(visits: Any, served: Served) -> None:
    """An override is previewed, made, and shows on the schedule; a field that is wrong says so."""
    page = arrive(visits, "ann", "/schedules/first/override")
    page.wait_for_url("**/schedules/first/override")
    day = clock.now() + timedelta(days=3)
    page.fill("#from", f"{day:%Y-%m-%d}T18:00")
    page.fill("#to", f"{day:%Y-%m-%d}T10:00")
    page.select_option("#into", "cleo")
    page.get_by_role("button", name="Make the override").click()
    page.locator("#to-wrong").wait_for()
    page.fill("#to", f"{day:%Y-%m-%d}T22:00")
    page.fill("#reason", "Dentist")
    page.get_by_role("button", name="Preview").click()
    page.locator("[aria-labelledby=preview-title]", has_text="Cleo Adeyemi").wait_for()
    page.get_by_role("button", name="Make the override").click()
    page.wait_for_url(re.compile(r"/schedules/first($|\?)"))
    made = served.api("ann", "GET", "/overrides?schedule=first")
    assert "Dentist" in str(made.body), made
    visits.complaints = [one for one in visits.complaints if REFUSED not in one]


def test_the_documentation_reads_without_scripts(visits: Any, served: Served) -> None:
    """Contents, search and pages are plain links and a form, on a phone, for a stranger."""
    page = visits.open("/docs", java_script_enabled=False, size="phone")
    page.locator(".manual-contents > summary").click()
    page.locator(".manual-contents a", has_text="Send from Grafana").click()
    page.wait_for_url("**/docs/howto/grafana")
    page.fill("#manual-q", "heartbeat")
    page.keyboard.press("Enter")
    page.wait_for_url("**/docs?q=heartbeat")
    assert page.locator("mark").count()
