"""Telling those who shadow a schedule what it is paged for: the same news, without duty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.kit.db import Tx
from tocsin.oncall.notices import Notice
from tocsin.paging import notices, store
from tocsin.paging.documents import TargetKind, target
from tocsin.paging.domain import Escalation, PersonPaged
from tocsin.paging.standing import Standing, letterhead, standing
from tocsin.people.domain import Urgency


def tell(tx: Tx, facts: Sequence[PersonPaged]) -> None:
    """Whoever shadows a schedule that a step pages hears of it by their own ways, once for each step."""
    current = standing(tx)
    if not current.has_shadows:
        return
    escalations = store.escalations(tx, {fact.escalation for fact in facts})
    briefs = store.briefs(tx, {fact.group for fact in facts})
    base_url = letterhead().base_url
    for urgency in Urgency:
        told: dict[str, Notice] = {}
        for fact in facts:
            escalation, brief = escalations.get(fact.escalation), briefs.get(fact.group)
            if escalation is None or brief is None or escalation.urgency is not urgency:
                continue
            for schedule, person in _shadows(tx, current, escalation, fact):
                about = f"shadow:{fact.escalation}:{fact.policy}:{fact.step}:{fact.cycle}:{person}"
                told[about] = Notice(
                    person=person,
                    about=about,
                    subject=f"Shadowing {schedule}: AG-{brief.id} {brief.title}",
                    text=f"Others are paged for this; you have no duty. {base_url}/groups/{brief.id}",
                    reason=f"you shadow {schedule}",
                )
        notices.tell(tx, current, told.values(), urgency)


def _shadows(tx: Tx, current: Standing, escalation: Escalation, fact: PersonPaged) -> Iterator[tuple[str, str]]:
    """(schedule, person) for everybody who shadows what this step pages, but is not paged by it."""
    for written in _targets(escalation, fact):
        aimed = target(written)
        if aimed.kind is TargetKind.SCHEDULE:
            paged = current.on_call(aimed.name, tx.now) or ()
            yield from ((aimed.name, person) for person in current.shadows(aimed.name, tx.now) if person not in paged)


def _targets(escalation: Escalation, fact: PersonPaged) -> tuple[str, ...]:
    if fact.step == 0:
        return escalation.plan.last_resort
    steps = (step for policy in escalation.plan.policies if policy.name == fact.policy for step in policy.steps)
    return next((step.targets for step in steps if step.number == fact.step), ())
