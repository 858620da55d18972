"""A signal comes in, somebody is woken, and the next one, until somebody answers."""

from __future__ import annotations

from world import World, disk_full, resolve, trigger, wake


def test_an_unanswered_page_climbs_to_the_second_person(world: World) -> None:
    """Bob is woken if Ann doesn't answer within five minutes, and both fall silent once he does."""
    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", by="email", wait="10m"))
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("10s")
    world.at("5m").expect("bob", email="disk full").within("10s")
    world.at("6m").acknowledge(by="bob")
    world.told("ann", webhook="acknowledged by Bob Ortiz").within("10s")
    world.quiet_until("4h")


def test_an_answered_page_wakes_nobody_else(world: World) -> None:
    """Whoever answers in time is the only one to be woken, and is not told of their own answer."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("4m59s").acknowledge(by="ann")
    world.quiet_until("4h")
    assert [one.person for one in world.heard] == ["ann"]


def test_every_channel_carries_the_page(world: World) -> None:
    """Mail, webhook, ntfy and the inbox each bring the same page, and the mail's link acknowledges."""
    every = [("0s", "webhook"), ("0s", "email"), ("0s", "ntfy"), ("0s", "inbox")]
    world.policy("web", wake("ann"))
    world.rules("ann", high=every)
    world.receive(disk_full)
    expected = {"webhook": "disk full", "email": "http://tocsin.test/a/", "ntfy": "disk full", "inbox": "disk full"}
    world.expect("ann", **expected).within("1s")
    world.acknowledge(by="ann").quiet_until("1h")


def test_the_page_of_whoever_is_on_call_by_the_schedule(world: World) -> None:
    """A step that names a schedule wakes whoever has the duty at that moment."""
    world.on_call("primary", "ann", "bob")
    world.policy("web", wake("schedule:primary", wait="16h"), repeat=1)
    world.receive(disk_full).expect("ann", webhook="on call for primary").within("1s")
    world.at("16h").expect("bob", webhook="disk full").within("10s")
    world.acknowledge(by="bob").quiet_until("48h")


def test_all_steps_are_taken_again_if_nobody_answers(world: World) -> None:
    """With one repeat everybody is woken twice, in the same order, by a page of its own each time."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="10m"), repeat=1)
    world.receive(disk_full)
    for minute, person in ((0, "ann"), (5, "bob"), (15, "ann"), (20, "bob")):
        world.at(f"{minute}m").expect(person, webhook="disk full").within("10s")
    world.at("21m").acknowledge(by="ann")
    world.told("bob", webhook="acknowledged by Ann Lee").within("10s")
    world.quiet_until("8h")


def test_the_last_resort_is_woken_before_giving_up(world: World) -> None:
    """When all steps have been taken in vain the last resort is woken, and told that it is one."""
    world.policy("web", wake("ann", wait="5m"), last_resort=["cleo"])
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("5m").expect("cleo", webhook="last resort").within("10s")
    world.acknowledge(by="cleo").quiet_until("8h")


def test_an_exhausted_policy_is_told_to_the_administrators(world: World) -> None:
    """If nobody answers at all, the administrators are woken about that, once, and it ends there."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("5m").expect("dan", webhook="Nobody answered AG-1: disk full").within("10s")
    world.acknowledge(by="dan").quiet_until("24h")
    assert len(world.facts("EscalationExhausted")) == 1


def test_a_new_problem_in_a_group_that_nobody_answered_pages_again(world: World) -> None:
    """What joins it would otherwise wake nobody until it is resolved; if nobody answers again, that is told again."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", group_by=["host"])
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("5m").expect("dan", webhook="Nobody answered AG-1: disk full").within("10s")
    world.acknowledge(by="dan", group=2)
    world.at("3h").receive(trigger("cpu hot", host="db1")).expect("ann", webhook="disk full").within("1s")
    assert [group.alert_count for group in world.groups() if group.id == 1] == [2]
    world.at("3h5m").expect("dan", webhook="Nobody answered AG-1: disk full").within("10s")
    world.acknowledge(by="dan", group=3).quiet_until("24h")


def test_what_is_not_new_pages_nobody_again(world: World) -> None:
    """A problem that comes and goes, and one that is silenced, wake nobody in a group that nobody answered."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", group_by=["host"])
    other = trigger("cpu hot", host="db1")
    world.receive(disk_full, other).expect("ann", webhook="disk full").within("1s")
    world.at("5m").expect("dan", webhook="Nobody answered").within("10s")
    world.acknowledge(by="dan", group=2)
    world.at("1h").receive(resolve(other)).receive(other)
    world.silence('app="batch"', span="10h")
    world.receive(trigger("batch late", host="db1", app="batch"))
    world.quiet_until("9h")


def test_what_can_wait_wakes_no_administrator_when_nobody_answers(world: World) -> None:
    """A problem of low urgency that nobody took in the night reaches the administrators by their ways for low urgency."""
    world.policy("web", wake("ann", wait="5m"))
    world.change_service("web", urgency="low")
    world.receive(disk_full).expect("ann", email="disk full").within("1s")
    world.at("5m").expect("dan", email="Nobody answered AG-1: disk full").within("10s")
    assert [group.urgency for group in world.groups()] == ["low", "low"]
    world.acknowledge(by="dan").quiet_until("24h")


def test_nobody_answering_about_nobody_answering_does_not_go_round_in_circles(world: World) -> None:
    """The administrators' own alert that runs out opens no further one."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).at("48h")
    assert [group.title for group in world.groups()] == ["disk full", "Nobody answered AG-1: disk full"]
    assert len(world.pages("dan")) == 3


def test_the_administrators_alert_ends_with_its_cause(world: World) -> None:
    """Once somebody resolves what nobody answered, the alert about it is over too."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).at("6m").forget_pages()
    world.resolve(by="ann", group=1)
    assert {group.status for group in world.groups()} == {"resolved"}
    world.told("dan", webhook="resolved").within("10s")
    world.quiet_until("8h")


def test_a_policy_hands_over_to_another(world: World) -> None:
    """When one policy is exhausted the one it names takes over at once."""
    world.policy("platform", wake("dan", wait="5m"))
    world.policy("web", wake("ann", wait="5m"), then="platform")
    world.receive(disk_full, integration="web").expect("ann", webhook="disk full").within("1s")
    world.at("5m").expect("dan", webhook="disk full").within("10s")
    world.acknowledge(by="dan").quiet_until("8h")


def test_somebody_can_ask_for_the_next_step_at_once(world: World) -> None:
    """Whoever sees the group can wake the next person without waiting."""
    world.policy("web", wake("ann", wait="30m"), wake("bob", wait="30m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").escalate().expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_page_by_hand_wakes_whom_it_names(world: World) -> None:
    """A person pages another by hand, again and again until somebody answers."""
    world.policy("web", wake("ann"))
    world.page_by_hand("please look at the lift", "cleo", by="bob")
    world.expect("cleo", webhook="please look at the lift").within("1s")
    world.at("5m").expect("cleo", webhook="please look at the lift").within("10s")
    world.acknowledge(by="cleo").quiet_until("8h")


def test_a_round_robin_takes_turns(world: World) -> None:
    """Of several people in a round-robin step each new group wakes the next one alone."""
    world.policy("web", wake("ann", "bob", "cleo", round_robin=True))
    for number, person in enumerate(("ann", "bob", "cleo", "ann")):
        world.receive(trigger(f"problem {number}")).expect(person, webhook=f"problem {number}").within("1s")
        world.acknowledge(by=person)
    world.quiet_until("8h")
