"""The pages of on call: who sees what, and what each refused input says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from house import House, read, words
from tocsin.kit import clock

STAMP = "%Y-%m-%dT%H:%M"


def local(hours: float) -> str:
    """So many hours from now, as a form's field holds it for somebody in UTC."""
    return (clock.now() + timedelta(hours=hours)).strftime(STAMP)


def get(house: House, who: str, path: str, expect: int = 200) -> str:
    answer = house.client(who).get(path)
    assert answer.status_code == expect, answer.content
    page = read(answer.content)
    assert not page.inline
    assert not page.hosts
    return words(answer.content)


def post(house: House, who: str, path: str, expect: int = 303, **form: str) -> str:
    answer = house.client(who).post(path, form, follow=expect == 303)
    assert (answer.redirect_chain[0][1] if expect == 303 else answer.status_code) == expect, words(answer.content)
    house.world.wait("0s")
    return words(answer.content)


def override(house: House, who: str = "bob", expect: int = 303, **more: str) -> str:
    form = {"kind": "replace", "into": "cleo", "out": "ann", "from": local(1), "to": local(3), "do": "make"}
    return post(house, who, "/schedules/primary/override", expect, **{**form, **more})


def test_it_says_who_is_on_call_in_words(desk: House) -> None:
    """Who has it, until when, and who takes over; the reader's own duty stands in the heading."""
    page = get(desk, "ann", "/oncall")
    assert "You are on call for Primary; next Wed 00:00 for Primary" in page
    assert "Ann Lee You until Tue 00:00 , then Bob Ortiz" in page
    assert "You are on call for" not in get(desk, "cleo", "/oncall")


def test_the_chart_has_a_list_that_says_the_same(desk: House) -> None:
    """Each stretch of the chart stands in the list by day, with its person or the word Nobody."""
    desk.world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(between=["00:00-20:00"]))
    page = get(desk, "ann", "/oncall?weeks=1")
    assert "Monday 2 March Today" in page
    assert "20:00 to Tue 00:00 Nobody Primary" in page
    assert "Tue 00:00 to Tue 20:00 Bob Ortiz Primary" in page
    drawn = desk.client("ann").get("/oncall?weeks=1").content.decode()
    assert drawn.count('class="bar-gap"') == 7
    assert drawn.count('class="bar-turn who-') == 7
    assert drawn.count(" mine") >= 4


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("", "Other", "choose another team"),
        ("?team=web", "Primary", "Other"),
        ("?mine=1", "Primary", "Other"),
        ("?team=nothing", "No schedule is of this team", "Other"),
        ("?from=2026-03-09", "9 Mar to 22 Mar 2026", "2 Mar to"),
        ("?from=never&weeks=77", "2 Mar to 15 Mar 2026", "never"),
        ("?weeks=4", "2 Mar to 29 Mar 2026", "15 Mar 2026"),
        ("?from=9999-12-31", "1 Jan to 14 Jan 2998", "9999"),
    ],
)
def test_the_timeline_is_narrowed_and_moved(desk: House, query: str, there: str, not_there: str) -> None:
    """By team, to one's own, to other weeks; what cannot be read is as if it were not there."""
    desk.world.on_call("other", "dan")
    desk.world.at("1s")
    page = get(desk, "ann", f"/oncall{query}")
    assert there in page
    assert not_there not in page


def test_the_past_on_the_timeline_is_as_it_was(desk: House) -> None:
    """After a change of the rotation, yesterday shows yesterday's people."""
    desk.world.at("24h")
    desk.world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(people=["dan"]))
    page = get(desk, "ann", "/schedules/primary?from=2026-03-02&weeks=1")
    assert "Mon 09:00 to 00:00 Ann Lee" in page
    assert "00:00 to 09:00 Bob Ortiz" in page
    assert "Dan Novak" in page


def test_without_schedules_it_teaches(house: House) -> None:
    """The empty page says what a schedule is, and how to make the first one to whoever may."""
    house.world.edit(
        lambda config: (
            config["schedules"].clear(),
            config["policies"].clear(),
            config["services"]["web"].pop("policy"),
        )
    )
    assert "A schedule says who carries the pager when" in get(house, "ann", "/oncall")
    assert "Make the first schedule" not in get(house, "ann", "/oncall")
    assert "Make the first schedule" in get(house, "dan", "/oncall")


def test_one_schedule_shows_everything_about_it(desk: House) -> None:
    """Now, next shifts, gaps, burdens, history; the list of schedules leads there."""
    assert "Primary Ann Lee" in get(desk, "cleo", "/schedules")
    page = get(desk, "cleo", "/schedules/primary")
    for said in ("On call now Ann Lee", "Next shifts", "Somebody is on call all the time", "Ann Lee 1080", "History"):
        assert said in page
    get(desk, "cleo", "/schedules/none", 404)


def test_an_override_is_previewed_made_and_cancelled(desk: House) -> None:
    """The preview says who is on call instead of whom and writes nothing; then it counts, until it is cancelled."""
    page = override(desk, do="preview", expect=200)
    assert "Cleo Adeyemi instead of Ann Lee" in page
    assert desk.world.rows("SELECT count(*) FROM oncall_override") == [(0,)]
    page = override(desk)
    assert "The override counts" in page
    assert "Cleo Adeyemi instead of Ann Lee Cancel it 10:00 to 12:00 by Bob Ortiz" in page
    ((number,),) = desk.world.rows("SELECT id FROM oncall_override")
    post(desk, "cleo", f"/oncall/overrides/{number}/cancellation", 403)
    page = post(desk, "bob", f"/oncall/overrides/{number}/cancellation")
    assert "does not count any more" in page
    assert "Nothing was changed" in post(desk, "bob", f"/oncall/overrides/{number}/cancellation")


def test_an_override_that_fills_a_gap_takes_a_second_press_to_cancel(desk: House) -> None:
    """First it is said when nobody would be on call; then it is done all the same, or kept."""
    override(desk, kind="remove", into="", out="ann", do="force")
    override(desk, kind="add", into="cleo")
    number = desk.world.rows("SELECT max(id) FROM oncall_override")[0][0]
    page = post(desk, "bob", f"/oncall/overrides/{number}/cancellation", 422)
    assert "Nobody would be on call" in page
    assert "10:00 to 12:00" in page
    assert "Cancel it anyway" in page
    assert "does not count any more" in post(desk, "bob", f"/oncall/overrides/{number}/cancellation", force="1")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"kind": "x"}, "Choose what changes."),
        ({"from": "soon"}, "This is not a time."),
        ({"to": ""}, "This is not a time."),
        ({"to": "2026-03-02T09:30"}, "This is not after the start."),
        ({"into": ""}, "Choose who comes in."),
        ({"into": "nobody-here"}, "Choose who comes in."),
        ({"out": "nobody-here"}, "Choose who goes out."),
        ({"into": "ann"}, "This changes nobody"),
        ({"from": "2026-02-01T09:00", "to": "2026-02-02T09:00"}, "in the past"),
        ({"to": "2029-03-02T09:00"}, "longer than 366 days"),
    ],
)
def test_a_refused_override_says_why_at_its_field(desk: House, more: dict[str, str], said: str) -> None:
    """What was typed stays in the form, nothing is written."""
    page = override(desk, expect=422, **{"reason": "dentist", **more})
    assert said in page
    assert desk.world.rows("SELECT count(*) FROM oncall_override") == [(0,)]


def test_an_override_that_leaves_nobody_takes_a_second_word(desk: House) -> None:
    """The gap is shown with Make it anyway; only that writes it."""
    page = override(desk, kind="remove", expect=422)
    assert "Nobody would be on call" in page
    assert "Make it anyway" in page
    override(desk, kind="remove", do="force")
    assert desk.world.rows("SELECT count(*) FROM oncall_override") == [(1,)]


@pytest.mark.parametrize(
    ("who", "into", "out", "status"),
    [
        ("ann", "bob", "ann", 303),
        ("ann", "ann", "*", 303),
        ("ann", "cleo", "bob", 403),
        ("bob", "cleo", "ann", 303),  # manages the team
        ("dan", "cleo", "ann", 303),  # administers
        ("cleo", "cleo", "ann", 403),  # only looks on
    ],
)
def test_who_may_override(desk: House, who: str, into: str, out: str, status: int) -> None:
    """Responders what concerns themselves, managers and administrators everything."""
    override(desk, who, status, into=into, out=out)


def test_times_in_forms_are_on_the_viewer_s_clock(desk: House) -> None:
    """Somebody in New York writes New York's time."""
    desk.world.config["people"]["bob"]["timezone"] = "America/New_York"
    desk.world.edit(lambda _: None)
    override(desk, **{"from": "2026-03-02T06:00", "to": "2026-03-02T07:00"})
    ((start,),) = desk.world.rows("SELECT starts_at FROM oncall_override")
    assert clock.from_us(start).isoformat() == "2026-03-02T11:00:00+00:00"
    form = desk.client("bob").get("/schedules/primary/override?from=2026-03-08T02:30&to=2026-03-08T05:00").content
    assert 'value="2026-03-08T03:00"' in form.decode(), "02:30 does not exist that night"


def offer(house: House, who: str = "ann", expect: int = 303, **more: str) -> str:
    start = int(clock.now().timestamp())
    end = int(clock.now().replace(hour=0, minute=0).timestamp()) + 86400
    return post(
        house, who, "/oncall/swaps/new", expect, **{"shift": f"primary|{start}|{end}", "message": "concert", **more}
    )


def number_of_swap(house: House) -> int:
    ((number,),) = house.world.rows("SELECT id FROM oncall_swap")
    return int(number)


def test_a_shift_is_offered_and_taken(desk: House) -> None:
    """Ann offers her evening; Bob sees what speaks against it and takes it anyway; the swap says so."""
    page = get(desk, "ann", "/oncall/swaps/new")
    assert "Primary, 09:00 to Tue 00:00" in page
    assert "Offered" in offer(desk, start="2026-03-02T18:00")
    number = number_of_swap(desk)
    assert "Ann Lee offers Primary 18:00 to Tue 00:00" in get(desk, "bob", "/oncall")
    post(desk, "bob", "/oncall/me/absences", start=local(10), end=local(11), about="gym")
    page = get(desk, "bob", f"/oncall/swaps/{number}")
    assert "What speaks against it Gym" in page
    assert "Take it anyway" in page
    assert "Nothing was changed" in post(desk, "bob", f"/oncall/swaps/{number}/acceptance")
    assert "The shift is yours" in post(desk, "bob", f"/oncall/swaps/{number}/acceptance", anyway="1")
    assert "by Bob Ortiz" in get(desk, "ann", f"/oncall/swaps/{number}")
    assert "18:00 to Tue 00:00 Bob Ortiz" in get(desk, "ann", "/schedules/primary")


def test_an_offer_is_declined_or_withdrawn(desk: House) -> None:
    """Whoever was asked declines, whoever offered withdraws; nobody else, and only once."""
    offer(desk, to="bob")
    number = number_of_swap(desk)
    assert "Decline" not in get(desk, "dan", f"/oncall/swaps/{number}")
    post(desk, "bob", f"/oncall/swaps/{number}/withdrawal", 403)
    assert "Nothing was changed" in post(desk, "dan", f"/oncall/swaps/{number}/refusal")
    assert "Declined" in post(desk, "bob", f"/oncall/swaps/{number}/refusal")
    assert "Nothing was changed" in post(desk, "ann", f"/oncall/swaps/{number}/withdrawal")
    get(desk, "ann", "/oncall/swaps/999", 404)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"shift": ""}, "Choose one of your shifts."),
        ({"shift": "primary|1|2"}, "in the past"),
        ({"shift": "none|1772445600|1772449200"}, "no schedule"),
        ({"start": "soon"}, "This is not a time."),
        ({"to": "nobody-here"}, "Choose one of these people"),
        ({"to": "ann"}, "offered to somebody else"),
        ({"end": "2026-03-04T09:00"}, "not on call"),
    ],
)
def test_a_refused_offer_says_why(desk: House, more: dict[str, str], said: str) -> None:
    """At its field; nothing is offered."""
    assert said in offer(desk, expect=422, **more)
    assert desk.world.rows("SELECT count(*) FROM oncall_swap") == [(0,)]


def test_an_absence_shows_as_a_conflict(desk: House) -> None:
    """My shifts, when I am away, and that the two meet; it can be cancelled by me alone."""
    page = post(desk, "bob", "/oncall/me/absences", start=local(20), end=local(30), about="wedding")
    assert "1 in conflict" in page
    assert "but wedding" in page
    ((number,),) = desk.world.rows("SELECT id FROM oncall_absence")
    post(desk, "ann", f"/oncall/me/absences/{number}/cancellation", 403)
    assert "in conflict" not in post(desk, "bob", f"/oncall/me/absences/{number}/cancellation")
    assert "Say from when until when" in post(desk, "bob", "/oncall/me/absences", 422, start="", end="")
    assert "in the past" in post(desk, "bob", "/oncall/me/absences", 422, start=local(-9), end=local(-8))
    post(desk, "cleo", "/oncall/me/absences", 403, start=local(1), end=local(2))


def test_a_calendar_of_absences_is_linked_and_unlinked(desk: House) -> None:
    """One of each kind; what is no address is refused; the address is never shown."""
    page = post(desk, "ann", "/oncall/me/calendars", kind="absences", url="https://cal.example/secret.ics")
    assert "cal.example" not in page
    again = post(desk, "ann", "/oncall/me/calendars", 422, kind="absences", url="https://cal.example/other.ics")
    assert "read for ann already" in again
    assert "not the address" in post(
        desk, "ann", "/oncall/me/calendars", 422, kind="holidays", url="file:///etc/passwd"
    )
    assert "Choose what" in post(desk, "ann", "/oncall/me/calendars", 422, kind="schedule", url="https://cal.example")
    ((number,),) = desk.world.rows("SELECT id FROM oncall_calendar")
    post(desk, "bob", f"/oncall/me/calendars/{number}/end", 404)
    assert "not read any more" in post(desk, "ann", f"/oncall/me/calendars/{number}/end")


def test_a_secret_address_is_told_once(desk: House) -> None:
    """On the answer to the form; it works, stands nowhere else, and leads nowhere once revoked."""
    page = post(desk, "ann", "/oncall/me/feeds", 201)
    path = "/cal/" + page.split("/cal/")[1].split()[0]
    assert desk.client("eve").get(path).status_code == 200
    assert "/cal/" not in get(desk, "ann", "/oncall/me")
    ((number,),) = desk.world.rows("SELECT id FROM oncall_feed")
    post(desk, "bob", f"/oncall/feeds/{number}/revocation", 403)
    post(desk, "ann", f"/oncall/feeds/{number}/revocation")
    assert desk.client("eve").get(path).status_code == 404
    page = post(desk, "ann", "/schedules/primary/feeds", 201)
    assert "/cal/" in page
    post(desk, "cleo", "/schedules/primary/feeds", 403)
    post(desk, "ann", "/oncall/feeds/999/revocation", 404)


def test_a_handover_is_read_and_accepted(desk: House) -> None:
    """What happened in the shift stands there; the incoming person says that they have it, nobody else."""
    desk.world.at("16h")
    ((number,),) = desk.world.rows("SELECT id FROM oncall_handover")
    page = get(desk, "bob", f"/oncall/handovers/{number}")
    assert "Bob Ortiz takes over from Ann Lee" in page
    assert "In the shift: 0 groups opened" in page
    assert "I have it" in page
    assert "I have it" not in get(desk, "ann", f"/oncall/handovers/{number}")
    assert "Nothing was changed" in post(desk, "ann", f"/oncall/handovers/{number}/acceptance")
    assert "You have the pager" in post(desk, "bob", f"/oncall/handovers/{number}/acceptance")
    get(desk, "bob", "/oncall/handovers/999", 404)


def test_what_is_written_is_never_markup(desk: House) -> None:
    """A name or reason with angle brackets stays text, in the chart too."""
    evil = "<script>alert(1)</script>"
    desk.world.edit(lambda config: config["people"]["ann"].update(name=evil))
    override(desk, reason=evil)
    for path in ("/oncall", "/schedules/primary", "/schedules"):
        answer = desk.client("bob").get(path)
        assert evil.encode() not in answer.content
