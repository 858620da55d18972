"""The last line: what Tocsin has to say of itself, and nobody could be told.

That nobody answered is told to the administrators. If no message gets through to them either, because the mail server's
password is another since yesterday or every address refuses, nobody in the house knows of anything. Then the watchdog
outside is not called, which wakes somebody; and the administrators are tried again every ten minutes until something
gets through, since what failed for good is tried no more by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from tocsin.alerts import lifecycle
from tocsin.alerts.domain import OWN, Group, GroupStatus
from tocsin.alerts.lifecycle import UnitOfWork
from tocsin.engine.domain import LEDGER_LOCK
from tocsin.kit import clock, db, text
from tocsin.kit.db import Reader

log = structlog.get_logger()
LOOK_EVERY_S = 60.0
AGAIN_AFTER = timedelta(minutes=10)
TRIED_PER_LOOK_MAX = 50
WHY = "no message got through to anybody"
_MESSAGES = (
    "SELECT 1 FROM paging_page page JOIN engine_delivery sent ON sent.subject = 'page:' || page.id"
    " WHERE page.group_id = held.id AND sent.state IN ({states})"
)
_UNHEARD = (
    "SELECT held.id FROM alerts_group held JOIN paging_escalation latest"
    " ON latest.id = (SELECT max(id) FROM paging_escalation WHERE group_id = held.id)"
    " WHERE held.status = 'open' AND held.integration = %s AND latest.status = 'exhausted' AND latest.ended_at <= %s"
    f" AND NOT EXISTS ({_MESSAGES}) ORDER BY held.id LIMIT %s"
)


def troubles(reader: Reader) -> list[str]:
    """What the watchdog outside is to hear of by our silence."""
    found = _look(reader, reader.now, "'delivered'")
    return [f"nobody could be told of {text.plural(len(found), 'alert')} of Tocsin's own"] if found else []


def try_again() -> None:
    """Begin anew for what reached nobody a while ago and is not being tried any more."""
    now = clock.now()
    states = "'delivered', 'waiting', 'leased'"
    if not _look(db.reader(now), now - AGAIN_AFTER, states):
        return
    with db.transact(now) as tx:
        tx.lock(LEDGER_LOCK)
        work = UnitOfWork(tx)
        work.load(_look(tx, now - AGAIN_AFTER, states))
        for group in work.groups.values():
            if group.status is GroupStatus.OPEN:
                log.error("unheard.tried_again", group=group.reference, title=group.title)
                _open_again(work, group)
        work.done()


def _open_again(work: UnitOfWork, group: Group) -> None:
    work.tell(lambda: lifecycle.opened(group, WHY))


def _look(reader: Reader, ended_by: datetime, states: str) -> list[int]:
    rows = reader.rows(_UNHEARD.format(states=states), (OWN, clock.to_us(ended_by), TRIED_PER_LOOK_MAX))
    return [row[0] for row in rows]
