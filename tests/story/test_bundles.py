"""Groups told as one message are answered as one, and each for itself."""

from __future__ import annotations

from tocsin.kit import clock, db
from tocsin.paging import answering
from world import World, disk_full, trigger, wake

LATE, SLOW = trigger("orders are late"), trigger("search is slow")


def press(world: World, *groups: int, by: str) -> bool:
    """Somebody presses the button of a message that tells of these groups."""
    with db.transact(clock.now()) as tx:
        took = answering.acknowledge(tx, groups, f"person:{by}")
    world.wait("0s")
    return took


def test_what_the_press_did_not_take_goes_on(world: World) -> None:
    """A group that came after the message is in nobody's hands: it goes on to the next person."""
    world.policy("web", wake("ann", by="email", wait="5m"), wake("bob", wait="1h"))
    world.receive(disk_full, LATE).at("1m").receive(SLOW).expect("ann", email="search is slow").within("1s")
    assert press(world, 1, 2, by="ann")
    assert [group.status.value for group in world.groups()] == ["acknowledged", "acknowledged", "open"]
    world.at("6m").expect("bob", webhook="search is slow").within("1s")
    world.acknowledge(by="bob", group=3)
    assert [one.groups for one in world.pages("bob")] == [("AG-3",)]
    world.forget_pages().quiet_until("8h")


def test_a_press_takes_nothing_from_whoever_has_it(world: World) -> None:
    """What Bob has stays his, and is paged to nobody; the rest is Ann's."""
    world.policy("web", wake("ann", by="email", wait="5m"), wake("bob", wait="1h"))
    world.receive(disk_full, LATE).acknowledge(by="bob", group=1)
    assert press(world, 1, 2, by="ann")
    assert [group.acknowledged_by for group in world.groups()] == ["person:bob", "person:ann"]
    assert not press(world, 1, by="ann")
    world.forget_pages().quiet_until("8h")
