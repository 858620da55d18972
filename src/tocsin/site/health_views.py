"""The HTML door to how this installation is: the engine, channels, contacts, and how ready each service is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from tocsin.channels.registry import CHANNELS
from tocsin.engine import beat, health
from tocsin.engine.beat import Node
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.paging import queries, readiness
from tocsin.paging.readiness import Ready
from tocsin.paging.standing import Standing, standing
from tocsin.paging.ways import Reach
from tocsin.people.domain import Role
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.site import doctor
from tocsin.site.doctor import Found, State
from tocsin.web.pages import show

FINDINGS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """How one channel did within the last hour."""

    title: str
    state: str  # works | failing | quiet | late
    attempts: int
    delivered: int
    waiting: int
    failing: int
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLine:
    """One engine."""

    name: str
    at: datetime
    started_at: datetime
    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyLine:
    """How ready one service is."""

    name: str
    title: str
    tier: int
    ready: Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReady:
    """How ready a team's services are."""

    title: str
    met: int
    services: tuple[ReadyLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A contact, a person or an owner that would fail when needed; `url` is where it is mended."""

    words: str
    why: str
    url: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """How this installation is."""

    checks: tuple[Found, ...]
    wrong: int
    channels: tuple[ChannelLine, ...]
    nodes: tuple[NodeLine, ...]
    teams: tuple[TeamReady, ...]
    ready: int
    total: int
    stale: tuple[Stale, ...]


@require_safe
@permit(Right.CONFIGURE)
def health_page(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 - every door is told who stands there
    """What `tocsin doctor` and the metrics tell, with what leads to where it is mended."""
    reader = db.reader(clock.now())
    current = standing(reader)
    current.know_contacts(reader, current.people)
    checks = doctor.at_a_glance(reader)
    looked = readiness.look(reader, current)
    ready = {name: readiness.of_service(looked, name) for name in current.services}
    page = HealthPage(
        checks=tuple(sorted(checks, key=lambda one: (one.state is not State.PROBLEM, one.state is State.OK))),
        wrong=sum(one.state is State.PROBLEM for one in checks),
        channels=tuple(_channel(one) for one in health.channels(reader)),
        nodes=tuple(_node(one, reader) for one in beat.nodes(reader)),
        teams=_teams(current, ready),
        ready=sum(one.is_ready for one in ready.values()),
        total=len(ready),
        stale=(
            *_stale_contacts(reader, current),
            *_stale_people(current),
            *_stale_inboxes(current, reader.now),
            *_stale_teams(current),
        ),
    )
    return show(request, "site/health.html", page)


def _channel(one: health.ChannelHealth) -> ChannelLine:
    channel = CHANNELS.get(one.channel)
    state = "works" if one.delivered else "quiet"
    if one.failing:
        state = "late"
    if one.is_failing:
        state = "failing"
    return ChannelLine(
        title=channel.title if channel else one.channel,
        state=state,
        attempts=one.attempts,
        delivered=one.delivered,
        waiting=one.waiting,
        failing=one.failing,
        last_error=one.last_error,
    )


def _node(one: Node, reader: Reader) -> NodeLine:
    is_alive = reader.now - one.at <= health.ALIVE_WITHIN
    host, _, rest = one.name.partition(":")
    name = f"{host}, process {rest.partition(':')[0]}"
    return NodeLine(name=name, at=one.at, started_at=one.started_at, is_alive=is_alive)


def _teams(current: Standing, ready: dict[str, Ready]) -> tuple[TeamReady, ...]:
    by_team: dict[str, list[ReadyLine]] = defaultdict(list)
    for name, document in current.services.items():
        line = ReadyLine(name=name, title=document.name, tier=document.tier, ready=ready[name])
        by_team[document.team].append(line)
    found = []
    for team, lines in sorted(by_team.items()):
        lines.sort(key=lambda one: (one.ready.is_ready, one.tier, one.title.casefold()))
        title = current.teams[team].name if team in current.teams else team
        found.append(TeamReady(title=title, met=sum(one.ready.is_ready for one in lines), services=tuple(lines)))
    return tuple(found)


def _stale_contacts(reader: Reader, current: Standing) -> list[Stale]:
    return [
        Stale(
            words=f"{one.channel} of {current.people[one.person].name}" if one.person in current.people else one.person,
            why=one.reason or "what was sent there came back",
            url=reverse("config_edit", kwargs={"section": "people", "name": one.person}),
            since=one.since,
        )
        for one in queries.dead_contacts(reader)
        if one.person in current.people
    ]


def _stale_people(current: Standing) -> list[Stale]:
    return [
        Stale(
            words=f"Nothing reaches {person.name}",
            why="no contact, or none that is proven",
            url=reverse("config_edit", kwargs={"section": "people", "name": name}),
        )
        for name, person in current.people.items()
        if person.role is not Role.VIEWER and not current.can_reach(name)
    ]


def _stale_inboxes(current: Standing, now: datetime) -> list[Stale]:
    return [
        Stale(
            words=f"A page only reaches the inbox of {person.name}",
            why="it wakes nobody; mail, push or ntfy is added, proven and put into the rules under Me",
            url=reverse("config_edit", kwargs={"section": "people", "name": name}),
        )
        for name, person in current.people.items()
        if person.role is not Role.VIEWER and current.reach(name, now) is Reach.QUIET
    ]


def _stale_teams(current: Standing) -> list[Stale]:
    owning = {one.team for one in current.services.values()}
    return [
        Stale(
            words=f"{team.name} owns services and has no members",
            why="nobody sees to them",
            url=reverse("config_edit", kwargs={"section": "teams", "name": name}),
        )
        for name, team in current.teams.items()
        if name in owning and not team.members
    ]
