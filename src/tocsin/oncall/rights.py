"""Who may change who is on call. Pure.

A responder may change what concerns themselves: give their own shift away, take one on, offer a swap, say when they
are away. Whoever manages the schedule's team may change everything of it. A schedule without a team is managed by
administrators and by everybody with the role manager.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.config.domain import Snapshot
from tocsin.oncall.domain import ScheduleDocument
from tocsin.people.domain import PersonDocument, Role, TeamDocument
from tocsin.people.rights import Actor, Right, may


def manages(who: Actor, team: str | None) -> bool:
    """Whether they may change anything of a schedule of this team."""
    if may(who, Right.CONFIGURE, team):
        return True
    within_scope = who.scopes is None or Right.CONFIGURE in who.scopes
    return team is None and who.role is Role.MANAGER and within_scope


def may_change(who: Actor, team: str | None, concerned: Iterable[str | None]) -> bool:
    """Whether they may make a change that concerns these people."""
    return manages(who, team) or (bool(who.person) and may(who, Right.RESPOND) and who.person in concerned)


def may_speak_for(who: Actor, person: str) -> bool:
    """Whether they may offer, accept, or say when somebody is away, in this person's name."""
    return may(who, Right.ADMINISTER) or (bool(person) and who.person == person and may(who, Right.RESPOND))


def may_hold_feed(who: Actor, person: str | None, team: str | None, made_by: str | None) -> bool:
    """Whether they may make or revoke a secret address: of their own shifts, or of a schedule of this team.

    Whoever responds may make one of a schedule (`made_by` None) and revoke their own; its managers revoke any.
    """
    if person is not None:
        return may_speak_for(who, person)
    return (may(who, Right.RESPOND) and made_by in (None, who.by)) or manages(who, team)


def managers(snapshot: Snapshot, document: ScheduleDocument) -> tuple[str, ...]:
    """Who is told of what is wrong with a schedule: its team's managers, else the administrators."""
    people = snapshot.all("people", PersonDocument)
    team = snapshot.all("teams", TeamDocument).get(document.team or "")
    found = [name for name in (team.managers if team else ()) if name in people]
    return tuple(found or [name for name, person in people.items() if person.role is Role.ADMIN])
