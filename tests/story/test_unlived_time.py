"""Time that nobody lived through, because a clock jumped or Tocsin was away, ends nothing for want of news."""

from __future__ import annotations

from world import World, disk_full, resolve, trigger, wake


def test_a_clock_set_forward_ends_no_alert_early(world: World) -> None:
    """An alert that ends half an hour after it was last heard of does so, in time that really passed."""
    world.policy("web", wake("ann", wait="12h"))
    world.integration("web", auto_resolve_after="30m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("10m").jump("1h").at("29m59s")
    assert [group.status for group in world.groups()] == ["open"]
    world.at("30m1s")
    assert [group.status for group in world.groups()] == ["resolved"]


def test_what_is_heard_of_after_the_jump_counts_from_then(world: World) -> None:
    """A repeat after the jump begins the time anew, and is not given the jump on top."""
    world.policy("web", wake("ann", wait="12h"))
    world.integration("web", auto_resolve_after="30m")
    world.receive(disk_full).forget_pages().jump("1h").receive(disk_full).at("29m").receive(disk_full)
    world.at("58m")
    assert [group.status for group in world.groups()] == ["open"]
    world.at("1h")
    assert [group.status for group in world.groups()] == ["resolved"]


def test_a_clock_set_forward_and_put_right_leaves_the_time_it_was(world: World) -> None:
    """Somebody mistypes the hour and corrects it: no alert is over before its time, and none is twice."""
    world.policy("web", wake("ann", wait="12h"))
    world.integration("web", auto_resolve_after="30m")
    world.receive(disk_full).forget_pages().at("5m").jump("1h").at("6m").jump("-1h").at("29m59s")
    assert [(group.status, group.alert_count) for group in world.groups()] == [("open", 1)]


def test_an_alert_does_not_end_while_nobody_could_hear_of_it(world: World) -> None:
    """Tocsin was away for six hours: senders have as much time to repeat themselves as they had left before."""
    world.policy("web", wake("ann", wait="24h"))
    world.integration("web", auto_resolve_after="30m")
    world.receive(disk_full, trigger("over since")).forget_pages()
    world.at("10m").kill().at("6h").restart().at("6h19m")
    assert [group.status for group in world.groups()] == ["open", "open"]
    world.receive(disk_full).at("6h21m")
    assert [group.status for group in world.groups()] == ["open", "resolved"]
    world.receive(resolve(disk_full)).quiet_until("24h")


def test_an_alert_does_not_end_while_news_of_it_waits(world: World) -> None:
    """Signals were taken in while no engine ran: what they say counts before anything is over."""
    world.policy("web", wake("ann", wait="24h"))
    world.integration("web", auto_resolve_after="30m")
    world.receive(disk_full).forget_pages().at("10m").kill()
    for minute in (30, 55, 80):
        world.at(f"{minute}m").accept(disk_full)
    world.at("81m").restart().at("109m")
    assert [(group.status, group.alert_count) for group in world.groups()] == [("open", 1)]
    assert {outcome for outcome, _ in world.outcomes()} == {"opened", "refreshed"}
    world.at("111m")
    assert [group.status for group in world.groups()] == ["resolved"]


def test_a_message_is_not_given_up_by_a_jump(world: World) -> None:
    """A message between two attempts is tried for a day of time that somebody lived through."""
    world.policy("web", wake("ann", wait="96h"))
    world.break_("webhook", "ann")
    world.receive(disk_full).wait("5m").jump("48h").wait("5m").mend("webhook")
    world.expect("ann", webhook="disk full").within("2m")
    world.acknowledge(by="ann").forget_pages()
