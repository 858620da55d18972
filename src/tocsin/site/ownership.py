"""Whose a document is: the team that owns the service it belongs to. Decides who may change it beside administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.catalog.domain import IntegrationDocument, ServiceDocument
from tocsin.config.domain import Snapshot
from tocsin.oncall.domain import ScheduleDocument
from tocsin.people.rights import Actor, Right, may


def team_of(snapshot: Snapshot, section: str, name: str) -> str | None:
    """The team a document belongs to; None if it is everybody's, or not there."""
    if section == "schedules":
        schedule = snapshot.all("schedules", ScheduleDocument).get(name)
        return schedule.team if schedule else None
    if section == "services":
        service = snapshot.all("services", ServiceDocument).get(name)
        return service.team if service else None
    if section == "integrations":
        integration = snapshot.all("integrations", IntegrationDocument).get(name)
        return team_of(snapshot, "services", integration.service) if integration else None
    return None


def team_named(snapshot: Snapshot, section: str, body: Mapping[str, Any]) -> str | None:
    """The team a document will belong to when it is written like this."""
    if section in {"services", "schedules"}:
        return str(body.get("team", "")) or None
    if section == "integrations":
        return team_of(snapshot, "services", str(body.get("service", "")))
    return None


def may_give_to(who: Actor, team: str | None) -> bool:
    """Whether they may write a document that will belong to this team (None: to everybody)."""
    return may(who, Right.CONFIGURE, team)
