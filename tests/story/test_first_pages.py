"""A signal comes in, somebody is woken, and falls silent once somebody answers."""

from __future__ import annotations

from world import World, disk_full, wake


def test_an_unanswered_page_climbs_to_the_second_person(world: World) -> None:
    """Bob is woken if Ann doesn't answer within five minutes, and both fall silent once he does."""
    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", by="email", wait="10m"))
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("10s")
    world.at("5m").expect("bob", email="disk full").within("10s")
    world.at("6m").acknowledge(by="bob")
    world.told("ann", webhook="acknowledged by Bob Ortiz").within("10s")
    world.quiet_until("4h")
