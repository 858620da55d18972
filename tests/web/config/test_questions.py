"""What if, and routes in order."""

from __future__ import annotations

import json

from house import House, words
from tocsin.catalog import editing
from tocsin.config import queries
from tocsin.config.actions import Applied
from tocsin.kit import clock, db
from tocsin.paging import codes
from tocsin.people import queries as people
from tocsin.people.models import User
from world import disk_full


def put_route(**body: object) -> None:
    """One more at the end, managed in the interface."""
    who = people.actor_of(db.reader(clock.now()), User.objects.get(email="dan@tocsin.test"))
    held = queries.current(db.reader(clock.now())).sections.get("routes", {})
    outcome = editing.put(who, "routes", f"{len(held):04}", body)
    assert isinstance(outcome, Applied), outcome


def drops() -> list[str | None]:
    snapshot = queries.current(db.reader(clock.now()))
    return [getattr(one, "drop", None) for one in snapshot.sections.get("routes", {}).values()]


def event(title: str) -> str:
    return json.dumps(
        {
            "event_action": "trigger",
            "dedup_key": title,
            "payload": {"summary": title, "source": "db1", "severity": "critical"},
        }
    )


def test_the_whole_way_of_a_signal_is_shown(house: House) -> None:
    """Route, service, group, urgency, policy, and each step with its time, person, reason and message."""
    house.world.route('source="db1"', urgency="high")
    house.world.at("0s")
    form = {"integration": "web", "body": event("disk full"), "at": "2026-03-02T03:00", "do": "ask"}
    answer = house.client("cleo").post("/what-if", form)
    said = words(answer.content)
    assert answer.status_code == 200
    for part in (
        "A new group opens",
        "Web, step 1: Primary",
        "Ann Lee on call for primary",
        "Web, step 2: Bob Ortiz",
    ):
        assert part in said, said
    assert "inbox in Tocsin" in said
    assert "Left out, because only the engine knows it: what fires already" in said
    assert "Everybody has been tried" in said
    assert "Nobody answered: disk full" in said
    assert "A new group opens when everybody has been tried" in said
    assert not house.world.groups()


def test_a_silence_counts_unless_it_is_left_out(house: House) -> None:
    """What a silence would keep quiet is said with whose it is and until when it pages nobody; or asked without it."""
    house.world.at("0s")
    house.world.silence('source="db1"', span="8h")
    form = {"integration": "web", "body": event("disk full"), "do": "ask"}
    silenced = words(house.client("cleo").post("/what-if", form).content)
    assert "A group opens that pages nobody" in silenced
    assert "a silence matches" in silenced
    assert "Silenced until 17:00 by bob: planned work" in silenced
    assert "17:00 Web, step 1" in silenced, "it pages when the silence is over"
    without = words(house.client("cleo").post("/what-if", {**form, "without_silences": "on"}).content)
    assert ("A new group opens" in without, "Silenced" in without) == (True, False)
    asked = {"integration": "web", "body": event("disk full")}
    api = house.client("cleo")
    (counted,) = api.post("/api/v1/what-if", asked, content_type="application/json").json()["signals"]
    assert (counted["outcome"], counted["silence"]["comment"]) == ("suppressed", "planned work")
    (left_out,) = api.post("/api/v1/what-if", {**asked, "silences": False}, content_type="application/json").json()[
        "signals"
    ]
    assert (left_out["outcome"], left_out["silence"]) == ("opened", None)


def test_what_goes_together_or_waits_is_shown(house: House) -> None:
    """Two problems of one request are one mail; what an address's limit puts off is said with how late it comes."""
    house.world.rules("ann", high=[(f"{second}s", "email") for second in range(0, 20, 2)])
    house.world.edit(lambda config: config["integrations"]["web"].update(source="alertmanager", group_by=["alertname"]))
    alerts = [{"status": "firing", "labels": {"alertname": name}, "startsAt": "2026-03-01T00:00:00Z"} for name in "AB"]
    body = json.dumps({"version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "alerts": alerts})
    form = {"integration": "web", "body": body, "at": "2026-03-02T09:00", "do": "ask"}
    said = words(house.client("cleo").post("/what-if", form).content)
    assert "Messages that are said again, go together, or wait" in said
    assert "2 groups in one message" in said
    assert "late, within the address’s limit" in said


def test_a_contact_that_is_proven_counts(house: House) -> None:
    """Mail of somebody who is managed in the interface is foreseen once it is proven, as it is sent then."""
    house.world.rules("ann", high=[("0s", "email"), ("0s", "inbox")])
    house.world.at("0s")
    house.managed("ui")
    form = {"integration": "web", "body": event("disk full"), "at": "2026-03-02T03:00", "do": "ask"}
    before = words(house.client("cleo").post("/what-if", form).content)
    with db.transact(clock.now()) as tx:
        codes.vouch(tx, "ann", "email")
    after = words(house.client("cleo").post("/what-if", form).content)
    assert "09:00 mail" not in before
    assert "mail" in after


def test_a_question_comes_filled(house: House) -> None:
    """From an integration or a policy: its own signal stands there, at night; the last that told of a problem, if any."""
    browser = house.client("cleo")
    page = browser.get("/what-if?policy=web&at=03:00").content.decode()
    assert "Test alert: nothing is broken" in page
    assert 'T03:00"' in page
    assert house.world.config["integrations"]["web"]["key"] not in page
    key = house.world.config["integrations"]["web"]["key"]
    assert house.world.post("/v2/enqueue", {**json.loads(event("disk full")), "routing_key": key}) == 202
    house.world.at("5s")
    over = {"routing_key": key, "event_action": "resolve", "dedup_key": "disk full"}
    assert house.world.post("/v2/enqueue", over) == 202
    house.world.at("6s")
    page = browser.get("/what-if?integration=web").content.decode()
    assert "disk full" in page
    assert "&quot;resolve&quot;" not in page, "which would page nobody"
    assert house.world.config["integrations"]["web"]["key"] not in page
    again = browser.post("/what-if", {"integration": "web", "body": "", "do": "sample"}).content.decode()
    assert "Test alert: nothing is broken" in again
    night = browser.post("/what-if", {"integration": "web", "body": event("disk full"), "do": "night"})
    assert "A new group opens at" in words(night.content)


def test_a_question_that_makes_no_sense_is_told_so(house: House) -> None:
    """A time that is none, a body nobody can read, an integration that is not there."""
    browser = house.client("cleo")
    for at in ("whenever", "9999-12-31T23:59", "0001-01-01T00:00"):
        answer = browser.post("/what-if", {"integration": "web", "body": event("x"), "at": at})
        assert answer.status_code == 422
        assert "at-wrong" in answer.content.decode()
    unread = browser.post("/what-if", {"integration": "web", "body": "{nonsense"})
    assert "Nothing would happen" in words(unread.content)
    assert browser.post("/what-if", {"integration": "zed", "body": ""}).status_code == 422


def test_routes_read_in_order(house: House) -> None:
    """What each looks for and does, whose it is, what it decided, and what can never apply."""
    house.world.route('host="db1"', urgency="low")
    house.world.receive(disk_full)
    put_route(when=['host="db1"', 'a="b"'], drop="never")
    said = words(house.client("ann").get("/routes").content)
    assert 'What has host="db1" is of low urgency.' in said
    assert "file story.yaml 1 group" in said
    assert "Route 2 never applies: route 1 takes everything it would match" in said
    assert "Move route" not in said


def test_routes_are_moved_one_place(house: House) -> None:
    """Only those that no file brings, only among themselves, and only from the version one has seen."""
    house.world.route('host="db1"', drop="of the file")
    house.world.at("1s")
    for name in ("first", "second"):
        put_route(when=[f'name="{name}"'], drop=name)
    browser = house.client("dan")
    version = str(queries.current(db.reader(clock.now())).version)
    assert drops() == ["of the file", "first", "second"]
    assert browser.post("/routes/2/move", {"to": "up", "base": version}).status_code == 303
    assert drops() == ["of the file", "first", "second"]
    browser.post("/routes/2/move", {"to": "down", "base": "1"})
    assert drops() == ["of the file", "first", "second"]
    browser.post("/routes/2/move", {"to": "down", "base": version})
    assert drops() == ["of the file", "second", "first"]
    snapshot = queries.current(db.reader(clock.now()))
    assert [snapshot.managed_by["routes", f"{place:04}"] for place in range(3)] == ["file", "ui", "ui"]
    assert browser.post("/routes/9/move", {"to": "up", "base": version}).status_code == 404
    assert house.client("bob").post("/routes/2/move", {"to": "up"}).status_code == 403


def test_plans_read_in_words(house: House) -> None:
    """When, with which severity, which roles, what is promised, who uses it."""
    house.world.config["plans"] = {
        "major": {
            "name": "Major incident",
            "declare_when": ['severity="critical"'],
            "severity": "SEV1",
            "updates": {"SEV1": {"first": "15m", "every": "30m"}},
            "review": {"required_for": ["SEV1"]},
        }
    }
    house.world.change_service("web", plan="major")
    house.world.at("1s")
    said = words(house.client("cleo").get("/plans").content)
    for part in (
        'Declared for groups with severity="critical", or by people',
        "Starts as SEV1",
        "Roles incident commander",
        "Updates, SEV1 first within 15m, then every 30m; internal",
        "Review needed for SEV1, within 5d",
        "Used by Web",
    ):
        assert part in said
