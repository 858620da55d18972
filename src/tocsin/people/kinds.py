"""The sections of people and teams: what their documents refer to, and what `tocsin check` says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.config.domain import Document, Finding, Kind, Level, Reference, Snapshot
from tocsin.people.domain import PersonDocument, TeamDocument


def _team_references(_: str, document: Document) -> Iterator[Reference]:
    if isinstance(document, TeamDocument):
        for field, names in (("members", document.members), ("managers", document.managers)):
            for index, name in enumerate(names):
                yield Reference(path=(field, index), section="people", name=name)


def _empty_teams(snapshot: Snapshot, _: datetime) -> Iterator[Finding]:
    for name, team in snapshot.all("teams", TeamDocument).items():
        if not team.members:
            yield Finding(
                code="empty-team",
                level=Level.WARNING,
                section="teams",
                name=name,
                path=("members",),
                message=f"team {name} has no members, so a page to it reaches nobody",
                fix="add members, or remove the team",
            )


PEOPLE = Kind(section="people", noun="person", model=PersonDocument, order=10)
TEAMS = Kind(
    section="teams", noun="team", model=TeamDocument, order=20, references=_team_references, check=_empty_teams
)
