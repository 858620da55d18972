"""What can never be, on both databases: broken by hand, it is mended towards waking people, and told."""

from __future__ import annotations

import pytest

from tocsin.kit import clock, db
from tocsin.paging import stuck
from world import World, disk_full, resolve, trigger, wake

BREAKS = {
    "a group without an escalation": "DELETE FROM paging_escalation",
    "an escalation that was stopped for nothing": "UPDATE paging_escalation SET status = 'stopped'",
    "an escalation without its timer": "DELETE FROM engine_timer WHERE kind = 'paging.climb'",
}


def broken(world: World, sql: str) -> None:
    """Do this to the database behind everybody's back, and let the engine find it."""
    with db.transact(clock.now()) as tx:
        tx.execute(sql)
    stuck.mend()
    world._settle_now()


@pytest.mark.parametrize("sql", BREAKS.values(), ids=BREAKS)
def test_a_problem_that_nothing_runs_for_is_taken_up_again(world: World, sql: str) -> None:
    """Whoever would have been woken is, and the administrators hear of it."""
    world.policy("web", wake("ann", wait="10m"), wake("bob", wait="10m"), repeat=1)
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    stuck.mend()
    world.quiet_until("5m")
    broken(world, sql)
    world.expect("dan", webhook="1 problem would have been forgotten").within("1s")
    assert {one.person for one in world.pages()[1:]} & {"ann", "bob"}
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().quiet_until("4h")


@pytest.mark.parametrize("how", ["snoozed", "silenced", "held"])
def test_what_nothing_would_ever_end_is_ended(world: World, how: str) -> None:
    """A snooze, a silence and a hold whose end was lost end when that is found."""
    world.policy("web", wake("ann", wait="1h"))
    if how == "held":
        world.integration("web", hold="10m")
    if how == "silenced":
        world.silence('host="db1"', span="10m")
    world.receive(disk_full)
    if how == "snoozed":
        world.snooze(by="ann", span="10m")
    world.forget_pages()
    stuck.mend()
    world.quiet_until("1m")
    broken(world, "DELETE FROM engine_timer WHERE kind IN ('alerts.wake', 'alerts.release', 'alerts.silence_end')")
    world.expect("ann", webhook="disk full").within("1s")
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages()


def test_a_silence_that_another_one_outlasts_is_no_accident(world: World) -> None:
    """A group whose first silence is over goes on being quiet by the second, and nobody hears of it."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.silence('host="db1"', span="5m")
    world.silence('host="db2"', span="1h")
    one, two = (trigger(host, app="shop", host=host) for host in ("db1", "db2"))
    world.receive(one, two, resolve(one)).at("6m")
    stuck.mend()
    world.quiet_until("59m").expect("ann", webhook="AG-1").within("2m")
    world.acknowledge(by="ann").quiet_until("8h")
