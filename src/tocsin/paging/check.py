"""What `tocsin check` says of who would be reached: policies that end with nobody, steps that repeat, contacts.

The theory. A step without anybody is skipped at once, so a policy started at an instant ends with nobody exactly
if at that instant no step, no last resort and no policy it hands over to has anybody. Those instants are found by
interval arithmetic over the schedules, not by sampling, so the gaps are exact to the second. Two steps are compared
at the same instant: the wait between them is short against a shift.
Leaves out overrides, absences and whether a message would get through.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tocsin.channels import registry as channels
from tocsin.config.domain import Finding, Level, Problem, Snapshot
from tocsin.kit import text
from tocsin.oncall import intervals
from tocsin.oncall.intervals import Interval
from tocsin.paging import ways
from tocsin.paging.documents import PolicyDocument, StepDocument, Target, TargetKind
from tocsin.paging.reach import Reach, Stretch
from tocsin.people.domain import Contact, PersonDocument, Role, TeamDocument, Urgency

HORIZON = timedelta(days=90)
LISTED_MAX = 1000


def findings(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    """Everything there is to say, looking HORIZON ahead."""
    reach = Reach(snapshot, now, now + HORIZON)
    policies = snapshot.all("policies", PolicyDocument)
    for name, policy in policies.items():
        yield from _ends_with_nobody(reach, name)
        yield from _same_person_again(reach, name, policy)
    yield from _unused(snapshot)
    for name, person in snapshot.all("people", PersonDocument).items():
        yield from _contacts(snapshot, name, person)


def contact_problems(snapshot: Snapshot) -> Iterator[Problem]:
    """Addresses and options that their channel cannot use; only here are both documents and channels known."""
    for name, person in snapshot.all("people", PersonDocument).items():
        for called, contact in person.contacts.items():
            channel = channels.CHANNELS.get(contact.channel)
            if channel is None:
                continue
            wrong = channel.check(contact.address) if contact.address else None
            if wrong is not None:
                message, _, fix = wrong.partition("; ")
                yield Problem(message=message, fix=fix, path=("people", name, "contacts", called, contact.channel))
            for option, value in contact.options.items():
                wrong = channel.options[option].check(value) if option in channel.options else None
                if wrong is not None:
                    path = ("people", name, "contacts", called, option)
                    yield Problem(message=f"`{option}` {wrong}", fix=channel.options[option].meaning, path=path)


def _ends_with_nobody(reach: Reach, name: str) -> Iterator[Finding]:
    high, low = (reach.uncovered(name, urgency) for urgency in (Urgency.HIGH, Urgency.LOW))
    if high == low:
        yield from _nobody(reach, name, high, "")
    else:
        yield from _nobody(reach, name, high, " for a problem of high urgency")
        yield from _nobody(reach, name, low, " for a problem of low urgency")


def _nobody(reach: Reach, name: str, gaps: list[Interval], when: str) -> Iterator[Finding]:
    if not gaps:
        return
    if gaps == [reach.whole]:
        said = f"policy {name} reaches nobody at any time{when}"
    else:
        said = (
            f"policy {name} can end with nobody{when}: {text.plural(len(gaps), 'gap')} in {HORIZON.days} days,"
            f" {text.format_duration(intervals.total(gaps))} in all, the first from {_instant(gaps[0].start)}"
            f" until {_instant(gaps[0].end)}"
        )
    yield Finding(
        code="policy-can-end-with-nobody",
        level=Level.ERROR if gaps == [reach.whole] else Level.WARNING,
        section="policies",
        name=name,
        message=said,
        fix="add a last resort that always has somebody: last_resort: [person:…]",
        details={
            "gaps": [gap.as_json() for gap in gaps[:LISTED_MAX]],
            "gap_count": len(gaps),
            "gap_s": round(intervals.total(gaps).total_seconds()),
        },
    )


def _same_person_again(reach: Reach, name: str, policy: PolicyDocument) -> Iterator[Finding]:
    said: set[int] = set()
    for urgency in Urgency:
        steps = [(index, step) for index, step in enumerate(policy.steps) if step.applies(urgency)]
        for (before, earlier), (index, step) in itertools.pairwise(steps):
            again = [] if index in said else _nobody_new(reach, earlier, step)
            if not again:
                continue
            said.add(index)
            people = sorted({person for stretch in again for person in stretch.people})
            times = intervals.union(Interval(stretch.start, stretch.end) for stretch in again)
            always = times == [reach.whole]
            when = "" if always else f" {text.plural(len(times), 'time')} in {HORIZON.days} days,"
            first = "" if always else f" the first from {_instant(times[0].start)} until {_instant(times[0].end)}"
            yield Finding(
                code="step-pages-same-person-as-step-before",
                level=Level.WARNING if always else Level.NOTE,
                section="policies",
                name=name,
                path=("steps", index),
                message=(
                    f"policy {name}: step {index + 1} pages only {', '.join(people)}, whom step {before + 1}"
                    f" has paged already{';' if when else ''}{when}{first}"
                ),
                fix="page somebody else, or put the step after one that pages others",
                details={"people": people, "times": [time.as_json() for time in times[:LISTED_MAX]]},
            )


def _nobody_new(reach: Reach, earlier: StepDocument, later: StepDocument) -> list[Stretch]:
    """When everybody of the later step was paged by the earlier one, which a round robin does not promise."""
    before = reach.people(earlier.page)
    return [
        Stretch(start, end, right)
        for start, end, left, right in reach.together(before, reach.people(later.page))
        if right and right <= left and not (earlier.round_robin and len(left) > 1)
    ]


def _unused(snapshot: Snapshot) -> Iterator[Finding]:
    policies = snapshot.all("policies", PolicyDocument)
    paged = {str(target) for policy in policies.values() for target in _targets(policy)}
    for name in snapshot.sections.get("schedules", {}):
        if str(Target(TargetKind.SCHEDULE, name)) not in paged:
            yield _note(
                "unused-schedule", "schedules", name, f"schedule {name} is in no policy", "page it in a policy's step"
            )
    services = snapshot.sections.get("services", {}).values()
    named = {getattr(service, "policy", None) for service in services} | {policy.then for policy in policies.values()}
    for name in policies:
        if name not in named:
            yield _note(
                "unused-policy",
                "policies",
                name,
                f"no service and no policy uses policy {name}",
                "name it in a service",
            )


def _contacts(snapshot: Snapshot, name: str, person: PersonDocument) -> Iterator[Finding]:
    for called, contact in person.contacts.items():
        if not _works(contact):
            yield Finding(
                code="contact-channel-not-implemented",
                level=Level.NOTE,
                section="people",
                name=name,
                path=("contacts", called),
                message=f"contact {called} of {name} is by {contact.channel}, which this version accepts but does not send",
                fix="have another contact beside it: email, push, ntfy, webhook or inbox",
            )
    used = [person.contacts[rule.via] for rule in person.rules(Urgency.HIGH)]
    usable = [contact for contact in used if _works(contact)]
    if person.role is Role.VIEWER and not _may_be_paged(snapshot, name):
        return
    if any(ways.wakes(contact.channel) for contact in usable):
        return
    code, what = (
        ("person-only-in-inbox", "is not woken: a problem of high urgency only lies in the inbox inside Tocsin")
        if usable
        else (
            "person-without-high-urgency-contact",
            "has no way to be reached that works for problems of high urgency",
        )
    )
    yield Finding(
        code=code,
        level=Level.WARNING,
        section="people",
        name=name,
        path=("notify", "high"),
        message=f"{name} {what}",
        fix="add a contact by email, push, ntfy or webhook, and name it under notify: high",
    )


def _works(contact: Contact) -> bool:
    channel = channels.CHANNELS.get(contact.channel)
    return channel is not None and channel.implemented


def _may_be_paged(snapshot: Snapshot, name: str) -> bool:
    teams = snapshot.all("teams", TeamDocument).values()
    targets = (target for policy in snapshot.all("policies", PolicyDocument).values() for target in _targets(policy))
    return any(name in team.members for team in teams) or Target(TargetKind.PERSON, name) in targets


def _targets(policy: PolicyDocument) -> Iterable[Target]:
    return itertools.chain(policy.last_resort, *(step.page for step in policy.steps))


def _note(code: str, section: str, name: str, message: str, fix: str) -> Finding:
    return Finding(code=code, level=Level.NOTE, section=section, name=name, message=message, fix=fix)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
