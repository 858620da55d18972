"""What stands in the title of a message means something to whoever it wakes."""

from __future__ import annotations

from world import World, disk_full, wake


def test_a_page_by_hand_is_titled_by_its_words(world: World) -> None:
    """It belongs to no service, so none is named; on a lock screen it says that somebody pages by hand."""
    world.policy("web", wake("ann"))
    world.rules("ann", high=[("0s", "email"), ("0s", "ntfy")])
    del world.config["people"]["ann"]["contacts"]["ntfy"]["detail"]
    world.page_by_hand("please join the bridge", "ann", by="bob")
    world.expect("ann", email="[HIGH] please join the bridge (AG-1)").within("1s")
    world.expect("ann", ntfy="[HIGH] Paged by hand: high urgency (AG-1)").within("1s")
    assert all("Unrouted" not in one.text for one in world.heard)
    world.acknowledge(by="ann").quiet_until("8h")


def test_tocsin_speaks_of_itself_by_its_name(world: World) -> None:
    """An alert of Tocsin's own to the administrators names Tocsin, not that it has no route."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).at("5m")
    world.expect("dan", webhook="[HIGH] Tocsin: Nobody answered AG-1: disk full (AG-2)").within("2s")
    assert all("Unrouted" not in one.text for one in world.heard)
    world.acknowledge(by="dan", group=2).acknowledge(by="ann", group=1).forget_pages().quiet_until("8h")
