"""A node that is paused, not killed: it holds its leases and its locks, and when it wakes it knows of nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crash.household import House, opened
from crash.processes import Senders, eventually
from databases import Database
from tocsin.engine.domain import LEASE, LEDGER_LOCK
from tocsin.kit import clock, db
from tocsin.kit.postgres import limits

SOME = 40
SLOW_S = 1.0  # so that messages are under way when it is paused
TAKEN_OVER_S_MAX = LEASE.total_seconds() + 10.0
LET_GO_S_MAX = limits.SESSION_MS["idle_in_transaction_session_timeout"] / 1000 + 15.0
TRIES_MAX = 300
AWAKE_S = 3.0
_HOLDER = (
    "SELECT held.pid FROM pg_locks held JOIN pg_stat_activity session USING (pid)"
    f" WHERE held.locktype = 'advisory' AND held.granted AND held.objid = {LEDGER_LOCK}"
    " AND session.wait_event = 'ClientRead' AND session.datname = current_database()"
)


@pytest.fixture
def house(postgres: Database, tmp_path: Path) -> Iterator[House]:
    """A web process and two engines, all of them alive."""
    for one in opened(postgres, tmp_path):
        for engine in one.engines:
            engine.start()
        one.start_web()
        yield one


def test_what_a_paused_node_was_sending_is_sent_by_the_other(house: House) -> None:
    """Past its leases the other engine sends; when it wakes, what it has to say of them counts for nothing."""
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        house.sink.answer(delay_s=SLOW_S)
        house.sink.wait_for(2 * SOME, within_s=30)
        house.engines[0].freeze()
    house.sink.answer()
    eventually(lambda: senders.safe <= house.paged() and house.takeovers() > 0, TAKEN_OVER_S_MAX, house.log)
    eventually(lambda: house.unsettled() == 0, TAKEN_OVER_S_MAX, house.log)
    before = house.receipts()
    house.engines[0].thaw()
    time.sleep(AWAKE_S)
    house.engines[0].assert_alive()
    assert house.receipts() == before
    house.assert_all_paged(senders.safe)


def test_a_node_paused_in_the_middle_of_a_decision_holds_up_nobody_for_long(house: House) -> None:
    """It holds the lock under which everything is decided: its session is ended, and the other engine goes on."""
    with Senders(house.port, threads=3) as senders:
        house.sink.wait_for(SOME, within_s=30)
        _freeze_while_it_decides(house)
        enough = len(senders.safe) + SOME
        senders.wait_for(enough, within_s=10)  # taking signals in goes on
        safe = set(senders.safe)
        eventually(lambda: safe <= house.paged(), LET_GO_S_MAX + TAKEN_OVER_S_MAX, house.log)
        house.engines[0].thaw()
        senders.wait_for(len(senders.safe) + SOME)
    house.engines[0].assert_alive()
    house.assert_all_paged(senders.safe)
    assert house.told_twice() == 0


def _freeze_while_it_decides(house: House) -> None:
    """Pause the first engine at a moment at which it holds the lock."""
    chance = random.Random(1)
    for _ in range(TRIES_MAX):
        house.engines[0].freeze()
        first = _holders(house)
        time.sleep(0.2)
        if first & _holders(house):  # the other engine would have gone on in the meantime
            return
        house.engines[0].thaw()
        time.sleep(chance.uniform(0.0, 0.05))
    pytest.fail("it was never paused in the middle of a transaction")


def _holders(house: House) -> set[int]:
    house.database.connect()
    found = {int(row[0]) for row in db.reader(clock.now()).rows(_HOLDER)}
    db.drop_connection()
    return found
