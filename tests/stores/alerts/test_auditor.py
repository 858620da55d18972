"""The ledger's two sides, on both databases: what is missing is counted, told once, and told to be over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tocsin.alerts import auditor
from tocsin.alerts.domain import SIGNAL_BITS
from tocsin.kit import clock, db
from tocsin.site import wiring
from world import World, disk_full, trigger, wake


def look() -> auditor.Audit:
    """The audit of this moment."""
    return auditor.look(db.reader(clock.now()))


def audited(world: World, times: int) -> None:
    """Let time pass for so many audits."""
    for _ in range(times):
        world.wait("10s")


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
    for group in world.groups()[1:]:
        world.acknowledge(by="ann", group=group.id)


def test_a_signal_without_an_outcome_is_counted(world: World) -> None:
    """If an absorbed signal's row is missing, the auditor finds it."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full, trigger("other"))
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM alerts_signal WHERE id = %s", ((1 << SIGNAL_BITS) | 1,))
    assert look().missing == 1
    with db.transact(clock.now()) as tx:
        tx.execute("UPDATE alerts_envelope SET signal_count = 1")
        tx.execute("UPDATE alerts_receipt SET signals = 1")
    world.accepted -= 1
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2)


def test_a_signal_that_no_longer_waits_and_was_not_absorbed_is_counted(world: World) -> None:
    """If an envelope is in nobody's hands, the auditor finds it, and it is not forgotten."""
    world.policy("web", wake("ann", wait="1h"))
    world.kill().accept(disk_full, trigger("other"))
    with db.transact(clock.now()) as tx:
        assert tx.execute("DELETE FROM alerts_waiting") == 1
    assert look().missing == 2
    with db.transact(clock.now()) as tx:
        tx.execute("INSERT INTO alerts_waiting (id, signal_count) SELECT id, signal_count FROM alerts_envelope")
    world.restart().wait("1s")
    assert look().unaccounted == 0
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2)


def test_what_was_complete_and_is_not_any_more_is_found_and_told(world: World) -> None:
    """A row that disappears after its envelope was counted is found by the second look, told once, and told to be over."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full, trigger("other")).acknowledge(by="ann", group=1).acknowledge(by="ann", group=2)
    audited(world, 3)
    assert world.rows("SELECT complete_to, seen_to, lacking FROM alerts_audit") == [(1, 1, "[]")]
    gone = (1 << SIGNAL_BITS) | 1
    columns = "id, integration, at, action, dedup_key, outcome, reason, alert_id, group_id"
    (row,) = world.rows(f"SELECT {columns} FROM alerts_signal WHERE id = %s", (gone,))
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM alerts_signal WHERE id = %s", (gone,))
    assert auditor.look(db.reader(clock.now()), at_all=True).missing == 1
    audited(world, 2)
    assert (look().missing, auditor.known(db.reader(clock.now())).missing) == (1, 1)
    assert [group.status for group in world.groups() if "accounted" in group.title] == ["open"]
    audited(world, 6)
    assert look().missing == 1, "it is looked at until it is there"
    with db.transact(clock.now()) as tx:
        tx.insert_many("alerts_signal", columns.split(", "), [row])
    audited(world, 2)
    assert look().unaccounted == 0
    assert [group.status for group in world.groups() if "accounted" in group.title] == ["resolved"]
    world.forget_pages()


def test_what_waits_is_not_passed_over(world: World) -> None:
    """The auditor stays before the first envelope that waits, and counts it when it is absorbed."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full).acknowledge(by="ann")
    world.kill()
    world.accept(trigger("waits"))
    for _ in range(3):
        world.wait("10s")
        auditor.audit()
    assert world.rows("SELECT complete_to FROM alerts_audit") == [(1,)]
    world.restart()
    audited(world, 3)
    assert world.rows("SELECT complete_to FROM alerts_audit") == [(2,)]
    world.acknowledge(by="ann", group=2)


def test_audits_a_moment_apart_do_not_hurry(world: World) -> None:
    """With many engines, a number that is committed a moment later than its elders is still counted."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full).acknowledge(by="ann")
    audited(world, 3)
    world.receive(trigger("second")).acknowledge(by="ann", group=2)
    for _ in range(5):
        auditor.audit()
    assert world.rows("SELECT complete_to FROM alerts_audit") == [(1,)]
    audited(world, 2)
    assert world.rows("SELECT complete_to FROM alerts_audit") == [(2,)]


def test_what_is_old_is_forgotten_without_a_gap_in_the_ledger(world: World) -> None:
    """Payloads go after a month, signals after three, and the count stays right all the time."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full).acknowledge(by="ann")
    for days in (29, 31, 89, 91):
        world.clock.move_to(world.start + timedelta(days=days))
        auditor.audit()
        auditor.forget_old()
        assert look().unaccounted == 0
    assert world.rows("SELECT count(*) FROM alerts_envelope") == [(0,)]
    assert world.rows("SELECT count(*) FROM alerts_signal") == [(0,)]
    assert world.rows("SELECT count(*) FROM alerts_receipt") == [(0,)]
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


def test_a_stuck_queue_does_not_keep_the_auditor_quiet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals that nothing absorbs are told although what tells it is a signal as well, and the watchdog is not called."""
    world.policy("web", wake("ann"))
    with monkeypatch.context() as stuck:
        stuck.setattr(wiring, "absorb_some", lambda: 0)
        world.accept(disk_full)
        world.at("61s")
        assert auditor.troubles(db.reader(clock.now())) == ["1 signal waiting for more than 1m"]
        world.at("80s").expect("dan", webhook="1 signal accepted but not accounted for").within("1s")
    world.expect("ann", webhook="disk full").within("1s")
    assert auditor.troubles(db.reader(clock.now())) == []
    world.acknowledge(by="ann").wait("20s")
