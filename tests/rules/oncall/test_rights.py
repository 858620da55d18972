"""Who may change who is on call: one table."""

from __future__ import annotations

import pytest

from tocsin.oncall import rights
from tocsin.people.domain import Role
from tocsin.people.rights import Actor, Right

ADMIN = Actor(user_id=1, person="dan", role=Role.ADMIN)
MANAGER = Actor(user_id=2, person="bob", role=Role.MANAGER, managed_teams=frozenset({"web"}))
LEAD = Actor(user_id=3, person="lea", role=Role.RESPONDER, managed_teams=frozenset({"web"}))
RESPONDER = Actor(user_id=4, person="ann", role=Role.RESPONDER)
VIEWER = Actor(user_id=5, person="cleo", role=Role.VIEWER)
GONE = Actor(user_id=6, person="gus", role=None)
NOBODY = Actor(user_id=7, role=Role.RESPONDER)
LOOKING = Actor(user_id=8, person="dan", role=Role.ADMIN, token_id=1, scopes=frozenset({Right.SEE}))


@pytest.mark.parametrize(
    ("who", "web", "other", "none", "own"),
    [
        (ADMIN, True, True, True, True),
        (MANAGER, True, False, True, True),
        (LEAD, True, False, False, True),
        (RESPONDER, False, False, False, True),
        (VIEWER, False, False, False, False),
        (GONE, False, False, False, False),
        (NOBODY, False, False, False, False),
        (LOOKING, False, False, False, False),
    ],
    ids=["admin", "manager", "lead", "responder", "viewer", "gone", "nobody", "looking"],
)
def test_who_may_change_what(who: Actor, web: bool, other: bool, none: bool, own: bool) -> None:
    """A schedule of the team web, of another team, of no team; and a change that concerns oneself."""
    assert [rights.manages(who, team) for team in ("web", "other", None)] == [web, other, none]
    assert rights.may_change(who, "elsewhere", (who.person, "somebody")) is (own or rights.manages(who, "elsewhere"))
    assert rights.may_change(who, "elsewhere", ("x", None)) is rights.manages(who, "elsewhere")
    assert rights.may_speak_for(who, who.person) is own
    assert rights.may_speak_for(who, "x") is (who is ADMIN)
