"""In which order routes stand that come from files applied apart, from the interface and through the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.config import plan, rules
from tocsin.config.domain import EMPTY, ManagedBy, Origin, State
from tocsin.config.parse import File, parse
from tocsin.config.plan import Plan
from tocsin.site.kinds import KINDS

ROUTES = next(kind for kind in KINDS if kind.section == "routes")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UI = Origin(managed_by=ManagedBy.UI)
SCOPES = ("", "one", "two")
LABELS = "abcd"


def text_of(labels: Sequence[str]) -> str:
    lines = "".join(f'  - {{when: ["{label}=1"], urgency: low}}\n' for label in labels)
    return "tocsin: 1\n" + (f"routes:\n{lines}" if lines else "")


def file_of(scope: str, labels: Sequence[str]) -> File:
    return File(name=f"{scope or 'main'}.yaml", content=text_of(labels))


def planned(before: State, scope: str, labels: Sequence[str]) -> Plan:
    made = plan.make([file_of(scope, labels)], KINDS, before, {}, scope=scope)
    assert made.problems == ()
    return made


def applied(*files: tuple[str, str], before: State = EMPTY) -> State:
    for scope, labels in files:
        before = planned(before, scope, labels).state
    return before


def with_own(before: State, *labels: str) -> State:
    for label in labels:
        route = ROUTES.model.model_validate({"when": [f"{label}=1"], "urgency": "low"})
        before = rules.changed(before, ROUTES, "new", (route, UI))
    return before


def written(before: State, labels: Sequence[str]) -> rules.Judged:
    """What becomes of the list when somebody writes it anew in the interface."""
    parsed = parse([File(name="pasted.yaml", content=text_of(labels))], KINDS, {}, before.snapshot.sections)
    return rules.adopted(parsed, before, KINDS, ManagedBy.UI, alone=True)


def order(state: State) -> str:
    return "".join(getattr(one, "when", ("",))[0][0] for one in state.snapshot.sections.get("routes", {}).values())


def files_in(state: State) -> list[str]:
    return [state.origins["routes", name].file for name in state.snapshot.sections.get("routes", {})]


def lines(made: Plan) -> list[str]:
    return plan.words(made.changes, KINDS)


@pytest.mark.parametrize("turns", [("one", "two", ""), ("two", "", "one"), ("", "two", "one"), ("two", "one", "")])
def test_files_stand_by_the_names_of_their_scopes(turns: tuple[str, ...]) -> None:
    """In whatever order files are first applied, theirs stand by their scopes' names, before what the interface made."""
    brought = {"": "ab", "one": "cd", "two": "e"}
    state = applied(*((scope, brought[scope]) for scope in turns), before=with_own(EMPTY, "x"))
    assert order(state) == "abcdex"
    assert files_in(state) == ["main.yaml"] * 2 + ["one.yaml"] * 2 + ["two.yaml", ""]


def test_a_file_applied_apart_moves_no_other() -> None:
    """Two files with routes, applied apart: each can be applied again and again, and nothing changes."""
    state = applied(("one", "ab"), ("two", "c"))
    assert (planned(state, "one", "ab").changes, planned(state, "two", "c").changes) == ((), ())
    assert order(planned(state, "one", "abd").state) == "abdc"


def test_an_order_that_is_already_another_stays() -> None:
    """What stands otherwise, from an earlier release say, is not reordered by an apply that does not mean it."""
    state = applied(("", "c"), ("two", "ab"))
    names = list(state.snapshot.sections["routes"])
    turned = EMPTY
    for name in (names[1], names[2], names[0]):
        pair = state.snapshot.sections["routes"][name], state.origins["routes", name]
        turned = rules.changed(turned, ROUTES, "new", pair)
    assert order(turned) == "abc"
    assert planned(turned, "", "c").changes == ()
    assert lines(planned(turned, "", "cd")) == ["route 4 is added"]
    assert lines(planned(turned, "two", "adb")) == ["route 2 is added"]


def test_a_changed_route_keeps_its_place() -> None:
    """What a file changes stands where it stood, also among what the interface put around it."""
    state = written(with_own(applied(("one", "ab")), "x", "y"), "xayb").state
    assert order(state) == "xayb"
    assert planned(state, "one", "ab").changes == ()
    assert order(planned(state, "one", "cb").state) == "xcyb"
    assert order(planned(state, "one", "acb").state) == "xacyb"
    assert order(planned(state, "one", "b").state) == "xyb"
    assert order(planned(state, "one", "cab").state) == "xcayb"


def test_a_move_is_said_to_be_one() -> None:
    """A file that turns its routes around is told as a move, with whose it is, and not as one gone and one new."""
    state = applied(("one", "abc"), ("two", "d"))
    made = planned(state, "one", "bca")
    assert lines(made) == ["route 1, from one.yaml, becomes route 3"]
    (change,) = plan.changes_as_values(made.changes, lines(made))
    assert (change["change"], change["name"]) == ("move", "0002")
    assert change["fields"] == [{"path": "place", "before": 1, "after": 3}]
    assert order(made.state) == "bcad"


def test_moves_stand_beside_other_changes() -> None:
    """What moves, what is new and what is gone are told apart."""
    made = planned(applied(("one", "abcd")), "one", "cdea")
    assert sorted(lines(made)) == ["route 1, from one.yaml, becomes route 4", "route 2 is removed", "route 3 is added"]


def test_the_same_route_in_two_files_is_there_twice() -> None:
    """Two files that bring an equal route have one each, so neither takes it from the other at every apply."""
    state = applied(("one", "ab"), ("two", "ba"))
    assert order(state) == "abba"
    assert [planned(state, *one).notes for one in (("one", "ab"), ("two", "ba"))] == [(), ()]


def test_what_a_file_takes_over_stays_where_it_is() -> None:
    """A route of the interface that a file brings too becomes the file's without moving."""
    made = planned(with_own(EMPTY, "x", "a", "y"), "one", "ab")
    assert order(made.state) == "xaby"
    assert lines(made) == ["route 3 is added"]
    assert made.notes == ("route 2, made in the interface, is from now on managed by its file",)


def test_the_interface_leaves_a_file_s_order_to_the_file() -> None:
    """In the interface, own routes are put anywhere; those of a file are refused in another order than the file's."""
    state = with_own(applied(("one", "ab"), ("two", "c")), "x")
    assert order(written(state, "caxb").state) == "caxb"
    assert written(state, "caxb").problems == ()
    (problem,) = written(state, "bacx").problems
    assert problem.message == "route is missing here, changed or moved, but managed by the file one.yaml"


def test_an_equal_route_of_the_interface_does_not_hide_a_file_s() -> None:
    """With a route like the file's beside it, the interface's may still be moved."""
    state = written(with_own(applied(("one", "ba")), "a"), "aba")
    assert state.problems == ()
    assert [origin.managed_by for _, origin in sorted(state.state.origins.items())] == [
        ManagedBy.UI,
        ManagedBy.FILE,
        ManagedBy.FILE,
    ]


def test_a_mistake_is_told_at_its_line_wherever_the_route_stands() -> None:
    """What is wrong with a file's route is told with its line there, also if other files' routes stand before it."""
    content = 'tocsin: 1\nroutes:\n  - {when: ["c=1"], service: nobody}\n'
    before = applied(("one", "ab"))
    made = plan.make([File(name="two.yaml", content=content)], KINDS, before, {}, scope="two")
    assert [(one.file, one.line) for one in made.problems] == [("two.yaml", 3)]
    shadowed = plan.make([file_of("two", "a")], KINDS, before, {}, scope="two")
    told = rules.findings(shadowed.state.snapshot, [ROUTES], NOW)
    (found,) = rules.found_in_files(told, shadowed.parsed, shadowed.state.origins)
    assert (found.code, found.file, found.line) == ("unreachable-route", "two.yaml", 3)


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """Applies of files and, as scope `ui`, what the interface makes or puts elsewhere."""
    one = st.tuples(st.sampled_from((*SCOPES, "ui")), st.lists(st.sampled_from(LABELS), max_size=4))
    return draw(st.lists(one, min_size=1, max_size=8))


@given(turns(), st.randoms(use_true_random=False))
def test_a_file_applied_again_changes_nothing(story: list[tuple[str, list[str]]], chance: Random) -> None:
    """After any applies and edits, applying any file as it was applied last changes nothing and notes nothing."""
    state, last = EMPTY, dict[str, list[str]]()
    for scope, labels in story:
        if scope == "ui":
            shuffled = list(order(with_own(state, *labels)))
            chance.shuffle(shuffled)
            judged = written(state, shuffled)
            state = judged.state if not judged.problems else with_own(state, *labels)
        else:
            state, last[scope] = planned(state, scope, labels).state, labels
        for again, held in last.items():
            made = planned(state, again, held)
            assert (made.changes, made.notes, made.state.origins) == ((), (), state.origins)


@given(turns(), st.sampled_from(SCOPES), st.lists(st.sampled_from(LABELS), max_size=4))
def test_an_apply_moves_only_its_own(story: list[tuple[str, list[str]]], scope: str, labels: list[str]) -> None:
    """What is not of the files that are applied keeps its order, and theirs stand in the order of the files."""
    state = EMPTY
    for each, held in story:
        state = with_own(state, *held) if each == "ui" else planned(state, each, held).state
    made = planned(state, scope, labels)
    of_others, own = [
        [
            (document, origin)
            for name, document in made.state.snapshot.sections.get("routes", {}).items()
            for origin in [made.state.origins["routes", name]]
            if (origin.file == file_of(scope, []).name) is is_own
        ]
        for is_own in (False, True)
    ]
    before = [
        (document, state.origins["routes", name])
        for name, document in state.snapshot.sections.get("routes", {}).items()
    ]
    left = iter(before)
    assert all(pair in left for pair in of_others)
    assert [getattr(document, "when", ("",))[0][0] for document, _ in own] == labels
