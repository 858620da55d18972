"""What becomes of signals does not depend on how they are cut into batches, nor on an order that means nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import Database
from tocsin.alerts import absorb
from tocsin.alerts.domain import IntegrationRules, Outcome, ServiceRules, Storm
from tocsin.alerts.rules import Rulebook
from tocsin.kit import db
from tocsin.kit.db import Tx
from tocsin.sources.domain import Action, Severity, Signal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLES = 2000 if os.environ.get("TOCSIN_DEEP") else 60
ENOUGH = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
MOVES = (
    Action.TRIGGER,
    Action.TRIGGER,
    Action.TRIGGER,
    Action.RESOLVE,
    Action.ACKNOWLEDGE,
    Action.UNACKNOWLEDGE,
    Action.NOTE,
)


@dataclass(frozen=True, slots=True)
class After:
    """Everything that absorbing left behind."""

    outcomes: list[tuple[str, str]]
    alerts: list[tuple[str, str, int]]
    groups: list[tuple[str, str, int, int, str]]
    paged: set[int]
    open: set[int]


class _Undo(Exception):
    pass


def signal(action: Action, key: str, app: str, severity: Severity = Severity.HIGH) -> Signal:
    """One signal."""
    said = {"labels": {"app": app}, "title": f"{key} in {app}", "severity": severity}
    return Signal(action=action, dedup_key=key, note="n", **(said if action is Action.TRIGGER else {}))


signals = st.builds(
    signal, st.sampled_from(MOVES), st.sampled_from("abcd"), st.sampled_from(["x", "y"]), st.sampled_from(Severity)
)
rulebooks = st.builds(
    lambda grouped, reopen, hold, storm: Rulebook(
        routes=(),
        integrations={
            "web": IntegrationRules(
                name="web",
                service="web",
                source="pagerduty",
                group_by=("app",) if grouped else (),
                reopen_within=timedelta(minutes=5) if reopen else timedelta(0),
                hold=timedelta(minutes=1) if hold else timedelta(0),
            )
        },
        services={
            "web": ServiceRules(
                name="web", title="Web", storm=Storm(groups=2, within=timedelta(minutes=1)) if storm else None
            )
        },
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def absorbed(book: Rulebook, batches: Sequence[Sequence[Signal]]) -> After:
    """What is left behind; and then it is undone."""
    found: list[After] = []
    with suppress(_Undo), db.transact(NOW) as tx:
        for batch in batches:
            if batch:
                absorb.absorb_now(tx, book, "web", batch)
        tx.settle()
        found.append(_after(tx))
        raise _Undo
    return found[0]


@ENOUGH
@given(rulebooks, st.lists(signals, max_size=12), st.data())
@pytest.mark.usefixtures("sqlite")
def test_batches_make_no_difference(book: Rulebook, several: list[Signal], data: st.DataObject) -> None:
    """One batch, any cut into batches, or each signal alone: the same outcomes, alerts and groups."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(several)), max_size=3)))
    edges = [0, *cuts, len(several)]
    whole = absorbed(book, [several])
    assert absorbed(book, [several[start:end] for start, end in pairwise(edges)]) == whole
    assert absorbed(book, [[one] for one in several]) == whole


@ENOUGH
@given(rulebooks, st.lists(signals, max_size=12))
@pytest.mark.usefixtures("sqlite")
def test_every_signal_has_one_outcome_and_every_open_group_an_escalation(book: Rulebook, several: list[Signal]) -> None:
    """As many outcomes as signals, each a known one; people are being woken for the open groups and for no other."""
    after = absorbed(book, [several])
    assert len(after.outcomes) == len(several)
    assert {outcome for outcome, _ in after.outcomes} <= set(Outcome)
    assert after.paged == after.open


@ENOUGH
@given(st.permutations([(key, app) for key in "abc" for app in "xy"]), st.booleans())
@pytest.mark.usefixtures("sqlite")
def test_the_order_of_new_problems_makes_no_difference(order: list[tuple[str, str]], grouped: bool) -> None:
    """Whatever the order in which different problems come, the same alerts are in groups of the same sizes."""
    how = IntegrationRules(name="web", service="web", source="x", group_by=("app",) if grouped else ())
    book = Rulebook(routes=(), integrations={"web": how}, services={"web": ServiceRules(name="web", title="Web")})
    after = absorbed(book, [[signal(Action.TRIGGER, f"{key}-{app}", app) for key, app in order]])
    assert [(status, count) for _, status, count in after.alerts] == [("firing", 1)] * 6
    assert sorted(count for _, _, count, _, _ in after.groups) == ([3, 3] if grouped else [1] * 6)


def test_the_fixture_is_undone(sqlite: Database) -> None:
    """These properties run in one database that stays empty."""
    book = Rulebook(routes=(), integrations={}, services={})
    assert len(absorbed(book, [[signal(Action.TRIGGER, "a", "x")]]).groups) == 1
    assert db.reader(NOW).rows("SELECT * FROM alerts_group") == []
    assert sqlite.kind == "sqlite"


def _after(tx: Tx) -> After:
    return After(
        outcomes=[(row[0], row[1]) for row in tx.rows("SELECT outcome, reason FROM alerts_signal ORDER BY id")],
        alerts=[tuple(row) for row in tx.rows("SELECT dedup_key, status, signal_count FROM alerts_alert ORDER BY id")],
        groups=[
            tuple(row)
            for row in tx.rows("SELECT key, status, alert_count, firing_count, severity FROM alerts_group ORDER BY id")
        ],
        paged={row[0] for row in tx.rows("SELECT group_id FROM paging_escalation WHERE status = 'running'")},
        open={row[0] for row in tx.rows("SELECT id FROM alerts_group WHERE status = 'open'")},
    )
