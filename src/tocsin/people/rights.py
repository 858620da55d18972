"""Who may do what: one table, asked at every door. Pure.

A role is held everywhere and each includes the ones before it; beyond that, a team's managers (and managers who are
among its members) may change what the team owns. Whoever can be woken may answer any page and quiet any alarm: at
three in the morning the right person is whoever is awake, and what they did stands in the journal under their name.
A token never has more rights than its account, and only those among its scopes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.people.domain import Role


class Right(StrEnum):
    """One thing somebody may be allowed to do; also the scope of a token."""

    SEE = "see"  # read everything that is not secret
    RESPOND = "respond"  # acknowledge, resolve, snooze, escalate, write notes, page people
    SILENCE = "silence"  # create and end silences
    CONFIGURE = "configure"  # change documents and schedules of a team, or of everybody
    ADMINISTER = "administer"  # accounts, other people's tokens, the audit


EVERYWHERE: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.RESPONDER: frozenset({Right.SEE, Right.RESPOND, Right.SILENCE}),
    Role.MANAGER: frozenset({Right.SEE, Right.RESPOND, Right.SILENCE}),
    Role.ADMIN: frozenset(Right),
}
IN_MANAGED_TEAMS = frozenset({Right.SEE, Right.RESPOND, Right.SILENCE, Right.CONFIGURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever stands at a door. `role` is None for an account whose person has left the configuration."""

    user_id: int
    person: str = ""
    role: Role | None
    teams: frozenset[str] = field(default_factory=frozenset)
    managed_teams: frozenset[str] = field(default_factory=frozenset)
    token_id: int | None = None
    scopes: frozenset[str] | None = None  # None: signed in, not a token

    @property
    def by(self) -> str:
        """Under which name the journal keeps what this actor does."""
        if self.person:
            return f"person:{self.person}"
        return f"user:{self.user_id}" if self.token_id is None else f"token:{self.token_id}"


def may(actor: Actor, right: Right, team: str | None = None) -> bool:
    """Whether the actor has the right; for something a team owns when `team` is given, else everywhere."""
    if actor.role is None:
        return False
    if actor.scopes is not None and right not in actor.scopes:
        return False
    if right in EVERYWHERE[actor.role]:
        return True
    return team is not None and team in actor.managed_teams and right in IN_MANAGED_TEAMS


def may_anywhere(actor: Actor, right: Right) -> bool:
    """Whether there is anything at all the actor has this right for: decides whether a button is shown."""
    return may(actor, right) or any(may(actor, right, team) for team in actor.managed_teams)
