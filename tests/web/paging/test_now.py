"""The home screen and the inbox."""

from __future__ import annotations

from house import House, words
from world import disk_full, trigger


def now(house: House, who: str = "ann") -> str:
    return words(house.client(who).get("/").content)


def test_a_quiet_house_says_so(house: House) -> None:
    """With nothing open the first words are that all is quiet, and what to do with a new installation."""
    page = now(house)
    assert "All quiet" in page
    assert "Tocsin is listening" in page


def test_what_is_in_nobody_s_hands_comes_first(house: House) -> None:
    """Open groups stand above acknowledged ones, urgent ones above the others, each with who is paged next."""
    house.world.route('host="slow"', urgency="low")
    house.world.receive(trigger("one is taken"))
    house.world.acknowledge(by="bob")
    house.world.receive(trigger("queue is long", host="slow"))
    house.world.receive(disk_full)
    house.world.wait("1m").receive(trigger("queue is longer", host="slow"))
    page = now(house)
    assert "3 alert groups in nobody’s hands" in page
    assert page.index("disk full") < page.index("queue is longer") < page.index("queue is long ")
    assert page.index("queue is long ") < page.index("Acknowledged") < page.index("one is taken")
    assert "Bob Ortiz paged in 4 min" in page
    assert "Bob Ortiz has it" in page


def test_it_says_who_is_on_call_and_who_takes_over(house: House) -> None:
    """Each schedule has its person, the end of the shift and the next one; nobody is said in so many words."""
    house.world.on_call("primary", "ann", "bob")
    house.world.on_call("empty")
    house.world.at("1s")
    page = now(house)
    assert "Primary Ann Lee You until Tue 00:00 , then Bob Ortiz" in page
    assert "Empty Nobody is on call" in page


def test_an_override_counts_on_the_home_screen(house: House) -> None:
    """Whoever stands in for somebody is on call there too, with the instant they hand back."""
    house.world.on_call("primary", "ann")
    house.world.at("1s")
    body = {"kind": "replace", "into": "bob", "out": "*", "from": "2026-03-02T09:00", "to": "2026-03-02T11:00"}
    answer = house.client("dan").post("/schedules/primary/override", {**body, "do": "make"})
    assert answer.status_code == 303
    assert "Primary Bob Ortiz until 11:00 , then Ann Lee" in now(house)


def test_trouble_in_our_own_house_is_shown(house: House) -> None:
    """A channel that fails and an engine that does not live stand on the home screen."""
    house.world.rules("ann", high=[("0s", "webhook"), ("1m", "inbox")])
    house.world.break_("webhook", "ann").receive(disk_full).at("2m")
    assert "webhook to Ann Lee does not get through" in now(house)
    house.world.kill()
    house.world.clock.move_to(house.world.clock.now().replace(minute=10))
    assert "No engine is running: nobody is paged" in now(house)


def test_one_press_on_the_home_screen_takes_it(house: House) -> None:
    """The button in a row acknowledges and leads back to where it was."""
    house.world.receive(disk_full)
    answer = house.client("ann").post("/groups/1/acknowledgement", {"next": "/"}, follow=True)
    assert answer.redirect_chain == [("/", 303)]
    page = words(answer.content)
    assert "You have it now." in page
    assert "Everything is in somebody’s hands" in page


def test_a_form_leads_back_to_ourselves_only(house: House) -> None:
    """`next` in a form cannot lead to another host."""
    house.world.receive(disk_full)
    for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\r\nX: y"):
        answer = house.client("ann").post("/groups/1/acknowledgement", {"next": wanted})
        assert answer["Location"] == "/groups/1"


def test_messages_come_into_the_inbox_and_are_counted(house: House) -> None:
    """A page stands in Ann's inbox, counted until she marks it as read, with the button to answer it."""
    house.world.receive(disk_full)
    browser = house.client("ann")
    assert '"count-i" aria-label="1 unread">1<' in browser.get("/").content.decode()
    page = browser.get("/inbox").content
    assert "disk full" in words(page)
    assert "/groups/1/acknowledgement" in page.decode()
    assert browser.post("/inbox/read", {"up_to": "1"}).status_code == 303
    assert "unread" not in browser.get("/").content.decode()
    assert "disk full" in words(browser.get("/inbox").content)


def test_nobody_reads_somebody_else_s_inbox(house: House) -> None:
    """Bob sees nothing of what was sent to Ann, and cannot mark it as read."""
    house.world.receive(disk_full)
    bob = house.client("bob")
    assert "No messages" in words(bob.get("/inbox").content)
    bob.post("/inbox/read", {"up_to": "1"})
    assert house.world.rows("SELECT count(*) FROM paging_inbox_note WHERE read_at IS NULL") == [(1,)]


def test_times_are_told_in_the_reader_s_zone(house: House) -> None:
    """Somebody in New York reads New York's time, with UTC beside it."""
    house.world.config["people"]["ann"]["timezone"] = "America/New_York"
    house.world.edit(lambda _: None)
    house.world.receive(disk_full)
    page = house.client("ann").get("/groups/1").content.decode()
    assert "at <time" in page
    assert 'title="Mon 2 Mar 2026, 04:05:00 EST · 09:05:00 UTC">04:05</time>' in page
    assert "Times are shown in America/New_York." in words(page.encode())
