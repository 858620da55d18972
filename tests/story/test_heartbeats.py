"""Silence is a signal, too: a sign of life that does not come wakes people."""

from __future__ import annotations

from world import World, wake


def heartbeat(world: World, **more: object) -> str:
    """A service that must be heard of every five minutes; the address for its sign of life."""
    world.policy("backup", wake("ann", wait="30m"))
    world.integration("backup", source="heartbeat", every="5m", grace="1m", **more)
    return f"/in/heartbeat/{world.config['integrations']['backup']['key']}"


def test_a_missed_heartbeat_wakes_people_and_the_next_ends_it(world: World) -> None:
    """A minute after the sign of life was due somebody is woken; when it comes it is over."""
    url = heartbeat(world)
    for minute in (0, 5, 10):
        world.at(f"{minute}m").post(url)
    world.quiet_until("15m59s")
    world.at("16m").expect("ann", webhook="Heartbeat backup is missing").within("1s")
    world.at("20m").post(url)
    world.told("ann", webhook="the heartbeat is back").within("1s")
    assert [group.status for group in world.groups()] == ["resolved"]
    world.quiet_until("25m59s")
    world.at("26m").expect("ann", webhook="Heartbeat backup is missing").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_heartbeat_that_never_came_is_missed(world: World) -> None:
    """From the moment it is configured the sign of life is expected."""
    heartbeat(world)
    world.at("0s").quiet_until("5m59s")
    world.at("6m").expect("ann", webhook="None has ever come").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_heartbeat_may_miss_as_often_as_allowed(world: World) -> None:
    """With three misses allowed somebody is woken after three intervals and the grace."""
    url = heartbeat(world, misses=3)
    world.post(url)
    world.quiet_until("15m59s")
    world.at("16m").expect("ann", webhook="Heartbeat backup is missing").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_heartbeat_taken_out_of_the_configuration_is_not_missed(world: World) -> None:
    """What is not expected any more wakes nobody."""
    url = heartbeat(world)
    world.policy("web", wake("ann"))
    world.post(url)
    world.edit(lambda config: config["integrations"].pop("backup")).quiet_until("8h")
