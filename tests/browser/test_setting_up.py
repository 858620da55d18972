"""Setting up and finding again, in a real browser: nothing but the pages themselves says what to do."""

from __future__ import annotations

import re
from typing import Any

from serving import Served


def see(page: Any, words: str) -> None:
    page.get_by_text(re.compile(words)).first.wait_for()


def test_from_a_new_service_to_a_page_that_is_answered(visits: Any, served: Served) -> None:
    """A service, its policy, its integration with a key to copy, a test alert, a page, an answer: eight presses."""
    page = visits.open("/services", who="ann")
    page.get_by_role("link", name="Add a service").click()
    page.get_by_label("Name").fill("Gift cards")
    page.get_by_label("Team that owns it").select_option("shop")
    page.get_by_label("Escalation policy").select_option("shop")
    page.get_by_role("button", name="Add the service").click()
    page.get_by_role("heading", name="Gift cards").wait_for()
    see(page, "Nothing tells Tocsin of its problems yet")
    page.get_by_role("link", name="Add", exact=True).click()
    page.get_by_role("link", name="Anything that posts JSON").click()
    page.get_by_role("button", name="Make it").click()
    code = page.locator("#recipe-1").inner_text()
    key = re.search(r"/in/generic/([0-9a-f]{32})", code)
    assert key, code
    page.get_by_role("button", name="Send a test alert").click()
    see(page, "Taken in and opened")
    page.get_by_role("link", name="See who is paged").click()
    see(page, "Cleo Adeyemi")
    page.get_by_role("button", name="Acknowledge").click()
    see(page, "You have it now")
    body = {"title": "Gift cards are refused", "dedup_key": "gift"}
    assert served.call("", "POST", f"/in/generic/{key[1]}", body).status < 300
    page.goto("/setup")
    see(page, "Answered")


def test_a_group_is_found_by_person_and_time_and_the_search_is_kept(visits: Any, served: Served) -> None:
    """Choosing a person narrows the list at once; the search gets a name and is one press away afterwards."""
    number = served.trouble("the printer burns")
    served.api("bob", "POST", f"/groups/{number}/acknowledgement")
    page = visits.open("/groups?status=all", who="bob")
    page.locator("html.scripted").wait_for()
    page.locator("select[name=person]").select_option("bob")
    page.wait_for_url("**person=bob**")
    see(page, "the printer burns")
    page.get_by_text("Keep this search").click()
    page.get_by_placeholder("What to call it").fill("What I had")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("link", name="What I had").wait_for()
    page.goto("/groups")
    page.get_by_role("link", name="What I had").click()
    see(page, "the printer burns")
    page.locator("input[name=to]").fill("2001-01-01")
    page.get_by_role("button", name="Search").click()
    see(page, "No alert group fits")
