"""What groups of a sign-on provider mean."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.admin import mapping
from tocsin.admin.mapping import SignOn
from tocsin.people.domain import Role

HELD = SignOn(
    roles={"sre": "responder", "leads": "admin"},
    teams=(("sre", "web"), ("dba", "web"), ("sre", "platform")),
    default_role=Role.VIEWER,
)


@pytest.mark.parametrize(
    ("theirs", "role"),
    [
        (set(), Role.VIEWER),
        ({"others"}, Role.VIEWER),
        ({"sre"}, Role.RESPONDER),
        ({"leads", "sre"}, Role.ADMIN),
    ],
)
def test_the_highest_of_the_groups_decides(theirs: set[str], role: Role) -> None:
    """Whoever is in none of the groups has the role for all others, so leaving a group takes its rights away."""
    assert mapping.role_of(HELD, frozenset(theirs)) is role


def test_roles_that_nobody_maps_are_not_touched() -> None:
    """Without a mapping the provider says who somebody is, not what they may do."""
    assert mapping.role_of(SignOn(), frozenset({"leads"})) is None


def test_a_team_has_those_of_any_of_its_groups() -> None:
    """A group may stand for several teams, and a team for several groups."""
    assert mapping.teams_of(HELD, frozenset({"dba"})) == {"web": True, "platform": False}
    assert mapping.teams_of(HELD, frozenset()) == {"web": False, "platform": False}


@pytest.mark.parametrize(
    ("claims", "claim", "expected"),
    [
        ({"groups": ["a", "/b"]}, "groups", {"a", "b"}),
        ({"groups": "a, b"}, "groups", {"a", "b"}),
        ({"groups": [{"display": "a"}, {"name": "b"}, {}]}, "groups", {"a", "b"}),
        ({"realm": {"roles": ["a"]}}, "realm.roles", {"a"}),
        ({"https://acme.example/groups": ["a"]}, "https://acme.example/groups", {"a"}),
        ({}, "groups", set()),
        ({"groups": 7}, "groups", set()),
        ({"realm": "x"}, "realm.roles", set()),
    ],
)
def test_groups_are_read_as_providers_write_them(claims: dict[str, Any], claim: str, expected: set[str]) -> None:
    """Lists, words, objects, nested or not; anything else is no group at all."""
    assert mapping.groups(claims, claim) == expected


def test_a_mapping_is_written_in_pairs() -> None:
    """What is not a pair is named."""
    assert mapping.pairs("a=b, c=d=e,") == (("a", "b"), ("c=d", "e"))
    for wrong in ("a", "=b", "a="):
        with pytest.raises(ValueError, match="is not GROUP=NAME"):
            mapping.pairs(wrong)
