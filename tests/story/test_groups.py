"""What belongs together is one problem, for as long as it is said to."""

from __future__ import annotations

from tocsin.sources.domain import Signal
from world import World, resolve, trigger, wake


def node(number: int, cluster: str = "a") -> Signal:
    """One alert of many of a cluster."""
    return trigger(f"node {number} down", cluster=cluster)


def test_alerts_with_the_same_labels_are_one_group(world: World) -> None:
    """Three alerts of one cluster are one page; another cluster is another."""
    world.policy("web", wake("ann", wait="30m"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1), node(2)).expect("ann", webhook="node 1 down").within("1s")
    world.at("1m").receive(node(3))
    world.at("2m").receive(node(4, "b")).expect("ann", webhook="node 4 down").within("1s")
    assert [(group.alert_count, group.firing_count) for group in world.groups()] == [(3, 3), (1, 1)]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).quiet_until("8h")


def test_a_group_is_over_when_its_last_alert_is(world: World) -> None:
    """One of two alerts being over does not end the group."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1), node(2)).expect("ann", webhook="node 1 down").within("1s")
    world.at("1m").receive(resolve(node(1)))
    world.at("5m").expect("bob", webhook="node 1 down").within("1s")
    world.at("6m").receive(resolve(node(2)))
    assert [group.status for group in world.groups()] == ["resolved"]
    world.quiet_until("8h")


def test_a_fixed_window_counts_from_the_first_alert(world: World) -> None:
    """After ten minutes a further alert is a new group, however many came in between."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"], group_window="10m")
    for minute in (0, 4, 8, 12):
        world.at(f"{minute}m").receive(node(minute))
    assert [group.alert_count for group in world.groups()] == [3, 1]
    assert [one.groups for one in world.pages("ann")] == [("AG-1",), ("AG-2",)]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).forget_pages().quiet_until("8h")


def test_a_rolling_window_counts_from_the_latest_alert(world: World) -> None:
    """As long as alerts come at least every ten minutes, it is the same group."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"], group_window="10m", window_kind="rolling")
    for minute in (0, 8, 16, 24):
        world.at(f"{minute}m").receive(node(minute))
    assert [group.alert_count for group in world.groups()] == [4]
    world.at("35m").receive(node(35))
    assert [group.alert_count for group in world.groups()] == [4, 1]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).forget_pages().quiet_until("8h")


def test_a_group_without_a_window_takes_alerts_until_it_is_resolved(world: World) -> None:
    """Without a window an alert two days later still joins the group nobody has resolved."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1)).expect("ann", webhook="node 1").within("1s")
    world.acknowledge(by="ann").at("48h").receive(node(2)).quiet_until("50h")
    assert [group.alert_count for group in world.groups()] == [2]


def test_alerts_without_the_label_belong_together(world: World) -> None:
    """A missing label is a value like any other."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(trigger("one"), trigger("two")).expect("ann", webhook="one").within("1s")
    assert [group.alert_count for group in world.groups()] == [2]
    world.acknowledge(by="ann").quiet_until("8h")
