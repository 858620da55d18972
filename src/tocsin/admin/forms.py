"""What the forms of people and teams say, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from tocsin.catalog import form_fields
from tocsin.config.actions import Applied, Outcome, Refused
from tocsin.config.domain import Problem

TEXT_CHARS_MAX = 2000
GAP = "gap"  # where a change stands that would leave times without anybody: it may be meant
LEAVING_GAP = "leaving_gap"  # the same for a removal
Wrong = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForm:
    """A person as typed."""

    name: str = ""
    email: str = ""
    role: str = "responder"
    timezone: str = "UTC"
    teams: frozenset[str] = frozenset()
    base: int | None = None
    force: bool = False
    invite: bool = True
    wrong: Wrong = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamForm:
    """A team as typed."""

    id: str = ""
    name: str = ""
    description: str = ""
    members: frozenset[str] = frozenset()
    managers: frozenset[str] = frozenset()
    base: int | None = None
    force: bool = False
    wrong: Wrong = field(default_factory=dict)


def person_form(typed: QueryDict) -> PersonForm:
    """What was typed about a person."""
    return PersonForm(
        name=_text(typed, "name"),
        email=_text(typed, "email"),
        role=_text(typed, "role"),
        timezone=_text(typed, "timezone") or "UTC",
        teams=frozenset(typed.getlist("team")),
        base=form_fields.number(typed, "base"),
        force="force" in typed,
        invite=bool(typed.get("invite")),
    )


def team_form(typed: QueryDict) -> TeamForm:
    """What was typed about a team."""
    return TeamForm(
        id=_text(typed, "id"),
        name=_text(typed, "name"),
        description=_text(typed, "description"),
        members=frozenset(typed.getlist("member")),
        managers=frozenset(typed.getlist("manager")),
        base=form_fields.number(typed, "base"),
        force="force" in typed,
    )


def wrong_of(outcome: Outcome, fields: Sequence[str], gap: str = GAP) -> Wrong:
    """Why nothing was changed, by field; empty if it was. What only opens a gap stands under `gap`."""
    if isinstance(outcome, Applied):
        return {}
    if isinstance(outcome, Refused):
        if all(one.code == form_fields.OPENS_GAP for one in outcome.problems):
            return {gap: [_sentence(one) for one in outcome.problems]}
        return by_field(outcome.problems, fields)
    return {"all": ["Somebody changed the configuration while you were typing. Look at what is there now, then save."]}


def by_field(problems: Sequence[Problem], fields: Sequence[str]) -> Wrong:
    """Each problem at its field; the rest at the top, under `all`."""
    found: Wrong = {}
    for one in problems:
        name = str(one.path[2]) if len(one.path) > 2 else ""
        found.setdefault(name if name in fields else "all", []).append(_sentence(one))
    return found


def _sentence(one: Problem) -> str:
    said = f"{one.message[:1].upper()}{one.message[1:]}"
    return f"{said}; {one.fix}." if one.fix and one.code != form_fields.OPENS_GAP else f"{said}."


def _text(typed: QueryDict, name: str) -> str:
    return typed.get(name, "").replace("\r\n", "\n").strip()[:TEXT_CHARS_MAX]
