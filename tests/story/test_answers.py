"""What an answer is worth: acknowledgements, snoozes, and what happens in the meantime."""

from __future__ import annotations

from world import World, disk_full, resolve, trigger, wake


def test_an_acknowledgement_expires_and_the_page_starts_again(world: World) -> None:
    """If it is not resolved within half an hour of the acknowledgement, everybody is woken from the start."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"), acknowledgement_expires="30m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").acknowledge(by="ann").quiet_until("30m59s")
    world.at("31m").expect("ann", webhook="disk full").within("1s")
    world.at("36m").expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob")
    world.at("50m").receive(resolve(disk_full)).quiet_until("8h")


def test_a_renewed_acknowledgement_counts_anew(world: World) -> None:
    """Acknowledging again, by anybody, begins the time anew."""
    world.policy("web", wake("ann", wait="5m"), acknowledgement_expires="30m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").acknowledge(by="ann")
    world.at("25m").acknowledge(by="bob").quiet_until("54m")
    world.at("55m").expect("ann", webhook="disk full").within("1s")
    world.receive(resolve(disk_full)).quiet_until("8h")


def test_who_gives_it_back_has_the_next_one_woken(world: World) -> None:
    """An acknowledgement taken back starts the escalation from its first step."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="bob").at("2m").unacknowledge(by="bob")
    world.expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_an_acknowledged_group_stays_silent_when_an_alert_joins_it(world: World) -> None:
    """Whoever has the group has what comes into it, too."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", group_by=["cluster"])
    world.receive(trigger("node 1", cluster="a")).expect("ann", webhook="node 1").within("1s")
    world.acknowledge(by="ann")
    world.at("1m").receive(trigger("node 2", cluster="a")).quiet_until("8h")
    assert [group.alert_count for group in world.groups()] == [2]


def test_a_group_that_becomes_urgent_wakes_people_anew(world: World) -> None:
    """A low group nobody has is paged as urgent when an urgent alert joins it."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.route('env="test"', urgency="low")
    world.receive(trigger("slow", env="test", app="shop")).expect("ann", email="slow").within("1s")
    world.at("10m").receive(trigger("down", env="live", app="shop")).expect("ann", webhook="[HIGH]").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_repeat_that_says_something_worse_wakes_people_anew(world: World) -> None:
    """The same alert, sent again with labels that make it urgent, pages as urgent."""
    world.policy("web", wake("ann", wait="1h"))
    world.route('level="warn"', urgency="low")
    world.receive(trigger("disk", level="warn")).expect("ann", email="disk").within("1s")
    world.at("10m").receive(trigger("disk", level="page")).expect("ann", webhook="[HIGH]").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_repeats_of_an_alert_wake_nobody(world: World) -> None:
    """However often a tool repeats itself, there is one alert, one group and one page."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.receive(*[disk_full] * 50)
    for minute in range(1, 30):
        world.at(f"{minute}m").receive(disk_full)
    assert world.outcomes()[1:] == [("refreshed", "the alert is already firing")] * 79
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_snooze_is_silent_until_it_ends(world: World) -> None:
    """A snoozed group wakes nobody, whoever snoozed it is not told of it, and at its end it starts from the top."""
    world.policy("web", wake("ann", "bob", wait="5m"), repeat=1)
    world.receive(disk_full)
    world.expect("ann", webhook="disk full").within("1s")
    world.expect("bob", webhook="disk full").within("1s")
    world.at("1m").snooze(by="ann", span="2h")
    world.told("bob", webhook="snoozed by Ann Lee until 2026-03-02 11:01 UTC").within("1s")
    assert [one for one in world.heard if one.kind == "taken" and one.person == "ann"] == []
    world.quiet_until("2h")
    world.at("2h1m").expect("ann", webhook="disk full").within("1s")
    world.expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_snoozed_group_that_resolves_wakes_nobody(world: World) -> None:
    """If the problem goes away during the snooze nothing happens at its end."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.snooze(by="ann", span="2h").at("1h").receive(resolve(disk_full)).quiet_until("8h")


def test_an_acknowledgement_of_a_snoozed_group_keeps_it_silent(world: World) -> None:
    """Who acknowledges a snoozed group has it, also after the snooze."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.snooze(by="ann", span="1h").at("30m").acknowledge(by="bob").quiet_until("8h")


def test_a_tool_can_acknowledge_and_resolve(world: World) -> None:
    """An acknowledgement and a resolve that the sender reports count like a person's."""
    world.policy("web", wake("ann", wait="5m"), wake("bob"))
    key = world.config["integrations"]["web"]["key"]
    event = {"routing_key": key, "dedup_key": "d1", "payload": {"summary": "slow", "source": "x", "severity": "error"}}
    assert world.post("/v2/enqueue", {**event, "event_action": "trigger"}) == 202
    world.expect("ann", webhook="slow").within("1s")
    world.post("/v2/enqueue", {**event, "event_action": "acknowledge"})
    world.told("ann", webhook="acknowledged by the tool behind web").within("1s")
    world.post("/v2/enqueue", {**event, "event_action": "resolve"})
    world.quiet_until("8h")
    assert [group.status for group in world.groups()] == ["resolved"]
