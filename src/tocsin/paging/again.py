"""A new problem in a group that everybody has been tried for: people are woken again.

What joins an open group is on its way to somebody already, by the escalation that runs for it. One that has run out
leaves the group open, and nothing is on its way any more: without this, whatever else breaks there would wake nobody
until the group is resolved. A problem that was in the group before says nothing new, and in a storm new ones keep coming.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.alerts.domain import AlertGroupOpened, AlertJoined, Reason
from tocsin.kit.db import Tx
from tocsin.paging import actions, store

WHY = "a new problem, and nobody had answered"


def start(tx: Tx, facts: Sequence[AlertJoined]) -> None:
    """Begin anew for the groups that these came into, where an escalation has run out."""
    heard = [fact for fact in facts if fact.reason != Reason.SILENCED]
    given_up = set(store.given_up(tx, {fact.group for fact in heard})) if heard else set()
    if not given_up:
        return
    new = store.never_there(tx, [fact.alert for fact in heard if fact.group in given_up])
    if not new:
        return
    actions.end_exhausted(tx, sorted(new))
    briefs = store.briefs(tx, new)
    actions.start(
        tx,
        [
            AlertGroupOpened(
                group=one.id,
                service=one.service,
                title=one.title,
                urgency=one.urgency.value,
                severity=one.severity,
                integration=one.integration,
                storm=False,
                reason=WHY,
            )
            for one in briefs.values()
        ],
    )
