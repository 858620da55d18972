"""What can never be, and is looked for all the same: a problem of which nobody hears, and that nothing will change.

Whatever opens a group starts its escalation in the same transaction, a running escalation has its timer, and so has
whatever keeps a group quiet for a while. Only a bug, a hand in the database or a disk can break that. Then it is mended
towards waking people, and the administrators are told, because a mended accident is still one.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from tocsin.alerts import lifecycle, own
from tocsin.alerts.domain import Group, GroupStatus
from tocsin.alerts.lifecycle import RELEASE, SILENCE_END, WAKE, UnitOfWork
from tocsin.engine import timers
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader, Tx
from tocsin.paging.actions import CLIMB

log = structlog.get_logger()
LOOK_EVERY_S = 60.0
MENDED_PER_LOOK_MAX = 200
KEY = "stuck problems"
WHY = "nothing was left to wake anybody for it"
_NO_TIMER = "NOT EXISTS (SELECT 1 FROM engine_timer WHERE kind = '{kind}' AND {ref})"
_UNATTENDED = (
    "SELECT held.id, latest.id, latest.status FROM alerts_group held LEFT JOIN paging_escalation latest"
    " ON latest.id = (SELECT max(id) FROM paging_escalation WHERE group_id = held.id)"
    " WHERE held.status = 'open' AND (latest.id IS NULL OR latest.status = 'stopped'"
    f" OR (latest.status = 'running' AND {_NO_TIMER.format(kind=CLIMB, ref='ref = latest.id')})) ORDER BY held.id LIMIT %s"
)
_ASLEEP = (
    "SELECT id FROM alerts_group held WHERE (status = 'snoozed'"
    f" AND {_NO_TIMER.format(kind=WAKE, ref='ref = held.id')}) OR (status = 'suppressed' AND ("
    f"(suppressed_by = 'hold' AND {_NO_TIMER.format(kind=RELEASE, ref='ref = held.id')}) OR (suppressed_by LIKE %s"
    f" AND {_NO_TIMER.format(kind=SILENCE_END, ref=chr(39) + 'silence:' + chr(39) + ' || ref = held.suppressed_by')})))"
    " ORDER BY id LIMIT %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """What was found."""

    unattended: tuple[int, ...]  # open groups for which nothing runs or ran out
    halted: tuple[int, ...]  # running escalations that nothing takes further
    asleep: tuple[int, ...]  # groups kept quiet by what never ends

    def __bool__(self) -> bool:
        return bool(self.unattended or self.halted or self.asleep)


def look(reader: Reader) -> Stuck:
    """Find it; each kind in one statement, so that nothing is seen half done."""
    rows = reader.rows(_UNATTENDED, (MENDED_PER_LOOK_MAX,))
    asleep = reader.rows(_ASLEEP, ("silence:%", MENDED_PER_LOOK_MAX))
    return Stuck(
        unattended=tuple(row[0] for row in rows if row[2] != "running"),
        halted=tuple(row[1] for row in rows if row[2] == "running"),
        asleep=tuple(row[0] for row in asleep),
    )


def mend() -> None:
    """Look; wake people for what is found, and tell the administrators."""
    now = clock.now()
    if not look(db.reader(now)):
        return
    with db.transact(now) as tx:
        tx.lock(LEDGER_LOCK)
        found = look(tx)  # what was there before the lock may have moved on
        timers.set_many(tx, [(CLIMB, id_, tx.now, "") for id_ in found.halted])
        woken = _wake(tx, found)
        count = len(woken) + len(found.halted)
        if count:
            _tell(tx, count, [group.reference for group in woken])


def _wake(tx: Tx, found: Stuck) -> list[Group]:
    work = UnitOfWork(tx)
    work.load([*found.unattended, *found.asleep])
    woken = [group for group in work.groups.values() if _wake_one(work, group)]
    work.done()
    return woken


def _wake_one(work: UnitOfWork, group: Group) -> bool:
    if group.status is GroupStatus.OPEN:
        work.tell(lambda: lifecycle.opened(group, WHY))
        return True
    silence = lifecycle.silence_of(work, group)
    if silence is None:
        return lifecycle.wake(work, group) or lifecycle.release(work, group, WHY)
    lifecycle.suppress(work, group, silence)  # it has an end after all: another than the one that kept it quiet first
    return False


def _tell(tx: Tx, count: int, references: list[str]) -> None:
    log.error("stuck.mended", count=count, groups=references)
    problems = text.plural(count, "problem")
    told = own.trouble(
        key=KEY,
        title=f"{problems} would have been forgotten",
        description=f"Nothing was left to wake anybody for {problems}; people are being woken now."
        f" {', '.join(references[:20])} This should never happen: the log and `tocsin explain` say more.".lstrip(),
    )
    own.tell(tx, [told])
