"""A repeat through Opsgenie's address that does not say everything again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.alerts import absorb
from tocsin.alerts.domain import IntegrationRules, Route, ServiceRules
from tocsin.alerts.rules import Rulebook
from tocsin.kit import db, matchers
from tocsin.kit.db import Tx
from tocsin.sources import opsgenie
from tocsin.sources.domain import Request, Settings, Severity, Signal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BOOK = Rulebook(
    routes=(Route(place=1, when=(matchers.parse('env="lab"'),), severity=Severity.LOW),),
    integrations={"desk": IntegrationRules(name="desk", service="web", source="opsgenie")},
    services={"web": ServiceRules(name="web", title="Web", tier=1, labels={"area": "shop"})},
)
WHOLE = {
    "message": "It is down",
    "alias": "a",
    "priority": "P1",
    "tags": ["env:prod", "loud"],
    "details": {"region": "eu", "deep": {"x": [1, 2.5]}},
    "description": "All of it",
    "entity": "db1",
    "source": "robot",
    "responders": [{"type": "team", "name": "web"}],
}


class _Undo(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an alert says, how often it was heard, and what tells whether a repeat brought news."""

    title: str
    severity: str
    labels: dict[str, str]
    description: str
    details: dict[str, Any]
    status: str
    signals: int
    crc: int


def signal(body: Mapping[str, object], verb: str = "") -> Signal:
    """What is read of a create, or of an action on the alias `a`."""
    path = f"/v2/alerts/a/{verb}" if verb else "/v2/alerts"
    query = "identifierType=alias" if verb else ""
    request = Request(method="POST", path=path, tail=path, query=query, body=json.dumps(body).encode())
    return opsgenie.read(request, Settings(), NOW, new_id=lambda: "no-alias").signals[0]


def told(tx: Tx) -> list[Told]:
    """Every alert."""
    names = [field.name for field in fields(Told)]
    rows = tx.rows(
        "SELECT title, severity, labels, description, details, status, signal_count, crc FROM alerts_alert ORDER BY id"
    )
    read = [dict(zip(names, row, strict=True)) for row in rows]
    return [Told(**{**row, **{name: json.loads(row[name]) for name in ("labels", "details")}}) for row in read]


def absorbed(batches: Sequence[Sequence[Signal]]) -> list[Told]:
    """What is left behind; and then it is undone."""
    found: list[list[Told]] = []
    with suppress(_Undo), db.transact(NOW) as tx:
        for batch in batches:
            if batch:
                absorb.absorb_now(tx, BOOK, "desk", batch)
        tx.settle()
        found.append(told(tx))
        raise _Undo
    return found[0]


@pytest.mark.usefixtures("database")
def test_what_a_repeat_leaves_out_stays_as_it_was() -> None:
    """Created again while it is open, an alert of Opsgenie's is counted and keeps all that the repeat does not say."""
    first, again = signal(WHOLE), signal({"message": "It is down", "alias": "a"})
    (before,) = absorbed([[first]])
    for batches in ([[first], [again], [again]], [[first, again, again]]):
        (after,) = absorbed(batches)
        assert after == replace(before, signals=3), "not even news, so nothing is decided anew"


@pytest.mark.usefixtures("database")
def test_what_a_repeat_says_takes_the_place_of_what_was_said() -> None:
    """What a repeat does say counts: for what comes from its tags and details, the old ones are gone."""
    (after,) = absorbed([[signal(WHOLE)], [signal({"message": "Worse", "alias": "a", "tags": ["env:lab"]})]])
    told_of = (after.title, after.severity, after.description)
    assert told_of == ("Worse", "low", "All of it"), "the route for env=lab decides"
    held = after.labels
    assert (held["env"], held["tags"], held["region"]) == ("lab", "env:lab", "eu")
    assert (held["priority"], held["severity"], held["entity"]) == ("P1", "critical", "db1")
    assert after.details == absorbed([[signal(WHOLE)]])[0].details
    emptied = {"message": "Worse", "alias": "a", "tags": [], "details": {}, "priority": "P4", "entity": ""}
    (after,) = absorbed([[signal(WHOLE)], [signal(emptied)]])
    assert (after.severity, after.labels["priority"], after.labels["source"]) == ("low", "P4", "robot")
    assert not {"env", "tags", "region", "entity"} & set(after.labels)
    assert list(after.details) == ["responders"]


@pytest.mark.usefixtures("database")
def test_a_priority_nobody_knows_lowers_nothing() -> None:
    """A repeat whose priority is none of P1 to P5 leaves the severity as it was."""
    (after,) = absorbed([[signal(WHOLE)], [signal({"message": "It is down", "alias": "a", "priority": "urgent"})]])
    assert after.severity == "critical"


@pytest.mark.usefixtures("database")
def test_what_is_created_anew_after_its_close_says_only_what_it_says() -> None:
    """A new alert takes nothing over from the one that was closed."""
    again = signal({"message": "It is down", "alias": "a"})
    closed = signal({}, "close")
    for batches in (
        [[signal(WHOLE), closed, again]],
        [[signal(WHOLE)], [closed], [again]],
        [[signal(WHOLE)], [closed, again]],
    ):
        _, after = absorbed(batches)
        assert (after.severity, after.description, after.details) == ("warning", "", {})


_fields = {
    "priority": st.sampled_from(["P1", "P3", "P5", "P9", ""]),
    "tags": st.lists(st.sampled_from(["env:lab", "env:prod", "x", "region=us"]), max_size=2),
    "details": st.dictionaries(
        st.sampled_from(["region", "env", "message"]), st.sampled_from(["eu", "lab"]), max_size=2
    ),
    "description": st.sampled_from(["", "why"]),
    "entity": st.sampled_from(["", "db1"]),
    "source": st.sampled_from(["robot", "cron"]),
    "responders": st.just([{"type": "team", "name": "web"}]),
}
_bodies = st.fixed_dictionaries(
    {"alias": st.sampled_from("ab"), "message": st.sampled_from(["one", "two", "m" * 200])}, optional=_fields
)
_signals = st.one_of(
    _bodies.map(signal), _bodies.map(signal), st.just(signal({}, "close")), st.just(signal({}, "acknowledge"))
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_signals, max_size=10), st.data())
@pytest.mark.usefixtures("sqlite")
def test_how_repeats_are_cut_into_batches_makes_no_difference(several: list[Signal], data: st.DataObject) -> None:
    """In one batch, in several, or each alone, the same alerts say the same."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(several)), max_size=3)))
    whole = absorbed([several])
    assert absorbed([several[start:end] for start, end in pairwise([0, *cuts, len(several)])]) == whole
    assert absorbed([[one] for one in several]) == whole
