"""The page of one alert group: what is wrong, who has it, what happens next, who was told, why."""

from __future__ import annotations

from house import House, words
from tocsin.sources.domain import Action, Link, Severity, Signal
from world import disk_full, resolve

NASTY = Signal(
    action=Action.TRIGGER,
    dedup_key="nasty",
    title="<script>alert(1)</script>",
    severity=Severity.WARNING,
    labels={"<b>": "<img src=x onerror=alert(1)>"},
    description="</p><script>alert(2)</script>",
    details={"<i>": {"deep": ["<u>"]}},
    links=(Link("https://runbook.example/disk", "Runbook"),),
)


def shown(house: House, who: str = "ann", group: int = 1) -> str:
    answer = house.client(who).get(f"/groups/{group}")
    assert answer.status_code == 200
    return words(answer.content)


def test_it_says_what_happens_next_and_when(house: House) -> None:
    """An open group tells who is paged next, how soon and at what time, and everybody after that."""
    house.world.receive(disk_full)
    page = shown(house)
    assert "disk full" in page
    assert "Bob Ortiz will be paged in 5 min , at 09:05 , unless somebody acknowledges." in page
    assert "step 2" in page
    assert "Everybody has been tried. The administrators are told." in page
    house.world.at("2m")
    assert "Bob Ortiz will be paged in 3 min , at 09:05" in shown(house)


def test_it_says_who_was_told_how_and_when(house: House) -> None:
    """Everybody who was asked stands there with each message and what became of it."""
    house.world.rules("ann", high=[("0s", "inbox"), ("3m", "email"), ("4m", "webhook")])
    house.world.break_("webhook", "ann")
    house.world.receive(disk_full)
    page = shown(house)
    assert "Ann Lee Asked On call for Primary" in page
    assert "Inbox in Tocsin delivered 09:00" in page
    assert "Ann Lee is paged (step 1): inbox in Tocsin at once, mail after 3m, webhook after 4m" in page
    assert "Inbox in Tocsin to Ann Lee delivered" in page
    assert "waiting in 3 min" in page
    house.world.at("4m30s")
    page = shown(house)
    assert "HTTP 503" in page
    assert "Webhook to Ann Lee does not get through" in page


def test_it_says_who_has_it_and_until_when(house: House) -> None:
    """An acknowledged group names its holder and when paging starts again if nothing comes of it."""
    house.world.receive(disk_full)
    assert house.client("ann").post("/groups/1/acknowledgement").status_code == 303
    assert "You have it. If it is not resolved, paging starts again in 30 min , at 09:30" in shown(house)
    assert "Ann Lee has it." in shown(house, "bob")
    assert "Give back" in shown(house, "ann")
    assert "Take over" in shown(house, "bob")
    assert "Acknowledged by Ann Lee by web" in shown(house)


def test_a_group_that_is_over_asks_for_nothing(house: House) -> None:
    """What is resolved says so, by whom, and offers no button."""
    house.world.receive(disk_full).receive(resolve(disk_full))
    page = shown(house)
    assert "Nothing. It was over just now ." in page
    assert "Acknowledge" not in page
    assert "It is over." in page


def test_the_verbs_do_what_they_say(house: House) -> None:
    """Acknowledge, give back, snooze, note, escalate and resolve, each by its button, leave their marks."""
    browser = house.client("ann")
    house.world.receive(disk_full)
    for verb, form, status in [
        ("acknowledgement", {}, "acknowledged"),
        ("return", {}, "open"),
        ("snooze", {"for": "1h"}, "snoozed"),
        ("acknowledgement", {}, "acknowledged"),
        ("notes", {"text": "The <b>disk</b> is being grown."}, "acknowledged"),
        ("return", {}, "open"),
        ("escalation", {}, "open"),
        ("resolution", {}, "resolved"),
    ]:
        answer = browser.post(f"/groups/1/{verb}", form)
        assert (answer.status_code, answer["Location"]) == (303, "/groups/1")
        house.world.wait("1s")
        assert house.world.groups()[0].status == status, verb
    page = shown(house)
    assert "Ann Lee wrote The <b>disk</b> is being grown." in page
    assert "Bob Ortiz is paged (step 2)" in page
    assert "resolved by Ann Lee" in page


def test_the_same_press_twice_does_no_harm(house: House) -> None:
    """Acknowledging twice, or resolving what is over, answers kindly and changes nothing more."""
    browser = house.client("ann")
    house.world.receive(disk_full)
    browser.post("/groups/1/acknowledgement")
    browser.post("/groups/1/acknowledgement")
    browser.post("/groups/1/resolution")
    answer = browser.post("/groups/1/resolution", follow=True)
    assert answer.status_code == 200
    assert "Nothing was changed: it is resolved already." in words(answer.content)
    assert len(house.world.facts("AlertGroupResolved")) == 1


def test_a_snooze_that_makes_no_sense_changes_nothing(house: House) -> None:
    """Lengths that are no lengths, are nothing or are longer than a year are refused in words."""
    browser = house.client("ann")
    house.world.receive(disk_full)
    for written in ("", "soon", "0s", "-5m", "5000d", "9" * 400):
        answer = browser.post("/groups/1/snooze", {"for": written}, follow=True)
        assert "That is not a length of time. Nothing was changed." in words(answer.content)
    assert house.world.groups()[0].status == "open"


def test_a_snooze_until_morning_is_the_reader_s_morning(house: House) -> None:
    """Nine o'clock where the person is, today or tomorrow."""
    house.world.config["people"]["ann"]["timezone"] = "America/New_York"
    house.world.edit(lambda _: None)
    house.world.receive(disk_full)
    house.client("ann").post("/groups/1/snooze", {"for": "morning"})
    until = house.world.groups()[0].snoozed_until
    assert until is not None
    assert until.isoformat() == "2026-03-02T14:00:00+00:00"
    assert "Snoozed. Paging begins" in (snoozed := shown(house, "bob"))
    assert "something urgent joins" in snoozed


def test_what_a_sender_wrote_is_text_and_nothing_else(house: House) -> None:
    """Titles, labels, texts and details of a signal cannot bring markup into the page."""
    house.world.receive(NASTY)
    for path in ("/", "/groups", "/groups/1", "/inbox"):
        content = house.client("ann").get(path).content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert "<u>" not in content
    page = house.client("ann").get("/groups/1").content.decode()
    assert 'href="https://runbook.example/disk" rel="noreferrer noopener nofollow"' in page


def test_a_link_that_is_no_link_is_not_one(house: House) -> None:
    """A sender's javascript: address never becomes something to click on."""
    links = (Link("javascript:alert(1)", "Click me"), Link("data:text/html,x", "Or me"))
    house.world.receive(Signal(action=Action.TRIGGER, dedup_key="x", title="x", links=links))
    content = house.client("ann").get("/groups/1").content.decode()
    assert 'href="javascript:' not in content
    assert 'href="data:' not in content


def test_a_silenced_group_says_why_nobody_is_paged(house: House) -> None:
    """Why it is quiet stands where people look."""
    number = house.world.silence('host="db1"', span="1h")
    house.world.receive(disk_full)
    assert f"Nobody is paged: silence {number} matches all its alerts." in shown(house)


def test_an_exhausted_policy_says_that_nobody_comes(house: House) -> None:
    """When everybody has been tried the page says so plainly."""
    house.world.receive(disk_full).at("20m")
    assert "Everybody has been tried and nobody answered." in shown(house)


def test_a_viewer_sees_everything_and_no_button(house: House) -> None:
    """Who may only look is not shown what would be refused."""
    house.world.receive(disk_full)
    page = house.client("cleo").get("/groups/1").content.decode()
    assert "acknowledgement" not in page
    assert "What happens next" in page


def test_how_it_went_before(house: House) -> None:
    """The same problem's earlier groups stand there: when, how long, who ended it, what was written down."""
    house.world.receive(disk_full).at("2m").acknowledge(by="bob")
    house.client("bob").post("/groups/1/notes", {"text": "deleted old logs"})
    house.world.at("10m").resolve(by="bob").at("2h").receive(disk_full)
    page = words(house.client("ann").get("/groups/2").content)
    assert "It happened before 1 time AG-1" in page
    assert "lasted 10 min ended by Bob Ortiz deleted old logs Bob Ortiz" in page
    assert "It happened before" not in words(house.client("ann").get("/groups/1").content)


def test_what_was_changed_just_before(house: House) -> None:
    """Changes of the service and of what it depends on, near the beginning; others are left out."""
    house.world.service("base", policy="web")
    house.world.service("else", policy="web")
    house.world.change_service("web", depends_on=["base"])
    house.world.at("1s")
    for name, said in (("base", "kernel 6.12"), ("web", "deploy 4711"), ("else", "deploy 1")):
        change = Signal(action=Action.CHANGE, dedup_key=said, title=said)
        house.world.receive(change, integration=name).wait("1m")
    house.world.wait("1m").receive(disk_full)
    page = words(house.client("cleo").get("/groups/1").content)
    assert "What was changed deploy 4711" in page
    assert "before it began" in page
    assert page.index("deploy 4711") < page.index("kernel 6.12")
    assert "in Base" in page
    assert "deploy 1 " not in page


def test_silence_what_is_like_this(house: House) -> None:
    """The link fills the form with the labels that all its alerts share."""
    house.world.receive(disk_full)
    page = house.client("ann").get("/groups/1").content.decode()
    link = page.split("Silence what is like this")[0].rsplit('href="', 1)[1].split('"')[0]
    form = house.client("ann").get(link.replace("&amp;", "&")).content.decode()
    assert "host=&quot;db1&quot;" in form
    assert "title=&quot;disk" not in form
