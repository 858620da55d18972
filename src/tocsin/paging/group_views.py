"""The HTML door to one alert group: what is wrong, who has it, what happens next, who was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import listing as alerts
from tocsin.alerts.domain import UNROUTED, GroupStatus, Outcome
from tocsin.alerts.listing import AlertLine, GroupLine, SignalLine
from tocsin.alerts.views import Row, group_url, row
from tocsin.catalog.domain import ServiceDocument
from tocsin.journal import store as journal
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader
from tocsin.paging import actions, listing, past, queries
from tocsin.paging.listing import DeliveryLine, PageLine
from tocsin.paging.outlook import Climbing, Outlook, names, outlook
from tocsin.paging.standing import Standing, standing
from tocsin.paging.timeline import Moment, timeline
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import back, show

ALERTS_SHOWN_MAX = 20
SIGNALS_SHOWN_MAX = 15
TIMELINE_SHOWN_MAX = 200
WEB = ("https://", "http://")
TITLE_LABEL = "title"  # matchers see the title as a label; readers have it above
SNOOZES = (("30m", "30 minutes"), ("1h", "1 hour"), ("4h", "4 hours"), ("morning", "Until 9:00"))
STATE_WORDS = {
    "waiting": "waiting",
    "leased": "being sent",
    "delivered": "delivered",
    "failed": "failed",
    "cancelled": "not needed any more",
}
PAGE_WORDS = {
    "active": "asked",
    "unreachable": "cannot be reached",
    "answered": "answered",
    "stopped": "not needed any more",
    "superseded": "asked again later",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of what will happen."""

    at: datetime
    step: str
    who: str  # empty: nobody to page, passed over at once
    why: str
    is_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What happens next: at most one of these is the headline, by `kind`."""

    kind: str  # pages | trying | expires | held | snoozed | suppressed | resolving | over | exhausted | nothing
    who: str = ""
    at: datetime | None = None
    what: str = ""
    steps: tuple[Step, ...] = ()
    exhausted_at: datetime | None = None
    more: bool = False
    waiting: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One message through one channel."""

    person: str
    by: str  # the channel, and the contact's name where it says more
    state: str
    words: str
    at: datetime
    is_ahead: bool
    attempts: int
    why: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One person who was asked, with the receipts."""

    name: str
    status: str
    words: str
    why: str
    at: datetime
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the group is as it is: a question people ask, and the answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShown:
    """One alert, with what of it can be shown: only web addresses become links, whatever a sender calls one."""

    line: AlertLine
    labels: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPage:
    """Everything about one group."""

    group: GroupLine
    row: Row
    mine: bool  # whoever looks has it
    next: Next
    told: tuple[Told, ...]
    alerts: tuple[AlertShown, ...]
    alerts_left: int
    reasons: tuple[Reason, ...]
    signals: tuple[SignalLine, ...]
    timeline: tuple[Moment, ...]
    runbook: str
    links: tuple[tuple[str, str], ...]
    similar: tuple[past.Before, ...]
    changes: tuple[past.ChangeShown, ...]
    silence_url: str
    service_name: str  # empty if nobody's
    may_escalate: bool
    may_give_back: bool
    snoozes: tuple[tuple[str, str], ...] = SNOOZES


@require_safe
@permit(Right.SEE)
def group(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """One alert group."""
    reader = db.reader(clock.now())
    line = alerts.group(reader, group_id)
    if line is None:
        raise Http404
    current = standing(reader)
    current.know_contacts(reader, current.people)
    alert_lines = alerts.alerts_of(reader, group_id)[:ALERTS_SHOWN_MAX]
    signals = alerts.signals(reader, group_id=group_id, limit=SIGNALS_SHOWN_MAX) if alert_lines else []
    pages = listing.pages(reader, group_id=group_id)
    running = queries.climbing(reader, [group_id]).get(group_id)
    told = tuple(_told_person(current, page, reader.now) for page in pages)
    service = current.services.get(line.service)
    page = GroupPage(
        group=line,
        row=row(current.snapshot, line),
        mine=bool(line.acknowledged_by)
        and line.acknowledged_by == actor.by
        and line.status == GroupStatus.ACKNOWLEDGED,
        next=_next(reader, current, line, running, told),
        told=told,
        alerts=tuple(_alert(one) for one in alert_lines),
        alerts_left=max(0, line.alert_count - len(alert_lines)),
        reasons=tuple(_reasons(reader, current, line, alert_lines, signals)),
        signals=tuple(signals),
        timeline=tuple(_timeline(reader, current, group_id)),
        runbook=(service.runbook or "") if service else "",
        links=tuple(service.links.items()) if service else (),
        similar=past.similar(reader, current, line),
        changes=past.changes(reader, current, line),
        silence_url=past.silence_url(alert_lines),
        service_name=line.service if service else "",
        may_escalate=running is not None,
        may_give_back=line.status == GroupStatus.ACKNOWLEDGED,
    )
    return show(request, "paging/group.html", page)


@require_POST
@permit(Right.RESPOND)
def escalate(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:  # noqa: ARG001 - told who stands there
    """The next step now instead of later."""
    with db.transact(clock.now()) as tx:
        climbs = actions.escalate(tx, group_id)
    if climbs:
        messages.success(request, "The next step is taken now.")
    else:
        messages.warning(request, "Nobody is being paged for this, so there is no next step.")
    return back(request, group_url(group_id))


def _alert(line: AlertLine) -> AlertShown:
    links = [(one["href"], one["text"] or one["href"]) for one in line.links]
    links += [(one["src"], f"Picture: {one['alt']}" if one["alt"] else "Picture") for one in line.images]
    return AlertShown(
        line=line,
        labels=tuple((name, value) for name, value in line.labels.items() if name != TITLE_LABEL),
        links=tuple((href, title) for href, title in links if href.lower().startswith(WEB)),
    )


def _next(reader: Reader, current: Standing, line: GroupLine, running: Climbing | None, told: Sequence[Told]) -> Next:
    match GroupStatus(line.status):
        case GroupStatus.OPEN if running is not None:
            return _climbing(current, outlook(running, current), told)
        case GroupStatus.OPEN if line.resolving_at is not None:
            return Next(kind="resolving", at=line.resolving_at)
        case GroupStatus.OPEN:
            return Next(kind="exhausted" if told else "nothing")
        case GroupStatus.ACKNOWLEDGED:
            who = people.name_of(current.snapshot, line.acknowledged_by)
            expires_at = queries.acknowledgement_expires_at(reader, line.id)
            return Next(kind="expires" if expires_at else "held", who=who, at=expires_at)
        case GroupStatus.SNOOZED:
            return Next(kind="snoozed", at=line.snoozed_until)
        case GroupStatus.SUPPRESSED:
            return Next(kind="suppressed", what=_suppressor(line.suppressed_by))
        case GroupStatus.RESOLVED:
            by = line.resolved_by
            who = people.name_of(current.snapshot, by) if by.partition(":")[0] in ("person", "user", "token") else ""
            return Next(kind="over", who=who, at=line.resolved_at)


def _climbing(current: Standing, ahead: Outlook, told: Sequence[Told]) -> Next:
    first = ahead.next
    waiting = sorted((way for one in told for way in one.ways if way.is_ahead), key=lambda way: way.at)
    return Next(
        kind="pages" if first is not None else "trying",
        who=names(first.persons, current) if first is not None else "",
        at=first.at if first is not None else ahead.exhausted_at,
        what=first.step if first is not None else "",
        steps=tuple(
            Step(at=rung.at, step=rung.step, who=names(rung.persons, current), why=rung.why, is_next=rung is first)
            for rung in ahead.rungs
        ),
        exhausted_at=ahead.exhausted_at,
        more=ahead.more,
        waiting=tuple(waiting),
    )


def _suppressor(by: str) -> str:
    kind, _, number = by.partition(":")
    return {
        "silence": f"silence {number} matches all its alerts",
        "hold": "it is held for a while, in case it goes away by itself",
        "route": f"route {number} keeps it from paging",
    }.get(kind, "it is kept from paging")


def _told_person(current: Standing, page: PageLine, instant: datetime) -> Told:
    name = current.people[page.person].name if page.person in current.people else page.person
    return Told(
        name=name,
        status=page.status,
        words=PAGE_WORDS.get(page.status, page.status),
        why=current.in_words(page.reason),
        at=page.created_at,
        ways=tuple(_way(name, one, instant) for one in page.deliveries),
    )


def _way(person: str, delivery: DeliveryLine, instant: datetime) -> Way:
    is_ahead = delivery.state in ("waiting", "leased")
    words = STATE_WORDS.get(delivery.state, delivery.state)
    if delivery.state == "waiting" and delivery.attempts:
        words = f"tried {text.plural(delivery.attempts, 'time')}, again"
    return Way(
        person=person,
        by=f"{delivery.by[:1].upper()}{delivery.by[1:]}",
        state=delivery.state,
        words=words,
        at=delivery.due_at if is_ahead else delivery.settled_at or delivery.due_at,
        is_ahead=is_ahead and delivery.due_at > instant - timedelta(minutes=1),
        attempts=delivery.attempts,
        why="" if delivery.state == "cancelled" else delivery.reason,
        receipt=delivery.receipt,
    )


def _reasons(
    reader: Reader, current: Standing, line: GroupLine, alert_lines: Sequence[AlertLine], signals: Sequence[SignalLine]
) -> Iterable[Reason]:
    service = current.services.get(line.service)
    if line.service == UNROUTED or service is None:
        yield Reason(question="Why nobody's service", answer="no integration or route leads it to a service there is")
    else:
        by = f"route {line.route} says so" if line.route else f"integration {line.integration} belongs to it"
        yield Reason(question=f"Why {service.name}", answer=by)
    yield from _why_together(line)
    yield from _why_policy(reader, current, line, service)
    opening = next((one for one in reversed(signals) if one.outcome in (Outcome.OPENED, Outcome.REOPENED)), None)
    if opening is not None:
        yield Reason(question="Why it pages", answer=opening.reason)
    if (
        alert_lines
        and all(one.silence is not None for one in alert_lines if one.status == "firing")
        and line.firing_count
    ):
        yield Reason(question="Why it is quiet", answer="a silence matches what fires")


def _why_together(line: GroupLine) -> Iterable[Reason]:
    if line.storm:
        yield Reason(
            question="Why one group", answer="too many new groups in a short time were collapsed into this one"
        )
    elif line.alert_count > 1:
        yield Reason(question="Why together", answer="same service and same group labels")


def _why_policy(
    reader: Reader, current: Standing, line: GroupLine, service: ServiceDocument | None
) -> Iterable[Reason]:
    found = listing.escalations(reader, line.id)
    if not found:
        return
    latest = found[0]
    if latest.why:
        yield Reason(question="Why these people", answer=latest.why)
    elif latest.policies:
        owner = f"the policy of {service.name} when it began" if service else "the policy when it began"
        yield Reason(question=f"Why policy {current.policy_title(latest.policies[0])}", answer=owner)
    if latest.reason:
        yield Reason(question="Why paging ended", answer=latest.reason)


def _timeline(reader: Reader, current: Standing, group_id: int) -> list[Moment]:
    entries = journal.of_subject(reader, f"group:{group_id}", limit=TIMELINE_SHOWN_MAX)
    return timeline(entries, lambda called: _name(current, called), current.in_words)


def _name(current: Standing, called: str) -> str:
    kind, _, name = called.partition(":")
    return current.policy_title(name) if kind == "policy" else people.name_of(current.snapshot, called)
