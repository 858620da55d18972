"""The configuration changed: groups that it keeps quiet, and those that it calls harmless, are asked about anew.

A silence and a hold have an end that wakes what they kept quiet; a route has none but an edit. So whatever fires in a
group that is kept from paging, or that is of low urgency, is routed again by what matchers saw of it when it came.
If the rules of now would not keep it quiet, its group pages; if they make it urgent, it pages as urgent. It stays in
its service and its group, and nobody is kept quiet by an edit who was not before. What somebody acknowledged or
snoozed stays with them: the problem has not changed.

It is done in pieces by a timer, so that an edit costs no more while many alerts fire, and a crash loses none of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.alerts import lifecycle, rules, store
from tocsin.alerts.domain import Alert, Dropped, Group, GroupStatus, Reason, Routed, Silence
from tocsin.alerts.lifecycle import RAISE, RELEASE, UnitOfWork
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.alerts.rules import Rulebook
from tocsin.config import queries as configuration
from tocsin.config.actions import ConfigApplied
from tocsin.engine import timers
from tocsin.engine.domain import TimerDue
from tocsin.kit.db import Tx
from tocsin.people.domain import Urgency

REROUTE = "alerts.reroute"
DECIDING = frozenset({"routes", "integrations", "services"})  # sections that the rulebook is made of
ASKED_PER_TX_MAX = 500
# By group, not in the order of numbers: of the alerts few fire, and of the groups fewer are quiet.
_QUIET = (
    "+id > %s AND group_id IN (SELECT id FROM alerts_group WHERE status IN ('open', 'suppressed')"
    " AND (status = 'suppressed' OR urgency = 'low')) ORDER BY +id LIMIT %s"
)


def begin(tx: Tx, facts: Sequence[ConfigApplied]) -> None:
    """Ask about everything that is quiet, from now on, if what decides about alerts has changed."""
    if any(DECIDING & set(fact.sections) for fact in facts):
        timers.set_one(tx, REROUTE, 0, tx.now, payload="0")


def go_on(tx: Tx, due: Sequence[TimerDue]) -> None:
    """Ask about the next piece."""
    after = min(int(timer.payload) for timer in due)
    asked = store.labels_of_firing(tx, _QUIET, (after, ASKED_PER_TX_MAX))
    if len(asked) == ASKED_PER_TX_MAX:
        timers.set_one(tx, REROUTE, 0, tx.now, payload=str(asked[-1][0].id))
    book, silences = compile_rulebook(configuration.current(tx)), lifecycle.silences(tx)
    work = UnitOfWork(tx)
    work.load({alert.group_id for alert, _ in asked})
    silenced = [alert.silence_id for alert, _ in asked]
    for alert, labels in asked:
        routed = rules.reroute(book, alert, labels, tx.now)
        group = work.groups[alert.group_id]
        if isinstance(routed, Dropped) or routed.suppress is not None:
            _stay_suppressed(work, group, routed.route)
        else:
            _reconsider(work, alert, group, routed, rules.silenced_by(silences, routed.labels, tx.now))
    store.save_status(tx, [one[0] for one, was in zip(asked, silenced, strict=True) if one[0].silence_id != was])
    work.done()


def is_urgent_now(tx: Tx, book: Rulebook, alert: Alert) -> bool:
    """Whether what was known of an alert makes it urgent at this hour, whatever is said of it now."""
    labels = store.labels_of(tx, alert.id) if alert.id else None
    if labels is None:
        return False
    routed = rules.reroute(book, alert, labels, tx.now)
    return isinstance(routed, Routed) and routed.urgency is Urgency.HIGH


def _stay_suppressed(work: UnitOfWork, group: Group, route: int | None) -> None:
    """A route keeps it quiet as before; only the route's place may be another."""
    if rules.is_kept_by_route(group) and group.route != route:
        group.route, group.suppressed_by = route, f"route:{route}"
        work.changed(group)


def _reconsider(work: UnitOfWork, alert: Alert, group: Group, routed: Routed, silence: Silence | None) -> None:
    if rules.is_kept_by_route(group):
        group.route, group.urgency = routed.route, routed.urgency  # it has told nobody yet
    elif group.suppressed_by == "hold":
        _shorten_hold(work, group, routed)
    if group.status is GroupStatus.SUPPRESSED:
        lifecycle.reconsider(work, alert, group, routed, silence, Reason.ROUTE_OVER)
    lifecycle.raise_urgency(work, group, routed.urgency)
    if routed.urgent_from is not None and group.urgency is Urgency.LOW:
        work.set_timer(RAISE, group, routed.urgent_from)


def _shorten_hold(work: UnitOfWork, group: Group, routed: Routed) -> None:
    """A hold that is shorter now ends earlier; nothing is held for longer than was said when it came."""
    ends_at = group.opened_at + routed.hold
    due = timers.due_of(work.tx, RELEASE, group.id)
    if routed.hold and due is not None and ends_at < due:
        work.set_timer(RELEASE, group, max(ends_at, work.tx.now))
