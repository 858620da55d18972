"""What a schedule's form means, as tables of cases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.catalog import form_fields
from tocsin.config import secrecy
from tocsin.config.domain import Problem
from tocsin.oncall import schedule_form
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.schedule_form import Draft, Layer

BASE: dict[str, Any] = {
    "name": "weekly",
    "rotation": "weekly",
    "handoff": "Mon 09:00",
    "start": "2026-01-05",
    "people": ["ann", "bob"],
}


def layer(**more: Any) -> dict[str, Any]:
    return {**BASE, **more}


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ([layer()], [layer()], [layer()]),
        (
            [layer()],
            [layer(people=["dan"])],
            [layer(until="2026-04-01"), layer(people=["dan"], name="weekly from 2026-04-01", **{"from": "2026-04-01"})],
        ),
        (
            [layer(until="2026-03-01")],
            [layer(name="new")],
            [layer(until="2026-03-01"), layer(name="new", **{"from": "2026-04-01"})],
        ),
        (
            [layer(**{"from": "2026-05-01"})],
            [layer(people=["dan"], **{"from": "2026-06-01"})],
            [layer(people=["dan"], **{"from": "2026-06-01"})],
        ),
        (
            [layer(until="2026-05-01")],
            [layer(name="new", until="2026-03-15")],
            [layer(until="2026-04-01")],
        ),
    ],
)
def test_a_change_holds_from_a_day_on(
    before: list[dict[str, Any]], after: list[dict[str, Any]], made: list[dict[str, Any]]
) -> None:
    """The old layers end on it, the new ones begin on it; what was over or never would be is left out."""
    assert schedule_form.later(before, after, "2026-04-01") == made


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, ()),
        ({"handoff": "2 Mon 09:00", "every": 2}, ("it hands over 2 Mon 09:00",)),
        ({"handoff": None, "handoffs": ["Mon 09:00", "Fri 17:00"]}, ("it hands over Mon 09:00, Fri 17:00",)),
        ({"dates": ["2026-12-24"]}, ("it applies only on 2026-12-24",)),
        ({"from": "2026-04-01"}, ()),
        ({"from": "2026-04-01T09:00:00Z"}, ("it holds from 2026-04-01T09:00:00Z",)),
    ],
)
def test_what_the_form_cannot_say_is_named(written: dict[str, Any], words: tuple[str, ...]) -> None:
    """So that nobody wonders why it is not there."""
    assert schedule_form.special(layer(**written)) == words


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("name",), "title"),
        (("timezone",), "zone"),
        (("team",), "team"),
        (("layers",), None),
        (("layers", 2), "l2-name"),
        (("layers", 0, "handoff"), "l0-time"),
        (("layers", 1, "people", 3), "l1-people"),
        (("layers", 1, "timezone"), "l1-timezone"),
        ((), None),
    ],
)
def test_a_problem_has_its_field(path: tuple[str | int, ...], field: str | None) -> None:
    """By its path within the document; what belongs to none stands above."""
    assert schedule_form.field_of(Problem(message="is wrong", path=("schedules", "web", *path))) == field


def test_a_gap_stands_above() -> None:
    """It is the whole schedule's, whichever layer's change opened it."""
    gap = Problem(message="leaves nobody", path=("schedules", "web", "layers", 0), code=form_fields.OPENS_GAP)
    assert schedule_form.field_of(gap) is None


@pytest.mark.parametrize(
    ("do", "names"),
    [
        ("layer-up:1", ["b", "a", "c"]),
        ("layer-up:0", ["a", "b", "c"]),
        ("layer-down:2", ["a", "b", "c"]),
        ("layer-down:0", ["b", "a", "c"]),
        ("layer-remove:1", ["a", "c"]),
        ("layer-remove:9", ["a", "b", "c"]),
        ("layer-add", ["a", "b", "c", "layer 1"]),
    ],
)
def test_layers_move(do: str, names: list[str]) -> None:
    """As the button says, and never out of the list."""
    draft = Draft(layers=tuple(Layer(name=name) for name in "abc"))
    moved = schedule_form.moved(draft, do, today="2026-03-02")
    assert moved is not None
    assert [one.name for one in moved.layers] == names


@pytest.mark.parametrize("do", ["save", "preview", "", "layer-up", "layer-up:x", "person-fly:1:1", "layer-up:-1"])
def test_other_buttons_move_nothing(do: str) -> None:
    """Whatever else is sent is none of the small buttons."""
    assert schedule_form.moved(Draft(), do, today="2026-03-02") is None


TIMES = st.sampled_from(["00:00", "09:00", "23:59"])
LAYERS = st.one_of(
    st.fixed_dictionaries({"rotation": st.just("daily"), "handoff": TIMES}),
    st.fixed_dictionaries({"rotation": st.just("hourly")}),
    st.fixed_dictionaries(
        {"rotation": st.just("weekly"), "handoff": st.sampled_from(["Mon 09:00", "sunday 9:00", "Fri 17:30"])}
    ),
    st.fixed_dictionaries({"rotation": st.just("monthly"), "handoff": st.sampled_from(["1 09:00", "31 00:00"])}),
)
MORE = st.fixed_dictionaries(
    {},
    optional={
        "every": st.integers(1, 9),
        "at_once": st.just(2),
        "between": st.sampled_from([["08:00-20:00"], ["22:00-06:00", "12:00-13:00"]]),
        "weekdays": st.sampled_from([["Mon-Fri"], ["Sat", "Sun"], ["Fri-Mon"]]),
        "dates": st.just(["2026-12-24..2026-12-26"]),
        "timezone": st.just("Asia/Tokyo"),
        "from": st.sampled_from(["2026-02-01", "2026-02-01T09:00:00Z"]),
        "until": st.just("2027-01-01"),
        "shadow": st.booleans(),
    },
)


@given(st.lists(st.tuples(LAYERS, MORE), min_size=1, max_size=4))
def test_an_untouched_form_means_the_same_document(written: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Whatever a document says, reading it into the form and back changes nothing of its meaning."""
    layers = [
        {"name": f"layer {number}", "start": "2026-01-05", "people": ["ann", "bob"], **turn, **more}
        for number, (turn, more) in enumerate(written)
    ]
    document = ScheduleDocument.model_validate({"name": "x", "timezone": "Europe/Berlin", "layers": layers})
    body = secrecy.dump(document)
    made = schedule_form.body(schedule_form.of_document(body), body)
    assert ScheduleDocument.model_validate(made) == document
