"""The ledger's two sides, on both databases: what is missing is counted, told once, and told to be over."""

from __future__ import annotations

from datetime import timedelta

from tocsin.alerts import auditor
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.kit import clock, db
from world import World, disk_full, trigger, wake


def look() -> auditor.Audit:
    """The audit of this moment."""
    return auditor.look(db.reader(clock.now()))


def test_a_signal_that_waits_too_long_is_counted_and_told(world: World) -> None:
    """With no absorber at work the number rises after a minute; when it is worked off it is 0 and that is told, too."""
    world.policy("web", wake("ann"))
    world.at("0s").kill()
    world.accept(disk_full, trigger("other"))
    world.wait("60s")
    assert look().unaccounted == 0
    world.wait("1s")
    assert (look().waiting_too_long, look().oldest) == (2, world.start)
    auditor.audit()
    auditor.audit()
    world.restart().forget_pages()
    assert look().unaccounted == 0
    world.wait("20s")
    assert [group.status for group in world.groups() if "accounted" in group.title] == ["resolved"]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2)


def test_a_signal_without_an_outcome_is_counted(world: World) -> None:
    """If an absorbed signal's row is missing, the auditor finds it."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full, trigger("other"))
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM alerts_signal WHERE id = %s", ((1 << SIGNAL_BITS) | 1,))
    assert look().missing == 1
    with db.transact(clock.now()) as tx:
        tx.execute("UPDATE alerts_envelope SET signal_count = 1")
    world.accepted -= 1
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2)


def test_what_is_old_is_forgotten_without_a_gap_in_the_ledger(world: World) -> None:
    """Payloads go after a month, signals after three, and the count stays right all the time."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full).acknowledge(by="ann")
    for days in (29, 31, 89, 91):
        world.clock.move_to(world.start + timedelta(days=days))
        auditor.forget_old()
        assert look().unaccounted == 0
    assert world.rows("SELECT count(*) FROM alerts_envelope") == [(0,)]
    assert world.rows("SELECT count(*) FROM alerts_signal") == [(0,)]
    assert len(world.groups()) == 1
    world.accepted = 0


def test_more_than_fits_in_one_transaction_is_forgotten(world: World) -> None:
    """What a busy year left is gone after one round of forgetting, and what is set aside or still new stays."""
    old, new = clock.to_us(world.start - timedelta(days=200)), clock.to_us(world.start)
    kept = auditor.FORGOTTEN_PER_TX_MAX * 2 + 10
    columns = ("id", "integration", "at", "action", "dedup_key", "outcome", "reason")
    rows = [(number, "x", old, "trigger", "k", "refreshed", "") for number in range(1, kept)]
    rows.append((kept, "x", old, "trigger", "k", "set_aside", ""))
    rows.append((kept + 1, "x", new, "trigger", "k", "refreshed", ""))
    with db.transact(clock.now()) as tx:
        tx.insert_many("alerts_signal", columns, rows)
    auditor.forget_old()
    assert world.rows("SELECT id FROM alerts_signal ORDER BY id") == [(kept,), (kept + 1,)]
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM alerts_signal")
