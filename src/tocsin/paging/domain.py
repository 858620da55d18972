"""Who must be woken, when, how, until they answer: the nouns and the facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from tocsin.journal.domain import Fact
from tocsin.people.domain import Urgency

GIVE_UP_AFTER = timedelta(hours=24)  # a page that cannot get through is tried until then, or until it is not needed
LAST_RESORT_WAIT = timedelta(minutes=5)  # the usual time to answer
FALLBACK_WAIT = timedelta(minutes=5)  # the same, where a policy names nobody who is there
FALLBACK_REPEAT = 2  # three rounds in all
TEST_WAIT = timedelta(minutes=10)  # a test that nobody answered is over then
RUNGS_MAX = 2000  # 50 steps, each up to ten times, through a few policies handed over to
PERSONS_PER_RUNG_MAX = 200  # the largest team that is woken at once


class EscalationStatus(StrEnum):
    """Where an escalation stands."""

    RUNNING = "running"
    STOPPED = "stopped"  # somebody answered, or it is not needed any more
    EXHAUSTED = "exhausted"  # everybody has been tried and nobody answered


class PageStatus(StrEnum):
    """Where one person's page stands."""

    ACTIVE = "active"  # the person is being told
    UNREACHABLE = "unreachable"  # every way to reach the person has failed so far, or there is none
    ANSWERED = "answered"
    STOPPED = "stopped"


class Why(StrEnum):
    """Why somebody is paged, or a step is skipped, or an escalation ends."""

    ON_CALL = "on call"
    NAMED = "named by the step"
    MEMBER = "member of the team"
    ROUND_ROBIN = "whose turn it is"
    LAST_RESORT = "last resort"
    NO_POLICY = "the service has no policy, so its team is paged"
    NOBODY_RESPONSIBLE = "the alert belongs to no service, so the administrators are paged"
    BY_HAND = "paged by hand"
    TEST = "this is a test"
    NOBODY_ON_CALL = "nobody is on call"
    EMPTY_TEAM = "the team has no members"
    UNKNOWN_TARGET = "it is not in the configuration any more"
    NO_CONTACT = "no usable way to reach them"
    NOBODY_LEFT = "nobody to page"
    EVERYBODY_TRIED = "everybody has been tried and nobody answered"
    URGENCY_CHANGED = "it became urgent, so it starts again"


class FrozenStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it was when the escalation began. Targets are written "schedule:primary"."""

    number: int  # 1 is the first, as in the document
    targets: tuple[str, ...]
    wait_s: float
    round_robin: bool = False


class FrozenPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy as it was when the escalation began; steps that do not apply to the urgency are left out."""

    name: str
    steps: tuple[FrozenStep, ...]
    repeat: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an escalation will do: its policy, those it hands over to, and the last resort."""

    policies: tuple[FrozenPolicy, ...]
    last_resort: tuple[str, ...] = ()
    acknowledgement_expires_s: float | None = None
    why: str = ""  # why this plan, where it is not simply the service's policy


class Escalation(msgspec.Struct, kw_only=True):
    """A plan running for a group."""

    id: int
    group_id: int
    plan: Plan
    urgency: Urgency
    status: EscalationStatus
    position: int  # the next rung to be taken, from 0
    turn: int  # counts escalations of the service: whose turn it is in a round robin
    started_at: datetime


class Page(msgspec.Struct, kw_only=True):
    """One person's attention asked."""

    id: int
    escalation_id: int
    group_id: int
    person: str
    position: int
    status: PageStatus
    reason: str
    created_at: datetime


def page_of(subject: str) -> int:
    """The page that a message with this subject is of, 0 if it is of none."""
    kind, _, number = subject.partition(":")
    return int(number) if kind == "page" else 0


class GroupFact(Fact, frozen=True, kw_only=True):
    """Base of paging's facts; they are part of the group's story."""

    group: int
    escalation: int = 0

    @property
    def subject(self) -> str:
        return f"group:{self.group}"


class EscalationStarted(GroupFact, frozen=True, kw_only=True):
    """A policy runs for the group."""

    policy: str
    urgency: str
    reason: str = ""


class StepSkipped(GroupFact, frozen=True, kw_only=True):
    """A step had nobody to page; the next one was taken at once."""

    policy: str
    step: int
    cycle: int
    reason: str


class PersonPaged(GroupFact, frozen=True, kw_only=True):
    """Somebody is being told, in these ways at these times."""

    page: int
    person: str
    policy: str
    step: int
    cycle: int
    reason: str
    ways: tuple[str, ...] = ()


class PersonUnreachable(GroupFact, frozen=True, kw_only=True):
    """No way to reach somebody works; the next is tried at once."""

    page: int
    person: str
    reason: str


class MessageDelivered(GroupFact, frozen=True, kw_only=True):
    """The other side took a message."""

    loud = True
    page: int
    person: str
    channel: str
    contact: str = ""  # as the person calls it


class MessageFailing(GroupFact, frozen=True, kw_only=True):
    """A message does not get through."""

    page: int
    person: str
    channel: str
    contact: str = ""  # as the person calls it
    reason: str


class EscalationStopped(GroupFact, frozen=True, kw_only=True):
    """Nobody else is woken."""

    reason: str


class EscalationExhausted(GroupFact, frozen=True, kw_only=True):
    """Everybody has been tried and nobody answered."""

    reached: bool


class ContactDisabled(Fact, frozen=True, kw_only=True):
    """A way to reach somebody is dead: its address is gone."""

    person: str
    channel: str
    reason: str

    @property
    def subject(self) -> str:
        return f"person:{self.person}"


class ContactProven(Fact, frozen=True, kw_only=True):
    """Somebody read a code that was sent to this contact, so it leads to its person."""

    person: str
    contact: str
    channel: str

    @property
    def subject(self) -> str:
        return f"person:{self.person}"

    @property
    def actor(self) -> str:
        return f"person:{self.person}"


class DeviceFact(Fact, frozen=True, kw_only=True):
    """Base of what happens to the devices that take push for a person."""

    person: str
    device: int
    name: str

    @property
    def subject(self) -> str:
        return f"person:{self.person}"


class DeviceRegistered(DeviceFact, frozen=True, kw_only=True):
    """A browser takes push for somebody who is signed in on it."""

    @property
    def actor(self) -> str:
        return f"person:{self.person}"


class DeviceRemoved(DeviceFact, frozen=True, kw_only=True):
    """A device takes no push any more, because somebody said so."""

    by: str


class DeviceGone(DeviceFact, frozen=True, kw_only=True):
    """Its push service says that a device takes no push any more, so it was removed; its person is told."""

    reason: str


class PageTested(Fact, frozen=True, kw_only=True):
    """Somebody is paged to see whether it arrives: by themselves, or with their whole team."""

    person: str
    group: int
    team: str = ""
    by: str

    @property
    def subject(self) -> str:
        return f"person:{self.person}"
