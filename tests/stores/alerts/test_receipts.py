"""An envelope that is gone altogether is missed, on both databases; a gap in their numbers is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError

from tocsin.alerts import actions, auditor
from tocsin.kit import clock, db
from world import World, disk_full, trigger, wake


def unaccounted() -> int:
    """What the audit of this moment finds."""
    return auditor.look(db.reader(clock.now())).unaccounted


def gone(envelope: int) -> None:
    """Somebody deletes a request, as received and with all that came of it."""
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM alerts_envelope WHERE id = %s", (envelope,))
        tx.execute("DELETE FROM alerts_signal WHERE id >> 14 = %s", (envelope,))


def test_a_request_that_goes_before_it_was_absorbed_is_missed_and_told(world: World) -> None:
    """Nobody was paged for its two signals: they are counted, and the administrators are woken, once."""
    world.policy("web", wake("ann", wait="12h"))
    world.receive(disk_full).acknowledge(by="ann").wait("30s").forget_pages()
    world.kill().accept(trigger("one"), trigger("two"))
    gone(2)
    assert unaccounted() == 2
    world.restart().wait("20s")
    world.expect("dan", webhook="2 signals accepted but not accounted for").within("1s")
    world.wait("10m")
    assert (unaccounted(), auditor.known(db.reader(clock.now())).missing) == (2, 2), "it is not forgotten"
    assert auditor.look(db.reader(clock.now()), at_all=True).missing == 2
    world.acknowledge(by="dan", group=2)
    _done(world, 2)


def test_a_request_that_goes_while_it_waits_is_missed(world: World) -> None:
    """However long it has waited to be absorbed, and however much was counted before and behind it."""
    world.policy("web", wake("ann", wait="12h"))
    world.kill()
    for name in ("one", "two", "three"):
        world.accept(trigger(name))
        world.wait("20s")
        auditor.audit()
    gone(2)
    assert unaccounted() >= 1
    world.restart().forget_pages().wait("5m")
    assert unaccounted() == 1
    assert world.rows("SELECT count(*) FROM alerts_waiting") == [(0,)], "what is gone waits for nothing"
    world.forget_pages()
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    _done(world, 1)


def test_an_append_that_is_undone_leaves_nothing_to_miss(world: World) -> None:
    """Neither its envelopes nor its receipt are there, only on PostgreSQL a gap in the numbers."""
    world.policy("web", wake("ann", wait="12h"))
    with pytest.raises(DatabaseError):
        _append_and_fail()
    world.receive(disk_full).acknowledge(by="ann").wait("1m")
    assert unaccounted() == 0
    assert len(world.groups()) == 1


def test_what_a_version_without_receipts_took_in_is_not_missed(world: World) -> None:
    """While both versions run, and after the upgrade, nothing is told that is not so; what goes afterwards is."""
    world.policy("web", wake("ann", wait="12h"))
    for name in ("one", "two"):
        world.receive(trigger(name))
        with db.transact(clock.now()) as tx:
            tx.execute("DELETE FROM alerts_receipt")
        world.wait("20s")
        assert unaccounted() == 0
    world.receive(disk_full)
    gone(3)
    assert unaccounted() == 1
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().accepted -= 1
    _done(world, 1)


def test_what_has_vanished_is_counted_as_long_as_it_would_be_kept(world: World) -> None:
    """After a month nobody can do anything about it any more, and the number is 0 again."""
    world.policy("web", wake("ann", wait="12h"))
    world.receive(disk_full).acknowledge(by="ann").kill()
    world.accept(trigger("gone"))
    gone(2)
    for days in (0, 1, 29, 31):
        world.clock.move_to(world.start + timedelta(days=days, seconds=20))
        auditor.audit()
        assert unaccounted() == (1 if days < 31 else 0)
    world.accepted -= 1
    auditor.audit()
    world.restart().forget_pages()


def _append_and_fail() -> None:
    with db.transact(clock.now()) as tx:
        actions.accept(tx, "web", "pagerduty", b"", [trigger("never accepted")])
        tx.execute("INSERT INTO no_such_table VALUES (1)")


def _done(world: World, unaccounted_for: int) -> None:
    """The story ends with what it took away still missing."""
    world.accepted -= unaccounted_for
    world.assert_accounted(set_aside=unaccounted_for)
