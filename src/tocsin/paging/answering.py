"""Answering through the link in a message: what became of the groups it tells of, and taking those nobody has."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from tocsin.alerts import actions as alerts
from tocsin.alerts import listing
from tocsin.alerts.domain import GroupId, GroupStatus
from tocsin.alerts.listing import GroupFilter, GroupLine
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit.db import Reader, Tx

VIA = "link"


class Answer(StrEnum):
    """How a group stands, as seen by somebody who was paged for it."""

    ASKED = "asked"  # nobody has it
    MINE = "mine"
    TAKEN = "taken"
    OVER = "over"


def answer(line: GroupLine, by: str) -> Answer:
    """How this group stands for whoever `by` is."""
    if line.status == GroupStatus.RESOLVED:
        return Answer.OVER
    if line.status == GroupStatus.ACKNOWLEDGED:
        return Answer.MINE if line.acknowledged_by == by else Answer.TAKEN
    return Answer.ASKED


def lines(reader: Reader, groups: Collection[int]) -> list[GroupLine]:
    """These groups, oldest first."""
    among = (reader.among("id"), (reader.listed(groups),))
    return listing.groups(reader, GroupFilter(also=(among,), limit=len(groups)))[::-1]


def acknowledge(tx: Tx, groups: Collection[int], by: str) -> bool:
    """Acknowledge those of the groups that nobody has, and leave the others alone; whether any is theirs now.

    Nobody else decides about a group between the look at it and the answer.
    """
    tx.lock(LEDGER_LOCK)
    stand = {line.id: answer(line, by) for line in lines(tx, groups)}
    taken = [group for group, how in stand.items() if how is Answer.ASKED]
    for group in taken:
        alerts.acknowledge(tx, GroupId(group), by, via=VIA)
    return bool(taken) or Answer.MINE in stand.values()
