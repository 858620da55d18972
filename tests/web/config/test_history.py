"""The configuration as a whole, its history, and the way back."""

from __future__ import annotations

from house import House, words
from tocsin.catalog import editing
from tocsin.config import queries
from tocsin.config.actions import Applied
from tocsin.kit import clock, db
from tocsin.people import queries as people
from tocsin.people.models import User

STEP = {"page": ["person:ann"], "wait": "5m"}


def put(section: str, name: str, body: dict[str, object], **terms: object) -> int:
    """As Dan."""
    who = people.actor_of(db.reader(clock.now()), User.objects.get(email="dan@tocsin.test"))
    outcome = editing.write(who, section, name, body, editing.Terms(**terms))
    assert isinstance(outcome, Applied), outcome
    return outcome.snapshot.version


def wait_of(name: str) -> float:
    snapshot = queries.current(db.reader(clock.now()))
    return snapshot.sections["policies"][name].steps[0].wait.total_seconds()


def test_everything_there_is_and_who_manages_it(house: House) -> None:
    """Each document stands under its section with who manages it; findings have a way to where they are mended."""
    put("policies", "night", {"name": "Night", "steps": [STEP]})
    page = house.client("ann").get("/configuration")
    said = words(page.content)
    assert "file story.yaml" in said
    assert "interface" in said
    assert "No service and no policy uses policy night" in said
    assert '/configuration/edit/policies/night"' in page.content.decode()


def test_secrets_leave_only_for_administrators(house: House) -> None:
    """Everybody may export, with variables for secrets; with the secrets themselves it takes an administrator's press."""
    key = house.world.config["integrations"]["web"]["key"]
    for who in ("ann", "bob", "cleo", "dan"):
        answer = house.client(who).get("/configuration/export?form=yaml&secrets=yes")
        assert answer.status_code == 200
        assert key not in answer.content.decode()
        assert "attachment" in answer["Content-Disposition"]
    assert key in house.client("dan").post("/configuration/export", {"secrets": "yes"}).content.decode()
    assert house.client("bob").post("/configuration/export", {"secrets": "yes"}).status_code == 403
    assert house.client("ann").get("/configuration/export?form=xml").status_code == 404


def test_a_version_says_who_when_why_and_what(house: House) -> None:
    """In words, field by field, and as a difference of texts."""
    put("policies", "night", {"name": "Night", "steps": [STEP]})
    number = put("policies", "night", {"name": "Night", "steps": [{**STEP, "wait": "7m"}]}, message="it was too soon")
    browser = house.client("ann")
    listed = words(browser.get("/configuration/history").content)
    assert "step 1 waits 7m (was 5m)" in listed
    assert "Dan Novak" in listed
    assert "it was too soon" in listed
    page = browser.get(f"/configuration/history/{number}").content.decode()
    said = words(page.encode())
    assert "steps.0.wait 5m 7m" in said
    assert 'class="plus"' in page
    assert 'class="minus"' in page
    assert browser.get("/configuration/history/999").status_code == 404


def test_a_long_history_comes_in_pages(house: House) -> None:
    """No version is left out or shown twice."""
    for number in range(22):
        put("policies", "night", {"name": f"Night {number}", "steps": [STEP]})
    browser = house.client("ann")
    first = browser.get("/configuration/history").content.decode()
    older = first.split('rel="next" href="')[1].split('"')[0]
    both = first + browser.get(f"/configuration/history{older}").content.decode()
    newest = queries.current(db.reader(clock.now())).version
    assert all(both.count(f"<b>Version {number}</b>") == 1 for number in range(1, newest + 1))


def test_the_way_back_is_shown_and_then_taken(house: House) -> None:
    """What would change is told; a press makes the earlier version hold again, as a new one."""
    old = put("policies", "night", {"name": "Night", "steps": [STEP]})
    newest = put("policies", "night", {"name": "Night", "steps": [{**STEP, "wait": "7m"}]})
    browser = house.client("dan")
    page = browser.get(f"/configuration/history/{old}/return")
    assert "step 1 waits 5m (was 7m)" in words(page.content)
    assert wait_of("night") == 7 * 60
    stale = browser.post(f"/configuration/history/{old}/return", {"base": str(newest - 1)})
    assert stale.status_code == 409
    assert wait_of("night") == 7 * 60
    answer = browser.post(f"/configuration/history/{old}/return", {"base": str(newest)})
    assert answer.status_code == 303
    assert wait_of("night") == 5 * 60
    assert queries.versions(db.reader(clock.now()), limit=1)[0].message == f"back to version {old}"


def test_the_way_back_is_the_administrators(house: House) -> None:
    """A team's manager may not turn back everybody's documents."""
    assert house.client("bob").get("/configuration/history/1/return").status_code == 403
    assert house.client("bob").post("/configuration/history/1/return").status_code == 403
    assert house.client("dan").get("/configuration/history/77/return").status_code == 404
