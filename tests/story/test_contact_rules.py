"""Everybody is told in the ways and at the times they chose, by how urgent it is."""

from __future__ import annotations

from world import World, disk_full, trigger, wake

SUPPORT = {"hours": {"timezone": "Europe/Berlin", "between": ["09:00-17:00"]}, "inside": "high", "outside": "low"}


def test_contact_rules_are_followed_to_the_minute(world: World) -> None:
    """Ann is told by webhook at once, by ntfy after two minutes, by mail after three, until she answers."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("2m", "ntfy"), ("3m", "email")])
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("2m").expect("ann", ntfy="disk full").within("1s")
    world.at("3m").expect("ann", email="disk full").within("1s")
    world.at("4m").acknowledge(by="ann").quiet_until("8h")


def test_an_answer_spares_the_later_ways(world: World) -> None:
    """Once Ann has answered, the ways that were still to come are not used."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("2m", "ntfy"), ("3m", "email")])
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").acknowledge(by="ann").quiet_until("8h")
    assert len(world.heard) == 1


def test_low_urgency_uses_the_ways_for_low_urgency(world: World) -> None:
    """What can wait comes by mail, and only the steps for low urgency are taken."""
    world.policy("web", wake("ann", urgency="high", wait="5m"), wake("bob", wait="5m", urgency="low"))
    world.change_service("web", urgency="low")
    world.receive(disk_full).expect("bob", email="disk full").within("1s")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_route_can_make_it_less_urgent(world: World) -> None:
    """A route decides the urgency, whatever the service says."""
    world.policy("web", wake("ann"))
    world.route('env="test"', urgency="low")
    world.receive(trigger("slow", env="test")).expect("ann", email="slow").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_support_hours_raise_what_waited_for_them(world: World) -> None:
    """A problem of the night comes by mail, and when the working day begins and nobody has it, it wakes people."""
    world.policy("web", wake("ann", wait="30m"), repeat=1)
    world.change_service("web", urgency=SUPPORT)
    world.at("12h").receive(disk_full).expect("ann", email="disk full").within("1s")
    world.at("12h30m").expect("ann", email="disk full").within("1s")
    world.at("13h").forget_pages()
    world.at("22h59m50s").forget_pages()
    world.at("23h").expect("ann", webhook="disk full").within("1s")  # 08:00 UTC is 09:00 in Berlin
    world.acknowledge(by="ann", group=1).quiet_until("30h")


def test_support_hours_do_not_wake_who_has_it(world: World) -> None:
    """What somebody has acknowledged in the night stays silent when the working day begins."""
    world.policy("web", wake("ann", wait="30m"))
    world.change_service("web", urgency=SUPPORT)
    world.at("12h").receive(disk_full).expect("ann", email="disk full").within("1s")
    world.at("12h10m").acknowledge(by="ann").quiet_until("48h")


def test_the_ways_of_a_lower_urgency_end_when_it_rises(world: World) -> None:
    """When a problem becomes urgent the page for the lower urgency is replaced, not added to."""
    world.policy("web", wake("ann", wait="2h"))
    world.rules("ann", high=[("0s", "webhook")], low=[("0s", "email"), ("1h", "ntfy")])
    world.route('env="test"', urgency="low")
    world.integration("web", group_by=["app"])
    world.receive(trigger("slow", env="test", app="shop")).expect("ann", email="slow").within("1s")
    world.at("10m").receive(trigger("down", env="live", app="shop"))
    world.expect("ann", webhook="slow").within("1s")
    world.at("1h30m")
    world.acknowledge(by="ann").quiet_until("8h")


def test_rules_that_lead_nowhere_fall_back_to_every_contact(world: World) -> None:
    """If the rules for this urgency name only a dead contact, every working one is used at once."""
    world.policy("web", wake("ann", wait="5m"), repeat=1)
    world.rules("ann", high=[("0s", "webhook")])
    world.break_("webhook", "ann", status=410)
    world.receive(disk_full).at("5m")
    world.expect("ann", email="disk full", ntfy="disk full", inbox="disk full").within("10s")
    world.acknowledge(by="ann").forget_pages().quiet_until("8h")
