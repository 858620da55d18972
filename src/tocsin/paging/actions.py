"""Starting, climbing and stopping escalations. Each verb takes many at once and runs inside the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tocsin.alerts import own
from tocsin.alerts.domain import (
    OWN,
    AlertGroupAcknowledged,
    AlertGroupOpened,
    AlertGroupResolved,
    AlertGroupSnoozed,
    AlertGroupSuppressed,
    AlertGroupUnacknowledged,
)
from tocsin.engine import outbox, timers
from tocsin.engine.domain import LANE_NOTICE, LANE_PAGE, LEDGER_LOCK, NewDelivery, addressed
from tocsin.kit import text
from tocsin.kit.db import Tx
from tocsin.paging import messages, rules, store, unanswered, ways
from tocsin.paging.domain import (
    GIVE_UP_AFTER,
    Escalation,
    EscalationExhausted,
    EscalationStarted,
    EscalationStatus,
    EscalationStopped,
    Page,
    PageStatus,
    PersonPaged,
    PersonUnreachable,
    StepSkipped,
    Why,
)
from tocsin.paging.plans import Plans
from tocsin.paging.standing import Standing, letterhead, standing
from tocsin.people.domain import Urgency
from tocsin.people.words import by_contact

CLIMB = "paging.climb"
ACKNOWLEDGEMENT_EXPIRES = "paging.acknowledgement_expires"
TAKEN_TRIED_FOR = timedelta(hours=1)  # that somebody has it is no news later on


def start(tx: Tx, facts: Sequence[AlertGroupOpened | AlertGroupUnacknowledged]) -> None:
    """Begin an escalation for each group, with its policy frozen; one that runs for it is ended first."""
    if not facts:
        return
    current = standing(tx)
    by_group = {fact.group: fact for fact in facts}
    _replace_running(tx, list(by_group))
    turns = store.next_turns(tx, Counter(fact.service for fact in by_group.values()))
    plans = Plans(tx, current, by_group)
    new: list[tuple[Escalation, str, str]] = []
    for fact in by_group.values():
        plan, encoded = plans.of(fact)
        turn = turns[fact.service]
        turns[fact.service] += 1
        escalation = Escalation(
            id=0,
            group_id=fact.group,
            plan=plan,
            urgency=Urgency(fact.urgency),
            status=EscalationStatus.RUNNING,
            position=0,
            turn=turn,
            started_at=tx.now,
        )
        new.append((escalation, fact.service, encoded))
    store.put_escalations(tx, new)
    timers.set_fresh(tx, [(CLIMB, escalation.id, tx.now, "") for escalation, _, _ in new])
    for escalation, _, _ in new:
        tx.record(
            EscalationStarted(
                group=escalation.group_id,
                escalation=escalation.id,
                policy=escalation.plan.policies[0].name if escalation.plan.policies else "",
                urgency=escalation.urgency.value,
                reason=escalation.plan.why,
            )
        )


def climb(tx: Tx, escalation_ids: Sequence[int]) -> None:
    """Take the next rung of each: page whoever it means, set the timer for the rung after it."""
    running = [
        escalation
        for escalation in store.escalations(tx, escalation_ids).values()
        if escalation.status is EscalationStatus.RUNNING
    ]
    if not running:
        return
    current = standing(tx)
    current.know_contacts(tx, current.people)
    climbs: list[tuple[Escalation, rules.Climb]] = []
    for escalation in running:
        decided = rules.climb(
            escalation.plan, escalation.position, escalation.turn, current.resolver, current.can_reach, tx.now
        )
        for skipped in decided.skipped:
            tx.record(
                StepSkipped(
                    group=escalation.group_id,
                    escalation=escalation.id,
                    policy=skipped.rung.policy,
                    step=skipped.rung.step,
                    cycle=skipped.rung.cycle,
                    reason=skipped.why,
                )
            )
        if isinstance(decided, rules.Exhausted):
            _exhaust(tx, escalation)
        else:
            climbs.append((escalation, decided))
    _page(tx, current, climbs)
    store.move(tx, [(escalation.id, decided.next_position) for escalation, decided in climbs])
    timers.set_fresh(tx, [(CLIMB, escalation.id, tx.now + decided.rung.wait, "") for escalation, decided in climbs])


def hurry(tx: Tx, escalation_id: int) -> None:
    """Take the next rung now instead of waiting."""
    timers.set_one(tx, CLIMB, escalation_id, tx.now)


def hurry_from(tx: Tx, escalation_id: int, position: int) -> None:
    """Take the next rung now, if this one is still the latest."""
    escalation = store.escalations(tx, [escalation_id]).get(escalation_id)
    if escalation is not None and escalation.status is EscalationStatus.RUNNING and escalation.position == position + 1:
        hurry(tx, escalation_id)


def escalate(tx: Tx, group_id: int) -> bool:
    """A person wants the next rung now; False if nothing runs for the group."""
    tx.lock(LEDGER_LOCK)
    running = store.running(tx, [group_id])
    for one in running:
        hurry(tx, one.id)
    return bool(running)


def stop_acknowledged(tx: Tx, facts: Sequence[AlertGroupAcknowledged]) -> None:
    """Somebody has it: the others fall silent and are told; the acknowledgement may expire."""
    end_exhausted(tx, [fact.group for fact in facts])
    for fact in facts:
        person = fact.by.removeprefix("person:")
        _stop(tx, [fact.group], f"acknowledged by {_name(tx, fact.by)}", answered_by=person)
        latest = store.latest(tx, fact.group)
        if latest is not None and latest.plan.acknowledgement_expires_s is not None:
            due = tx.now + timedelta(seconds=latest.plan.acknowledgement_expires_s)
            timers.set_one(tx, ACKNOWLEDGEMENT_EXPIRES, fact.group, due)


def stop_resolved(tx: Tx, facts: Sequence[AlertGroupResolved]) -> None:
    """It is over: everybody falls silent and is told."""
    timers.cancel(tx, ACKNOWLEDGEMENT_EXPIRES, [fact.group for fact in facts])
    end_exhausted(tx, [fact.group for fact in facts])
    by: dict[str, list[AlertGroupResolved]] = {}
    for fact in facts:
        by.setdefault(fact.by, []).append(fact)
    for who, theirs in by.items():
        what = f"resolved by {_name(tx, who)}" if who.startswith("person:") else f"resolved: {theirs[0].reason}"
        _stop(tx, [fact.group for fact in theirs], what, answered_by=who.removeprefix("person:"))


def stop_snoozed(tx: Tx, facts: Sequence[AlertGroupSnoozed]) -> None:
    """Nobody is bothered until then."""
    timers.cancel(tx, ACKNOWLEDGEMENT_EXPIRES, [fact.group for fact in facts])
    end_exhausted(tx, [fact.group for fact in facts])
    for fact in facts:
        until = f"{fact.until:%Y-%m-%d %H:%M} UTC"
        _stop(
            tx,
            [fact.group],
            f"snoozed by {_name(tx, fact.by)} until {until}",
            answered_by=fact.by.removeprefix("person:"),
        )


def stop_suppressed(tx: Tx, facts: Sequence[AlertGroupSuppressed]) -> None:
    """A silence began: nobody else is woken."""
    for fact in facts:
        _stop(tx, [fact.group], f"suppressed: {fact.reason}", answered_by="")


def tell_exhausted(tx: Tx, facts: Sequence[EscalationExhausted]) -> None:
    """Nobody answered: the administrators are told, unless it is their own alert that nobody answered, or a test."""
    briefs = store.briefs(tx, [fact.group for fact in facts])
    told = []
    for fact in facts:
        brief = briefs.get(fact.group)
        if brief is None or brief.integration == OWN or brief.is_test:
            continue
        told.append(
            unanswered.alert(fact.group, brief.title, brief.urgency, reached=fact.reached, reference=f"AG-{fact.group}")
        )
    own.tell(tx, told)


def subject(page_id: int) -> str:
    """Whose a delivery is."""
    return f"page:{page_id}"


def _stop(tx: Tx, group_ids: Sequence[int], what: str, *, answered_by: str) -> None:
    _end_running(tx, group_ids, what)
    pages = store.live_pages(tx, group_ids)
    if not pages:
        return
    subjects = [subject(page.id) for page in pages]
    outbox.cancel(tx, subjects, what)
    store.set_page_status(
        tx,
        [(page.id, PageStatus.ANSWERED if page.person == answered_by else PageStatus.STOPPED) for page in pages],
    )
    _tell_the_others(tx, [page for page in pages if page.person != answered_by], what)


def _replace_running(tx: Tx, group_ids: Sequence[int]) -> None:
    """What the escalation that ends now had still to send is left to the new one."""
    replaced = _end_running(tx, group_ids, Why.URGENCY_CHANGED)
    left = store.live_pages(tx, [one.group_id for one in replaced]) if replaced else []
    outbox.cancel(tx, [subject(page.id) for page in left], Why.URGENCY_CHANGED)


def _end_running(tx: Tx, group_ids: Sequence[int], why: str) -> list[Escalation]:
    running = store.running(tx, group_ids)
    if not running:
        return []
    store.end(tx, [(escalation.id, EscalationStatus.STOPPED, why) for escalation in running])
    timers.cancel(tx, CLIMB, [escalation.id for escalation in running])
    for escalation in running:
        tx.record(EscalationStopped(group=escalation.group_id, escalation=escalation.id, reason=why))
    return running


def _tell_the_others(tx: Tx, pages: Sequence[Page], what: str) -> None:
    told = outbox.first_reached(tx, [subject(page.id) for page in pages])
    if not told:
        return
    current, head = standing(tx), letterhead()
    briefs = store.briefs(tx, {page.group_id for page in pages})
    notices = []
    seen: set[tuple[int, str]] = set()
    for page in pages:
        way = told.get(subject(page.id))
        brief = briefs.get(page.group_id)
        if way is None or brief is None or (page.group_id, way.address_key) in seen:
            continue
        seen.add((page.group_id, way.address_key))
        about = messages.entry(brief, current.service_title(brief.service), head.base_url)
        notices.append(
            addressed(
                way,
                lane=LANE_NOTICE,
                body=messages.taken(page, _full_name(current, page.person), about, what, tx.now),
                subject=f"taken:{page.id}",
                due_at=tx.now,
                give_up_at=tx.now + TAKEN_TRIED_FOR,
            )
        )
    outbox.put(tx, notices)


def _page(tx: Tx, current: Standing, climbs: Sequence[tuple[Escalation, rules.Climb]]) -> None:
    if not climbs:
        return
    pages = [
        Page(
            id=0,
            escalation_id=escalation.id,
            group_id=escalation.group_id,
            person=called.person,
            position=decided.position,
            status=PageStatus.ACTIVE if current.can_reach(called.person) else PageStatus.UNREACHABLE,
            reason=called.why,
            created_at=tx.now,
        )
        for escalation, decided in climbs
        for called in decided.called
    ]
    store.put_pages(tx, pages)
    deliveries = _deliveries(
        tx, current, {escalation.id: (escalation, decided) for escalation, decided in climbs}, pages
    )
    outbox.put(tx, deliveries)


@dataclass(slots=True)
class _Telling:
    """What the messages of one climb have in common."""

    head: messages.Letterhead
    briefs: dict[int, store.GroupBrief]


def _deliveries(
    tx: Tx, current: Standing, climbs: dict[int, tuple[Escalation, rules.Climb]], pages: Sequence[Page]
) -> list[NewDelivery]:
    telling = _Telling(letterhead(), store.briefs(tx, {page.group_id for page in pages}))
    entries = {
        id_: messages.entry(brief, current.service_title(brief.service), telling.head.base_url)
        for id_, brief in telling.briefs.items()
    }
    found: list[NewDelivery] = []
    for page in pages:
        escalation, decided = climbs[page.escalation_id]
        document = current.people[page.person]
        planned = current.ways(page.person, escalation.urgency, tx.now)
        about = entries.get(page.group_id)
        if about is None:
            continue
        steps = max((step.number for policy in escalation.plan.policies[:1] for step in policy.steps), default=0)
        body = messages.page(telling.head, page, document.name, about, decided.rung, steps, tx.now)
        found += [_page_delivery(tx, page, way, body) for way in planned]
        _record_page(tx, page, escalation, decided, planned)
    return found


def _page_delivery(tx: Tx, page: Page, way: ways.Way, body: str) -> NewDelivery:
    return addressed(
        way,
        lane=LANE_PAGE,
        body=body,
        subject=subject(page.id),
        due_at=way.at,
        give_up_at=tx.now + GIVE_UP_AFTER,
    )


def _record_page(tx: Tx, page: Page, escalation: Escalation, decided: rules.Climb, planned: Sequence[ways.Way]) -> None:
    rung = decided.rung
    if not planned:
        tx.record(
            PersonUnreachable(
                group=page.group_id, escalation=escalation.id, page=page.id, person=page.person, reason=Why.NO_CONTACT
            )
        )
        return
    tx.record(
        PersonPaged(
            group=page.group_id,
            escalation=escalation.id,
            page=page.id,
            person=page.person,
            policy=rung.policy,
            step=rung.step,
            cycle=rung.cycle,
            reason=page.reason,
            ways=tuple(dict.fromkeys(f"{by_contact(way.channel, way.contact)} {_in(way, tx)}" for way in planned)),
        )
    )


def _in(way: ways.Way, tx: Tx) -> str:
    wait = timedelta(seconds=round((way.at - tx.now).total_seconds()))
    return "at once" if wait <= timedelta(0) else f"after {text.format_duration(wait)}"


def _exhaust(tx: Tx, escalation: Escalation) -> None:
    store.end(tx, [(escalation.id, EscalationStatus.EXHAUSTED, Why.EVERYBODY_TRIED)])
    told = outbox.any_delivered(tx, [subject(page) for page in store.pages_of_escalation(tx, escalation)])
    tx.record(EscalationExhausted(group=escalation.group_id, escalation=escalation.id, reached=told))


def _name(tx: Tx, by: str) -> str:
    """How people call whoever did it."""
    kind, _, name = by.partition(":")
    if kind == "person":
        return _full_name(standing(tx), name)
    return {"integration": f"the tool behind {name}", "token": f"API token {name}"}.get(kind, "Tocsin")


def _full_name(current: Standing, person: str) -> str:
    document = current.people.get(person)
    return document.name if document else person


def end_exhausted(tx: Tx, group_ids: Sequence[int]) -> None:
    """Somebody has what nobody had answered, so the administrators' alert about it is over."""
    own.tell(tx, [own.over(unanswered.key(group_id)) for group_id in store.exhausted_groups(tx, group_ids)])
