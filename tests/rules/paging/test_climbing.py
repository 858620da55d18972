"""Who is woken next: every rung in its order, none of them empty, and an end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.paging import rules
from tocsin.paging.documents import PolicyDocument
from tocsin.paging.domain import FrozenPolicy, FrozenStep, Plan, Why
from tocsin.paging.rules import Climb, Exhausted, Rung, TargetResolver
from tocsin.people.domain import PersonDocument, Role, TeamDocument, Urgency

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = {name: PersonDocument(name=name.title(), email=f"{name}@x.test") for name in ("ann", "bob", "cleo")}
TEAMS = {"all": TeamDocument(name="All", members=("ann", "bob", "cleo")), "none": TeamDocument(name="None")}
TARGETS = [
    "person:ann",
    "person:bob",
    "person:gone",
    "team:all",
    "team:none",
    "team:gone",
    "schedule:duty",
    "schedule:gone",
]


def on_call(schedule: str, at: datetime) -> Iterable[str] | None:
    """Cleo has the one schedule there is."""
    return ("cleo",) if schedule == "duty" else None


RESOLVER = TargetResolver(PEOPLE, TEAMS, on_call)
steps = st.builds(
    FrozenStep,
    number=st.integers(1, 9),
    targets=st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3).map(tuple),
    wait_s=st.sampled_from([0.0, 60.0, 3600.0]),
    round_robin=st.booleans(),
)
policies = st.builds(
    FrozenPolicy, name=st.sampled_from("pq"), steps=st.lists(steps, max_size=4).map(tuple), repeat=st.integers(0, 9)
)
plans = st.builds(
    Plan,
    policies=st.lists(policies, max_size=3).map(tuple),
    last_resort=st.lists(st.sampled_from(TARGETS), max_size=2).map(tuple),
)
reachable = st.sets(st.sampled_from(sorted(PEOPLE)))


def size(plan: Plan) -> int:
    """How many rungs a plan has."""
    return sum(len(one.steps) * (one.repeat + 1) for one in plan.policies) + bool(plan.last_resort)


@given(plans)
def test_rungs_are_every_step_of_every_round_in_order(plan: Plan) -> None:
    """Rung by rung: each policy's steps, again for each repeat, then the next policy, then the last resort, then none."""
    expected = [
        (policy.name, step.number, cycle, step.targets)
        for policy in plan.policies
        for cycle in range(1, policy.repeat + 2)
        for step in policy.steps
    ]
    if plan.last_resort:
        expected.append((plan.policies[-1].name if plan.policies else rules.LAST_RESORT, 0, 1, plan.last_resort))
    rungs = [rules.rung_at(plan, position) for position in range(size(plan))]
    assert [(one.policy, one.step, one.cycle, one.targets) for one in rungs if one] == expected
    assert rules.rung_at(plan, size(plan)) is None
    assert rules.rung_at(plan, size(plan) + 1000) is None


@given(plans, reachable, st.integers(0, 50))
def test_every_escalation_ends(plan: Plan, can: set[str], turn: int) -> None:
    """Climbing always moves forward and comes to an end within the plan's rungs, each taken or skipped exactly once."""
    position, seen = 0, []
    for _ in range(size(plan) + 1):
        decided = rules.climb(plan, position, turn, RESOLVER, can.__contains__, NOW)
        seen += [skipped.rung for skipped in decided.skipped]
        if isinstance(decided, Exhausted):
            break
        assert decided.next_position > position
        seen.append(decided.rung)
        position = decided.next_position
    else:
        raise AssertionError("it goes on for ever")
    assert seen == [rules.rung_at(plan, at) for at in range(size(plan))]


@given(plans, reachable, st.integers(0, 100), st.integers(0, 50))
def test_no_climb_waits_on_an_empty_rung(plan: Plan, can: set[str], position: int, turn: int) -> None:
    """Whoever is waited for can be told, and what is skipped could reach nobody and says why."""
    decided = rules.climb(plan, position, turn, RESOLVER, can.__contains__, NOW)
    if isinstance(decided, Climb):
        assert any(one.person in can for one in decided.called)
        assert all(one.why for one in decided.called)
        assert len({one.person for one in decided.called}) == len(decided.called)
    for skipped in decided.skipped:
        called, _ = rules.call(skipped.rung, turn, RESOLVER, can.__contains__, NOW)
        assert not any(one.person in can for one in called)
        assert skipped.why


@pytest.mark.parametrize(
    ("targets", "persons", "why"),
    [
        (("person:ann",), ["ann"], Why.NAMED),
        (("team:all",), ["ann", "bob", "cleo"], "member of the team All"),
        (("schedule:duty",), ["cleo"], "on call for duty"),
        (("person:ann", "team:all"), ["ann", "bob", "cleo"], Why.NAMED),
        (("person:gone",), [], Why.UNKNOWN_TARGET),
        (("team:none",), [], Why.EMPTY_TEAM),
        (("team:gone", "team:none"), [], f"{Why.UNKNOWN_TARGET}; {Why.EMPTY_TEAM}"),
    ],
)
def test_whom_a_rung_means(targets: tuple[str, ...], persons: list[str], why: str) -> None:
    """Each person once, in the order written, with the reason; or the reasons why nobody."""
    called, why_not = rules.call(_rung(targets), 0, RESOLVER, lambda _: True, NOW)
    assert [one.person for one in called] == persons
    assert (called[0].why if called else why_not) == why


@given(st.integers(0, 1000))
def test_a_round_robin_is_fair(turn: int) -> None:
    """Of three people each is called in every third turn."""
    rung = _rung(("team:all",), round_robin=True)
    called = [rules.call(rung, turn + one, RESOLVER, lambda _: True, NOW)[0] for one in range(3)]
    assert sorted(one.person for (one,) in called) == ["ann", "bob", "cleo"]


@given(reachable, st.integers(0, 1000))
def test_a_round_robin_passes_over_who_cannot_be_reached(can: set[str], turn: int) -> None:
    """Whose turn it is but cannot be reached gives the turn away, as long as there is anybody who can be."""
    called, _ = rules.call(_rung(("team:all",), round_robin=True), turn, RESOLVER, can.__contains__, NOW)
    assert called[0].person in (can & {"ann", "bob", "cleo"} or {"ann", "bob", "cleo"})


def test_a_policy_is_frozen_with_those_it_hands_over_to() -> None:
    """The chain of policies, the steps that apply to the urgency, and everybody's last resort, each once."""
    first = PolicyDocument(
        name="First",
        steps=[{"page": ["person:ann"], "if": {"urgency": "high"}}, {"page": ["person:bob"]}],
        then="second",
        last_resort=["person:cleo"],
    )
    second = PolicyDocument(
        name="Second",
        steps=[{"page": ["team:all"]}],
        then="first",
        last_resort=["person:cleo", "person:ann"],
    )
    plan = rules.freeze("first", {"first": first, "second": second}, Urgency.LOW)
    assert [(one.name, [step.number for step in one.steps]) for one in plan.policies] == [
        ("first", [2]),
        ("second", [1]),
    ]
    assert plan.last_resort == ("person:cleo", "person:ann")


def test_the_administrators_answer_for_what_is_nobody_s() -> None:
    """Without a team the fallback pages the administrators, and there is nobody after them."""
    boss = PersonDocument(name="Boss", email="boss@x.test", role=Role.ADMIN)
    assert rules.admins({**PEOPLE, "boss": boss}) == ("boss",)
    plan = rules.fallback(None, ["boss"], Why.NOBODY_RESPONSIBLE)
    assert (plan.policies[0].steps[0].targets, plan.last_resort) == (("person:boss",), ())


def _rung(targets: tuple[str, ...], *, round_robin: bool = False) -> Rung:
    plan = Plan(
        policies=(
            FrozenPolicy(name="p", steps=(FrozenStep(number=1, targets=targets, wait_s=1, round_robin=round_robin),)),
        )
    )
    found = rules.rung_at(plan, 0)
    assert found is not None
    return found
