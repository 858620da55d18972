"""Who was on call when stays true: overrides and versions on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import db
from tocsin.oncall import actions, queries, store
from tocsin.oncall.actions import CannotChange, WhyNot, Wish

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = {"name": "daily", "rotation": "daily", "handoff": "00:00", "start": "2026-03-01", "people": ["ann", "bob"]}

pytestmark = pytest.mark.usefixtures("database")


def apply(at: datetime, *layers: dict[str, Any]) -> None:
    people = {name: {"name": name.title(), "email": f"{name}@ex.org"} for name in ("ann", "bob", "cleo")}
    schedules = {"web": {"timezone": "UTC", "layers": list(layers)}} if layers else {}
    held = {"tocsin": 1, "people": people, "schedules": schedules}
    author = configuring.Author(by="person:ann", force=True)
    with db.transact(at) as tx:
        outcome = configuring.apply(tx, [File(name="a.yaml", content=json.dumps(held))], {}, author, alone=True)
    assert isinstance(outcome, configuring.Applied)


def override(at: datetime, start: float, end: float, **more: Any) -> int:
    wish = Wish(schedule="web", start=NOW + start * HOUR, end=NOW + end * HOUR, **more)
    with db.transact(at) as tx:
        return actions.make_override(tx, wish, "person:ann").id


def shifts(start: float, end: float, asked_at: datetime = NOW) -> list[tuple[str, float, float, str]]:
    found = queries.shifts_between(db.reader(asked_at), "web", NOW + start * HOUR, NOW + end * HOUR)
    return [
        (one.person, (one.start - NOW) / HOUR, (one.end - NOW) / HOUR, one.layer or f"override {one.override}")
        for one in found
    ]


def test_before_the_first_version_nobody_was_on_call() -> None:
    """History begins with what was applied first."""
    apply(NOW, DAILY)
    assert shifts(-10, 2) == [("bob", 0.0, 2.0, "daily")]


def test_each_time_has_the_version_that_held_then() -> None:
    """Edits, a removal and a return, asked about long after; what did not change anybody's duty leaves one shift."""
    apply(NOW, DAILY)
    apply(NOW + 1 * HOUR, DAILY | {"every": 1, "at_once": 1})
    apply(NOW + 2 * HOUR, DAILY | {"people": ["cleo"]})
    apply(NOW + 4 * HOUR)
    apply(NOW + 5 * HOUR, DAILY)
    assert shifts(-1, 8, NOW + timedelta(days=300)) == [
        ("bob", 0.0, 2.0, "daily"),
        ("cleo", 2.0, 4.0, "daily"),
        ("bob", 5.0, 8.0, "daily"),
    ]
    assert shifts(2.5, 3, NOW + timedelta(days=300)) == [("cleo", 2.5, 3.0, "daily")]


def test_two_versions_of_one_second() -> None:
    """The later one counts from that second on, and nothing is counted twice."""
    apply(NOW, DAILY)
    apply(NOW + timedelta(milliseconds=1), DAILY | {"people": ["cleo"]})
    assert shifts(-1, 1) == [("cleo", 0.0, 1.0, "daily")]


def test_an_override_never_reaches_into_the_past() -> None:
    """One that is said to have begun earlier begins when it is made; one that is over cannot be made."""
    apply(NOW, DAILY)
    override(NOW + 2 * HOUR, 1, 3, person_in="cleo", person_out="bob")
    assert shifts(0, 4) == [("bob", 0.0, 2.0, "daily"), ("cleo", 2.0, 3.0, "override 1"), ("bob", 3.0, 4.0, "daily")]
    with pytest.raises(CannotChange) as refused:
        override(NOW + 2 * HOUR, 0, 1, person_in="cleo", person_out="bob")
    assert refused.value.why is WhyNot.BAD_TIME


def test_what_is_cancelled_counted_until_then() -> None:
    """In the middle it ends there; before it began it never was; the row stays with who did it."""
    apply(NOW, DAILY)
    first = override(NOW, 1, 4, person_in="cleo", person_out="bob")
    second = override(NOW, 5, 6, person_in="cleo", person_out="bob")
    with db.transact(NOW + 2 * HOUR) as tx:
        actions.cancel_override(tx, first, "person:bob")
        actions.cancel_override(tx, second, "person:bob")
    assert shifts(0, 8) == [("bob", 0.0, 1.0, "daily"), ("cleo", 1.0, 2.0, "override 1"), ("bob", 2.0, 8.0, "daily")]
    lines = queries.overrides(db.reader(NOW), NOW, NOW + 9 * HOUR)
    assert [(one.id, one.cancelled_by) for one in lines] == [(first, "person:bob"), (second, "person:bob")]
    assert queries.overrides(db.reader(NOW), NOW, NOW + 9 * HOUR, cancelled=False) == []


def test_overrides_count_in_the_order_they_were_made() -> None:
    """A later one sees what an earlier one did: Ann takes Cleo's place, not Bob's."""
    apply(NOW, DAILY)
    override(NOW, 1, 3, person_in="cleo", person_out="bob")
    override(NOW, 2, 3, person_in="ann", person_out="cleo")
    assert shifts(1, 3) == [("cleo", 1.0, 2.0, "override 1"), ("ann", 2.0, 3.0, "override 2")]


def test_what_is_told_once_is_remembered() -> None:
    """Of several keys only the new ones are given back, and none twice."""
    with db.transact(NOW) as tx:
        assert store.first_time(tx, ["a", "b", "a"]) == {"a", "b"}
        assert store.first_time(tx, ["b", "c"]) == {"c"}
        assert store.first_time(tx, []) == set()
    with db.transact(NOW + timedelta(days=2)) as tx:
        store.forget_told(tx, NOW + timedelta(days=1))
        assert store.first_time(tx, ["a"]) == {"a"}
