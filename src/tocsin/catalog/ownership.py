"""Whose a document is: the team that owns the service or schedule it belongs to. Decides who may change it beside
administrators. Every door that writes a document asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.catalog.domain import IntegrationDocument
from tocsin.config.domain import ManagedBy, Snapshot, State
from tocsin.people.domain import PersonDocument
from tocsin.people.rights import Actor, Right, may

OWN_FIELDS = frozenset({"name", "timezone", "contacts", "notify"})
"""What people may change about themselves. Not the role, which gives rights, nor the address they sign in with."""
OWNED = ("services", "schedules")  # their documents name a `team`


def team_of(snapshot: Snapshot, section: str, name: str) -> str | None:
    """The team a document belongs to; None if it is everybody's, or not there."""
    if section in OWNED:
        return getattr(snapshot.sections.get(section, {}).get(name), "team", None)
    if section == "integrations":
        integration = snapshot.all("integrations", IntegrationDocument).get(name)
        return team_of(snapshot, "services", integration.service) if integration else None
    return None


def team_named(snapshot: Snapshot, section: str, body: Mapping[str, Any]) -> str | None:
    """The team a document will belong to when it is written like this."""
    if section in OWNED:
        return str(body.get("team", "")) or None
    if section == "integrations":
        return team_of(snapshot, "services", str(body.get("service", "")))
    return None


def may_change(who: Actor, snapshot: Snapshot, section: str, name: str) -> bool:
    """Whether they may change or remove the document that is there."""
    return may(who, Right.CONFIGURE, team_of(snapshot, section, name))


def may_write(who: Actor, snapshot: Snapshot, section: str, name: str, body: Mapping[str, Any]) -> bool:
    """Whether they may write a document like this: it is theirs, or new, and it stays theirs; or it is about themselves."""
    if section == "people" and is_about_oneself(who, snapshot, name, body):
        return True
    before = team_of(snapshot, section, name)
    after = team_named(snapshot, section, body)
    return may(who, Right.CONFIGURE, before or after) and may_give_to(who, after)


def read_only(state: State, section: str, name: str) -> str:
    """Why a document cannot be changed on a page, for people; empty if it can: a file brings it."""
    origin = state.origins.get((section, name))
    if origin is None or origin.managed_by is not ManagedBy.FILE:
        return ""
    scope = f" (scope {origin.scope})" if origin.scope else ""
    return (
        f"The file {origin.file}{scope} brings this. Change it there, and apply the file:"
        " what is changed here would be lost."
    )


def may_give_to(who: Actor, team: str | None) -> bool:
    """Whether they may write a document that will belong to this team (None: to everybody)."""
    return may(who, Right.CONFIGURE, team)


def is_about_oneself(who: Actor, snapshot: Snapshot, name: str, body: Mapping[str, Any]) -> bool:
    """Whether they change their own document, and in it only what is theirs to say."""
    held = snapshot.all("people", PersonDocument).get(name)
    if held is None or who.person != name or not may_change_oneself(who):
        return False
    before = held.model_dump(mode="json")
    defaults = {key: field.get_default() for key, field in PersonDocument.model_fields.items()}
    others = (set(before) | set(body)) - OWN_FIELDS
    return all(body.get(field, defaults.get(field)) == before.get(field) for field in others)


def may_change_oneself(who: Actor) -> bool:
    """Everybody in the configuration may; a token only with the scope to configure."""
    return bool(who.person) and who.role is not None and (who.scopes is None or Right.CONFIGURE in who.scopes)
