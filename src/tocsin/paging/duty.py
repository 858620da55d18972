"""What a shift was like: what happened in it, for whoever takes over, and whether it asked too much of anybody.

A shift's budget is two problems, the number a person can handle well in one turn (Google, Site Reliability
Engineering, chapter 11); a page between 22:00 and 08:00 on the person's own clock costs sleep and is counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tocsin.config.domain import Finding, Level
from tocsin.kit import clock, text
from tocsin.kit.db import Reader, Tx
from tocsin.oncall import findings as oncall_findings
from tocsin.oncall import queries as oncall
from tocsin.oncall import store as oncall_store
from tocsin.oncall.domain import ScheduleDocument, Shift
from tocsin.oncall.facts import HandoverOffered
from tocsin.oncall.notices import Clerk, Notice
from tocsin.paging import notices, ways
from tocsin.paging.documents import PolicyDocument, Target, TargetKind
from tocsin.paging.domain import Why
from tocsin.paging.standing import Standing, letterhead, standing
from tocsin.people.domain import Role

PROBLEMS_PER_SHIFT_MAX = 2  # Google's SRE book: two incidents a shift leave time to do each well
OVER_BUDGET, ASLEEP = "load-over-budget", "sleep-disturbed"
UNPROVEN = "contacts-unproven"
SLEEP_FROM_H, SLEEP_UNTIL_H = 22, 8
LISTED_MAX = 20
ROWS_MAX = 5_000
LOAD_SHOWN = timedelta(days=28)  # four weeks: each weekday as often as any other


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """An alert group of a shift."""

    id: int
    title: str
    service: str
    status: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What happened in a shift."""

    opened: int
    acknowledged: int
    resolved: int
    pages: int
    still_open: tuple[GroupSeen, ...]

    def words(self, base_url: str) -> str:
        """In a few lines."""
        counts = (
            f"In the shift: {text.plural(self.opened, 'group')} opened, {self.acknowledged} acknowledged,"
            f" {self.resolved} resolved, {text.plural(self.pages, 'page')}."
        )
        if not self.still_open:
            return f"{counts} Nothing is open."
        listed = [f"- AG-{one.id} {one.title} ({one.status}) {base_url}/groups/{one.id}" for one in self.still_open]
        more = [f"- and {len(listed) - LISTED_MAX} more"] if len(listed) > LISTED_MAX else []
        return "\n".join([counts, "Still open:", *listed[:LISTED_MAX], *more])


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftLoad:
    """What one shift asked of one person."""

    shift: Shift
    problems: int
    pages: int
    asleep: int  # problems that came in sleep hours
    services: tuple[tuple[str, int], ...]  # which brought how many, most first

    @property
    def over_budget(self) -> bool:
        """Whether it was more than a person can handle well."""
        return self.problems > PROBLEMS_PER_SHIFT_MAX


def hand_over(tx: Tx, facts: Sequence[HandoverOffered]) -> None:
    """Tell the incoming, and the team where it reads together, what happened in the shift that ends."""
    current, base_url = standing(tx), letterhead().base_url
    clerk = Clerk(current.snapshot, base_url)
    for fact in facts:
        words = summary(tx, current, fact.schedule, fact.since, fact.at, fact.outgoing).words(base_url)
        oncall_store.put_summary(tx, fact.handover, words)
        notices.tell(tx, current, clerk.handover(fact, words))
        document = current.snapshot.all("schedules", ScheduleDocument).get(fact.schedule)
        if document is not None and document.team is not None:
            title = clerk.title(fact.schedule)
            posted = Notice(
                person=document.team,
                about=f"handover:{fact.handover}:team",
                subject=f"{title}: {clerk.names(fact.incoming)} takes over from {clerk.names(fact.outgoing)}",
                text=words,
                reason=f"the hand-over of {title}",
            )
            notices.tell_team(tx, current, document.team, posted)


def summary(
    reader: Reader, current: Standing, schedule: str, start: datetime, end: datetime, persons: Sequence[str]
) -> Summary:
    """What happened between two instants in whatever a schedule looks after, or that these people were paged for."""
    low, high = clock.to_us(start), clock.to_us(end)
    paged = reader.rows(
        f"SELECT group_id FROM paging_page WHERE {reader.among('person')} AND created_at >= %s AND created_at < %s"
        " ORDER BY id LIMIT %s",
        (reader.listed(persons), low, high, ROWS_MAX),
    )
    groups = reader.rows(
        "SELECT id, title, service, status, opened_at, acknowledged_at, resolved_at FROM alerts_group"
        f" WHERE ({reader.among('service')} AND opened_at >= %s AND opened_at < %s) OR {reader.among('id')}"
        " ORDER BY id LIMIT %s",
        (reader.listed(services_of(current, schedule)), low, high, reader.listed({row[0] for row in paged}), ROWS_MAX),
    )
    return Summary(
        opened=sum(low <= row[4] < high for row in groups),
        acknowledged=sum(row[5] is not None and low <= row[5] < high for row in groups),
        resolved=sum(row[6] is not None and low <= row[6] < high for row in groups),
        pages=len(paged),
        still_open=tuple(
            GroupSeen(id=row[0], title=row[1], service=row[2], status=row[3], opened_at=clock.from_us(row[4]))
            for row in groups
            if row[6] is None
        ),
    )


def services_of(current: Standing, schedule: str) -> list[str]:
    """The services whose policy leads to this schedule."""
    target = Target(TargetKind.SCHEDULE, schedule)
    return [name for name, one in current.services.items() if one.policy and _leads_to(current, one.policy, target)]


def load(reader: Reader, schedule: str, start: datetime, end: datetime) -> list[ShiftLoad]:
    """What each shift between two instants asked of its person, by the pages that really went out."""
    current = standing(reader)
    shifts = [shift for shift in oncall.shifts_between(reader, schedule, start, end) if not shift.shadow]
    rows = reader.rows(
        "SELECT page.person, page.created_at, page.group_id, page.reason, coalesce(alerts_group.service, '')"
        " FROM paging_page page LEFT JOIN alerts_group ON alerts_group.id = page.group_id"
        f" WHERE {reader.among('page.person')} AND page.created_at >= %s AND page.created_at < %s"
        " ORDER BY page.id DESC LIMIT %s",
        (reader.listed({shift.person for shift in shifts}), clock.to_us(start), clock.to_us(end), ROWS_MAX),
    )
    reason = f"{Why.ON_CALL} for {schedule}"
    ours = [(row[0], clock.from_us(row[1]), row[2], row[4]) for row in rows if row[3].endswith(reason)]
    return [_load(current, shift, ours) for shift in shifts]


def lived_through(reader: Reader) -> list[Finding]:
    """What hurts on call and cannot be seen in the configuration alone: proofs, calendars, absences, what shifts asked."""
    current = standing(reader)
    found = [*_unproven(reader, current), *oncall_findings.findings(reader)]
    for name in current.snapshot.all("schedules", ScheduleDocument):
        found += findings_of(reader, name, load(reader, name, reader.now - LOAD_SHOWN, reader.now))
    return found


def _unproven(reader: Reader, current: Standing) -> Iterator[Finding]:
    """Those whose contacts are neither proven nor work any more, so that no page reaches them, or only their inbox."""
    current.know_contacts(reader, current.people)
    for name, person in current.people.items():
        outside = [one for one in person.contacts.values() if ways.wakes(one.channel)]
        if not person.contacts or person.role is Role.VIEWER:
            continue
        usable = current.usable(name).values()
        if not usable:
            said = f"no page reaches {name}: no contact is proven and works"
        elif outside and not any(ways.wakes(one.channel) for one in usable):
            said = f"a page only reaches the inbox of {name}, which wakes nobody: no other contact is proven and works"
        else:
            continue
        yield Finding(
            code=UNPROVEN,
            level=Level.WARNING,
            section="people",
            name=name,
            path=("contacts",),
            message=said,
            fix="they prove one under Me, by the code that is sent there",
        )


def findings_of(reader: Reader, schedule: str, loads: Sequence[ShiftLoad]) -> list[Finding]:
    """The shifts of a schedule that asked too much, and what can be done: who could take the next one is named."""
    heavy = [one for one in loads if one.over_budget or one.asleep]
    if not heavy:
        return []
    ahead = oncall.shifts_between(reader, schedule, reader.now, reader.now + LOAD_SHOWN)
    relief = _Relief([one for one in ahead if not one.shadow], loads)
    return [_finding(one, relief) for one in heavy]


def _load(current: Standing, shift: Shift, pages: Sequence[tuple[str, datetime, int, str]]) -> ShiftLoad:
    own = [page for page in pages if page[0] == shift.person and shift.start <= page[1] < shift.end]
    person = current.people.get(shift.person)
    zone = ZoneInfo(person.timezone if person is not None else "UTC")
    asleep = {page[2] for page in own if _is_sleep(page[1].astimezone(zone))}
    services = {page[2]: page[3] for page in own}
    return ShiftLoad(
        shift=shift,
        problems=len(services),
        pages=len(own),
        asleep=len(asleep),
        services=tuple(Counter(services.values()).most_common()),
    )


def _is_sleep(local: datetime) -> bool:
    return local.hour >= SLEEP_FROM_H or local.hour < SLEEP_UNTIL_H


class _Relief:
    """Who could take somebody's next shift: whoever of the same schedule had the fewest problems lately."""

    def __init__(self, ahead: Sequence[Shift], loads: Sequence[ShiftLoad]) -> None:
        self._ahead = sorted(ahead, key=lambda shift: shift.start)
        self._problems: Counter[str] = Counter({shift.person: 0 for shift in ahead})
        for load in loads:
            self._problems[load.shift.person] += load.problems

    def advice(self, person: str) -> str:
        """What to do about the next shift of somebody whose last one was too much."""
        begins = next((shift for shift in self._ahead if shift.person == person), None)
        if begins is None:
            return "swap the next shift"
        taken = {other.person for other in self._ahead if other.start < begins.end and begins.start < other.end}
        free = [name for name in self._problems if name not in taken]
        if not free:
            return f"add somebody who can take the shift from {begins.start:%Y-%m-%d %H:%M} UTC"
        taker = min(free, key=lambda name: (self._problems[name], name))
        count = text.plural(self._problems[taker], "problem")
        return f"offer the shift from {begins.start:%Y-%m-%d %H:%M} UTC to {taker}, who had {count} in these weeks"


def _finding(load: ShiftLoad, relief: _Relief) -> Finding:
    shift = load.shift
    worst = ", ".join(f"{service} ({count})" for service, count in load.services[:3])
    when = f"{shift.start:%Y-%m-%d %H:%M} to {shift.end:%Y-%m-%d %H:%M} UTC"
    asleep = f", {load.asleep} of them in sleep hours" if load.asleep else ""
    return Finding(
        code=OVER_BUDGET if load.over_budget else ASLEEP,
        level=Level.WARNING if load.over_budget else Level.NOTE,
        section="schedules",
        name=shift.schedule,
        message=f"{shift.person} was paged for {text.plural(load.problems, 'problem')}{asleep} in the shift {when}",
        fix=f"{relief.advice(shift.person)}, and lower what brought them: {worst}",
        details={**shift.as_json(), "problems": load.problems, "pages": load.pages, "asleep": load.asleep},
    )


def _leads_to(current: Standing, policy: str, target: Target) -> bool:
    seen: set[str] = set()
    at: str | None = policy
    while at is not None and at not in seen:
        seen.add(at)
        document: PolicyDocument | None = current.policies.get(at)
        if document is None:
            return False
        if target in document.last_resort or any(target in step.page for step in document.steps):
            return True
        at = document.then
    return False
