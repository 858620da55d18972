"""A change of the configuration says who would be paged instead of whom, and must be forced where it leaves nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tocsin.config import actions, plan, registry
from tocsin.config.actions import Applied, Author, Outcome, Refused
from tocsin.config.domain import Problem
from tocsin.config.parse import File
from tocsin.config.plan import Plan
from tocsin.kit import db
from tocsin.oncall import actions as desk
from tocsin.oncall.actions import Wish

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAILY = {"name": "daily", "rotation": "daily", "handoff": "00:00", "start": "2026-03-01", "people": ["ann", "bob"]}

pytestmark = pytest.mark.usefixtures("database")


def config(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    people = {name: {"name": name.title(), "email": f"{name}@ex.org"} for name in ("ann", "bob", "cleo")}
    return {
        "tocsin": 1,
        "people": people,
        "schedules": {"web": {"timezone": "UTC", "layers": list(layers)}} if layers else {},
        "policies": {"web": {"name": "Web", "steps": [{"page": ["schedule:web"], "wait": "5m"}]}},
    } | more


def files(held: dict[str, Any]) -> list[File]:
    return [File(name="a.yaml", content=json.dumps(held))]


def apply(held: dict[str, Any], *, force: bool = False) -> Outcome:
    with db.transact(NOW) as tx:
        return actions.apply(tx, files(held), {}, Author(by="person:ann", force=force), alone=True)


def planned(held: dict[str, Any], *, force: bool = False) -> Plan:
    return actions.plan_files(db.reader(NOW), files(held), {}, alone=True, force=force)


def test_a_plan_lists_the_nights_it_alters() -> None:
    """Two weeks for Cleo alter who is paged on 14 nights, told in words and as values."""
    apply(config(DAILY))
    cleo = DAILY | {"name": "cleo", "people": ["cleo"], "from": "2026-03-09 12:00", "until": "2026-03-23 12:00"}
    made = planned(config(DAILY, cleo))
    assert made.notes == ("schedule web: this change alters who is paged on 14 nights",)
    (values,) = plan.as_values(made, registry.kinds())["consequences"]
    assert (len(values["nights"]), values["nights"][0], values["opened_gaps"]) == (14, "2026-03-09", [])
    assert values["changes"][0] == {
        "start": "2026-03-09T12:00:00Z", "end": "2026-03-10T00:00:00Z", "before": ["ann"], "after": ["cleo"]
    }  # fmt: skip
    assert isinstance(apply(config(DAILY, cleo)), Applied)


def test_another_spelling_alters_nothing() -> None:
    """Words that change without changing anybody's duty are told as that."""
    apply(config(DAILY))
    made = planned(config(DAILY | {"name": "renamed"}))
    assert made.notes == ("schedule web: this change alters nobody's duty",)


def test_a_change_that_opens_a_gap_is_refused_unless_forced() -> None:
    """The schedule and the policy that would reach nobody are named with the time; forced it is done, and noted."""
    apply(config(DAILY))
    days = config(DAILY | {"between": ["08:00-20:00"]})
    refused = apply(days)
    assert isinstance(refused, Refused)
    assert [(one.path, one.code) for one in refused.problems] == [
        (("schedules", "web"), "opens-gap"),
        (("policies", "web"), "opens-gap"),
    ]
    assert "from 2026-03-02 20:00 to 2026-03-03 08:00 UTC, and 89 times more" in refused.problems[0].message
    assert planned(days).problems == refused.problems
    assert planned(days, force=True).problems == ()
    done = apply(days, force=True)
    assert isinstance(done, Applied)
    assert done.notes[0].startswith("schedule web: this change alters who is paged on")


def test_a_gap_is_told_at_its_line() -> None:
    """What an apply of files would leave without anybody is told where it stands in them, as every other mistake."""
    apply(config(DAILY))
    nights = DAILY | {"between": ["22:00-06:00"]}
    content = json.dumps(config(nights)).replace('"web":', '\n"web":').replace('"schedules":', '\n"schedules":')
    for refused in (
        actions.plan_files(db.reader(NOW), [File(name="b.yaml", content=content)], {}, alone=True).problems,
        _refused(content),
    ):
        assert [(one.file, one.line, one.path) for one in refused] == [
            ("b.yaml", 3, ("schedules", "web")),
            ("b.yaml", 4, ("policies", "web")),
        ]


def _refused(content: str) -> tuple[Problem, ...]:
    with db.transact(NOW) as tx:
        outcome = actions.apply(tx, [File(name="b.yaml", content=content)], {}, Author(by="person:ann"), alone=True)
    assert isinstance(outcome, Refused)
    return outcome.problems


def test_a_gap_that_was_there_already_refuses_nothing() -> None:
    """A schedule with gaps may be new, and may be edited as long as it opens no further ones."""
    days = DAILY | {"between": ["08:00-20:00"]}
    assert isinstance(apply(config(days)), Applied)
    assert isinstance(apply(config(days | {"people": ["cleo"]})), Applied)


def test_taking_a_step_away_can_open_a_gap_too() -> None:
    """A policy that reached somebody and would reach nobody is refused, though no schedule changes."""
    office = DAILY | {"between": ["08:00-20:00"]}
    steps = [{"page": ["schedule:web"], "wait": "5m"}, {"page": ["person:cleo"], "wait": "5m"}]
    apply(config(office, policies={"web": {"name": "Web", "steps": steps}}))
    refused = apply(config(office))
    assert isinstance(refused, Refused)
    assert [one.path for one in refused.problems] == [("policies", "web")]


def test_a_deletion_that_opens_a_gap_is_refused() -> None:
    """A schedule goes with the step that paged it only if the policy still reaches somebody."""
    apply(config(DAILY))
    last = {"web": {"name": "Web", "steps": [{"page": ["team:none"], "wait": "5m"}]}}
    nobody = config(policies=last, teams={"none": {"name": "None"}})
    assert isinstance(apply(nobody), Refused)
    somebody = {"web": {"name": "Web", "steps": [{"page": ["person:cleo"], "wait": "5m"}]}}
    assert isinstance(apply(config(policies=somebody)), Applied)


def test_an_override_fills_what_a_change_leaves_open() -> None:
    """What somebody has taken on by an override is no gap."""
    apply(config(DAILY))
    wish = Wish(schedule="web", person_in="cleo", person_out="*", start=NOW, end=datetime(2026, 6, 30, tzinfo=UTC))
    with db.transact(NOW) as tx:
        desk.make_override(tx, wish, "person:ann")
    assert isinstance(apply(config(DAILY | {"between": ["08:00-20:00"]})), Applied)


def test_a_calendar_that_was_not_read_yet_counts_as_somebody() -> None:
    """Going over to a calendar is no gap: nobody knows yet what it says."""
    apply(config(DAILY))
    moved = config(DAILY)
    moved["schedules"]["web"] = {"timezone": "UTC", "ical": {"url": "https://ex.org/a.ics"}}
    assert isinstance(apply(moved), Applied)


def test_a_plan_tells_who_is_paged_differently() -> None:
    """Another policy: for whom, when, before and after, in words and as values; by what is in force on this database."""
    inbox = {"inbox": {"inbox": True}}
    people = {name: {"name": name.title(), "email": f"{name}@ex.org", "contacts": inbox} for name in ("ann", "bob")}
    services = {"db": {"name": "DB", "team": "data", "policy": "db"}}
    base = {"people": people, "teams": {"data": {"name": "Data", "members": ["ann"]}}, "services": services}

    def paging(*names: str) -> dict[str, Any]:
        steps = [{"page": [f"person:{name}"], "wait": "5m"} for name in names]
        return config(**base, policies={"db": {"name": "DB", "steps": steps}})

    apply(paging("ann", "bob"))
    made = planned(paging("bob"))
    said = "before Ann, then Bob after 5m, then nobody; after Bob, then nobody"
    assert made.notes == (f"db, high urgency, at every time tried: {said}",)
    (values,) = plan.as_values(made, registry.kinds())["consequences"]
    assert (values["subjects"], values["urgency"], values["after"]) == (["db"], "high", "Bob, then nobody")
    assert values["at"] == [
        "2026-03-02T09:00:00Z",
        "2026-03-03T03:00:00Z",
        "2026-03-07T12:00:00Z",
        "2026-03-02T12:00:00Z",
    ]
    assert isinstance(apply(paging("bob")), Applied)
