"""What paging needs to know at a moment: the configuration in force, who is on call, whose contacts work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation, link_signer
from tocsin.oncall import queries as duty
from tocsin.oncall import rules as oncall
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.queries import Overrides
from tocsin.paging import devices, store, ways
from tocsin.paging.documents import PolicyDocument
from tocsin.paging.messages import Letterhead
from tocsin.paging.rules import TargetResolver
from tocsin.paging.ways import Reach
from tocsin.people.domain import Contact, PersonDocument, TeamDocument, Urgency

_board = oncall.OnCallBoard()
_LOOK_AHEAD = timedelta(days=7)  # for those who ask about steps still to come


class Standing:
    """One configuration at one moment, seen from paging. `overrides` are looked up when somebody asks who is on call."""

    def __init__(self, snapshot: Snapshot, overrides: Callable[[], Overrides] = dict) -> None:
        self.snapshot = snapshot
        self.people = snapshot.all("people", PersonDocument)
        self.teams = snapshot.all("teams", TeamDocument)
        self.services = snapshot.all("services", ServiceDocument)
        self.policies = snapshot.all("policies", PolicyDocument)
        self._schedules = snapshot.all("schedules", ScheduleDocument)
        self._look_up = overrides
        self._overrides: Overrides | None = None
        self.resolver = TargetResolver(self.people, self.teams, self.on_call)
        self.states: ways.ContactStates = {}
        self.devices: ways.Devices = {}
        self._usable: dict[str, dict[str, Contact]] = {}
        self._ways: dict[tuple[str, Urgency, datetime], tuple[ways.Way, ...]] = {}

    def on_call(self, schedule: str, at: datetime) -> tuple[str, ...] | None:
        """Who has duty for a schedule; None if there is no such schedule."""
        found = self._answer(schedule, at)
        return None if found is None else tuple(duty.person for duty in found.duties)

    def shadows(self, schedule: str, at: datetime) -> tuple[str, ...]:
        """Who is told of what a schedule is paged for, without duty."""
        document = self._schedules.get(schedule)
        if document is None or not any(layer.shadow for layer in document.layers):
            return ()
        found = self._answer(schedule, at)
        return () if found is None else tuple(duty.person for duty in found.shadows)

    @property
    def has_shadows(self) -> bool:
        """Whether any schedule has somebody who shadows it."""
        return any(layer.shadow for document in self._schedules.values() for layer in document.layers)

    def _answer(self, schedule: str, at: datetime) -> oncall.Answer | None:
        document = self._schedules.get(schedule)
        if document is None:
            return None
        compiled = oncall.compile_schedule(schedule, document)
        if self._overrides is None:
            self._overrides = self._look_up()
        return _board.answer(compiled, at, self._overrides.get(schedule, ()))

    def know_contacts(self, reader: Reader, persons: Iterable[str]) -> None:
        """Learn which addresses of these people are proven or dead, and which devices take push for them."""
        wanted = list(persons)
        self.states = store.contact_states(reader, wanted)
        self.devices = devices.of_people(reader, wanted)
        self._usable, self._ways = {}, {}

    def usable(self, person: str) -> dict[str, Contact]:
        """The person's contacts that can be expected to work."""
        known = self._usable.get(person)
        if known is None:
            known = self._usable[person] = self._look_for_usable(person)
        return known

    def _look_for_usable(self, person: str) -> dict[str, Contact]:
        document = self.people.get(person)
        if document is None:
            return {}
        vouched = self.snapshot.managed_by.get(("people", person), "file") == "file"
        return ways.usable_contacts(person, document, self.states, self.devices, vouched=vouched)

    def ways(self, person: str, urgency: Urgency, at: datetime) -> tuple[ways.Way, ...]:
        """By which ways, and when, somebody of the configuration is told what begins at `at`."""
        known = self._ways.get((person, urgency, at))
        if known is None:
            devices = self.devices.get(person, ())
            known = ways.ways(person, self.people[person], urgency, self.usable(person), at, devices)
            self._ways[person, urgency, at] = known
        return known

    def can_reach(self, person: str) -> bool:
        """Whether there is any way to tell this person."""
        return bool(self.usable(person))

    def reach(self, person: str, at: datetime) -> Reach:
        """What a page of high urgency does to this person: by their rules, or by all that works where those lead nowhere."""
        told = self.ways(person, Urgency.HIGH, at) if person in self.people else ()
        return ways.reach({way.channel for way in told})

    def in_words(self, reason: str) -> str:
        """A reason for people: it is kept with a schedule's name, and read with its title."""
        said, between, name = reason.rpartition(" for ")
        document = self._schedules.get(name) if between else None
        return f"{said} for {document.name or name}" if document is not None else reason

    def policy_title(self, policy: str) -> str:
        """How people call a policy."""
        document = self.policies.get(policy)
        return document.name if document else policy

    def service_title(self, service: str) -> str:
        """How people call a service."""
        document = self.services.get(service)
        return document.name if document else "Unrouted"


def standing(reader: Reader) -> Standing:
    """The present one."""
    return Standing(configuration.current(reader), lambda: duty.in_force(reader, reader.now, reader.now + _LOOK_AHEAD))


def standing_at(reader: Reader, at: datetime) -> Standing:
    """The present configuration asked about another moment: with the overrides that count then, and contacts as now."""
    counts = duty.in_force(reader, at)
    found = Standing(configuration.current(reader), lambda: counts)
    found.know_contacts(reader, found.people)
    return found


def letterhead() -> Letterhead:
    """For messages that go out now."""
    return Letterhead(base_url=installation().base_url, signer=link_signer())
