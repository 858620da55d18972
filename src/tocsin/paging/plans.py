"""Which plan an escalation follows: the service's policy, frozen, or what stands in for one."""

from __future__ import annotations

from tocsin.alerts.domain import BY_HAND, AlertGroupOpened, AlertGroupUnacknowledged
from tocsin.alerts.manual_pages import PAGE_LABEL, TEST_LABEL
from tocsin.kit.db import Tx
from tocsin.paging import rules, store
from tocsin.paging.domain import Plan, Why
from tocsin.paging.standing import Standing
from tocsin.people.domain import Urgency


class Plans:
    """Plans by service and urgency, each made and encoded once per batch."""

    def __init__(
        self, tx: Tx, current: Standing, by_group: dict[int, AlertGroupOpened | AlertGroupUnacknowledged]
    ) -> None:
        self._current = current
        self._made: dict[tuple[str, str], tuple[Plan, str]] = {}
        by_hand = [group for group, fact in by_group.items() if _is_by_hand(fact)]
        self._labels = store.labels_of_groups(tx, by_hand) if by_hand else {}

    def of(self, fact: AlertGroupOpened | AlertGroupUnacknowledged) -> tuple[Plan, str]:
        """The plan for this group, and as JSON."""
        labels = self._labels.get(fact.group, {})
        targets = labels.get(PAGE_LABEL, "").split()
        if targets:
            plan = rules.test(targets) if TEST_LABEL in labels else rules.by_hand(targets)
            return plan, store.encode_plan(plan)
        key = (fact.service, fact.urgency)
        if key not in self._made:
            plan = plan_for(self._current, fact.service, Urgency(fact.urgency))
            self._made[key] = (plan, store.encode_plan(plan))
        return self._made[key]


def plan_for(current: Standing, service: str, urgency: Urgency) -> Plan:
    """What a service's policy means, or the fallback where there is none."""
    document = current.services.get(service)
    admins = rules.admins(current.people)
    if document is None:
        return rules.fallback(None, admins, Why.NOBODY_RESPONSIBLE)
    if document.policy is None or document.policy not in current.policies:
        return rules.fallback(document.team, admins, Why.NO_POLICY)
    return rules.freeze(document.policy, current.policies, urgency)


def _is_by_hand(fact: AlertGroupOpened | AlertGroupUnacknowledged) -> bool:
    return fact.integration == BY_HAND
