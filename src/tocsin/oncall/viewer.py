"""Whoever looks at a page of schedules: their clock, and how everybody is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import tz
from tocsin.kit.db import Reader
from tocsin.oncall import chart
from tocsin.oncall.desk import Conflict, ConflictKind
from tocsin.oncall.diff import Change
from tocsin.oncall.domain import EVERYBODY, ScheduleDocument
from tocsin.people.domain import PersonDocument
from tocsin.people.rights import Actor

LOCAL = "%Y-%m-%dT%H:%M"  # what a form's field for an instant holds


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """From when until when who is on call instead of whom."""

    start: datetime
    end: datetime
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """One person in front of one configuration."""

    me: str
    now: datetime
    zone_name: str
    snapshot: Snapshot
    names: Mapping[str, str]
    shades: Mapping[str, int]

    @property
    def zone(self) -> tz.Zone:
        """Their zone, for reckoning."""
        return tz.zone(self.zone_name)

    @property
    def clock(self) -> ZoneInfo:
        """Their zone, for writing."""
        return ZoneInfo(self.zone_name)

    @property
    def schedules(self) -> Mapping[str, ScheduleDocument]:
        """All schedules, by name."""
        return self.snapshot.all("schedules", ScheduleDocument)

    def name(self, person: str | None) -> str:
        """How people call somebody."""
        if person == EVERYBODY:
            return "whoever is on call"
        return self.names.get(person or "", person or "nobody")

    def all_of(self, persons: Iterable[str]) -> str:
        """How people call these people; empty for nobody."""
        return ", ".join(self.name(one) for one in persons)

    def title(self, schedule: str) -> str:
        """How people call a schedule."""
        document = self.schedules.get(schedule)
        return (document.name if document is not None else "") or schedule

    def against(self, found: Iterable[Conflict]) -> tuple[Conflict, ...]:
        """What speaks against somebody, as people say it."""
        return tuple(
            replace(one, about=f"on call for {self.title(one.schedule)} already")
            if one.kind is ConflictKind.ON_CALL
            else replace(one, about=one.about or str(one.kind))
            for one in found
        )

    def changes(self, found: Iterable[Change]) -> tuple[ChangeShown, ...]:
        """Who is on call instead of whom, as people are called."""
        return tuple(
            ChangeShown(start=one.start, end=one.end, before=self.all_of(one.before), after=self.all_of(one.after))
            for one in found
        )

    def local(self, at: datetime) -> str:
        """An instant as a form's field holds it, on the viewer's clock."""
        return at.astimezone(self.clock).strftime(LOCAL)

    def instant(self, written: str) -> datetime | None:
        """What such a field means, by the rule for all local times; None if it is none."""
        try:
            local = datetime.strptime(written[: len("2026-03-02T09:00")], LOCAL)
            return tz.moment(self.zone.first_instant(tz.wall_second(local)))
        except (ValueError, OverflowError):
            return None


def viewer(reader: Reader, actor: Actor) -> Viewer:
    """Whoever stands there."""
    snapshot = configuration.current(reader)
    people = snapshot.all("people", PersonDocument)
    own = people.get(actor.person)
    return Viewer(
        me=actor.person if own is not None else "",
        now=reader.now.astimezone(UTC),
        zone_name=own.timezone if own is not None else "UTC",
        snapshot=snapshot,
        names={name: person.name for name, person in people.items()},
        shades=chart.shades(people),
    )
