"""What the groups of a sign-on provider mean here: role and teams. Pure.

Where the settings map groups to roles, the highest of somebody's groups decides, and somebody in none of them has the
role for all others; where they map none, roles are not touched. A team that the settings name has those in its groups
as members; other teams are not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tocsin.people.domain import Role

GROUPS_MAX = 2000
_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignOn:
    """Single sign-on as the settings say it; without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = ""
    name: str = "single sign-on"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)  # group -> role
    teams: tuple[tuple[str, str], ...] = ()  # (group, team): a group may stand for several teams
    default_role: Role = Role.VIEWER
    create: bool = False
    only: bool = False
    emails_verified: bool = False


def groups(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Somebody's groups: a list, or words between commas or spaces; `a.b` leads into what is nested."""
    told: Any = claims
    for part in [claim] if claim in claims else claim.split("."):
        told = told.get(part) if isinstance(told, Mapping) else None
    if isinstance(told, str):
        return frozenset(told.replace(",", " ").split())
    if not isinstance(told, list):
        return frozenset()
    named = (one.get("display") or one.get("name") if isinstance(one, Mapping) else one for one in told[:GROUPS_MAX])
    return frozenset(str(one).removeprefix("/") for one in named if one)


def role_of(held: SignOn, theirs: frozenset[str]) -> Role | None:
    """The role that follows from the groups; None if the settings map none."""
    if not held.roles:
        return None
    found = [Role(role) for group, role in held.roles.items() if group in theirs]
    return max(found, key=lambda role: _RANK[role], default=held.default_role)


def teams_of(held: SignOn, theirs: frozenset[str]) -> dict[str, bool]:
    """For each team the settings name: whether somebody with these groups is a member."""
    found: dict[str, bool] = {}
    for group, team in held.teams:
        found[team] = found.get(team, False) or group in theirs
    return found


def pairs(written: str) -> tuple[tuple[str, str], ...]:
    """`group=value,group=value`. Raises ValueError that says which part is not one."""
    found = []
    for part in written.split(","):
        if not part.strip():
            continue
        group, equals, value = part.rpartition("=")
        if not equals or not group.strip() or not value.strip():
            raise ValueError(f"{part.strip()!r} is not GROUP=NAME")
        found.append((group.strip(), value.strip()))
    return tuple(found)
