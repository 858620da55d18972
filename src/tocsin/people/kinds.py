"""The sections of people and teams: what their documents refer to, and what `tocsin check` says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.config.domain import Document, Finding, Kind, Level, Problem, Reference, Snapshot
from tocsin.people.domain import PersonDocument, TeamDocument, signing_in_as


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


def _shared_addresses(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Who has the address of somebody before them, and whose it is."""
    first: dict[str, str] = {}
    for name, person in snapshot.all("people", PersonDocument).items():
        other = first.setdefault(signing_in_as(person.email), name)
        if other != name:
            yield name, other


def _addresses_of_one(snapshot: Snapshot) -> Iterator[Problem]:
    for name, other in _shared_addresses(snapshot):
        yield Problem(
            message=_SHARED.format(*sorted((name, other))),
            fix=_SHARED_FIX,
            path=("people", name, "email"),
            code="mail-address-used-twice",
        )


def _addresses_of_two(snapshot: Snapshot, _: datetime) -> Iterator[Finding]:
    """What an older release took: nothing new is refused because of it, but it is to be put right."""
    for name, other in _shared_addresses(snapshot):
        yield Finding(
            code="mail-address-used-twice",
            level=Level.ERROR,
            section="people",
            name=name,
            path=("email",),
            message=_SHARED.format(*sorted((name, other))),
            fix=_SHARED_FIX,
        )


_SHARED = "{} and {} have the same mail address, which says who signs in"
_SHARED_FIX = "give each their own; two contacts may have the same"
PEOPLE = Kind(
    section="people",
    noun="person",
    model=PersonDocument,
    order=10,
    validate=_addresses_of_one,
    check=_addresses_of_two,
)
TEAMS = Kind(
    section="teams", noun="team", model=TeamDocument, order=20, references=_team_references, check=_empty_teams
)
