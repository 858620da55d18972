"""The doors to what people change about schedules, and the calendars behind secret addresses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest

from house import House
from tocsin.kit import clock
from world import disk_full

MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
FILL = {"reason": "cover", "for": "2h"}


def at(hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


def call(house: House, who: str, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
    """One request by somebody signed in."""
    answer = house.client(who).generic(
        method, f"/api/v1{path}", data=b"" if body is None else _json(body), content_type="application/json"
    )
    assert answer.status_code == expect, (answer.status_code, answer.content)
    house.world.wait("0s")
    return answer.json() if answer.content else None


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def on_call(house: House, when: str = "") -> list[str]:
    found = call(house, "cleo", "GET", f"/oncall?schedule=primary{'&at=' + when if when else ''}".replace("+", "%2B"))
    return [one["person"] for one in found["schedules"][0]["on_call"]]


def test_an_override_by_the_api_counts_at_once(desk: House) -> None:
    """Bob, who manages the team, puts Cleo in Ann's place; it is listed, pages Cleo, and is cancelled."""
    body = {"schedule": "primary", "person_in": "cleo", "person_out": "ann", **FILL}
    made = call(desk, "bob", "POST", "/overrides", body, 201)
    assert (made["made_by"], made["conflicts"]) == ("person:bob", [])
    assert on_call(desk) == ["cleo"]
    assert [one["id"] for one in call(desk, "cleo", "GET", "/overrides")["overrides"]] == [made["id"]]
    desk.world.receive(disk_full).expect("cleo", inbox="disk full").within("1s")
    assert call(desk, "bob", "DELETE", f"/overrides/{made['id']}")["cancelled_by"] == "person:bob"
    assert on_call(desk) == ["ann"]
    call(desk, "bob", "DELETE", f"/overrides/{made['id']}", expect=404)


def test_an_override_is_not_cancelled_into_a_gap(desk: House) -> None:
    """Where it is all that keeps somebody on call, the API refuses to cancel it, says when, and does it when forced."""
    call(desk, "bob", "POST", "/overrides", {"schedule": "primary", "person_out": "ann", "force": True, **FILL}, 201)
    made = call(desk, "bob", "POST", "/overrides", {"schedule": "primary", "person_in": "cleo", **FILL}, 201)
    refused = call(desk, "bob", "DELETE", f"/overrides/{made['id']}", expect=409)
    assert refused["detail"].startswith("nobody would be on call from 2026-03-02 09:00")
    assert on_call(desk) == ["cleo"]
    call(desk, "bob", "DELETE", f"/overrides/{made['id']}?force=true")
    assert on_call(desk) == []


def test_who_was_on_call_stays_true(desk: House) -> None:
    """Whatever becomes of the schedule: another people, other hours, none at all; the past is told by what held then."""
    then = clock.now() + timedelta(hours=1)
    desk.world.at("2h")
    desk.world.edit(
        lambda config: config["schedules"]["primary"]["layers"][0].update(
            people=["bob", "ann"], between=["12:00-24:00"]
        )
    )
    desk.world.at("4h")
    assert on_call(desk) == ["bob"]
    asked = f"/oncall?schedule=primary&at={then.isoformat()}".replace("+", "%2B")
    (found,) = call(desk, "cleo", "GET", asked)["schedules"]
    assert ([one["person"] for one in found["on_call"]], found["until"]) == (["ann"], "2026-03-02T11:00:00Z")
    gaps = call(desk, "cleo", "GET", f"/schedules/primary/gaps?from={then:%Y-%m-%dT%H:%M:%SZ}&days=1")["gaps"]
    assert gaps == [
        {"start": "2026-03-02T11:00:00Z", "end": "2026-03-02T12:00:00Z"},
        {"start": "2026-03-03T00:00:00Z", "end": "2026-03-03T10:00:00Z"},
    ]
    desk.world.edit(
        lambda config: (
            config["schedules"].pop("primary"),
            config["policies"]["web"].update(steps=[{"page": ["person:ann"], "wait": "5m"}]),
        )
    )
    desk.world.at("5h")
    call(desk, "cleo", "GET", "/oncall?schedule=primary", expect=404)
    (found,) = call(desk, "cleo", "GET", asked)["schedules"]
    assert [one["person"] for one in found["on_call"]] == ["ann"]


@pytest.mark.parametrize(
    ("who", "into", "out", "status"),
    [
        ("ann", "bob", "ann", 201),  # her own shift
        ("ann", "ann", "*", 201),  # she takes it on
        ("ann", "cleo", "bob", 403),  # concerns others
        ("bob", "cleo", "ann", 201),  # manages the team
        ("cleo", "cleo", "ann", 403),  # only looks on
        ("dan", "cleo", "ann", 201),  # administers
        ("eve", "cleo", "ann", 401),
    ],
)
def test_who_may_change_who_is_on_call(desk: House, who: str, into: str, out: str, status: int) -> None:
    """Responders their own, managers of the team and administrators everything, others nothing."""
    call(desk, who, "POST", "/overrides", {"schedule": "primary", "person_in": into, "person_out": out, **FILL}, status)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"schedule": "none"}, 404, None),
        ({"person_in": "nobody-here"}, 422, "no such person"),
        ({"person_in": None, "person_out": None}, 422, "nobody changes"),
        ({"person_in": "ann", "person_out": "ann"}, 422, "nobody changes"),
        ({"for": "2y"}, 422, None),
        ({"for": "500d"}, 422, "bad time"),
        ({"start": "2026-03-01T00:00:00Z", "for": "1h"}, 422, "bad time"),
        ({"start": "2026-03-05T00:00:00"}, 422, None),
        ({"end": "2026-03-05T00:00:00Z"}, 422, None),
        ({"person_in": None}, 409, "opens a gap"),
    ],
)
def test_what_cannot_be_is_said(desk: House, change: dict[str, Any], status: int, reason: str | None) -> None:
    """Each mistake has its answer, and nothing is written."""
    body = {"schedule": "primary", "person_in": "cleo", "person_out": "ann", **FILL} | change
    answer = call(desk, "dan", "POST", "/overrides", body, status)
    assert reason is None or answer["reason"] == reason
    assert desk.world.rows("SELECT count(*) FROM oncall_override") == [(0,)]


def test_a_swap_by_the_api(desk: House) -> None:
    """Ann offers her evening to everybody; Bob sees what speaks against it, takes it, and it cannot be taken twice."""
    gives = {"schedule": "primary", "start": at(2), "end": at(4)}
    made = call(desk, "ann", "POST", "/swaps", {"gives": gives, "message": "concert"}, 201)
    assert (made["person"], made["to"], made["status"]) == ("ann", None, "offered")
    call(desk, "bob", "POST", "/absences", {"start": at(3), "end": at(5), "about": "gym"}, 201)
    (conflict,) = call(desk, "bob", "GET", f"/swaps/{made['id']}/conflicts")["conflicts"]
    assert (conflict["kind"], conflict["about"]) == ("absent", "gym")
    refused = call(desk, "bob", "POST", f"/swaps/{made['id']}/acceptance", {}, 409)
    assert refused["conflicts"][0]["about"] == "gym"
    call(desk, "cleo", "POST", f"/swaps/{made['id']}/acceptance", {}, 403)
    taken = call(desk, "bob", "POST", f"/swaps/{made['id']}/acceptance", {"anyway": True})
    assert (taken["status"], taken["to"]) == ("accepted", "bob")
    assert on_call(desk, at(2.5)) == ["bob"]
    call(desk, "bob", "POST", f"/swaps/{made['id']}/acceptance", {}, 409)
    assert call(desk, "ann", "GET", "/swaps?person=ann")["swaps"][0]["status"] == "accepted"


def test_one_speaks_for_oneself(desk: House) -> None:
    """Nobody offers, accepts or is away in another's name, but an administrator."""
    gives = {"schedule": "primary", "start": at(2), "end": at(4)}
    call(desk, "bob", "POST", "/swaps", {"person": "ann", "gives": gives}, 403)
    call(desk, "bob", "POST", "/absences", {"person": "ann", "start": at(1), "end": at(2)}, 403)
    made = call(desk, "dan", "POST", "/absences", {"person": "ann", "start": at(1), "end": at(2)}, 201)
    call(desk, "bob", "DELETE", f"/absences/{made['id']}", expect=403)
    assert len(call(desk, "bob", "GET", "/absences")["absences"]) == 1
    call(desk, "ann", "DELETE", f"/absences/{made['id']}", expect=204)
    assert call(desk, "bob", "GET", "/absences") == {"absences": [], "conflicts": []}


def test_a_handover_by_the_api(desk: House) -> None:
    """It is listed with its summary until the incoming person accepts it."""
    desk.world.at("16h")
    (one,) = call(desk, "cleo", "GET", "/handovers?open=true")["handovers"]
    assert (one["outgoing"], one["incoming"], one["accepted_at"]) == (["ann"], ["bob"], None)
    call(desk, "ann", "POST", f"/handovers/{one['id']}/acceptance", {}, 403)
    assert call(desk, "bob", "POST", f"/handovers/{one['id']}/acceptance", {})["accepted_by"] == "person:bob"
    assert call(desk, "cleo", "GET", "/handovers?open=true")["handovers"] == []


def test_the_past_stays_as_it_was(desk: House) -> None:
    """After a change of the rotation the shifts of yesterday are those of yesterday's rotation."""
    desk.world.at("24h")
    desk.world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(people=["dan"]))
    path = "/schedules/primary/shifts?from=2026-03-02T00:00:00Z&to=2026-03-05T00:00:00Z"
    found = call(desk, "cleo", "GET", path)["shifts"]
    assert [(one["person"], one["start"], one["end"]) for one in found] == [
        ("ann", "2026-03-02T09:00:00Z", "2026-03-03T00:00:00Z"),
        ("bob", "2026-03-03T00:00:00Z", "2026-03-03T09:00:00Z"),
        ("dan", "2026-03-03T09:00:00Z", "2026-03-05T00:00:00Z"),
    ]


def test_a_preview_says_what_a_document_would_mean(desk: House) -> None:
    """Its shifts, gaps, quality, and who would be paged instead of whom; nothing of it is kept."""
    layer = {"name": "new", "rotation": "daily", "handoff": "00:00", "start": "2026-03-05", "people": ["bob", "dan"]}
    body = {"document": {"timezone": "UTC", "layers": [layer]}, "days": 14}
    found = call(desk, "cleo", "POST", "/schedules/primary/preview", body)
    assert found["difference"]["summary"].startswith("this change alters who is paged on")
    assert found["gaps"] == [{"start": "2026-03-02T09:00:00Z", "end": "2026-03-05T00:00:00Z"}]
    assert {one["person"] for one in found["shifts"]} == {"bob", "dan"}
    assert found["quality"]["score"] < 100
    wrong = call(desk, "cleo", "POST", "/schedules/primary/preview", {"document": {"timezone": "Moon"}}, 422)
    assert wrong["errors"]
    quality = call(desk, "cleo", "GET", "/schedules/primary/quality")
    assert {one["person"] for one in quality["people"]} == {"ann", "bob"}
    assert call(desk, "cleo", "GET", "/schedules/primary/gaps")["gaps"] == []


def test_a_change_that_opens_a_gap_needs_force(desk: House) -> None:
    """A plan says who would be paged instead of whom; what leaves nobody on call is refused unless it is forced."""
    document = call(desk, "dan", "GET", "/config/documents/schedules/primary")["document"]
    desk.world.edit(
        lambda config: (
            config["schedules"].pop("primary")
            and config["policies"].pop("web")
            and config["services"]["web"].pop("policy")
        )
    )
    call(desk, "dan", "PUT", "/config/documents/schedules/night", document)
    layers = [{**document["layers"][0], "between": ["08:00-20:00"]}]
    refused = call(desk, "dan", "PUT", "/config/documents/schedules/night", {**document, "layers": layers}, 422)
    assert "nobody would be on call from 2026-03-02 20:00" in refused["problems"][0]["message"]
    done = call(desk, "dan", "PUT", "/config/documents/schedules/night?force=true", {**document, "layers": layers})
    assert "alters who is paged on" in done["notes"][0]


def test_what_a_shift_asked_of_its_person(desk: House) -> None:
    """More than two problems in one shift are over budget, and those in the night are counted."""
    desk.world.at("14h")
    for title in ("one", "two", "three"):
        desk.world.receive(disk_full.__class__(action=disk_full.action, dedup_key=title, title=title))
    desk.world.at("14h30m").forget_pages()
    found = call(desk, "cleo", "GET", "/schedules/primary/load?from=2026-03-02T00:00:00Z&days=1")
    (shift,) = [one for one in found["shifts"] if one["person"] == "ann"]
    assert (shift["problems"], shift["asleep"], shift["over_budget"], shift["services"]) == (3, 3, True, {"web": 3})
    assert [one["code"] for one in found["findings"]] == ["load-over-budget"]
    assert [one["code"] for one in call(desk, "cleo", "GET", "/oncall/findings")["findings"]] == ["load-over-budget"]
    assert "ann was paged for 3 problems" in desk.client("cleo").get("/configuration").content.decode()


def feed(house: House, who: str, body: dict[str, Any]) -> tuple[int, str]:
    made = call(house, who, "POST", "/feeds", body, 201)
    assert made["url"].startswith("http://tocsin.test/cal/cal_")
    return made["id"], made["url"].removeprefix("http://tocsin.test")


def test_a_schedules_feed(desk: House) -> None:
    """Read by a calendar library; unchanged it costs a 304; an override changes its edition; revoked it is gone."""
    id_, path = feed(desk, "bob", {"schedule": "primary"})
    browser = desk.client("eve")
    first = browser.get(path)
    assert (first.status_code, first["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events = icalendar.Calendar.from_ical(first.content).walk("VEVENT")
    assert (events[0].start, events[0].end) == (datetime(2026, 3, 2, 9, tzinfo=UTC), MIDNIGHT)
    assert str(events[1]["SUMMARY"]) == "Bob Ortiz: On call (Primary)"
    desk.world.at("1h")
    again = browser.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    call(
        desk,
        "bob",
        "POST",
        "/overrides",
        {"schedule": "primary", "person_in": "cleo", "person_out": "ann", **FILL},
        201,
    )
    changed = browser.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    fresh = icalendar.Calendar.from_ical(changed.content).walk("VEVENT")
    assert int(fresh[0]["SEQUENCE"]) > int(events[0]["SEQUENCE"])
    assert (fresh[0]["UID"], fresh[0].end) == (events[0]["UID"], datetime(2026, 3, 2, 10, tzinfo=UTC))
    call(desk, "bob", "DELETE", f"/feeds/{id_}", expect=204)
    assert browser.get(path).status_code == 404


def test_a_persons_feed(desk: House) -> None:
    """It holds their shifts of every schedule with their reminders, and is for them alone."""
    call(desk, "bob", "POST", "/feeds", {"person": "ann"}, 403)
    call(desk, "ann", "POST", "/feeds", {"person": "ann", "schedule": "primary"}, 422)
    _, path = feed(desk, "ann", {})
    events = icalendar.Calendar.from_ical(desk.client("eve").get(path).content).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {"Ann Lee: On call (Primary)"}
    assert [alarm["TRIGGER"].dt for alarm in events[0].walk("VALARM")] == [-timedelta(minutes=30), timedelta(0)]
    assert call(desk, "bob", "GET", "/feeds")["feeds"] == []
    (listed,) = call(desk, "ann", "GET", "/feeds")["feeds"]
    assert "url" not in listed
    desk.world.edit(
        lambda config: (
            (config["people"].pop("ann") and config["teams"]["web"]["members"].remove("ann"))
            or config["schedules"]["primary"]["layers"][0].update(people=["bob"])
        )
    )
    assert desk.client("eve").get(path).status_code == 404


@pytest.mark.parametrize("secret", ["x", "cal_" + "a" * 32, "a" * 5000, "%00", "..%2f"])
def test_a_guessed_address_leads_nowhere(desk: House, secret: str) -> None:
    """Whatever is guessed, the answer is the same."""
    assert desk.client("eve").get(f"/cal/{secret}.ics").status_code == 404


def test_the_secret_is_kept_as_a_digest(desk: House) -> None:
    """Whoever reads the database cannot read the calendar."""
    _, path = feed(desk, "ann", {"person": "ann"})
    secret = path.removeprefix("/cal/").removesuffix(".ics")
    kept = desk.world.rows("SELECT * FROM oncall_feed")
    assert len(kept) == 1
    dump = str(kept) + str(desk.world.rows("SELECT body FROM journal_fact"))
    assert secret not in dump


def test_a_calendar_is_linked_and_unlinked(desk: House) -> None:
    """One's own; it shows how reading goes, never its address."""
    body = {"kind": "absences", "url": "https://calendar.example/secret.ics"}
    made = call(desk, "ann", "POST", "/calendars", body, 201)
    call(desk, "ann", "POST", "/calendars", body, 409)
    call(desk, "ann", "POST", "/calendars", {**body, "kind": "holidays", "url": "file:///etc/passwd"}, 422)
    call(desk, "bob", "POST", "/calendars", {**body, "person": "ann"}, 403)
    assert call(desk, "bob", "GET", "/calendars")["calendars"] == []
    assert "secret" not in str(call(desk, "ann", "GET", "/calendars"))
    call(desk, "bob", "DELETE", f"/calendars/{made['id']}", expect=404)
    call(desk, "ann", "DELETE", f"/calendars/{made['id']}", expect=204)
    assert call(desk, "ann", "GET", "/calendars")["calendars"] == []
