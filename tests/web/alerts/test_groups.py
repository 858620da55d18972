"""The list of groups, what a signal said, silences."""

from __future__ import annotations

import pytest

from house import House, words
from world import disk_full, resolve, trigger, wake


def listed(house: House, query: str = "") -> str:
    answer = house.client("ann").get(f"/groups{query}")
    assert answer.status_code == 200
    return words(answer.content)


def test_filters_show_what_they_say(house: House) -> None:
    """Text, status, urgency, service and team each narrow the list; what is over is left out unless asked for."""
    house.world.service("shop", team="platform", policy="web")
    house.world.route('host="slow"', urgency="low")
    house.world.receive(disk_full, trigger("queue is long", host="slow"), trigger("gone"), resolve(trigger("gone")))
    house.world.receive(trigger("till is stuck"), integration="shop")
    for query, expected in [
        ("", {"disk full", "queue is long", "till is stuck"}),
        ("?q=DISK", {"disk full"}),
        ("?q=shop", {"till is stuck"}),
        ("?q=100%25", set()),
        ("?status=resolved", {"gone"}),
        ("?status=all", {"disk full", "queue is long", "till is stuck", "gone"}),
        ("?urgency=low", {"queue is long"}),
        ("?service=shop", {"till is stuck"}),
        ("?team=platform", {"till is stuck"}),
        ("?team=web&service=shop", set()),
        ("?status=nonsense&urgency=nonsense&before=x", {"disk full", "queue is long", "till is stuck"}),
    ]:
        page = listed(house, query)
        found = {title for title in ("disk full", "queue is long", "till is stuck", "gone") if title in page}
        assert found == expected, query


def test_a_person_and_a_time_narrow_the_list(house: House) -> None:
    """Who has it, ended it or was paged for it; opened on these days, in the reader's zone."""
    house.world.receive(disk_full)  # Monday 09:00, pages Ann
    house.world.at("6m").resolve(by="bob")  # Bob was paged at 5 min
    house.world.at("25h").receive(trigger("queue is long")).resolve(by="dan")
    day = house.world.clock.now().date()
    for query, expected in [
        ("person=bob", {"disk full"}),
        ("person=ann", {"disk full", "queue is long"}),
        ("person=dan", {"queue is long"}),
        ("person=cleo", set()),
        (f"from={day}", {"queue is long"}),
        (f"to={day}", {"disk full", "queue is long"}),
        (f"to={day.replace(day=day.day - 1)}", {"disk full"}),
        (f"person=bob&from={day}", set()),
        ("from=nonsense&to=0001-01-01", {"disk full", "queue is long"}),
    ]:
        page = listed(house, f"?status=all&{query}")
        assert {title for title in ("disk full", "queue is long") if title in page} == expected, query


def test_somebody_keeps_their_searches(house: House) -> None:
    """A search gets a name, stands above the filters for whoever kept it and nobody else, and can be dropped."""
    house.world.receive(disk_full)
    browser = house.client("ann")
    kept = {"name": "Mine at night", "query": "status=all&person=ann&before=3&evil=1"}
    assert browser.post("/groups/searches", kept)["Location"] == "/groups?status=all&person=ann"
    page = browser.get("/groups").content.decode()
    assert "Mine at night" in page
    assert "/groups?status=all&amp;person=ann" in page
    assert "Mine at night" not in house.client("bob").get("/groups").content.decode()
    house.client("bob").post("/groups/searches/1/removal")
    assert "Mine at night" in browser.get("/groups").content.decode()
    browser.post("/groups/searches", {"name": "Mine at night", "query": "urgency=high"})
    assert browser.get("/groups").content.decode().count("Do not keep Mine at night") == 1
    browser.post("/groups/searches/2/removal")
    assert "Do not keep" not in browser.get("/groups").content.decode()
    assert "Nothing was kept" in words(browser.post("/groups/searches", {"name": ""}, follow=True).content)


def test_only_so_many_searches_are_kept(house: House) -> None:
    """There is a bound, and reaching it is said."""
    browser = house.client("cleo")
    for number in range(31):
        answer = browser.post("/groups/searches", {"name": f"n{number}", "query": "q=x"}, follow=True)
    assert "30 searches are there already" in words(answer.content)


def test_a_number_leads_to_its_group(house: House) -> None:
    """Typing AG-1 is enough."""
    house.world.receive(disk_full)
    answer = house.client("ann").get("/groups?q=ag-1")
    assert (answer.status_code, answer["Location"]) == (302, "/groups/1")
    assert "No alert group fits" in listed(house, "?q=AG-77")


def test_a_long_list_comes_in_pages(house: House) -> None:
    """Older groups are behind a link, and none is left out or shown twice."""
    house.world.change_service("web", storm="off")
    house.world.receive(*(trigger(f"problem number {number}.") for number in range(60)))
    browser = house.client("ann")
    first = browser.get("/groups").content.decode()
    older = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    both = words(first.encode()) + words(browser.get(older).content)
    assert all(both.count(f"problem number {number}.") == 1 for number in range(60))


def test_an_empty_list_teaches(house: House) -> None:
    """Before the first signal the list says how one comes in."""
    assert "Nothing has come in yet" in listed(house)


def test_a_signal_shows_what_came_and_what_became_of_it(house: House) -> None:
    """The request stands there as received, but for the key with which one could send more."""
    key = house.world.config["integrations"]["web"]["key"]
    body = {
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": "d",
        "payload": {"summary": "disk full", "source": "db1", "severity": "critical"},
    }
    assert house.world.post("/v2/enqueue", body) == 202
    browser = house.client("ann")
    page = browser.get("/groups/1").content.decode()
    url = "/signals/" + page.split('href="/signals/')[1].split('"')[0]
    shown = browser.get(url).content
    assert '"summary": "disk full"' in words(shown)
    assert "Outcome opened Because new problem" in words(shown)
    assert key not in shown.decode()


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (b'{"title": "torn \\ud83d"}', '{"title": "torn \\ud83d"}'),
        (b'{"title": "a", "title": "b", "n": 1e999}', '{ "title": "a", "title": "b", "n": 1e999 }'),
        (
            b'{"title": "\\u00fcber \\ud83d\\ude00 \\\\u00fc \\u0022 \\u0000"}',
            '{ "title": "über 😀 \\\\u00fc \\u0022 \\u0000" }',
        ),
        (b'{"title": "caf\xe9"}', '{ "title": "caf\ufffd" }'),
        (b'{"title": "deep", "x": ' + b"[" * 900 + b"]" * 900 + b"}", '"title": "deep"'),
    ],
    ids=["lone", "twice", "escaped", "latin", "deep"],
)
def test_whatever_came_can_be_looked_at(house: House, sent: bytes, seen: str) -> None:
    """Half characters, members twice, numbers beyond all bounds: the page shows them as they were sent."""
    house.world.policy("web", wake("ann"))
    house.world.integration("web", source="generic")
    house.world.post("/in/generic/key-of-web-0123456789", sent)
    assert seen in words(house.client("ann").get("/signals/16384").content)


def test_a_silence_is_made_and_ended(house: House) -> None:
    """The form makes a silence with author and reason; its button ends it and what fires pages."""
    browser = house.client("ann")
    form = {"matchers": 'host="db1"\nseverity=~"crit.*|"', "for": "2h", "comment": "disk is being grown"}
    answer = browser.post("/silences", form, follow=True)
    page = words(answer.content)
    assert answer.redirect_chain == [("/silences", 303)]
    assert "disk is being grown by Ann Lee ends in 2 h" in page
    house.world.receive(disk_full)
    assert house.world.groups()[0].status == "suppressed"
    browser.post("/silences/1/end")
    assert house.world.groups()[0].status == "open"
    assert "That silence is over already." in words(browser.post("/silences/1/end", follow=True).content)


def test_a_silence_that_makes_no_sense_keeps_what_was_written(house: House) -> None:
    """Each mistake is said in words, nothing is silenced, and nobody has to type it again."""
    good = {"matchers": 'host="db1"', "for": "2h", "comment": "because"}
    for change, said in [
        ({"matchers": ""}, "at least one matcher"),
        ({"matchers": "host"}, "host"),
        ({"matchers": "\n".join(['a="b"'] * 51)}, "at most 50 matchers"),
        ({"matchers": "x" * 3000}, "too much text"),
        ({"for": "soon"}, "is not a duration"),
        ({"for": "9000d"}, "longer than ten years"),
        ({"for": "1000d"}, "at most a year"),
        ({"comment": "  "}, "say why"),
    ]:
        answer = house.client("ann").post("/silences", {**good, **change})
        assert answer.status_code == 422
        assert "Nothing was silenced" in words(answer.content)
        assert said in words(answer.content)
        assert {**good, **change}["matchers"].partition("\n")[0] in words(answer.content)
    assert house.world.rows("SELECT count(*) FROM alerts_silence") == [(0,)]
