"""When a route can never apply, decided from matchers alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import documents
from tocsin.kit import matchers

written = st.builds(
    "{}{}{}".format, st.sampled_from("ab"), st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["x", "y", ""])
)
conditions = st.lists(written.map(matchers.parse), max_size=4)
WORLD = [
    {name: value for name, value in (("a", one), ("b", other)) if value}
    for one in ("", "x", "y", "z")
    for other in ("", "x", "y", "z")
]


@given(conditions, conditions)
def test_what_is_said_to_be_covered_is(wide: list[matchers.Matcher], narrow: list[matchers.Matcher]) -> None:
    """If one route is said to take everything of another, every set of labels agrees."""
    if documents.covers(wide, narrow):
        assert all(matchers.all_match(wide, labels) for labels in WORLD if matchers.all_match(narrow, labels))


@given(conditions)
def test_what_is_said_to_be_impossible_is(held: list[matchers.Matcher]) -> None:
    """If conditions are said to exclude each other, no set of labels satisfies them."""
    if documents.impossible(held):
        assert not any(matchers.all_match(held, labels) for labels in WORLD)
