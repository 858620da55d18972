"""How far a new installation is: what must be there before somebody is really woken, each read from what is there.

Promises: a step counts as done only by what is in the configuration and the tables, never because somebody said so;
the last one is a page that was sent, received and answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import reverse

from tocsin.catalog.domain import IntegrationDocument
from tocsin.kit import text
from tocsin.kit.db import Reader
from tocsin.paging.standing import Standing
from tocsin.people.domain import Role, TeamDocument
from tocsin.people.rights import Actor, Right, may

BY_PERSON = "person:%"
PEOPLE_MIN = 2  # somebody else, for when the first does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to be there."""

    name: str
    title: str
    why: str
    done: bool
    state: str  # what is there, in words
    url: str  # where it is begun
    button: str
    may_do: bool = True
    after: str = ""  # what has to be there first
    test_of: str = ""  # the integration whose test alert this step asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All steps, in their order."""

    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.done for step in self.steps)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == len(self.steps)

    @property
    def next(self) -> Step | None:
        """The first that is not done."""
        return next((step for step in self.steps if not step.done), None)


def is_over(reader: Reader) -> bool:
    """Whether somebody ever answered what was paged here: the end of the set-up, and cheap to ask."""
    found = reader.row(
        "SELECT 1 FROM paging_page page JOIN alerts_group ON alerts_group.id = page.group_id"
        " WHERE page.status = 'answered' OR alerts_group.acknowledged_by LIKE %s OR alerts_group.resolved_by LIKE %s"
        " LIMIT 1",
        (BY_PERSON, BY_PERSON),
    )
    return found is not None


def look(reader: Reader, current: Standing, actor: Actor) -> Setup:
    """How far it is, for whoever looks. The standing must know its contacts."""
    everywhere = may(actor, Right.CONFIGURE)
    steps = (
        *_people_steps(current, actor, may_configure=everywhere),
        *_on_call_steps(reader, current, may_configure=everywhere),
        *_service_steps(reader, current, may_configure=everywhere or bool(actor.managed_teams)),
    )
    return Setup(steps=steps)


def _people_steps(current: Standing, actor: Actor, *, may_configure: bool) -> Iterator[Step]:
    wakeable = [name for name, person in current.people.items() if person.role is not Role.VIEWER]
    yield Step(
        name="people",
        title="People",
        why="At least two who answer pages, so that there is a second when the first does not.",
        done=len(wakeable) >= PEOPLE_MIN,
        state=f"{len(wakeable)} may answer pages",
        url=reverse("new_person"),
        button="Add a person",
        may_do=may(actor, Right.ADMINISTER),
    )
    teams = current.snapshot.all("teams", TeamDocument)
    filled = [name for name, team in teams.items() if team.members]
    yield Step(
        name="team",
        title="A team",
        why="Every service belongs to a team; its members see to it.",
        done=bool(filled),
        state=text.plural(len(filled), "team") if filled else "none with members",
        url=reverse("new_team"),
        button="Add a team",
        may_do=may_configure,
    )
    known = current.people[actor.person].contacts.values() if actor.person in current.people else ()
    unproven = any(contact.channel != "inbox" for contact in known)
    usable = [name for name, contact in current.usable(actor.person).items() if contact.channel != "inbox"]
    yield Step(
        name="contact",
        title="A way to reach you",
        why="Mail, a phone or push, proven by a code: the inbox in Tocsin wakes nobody.",
        done=bool(usable),
        state=f"you are reached by {', '.join(usable)}" if usable else "nothing proven reaches you yet",
        url=reverse("me"),
        button="Prove a contact" if unproven else "Add a contact",
    )


def _on_call_steps(reader: Reader, current: Standing, *, may_configure: bool) -> Iterator[Step]:
    schedules = current.snapshot.sections.get("schedules", {})
    covered = [name for name in schedules if current.on_call(name, reader.now)]
    yield Step(
        name="schedule",
        title="A schedule",
        why="Who carries the pager when, week after week.",
        done=bool(covered),
        state=_schedule_words(current, reader, covered) if covered else "nobody is on call",
        url=reverse("new_schedule"),
        button="Make a schedule",
        may_do=may_configure,
    )
    yield Step(
        name="policy",
        title="An escalation policy",
        why="Who is woken first, who next, and after how long.",
        done=bool(current.policies),
        state=text.plural(len(current.policies), "policy", "policies") if current.policies else "none yet",
        url=reverse("new_policy"),
        button="Make a policy",
        may_do=may_configure,
    )


def _schedule_words(current: Standing, reader: Reader, covered: list[str]) -> str:
    persons = current.on_call(covered[0], reader.now) or ()
    return f"{' and '.join(current.people[one].name for one in persons if one in current.people)} on call now"


def _service_steps(reader: Reader, current: Standing, *, may_configure: bool) -> Iterator[Step]:
    with_policy = [one for one in current.services.values() if one.policy]
    yield Step(
        name="service",
        title="A service with that policy",
        why="What can break, whose it is, and who is woken for it.",
        done=bool(with_policy),
        state=text.plural(len(with_policy), "service") if with_policy else "none with a policy",
        url=reverse("new_service"),
        button="Add a service",
        may_do=may_configure,
    )
    integrations = current.snapshot.all("integrations", IntegrationDocument)
    yield Step(
        name="integration",
        title="An integration",
        why="The door through which a tool tells of problems, with the text to paste into it.",
        done=bool(integrations),
        state=text.plural(len(integrations), "integration") if integrations else "none yet",
        url=reverse("new_integration"),
        button="Add an integration",
        may_do=may_configure,
    )
    yield from _first_page(reader, integrations, may_configure=may_configure)


def _first_page(
    reader: Reader, integrations: Mapping[str, IntegrationDocument], *, may_configure: bool
) -> Iterator[Step]:
    names = [name for name, one in integrations.items() if one.source != "heartbeat"]
    tested = names[0] if names and may_configure else ""
    first = "" if names else "Once there is an integration"
    heard = reader.value("SELECT at FROM alerts_signal ORDER BY id DESC LIMIT 1")
    yield Step(
        name="signal",
        title="The first signal",
        why="Let the tool send one, or send a test alert: it takes the same way.",
        done=heard is not None,
        state="received" if heard is not None else "nothing received yet",
        url=reverse("integrations"),
        button="Send a test alert",
        may_do=may_configure,
        after=first,
        test_of=tested,
    )
    is_answered = is_over(reader)
    sent = reader.row("SELECT 1 FROM paging_page LIMIT 1") is not None
    waiting = "somebody was paged; press Acknowledge in the message or here" if sent else "nobody was paged yet"
    yield Step(
        name="page",
        title="The first page, received and acknowledged",
        why="The proof: a phone rings or a message arrives, and somebody answers it.",
        done=is_answered,
        state="answered" if is_answered else waiting,
        url=f"{reverse('groups')}?status=open" if sent else reverse("integrations"),
        button="See who was paged" if sent else "Send a test alert",
        test_of="" if sent else tested,
        may_do=sent or may_configure,
        after="" if sent else first,
    )
