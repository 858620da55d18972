"""What can happen to an alert group: the whole table, and what it promises."""

from __future__ import annotations

from itertools import product

import pytest

from tocsin.alerts import rules
from tocsin.alerts.domain import GroupEvent, GroupStatus

O, A, S, Q, R = (  # noqa: E741 - one letter each, to be read as a table
    GroupStatus.OPEN,
    GroupStatus.ACKNOWLEDGED,
    GroupStatus.SNOOZED,
    GroupStatus.SUPPRESSED,
    GroupStatus.RESOLVED,
)
__ = None
TABLE = {
    #                          open acknowledged snoozed suppressed resolved
    GroupEvent.ACKNOWLEDGE: (A, A, A, A, __),
    GroupEvent.UNACKNOWLEDGE: (__, O, __, __, __),
    GroupEvent.SNOOZE: (S, S, S, __, __),
    GroupEvent.WAKE: (__, __, O, __, __),
    GroupEvent.SUPPRESS: (Q, Q, Q, __, __),
    GroupEvent.RELEASE: (__, __, __, O, __),
    GroupEvent.RESOLVE: (R, R, R, R, __),
    GroupEvent.REOPEN: (__, __, __, __, O),
}


@pytest.mark.parametrize(("status", "event"), list(product(GroupStatus, GroupEvent)))
def test_every_status_with_every_event(status: GroupStatus, event: GroupEvent) -> None:
    """Each of the forty pairs leads where the table says, or is illegal and says so in words."""
    expected = TABLE[event][(O, A, S, Q, R).index(status)]
    if expected is None:
        with pytest.raises(rules.IllegalMove, match=f"it is {status}(, so it cannot be| already)"):
            rules.move(status, event)
    else:
        assert rules.move(status, event) is expected


@pytest.mark.parametrize("status", GroupStatus)
def test_every_status_can_be_left_towards_the_end(status: GroupStatus) -> None:
    """Whatever a group is, it can be resolved; and what is resolved can come back."""
    event = GroupEvent.REOPEN if status is R else GroupEvent.RESOLVE
    assert rules.move(status, event) is (O if status is R else R)
