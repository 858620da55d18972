"""Which group a new alert comes into, and the small decisions around it, as tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import rules
from tocsin.alerts.domain import (
    Alert,
    Group,
    GroupStatus,
    IntegrationRules,
    Outcome,
    Reason,
    Routed,
    Silence,
    Storm,
)
from tocsin.kit import matchers
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Severity, Signal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def group(status: GroupStatus = GroupStatus.OPEN, **more: object) -> Group:
    """A group as the candidates hold it."""
    held = {"id": 1, "service": "web", "integration": "web", "key": "k", "title": "t", "opened_at": NOW - MINUTE}
    return Group(status=status, urgency=Urgency.HIGH, severity=Severity.HIGH, **{**held, **more})


def routed(**more: object) -> Routed:
    """A new problem that has been routed."""
    held = {
        "service": "web",
        "service_title": "Web",
        "group_key": "k",
        "group_labels": {},
        "urgency": Urgency.HIGH,
        "severity": Severity.HIGH,
        "labels": {},
        "route": None,
        "hold": timedelta(0),
        "storm": None,
    }
    return Routed(**{**held, **more})


def silence(starts: int = -10, ends: int = 10, number: int = 7, written: str = 'host="db1"') -> Silence:
    """A silence, in minutes from now."""
    return Silence(
        id=number,
        matchers=(matchers.parse(written),),
        starts_at=NOW + starts * MINUTE,
        ends_at=NOW + ends * MINUTE,
        author="person:ann",
        comment="",
    )


OPEN, RESOLVED = group(), group(GroupStatus.RESOLVED, reopen_until=NOW + MINUTE)
CLOSED_WINDOW = group(window_until=NOW)
OPEN_WINDOW = group(window_until=NOW + timedelta(microseconds=1))
TOO_LATE = group(GroupStatus.RESOLVED, reopen_until=NOW)


@pytest.mark.parametrize(
    ("candidates", "problem", "silenced", "outcome", "reason"),
    [
        ([], routed(), False, Outcome.OPENED, Reason.NEW_PROBLEM),
        ([OPEN], routed(), False, Outcome.JOINED, Reason.SAME_GROUP),
        ([OPEN], routed(), True, Outcome.SUPPRESSED, Reason.SILENCED),
        ([group(GroupStatus.ACKNOWLEDGED)], routed(), False, Outcome.JOINED, Reason.SAME_GROUP),
        ([group(GroupStatus.SUPPRESSED)], routed(), False, Outcome.JOINED, Reason.SAME_GROUP),
        ([CLOSED_WINDOW], routed(), False, Outcome.OPENED, Reason.NEW_PROBLEM),
        ([OPEN_WINDOW], routed(), False, Outcome.JOINED, Reason.SAME_GROUP),
        ([RESOLVED], routed(), False, Outcome.REOPENED, Reason.WITHIN_REOPEN),
        ([RESOLVED], routed(), True, Outcome.SUPPRESSED, Reason.SILENCED),
        ([TOO_LATE], routed(), False, Outcome.OPENED, Reason.NEW_PROBLEM),
        ([RESOLVED, OPEN], routed(), False, Outcome.JOINED, Reason.SAME_GROUP),
        ([], routed(), True, Outcome.SUPPRESSED, Reason.SILENCED),
        ([], routed(suppress="known"), False, Outcome.SUPPRESSED, Reason.ROUTE_SUPPRESSES),
        ([], routed(hold=MINUTE), False, Outcome.SUPPRESSED, Reason.HELD),
        ([OPEN], routed(hold=MINUTE, suppress="known"), False, Outcome.JOINED, Reason.SAME_GROUP),
    ],
)
def test_where_a_new_alert_goes(
    candidates: list[Group], problem: Routed, silenced: bool, outcome: Outcome, reason: Reason
) -> None:
    """An unresolved group whose window is open, else one resolved a moment ago, else a new one."""
    found = rules.place(candidates, problem, silence() if silenced else None, NOW)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_the_newest_of_several_groups_takes_it() -> None:
    """Where several groups could take an alert, the newest does."""
    older, newer = group(id=1), group(id=2)
    assert rules.place([older, newer], routed(), None, NOW).group is newer


@pytest.mark.parametrize(("minute", "active"), [(-11, False), (-10, True), (0, True), (9, True), (10, False)])
def test_a_silence_holds_from_its_start_up_to_its_end(minute: int, active: bool) -> None:
    """The start counts, the end does not."""
    assert silence().is_active(NOW + minute * MINUTE) is active


def test_of_several_silences_the_longest_counts() -> None:
    """The one that ends last is the one that says until when."""
    short, long, other = silence(ends=5, number=1), silence(ends=50, number=2), silence(number=3, written='host="x"')
    assert rules.silenced_by([short, long, other], {"host": "db1"}, NOW) is long
    assert rules.silenced_by([short, long, other], {"host": "db9"}, NOW) is None


@pytest.mark.parametrize(("before", "storm"), [(0, False), (9, False), (10, True), (11, True)])
def test_a_storm_begins_beyond_the_limit(before: int, storm: bool) -> None:
    """Ten groups are allowed; the eleventh is a storm. Without a limit nothing ever is."""
    limited = routed(storm=Storm(groups=10, within=MINUTE))
    assert rules.is_storm(limited, before) is storm
    assert not rules.is_storm(routed(), 10**6)


@pytest.mark.parametrize(
    ("sender_ends", "timeout", "expected"),
    [(None, None, None), (5, None, 5), (None, 3, 3), (5, 3, 3), (2, 3, 2)],
)
def test_an_alert_ends_at_the_sooner_of_two_ends(
    sender_ends: int | None, timeout: int | None, expected: int | None
) -> None:
    """The sender's own end or the integration's timeout, whichever comes first."""
    how = IntegrationRules(name="web", service="web", source="x", auto_resolve_after=timeout and timeout * MINUTE)
    ends = None if sender_ends is None else NOW + sender_ends * MINUTE
    signal = Signal(action=Action.TRIGGER, dedup_key="k", expires_at=ends)
    assert rules.expiry(how, signal, NOW, NOW) == (None if expected is None else NOW + expected * MINUTE)
    assert rules.expiry(None, signal, NOW, NOW) == ends


@pytest.mark.parametrize(("ended", "late"), [(None, False), (-1, True), (0, False), (1, False)])
def test_a_resolve_of_an_earlier_occurrence_is_late(ended: int | None, late: bool) -> None:
    """It is, if what it says is over ended before the alert that fires now began."""
    alert = Alert(
        id=1,
        integration="web",
        dedup_key="k",
        service="web",
        group_id=1,
        severity=Severity.HIGH,
        urgency=Urgency.HIGH,
        crc=0,
        signal_count=1,
        opened_at=NOW,
        started_at=NOW,
        last_signal_at=NOW,
        expires_at=None,
    )
    ends = None if ended is None else NOW + ended * MINUTE
    signal = Signal(action=Action.RESOLVE, dedup_key="k", expires_at=ends)
    assert rules.is_late_resolve(alert, signal) is late


@pytest.mark.parametrize(("rolling", "expected"), [(False, 3), (True, 10)])
def test_a_window_is_fixed_or_rolls(rolling: bool, expected: int) -> None:
    """A fixed window keeps the end it had, a rolling one is moved by each alert."""
    how = IntegrationRules(name="web", service="web", source="x", window=10 * MINUTE, window_rolling=rolling)
    assert rules.window_until(how, None, NOW) == NOW + 10 * MINUTE
    assert rules.window_until(how, group(window_until=NOW + 3 * MINUTE), NOW) == NOW + expected * MINUTE
    assert rules.window_until(None, None, NOW) is None


@given(st.sampled_from(Severity), st.sampled_from(Severity), st.sampled_from(Severity))
def test_the_worst_severity_wins_whatever_the_order(one: Severity, two: Severity, three: Severity) -> None:
    """Taking the worse of two is commutative, associative and never better than either."""
    assert rules.worse(one, two) is rules.worse(two, one)
    assert rules.worse(rules.worse(one, two), three) is rules.worse(one, rules.worse(two, three))
    assert rules.worse(one, two).rank <= min(one.rank, two.rank)


@given(st.lists(st.sampled_from(Urgency), min_size=1))
def test_high_urgency_wins_whatever_the_order(urgencies: list[Urgency]) -> None:
    """A group is urgent if anything in it is."""
    found = Urgency.LOW
    for urgency in urgencies:
        found = rules.more_urgent(found, urgency)
    assert (found is Urgency.HIGH) == (Urgency.HIGH in urgencies)
