"""When everything breaks at once people are told once, and everything is still accounted for."""

from __future__ import annotations

from collections import Counter

from tocsin.sources.domain import Signal
from world import World, disk_full, resolve, trigger, wake

MANY = 100


def many(count: int, start: int = 0) -> list[Signal]:
    """So many different problems."""
    return [trigger(f"problem {number}") for number in range(start, start + count)]


def test_a_storm_collapses_into_one_group_and_is_told_once(world: World) -> None:
    """Beyond the tenth new group in a minute the rest becomes one storm group with a count, and one page."""
    world.policy("web", wake("ann", wait="1h"))
    world.change_service("web", storm={"groups": 10, "within": "1m"})
    world.receive(*many(60)).at("30s").receive(*many(40, start=60))
    storm = world.groups()[-1]
    assert (len(world.groups()), storm.title, storm.alert_count) == (11, "Alert storm on Web", 90)
    assert Counter(outcome for outcome, _ in world.outcomes()) == {"opened": 11, "joined": 89}
    assert len(world.pages("ann")) == 11
    for number in range(1, 12):
        world.acknowledge(by="ann", group=number)
    world.forget_pages().quiet_until("8h")


def test_after_a_storm_new_problems_are_groups_again(world: World) -> None:
    """Once fewer come, a new problem is a group and a page of its own, and the storm ends with its alerts."""
    world.policy("web", wake("ann", wait="1h"))
    world.change_service("web", storm={"groups": 2, "within": "1m"})
    world.receive(*many(10)).forget_pages()
    world.at("5m").receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.receive(*(resolve(one) for one in many(10)))
    assert [group.status for group in world.groups()] == ["resolved"] * 3 + ["open"]
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_storm_of_one_service_leaves_the_others_alone(world: World) -> None:
    """Another service's problem in the middle of a storm is paged as ever."""
    world.policy("web", wake("ann", wait="1h"))
    world.policy("shop", wake("cleo", wait="1h"))
    world.change_service("web", storm={"groups": 2, "within": "1m"})
    world.receive(*many(50), integration="web").receive(disk_full, integration="shop")
    world.expect("cleo", webhook="disk full").within("1s")
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().quiet_until("8h")


def test_a_hundred_pages_to_one_mailbox_are_few_mails(world: World) -> None:
    """Mails to one address are bundled within its limits, and every one of the groups is in one of them."""
    world.policy("web", wake("ann", by="email", wait="4h"))
    world.change_service("web", storm="off")
    world.receive(*many(MANY)).at("2m")
    for number in range(MANY, MANY + 20):
        world.wait("5s").receive(*many(1, start=number))
    world.wait("10m")
    mails = world.mail.mails
    assert len(mails) < 40
    per_minute = Counter(int((one.at - world.start).total_seconds() // 60) for one in world.pages("ann"))
    assert max(per_minute.values()) <= 11
    told = world.rows("SELECT count(*) FROM engine_delivery WHERE state = 'delivered'")
    assert told == [(MANY + 20,)]
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().quiet_until("8h")


def test_a_limit_of_one_person_does_not_hold_up_another(world: World) -> None:
    """While Ann's mailbox has had its fill, Bob's page goes out at once; hers wait for seconds, in one mail."""
    world.policy("web", wake("ann", by="email", wait="4h"))
    world.policy("shop", wake("bob", by="email", wait="4h"))
    world.change_service("web", storm="off")
    for number in range(15):
        world.receive(*many(1, start=number), integration="web")
    assert len(world.pages("ann")) == 5
    world.receive(disk_full, integration="shop").expect("bob", email="disk full").within("1s")
    world.wait("12s")
    assert len(world.pages("ann")) == 6
    assert len(world.pages("ann")[-1].groups) == 10
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().quiet_until("8h")


def test_pages_come_before_notices(world: World) -> None:
    """With a full mailbox a new page is sent before the notices that wait, as soon as there is room."""
    world.policy("web", wake("ann", by="email", wait="4h"))
    world.change_service("web", storm="off")
    for number in range(10):
        world.receive(*many(1, start=number))
    for number in range(1, 11):
        world.acknowledge(by="bob", group=number)
    world.receive(disk_full).wait("61s")
    later = [(one.kind, len(one.groups)) for one in world.heard[5:]]
    assert later == [("page", 1), ("taken", 5)]
    world.acknowledge(by="ann").forget_pages().quiet_until("8h")
