"""Who has a group, or put it off, is woken for what they could not know of."""

from __future__ import annotations

from tocsin.sources.domain import Action, Severity, Signal
from world import World, resolve, trigger, wake

HARMLESS = {"when": ['env="dev"'], "urgency": "low"}


def test_a_new_urgent_problem_ends_a_snooze(world: World) -> None:
    """Another node goes down in a snoozed group: it pages at once, with the reason, and the old end changes nothing."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(_node(1)).expect("ann", webhook="AG-1").within("1s")
    world.snooze(by="ann", span="4h").at("1h").receive(_node(2)).expect("ann", webhook="AG-1").within("1s")
    assert world.facts("AlertGroupOpened")[-1]["reason"] == "new problem"
    world.acknowledge(by="ann").quiet_until("10h")


def test_repeats_and_returns_of_what_was_put_off_end_no_snooze(world: World) -> None:
    """What was there when it was snoozed may repeat itself, come and go: nobody is woken before the snooze ends."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(_node(1), _node(2)).forget_pages().snooze(by="ann", span="4h")
    world.at("1h").receive(_node(1)).receive(resolve(_node(1))).receive(_node(1)).quiet_until("3h59m")
    world.expect("ann", webhook="AG-1").within("2m").acknowledge(by="ann").quiet_until("8h")


def test_a_harmless_problem_ends_no_snooze_but_many_do(world: World) -> None:
    """Low problems that join a snoozed group wait for its end, until they are far more than were put off."""
    world.policy("web", wake("ann", wait="12h"))
    world.integration("web", group_by=["cluster"])
    world.config["routes"] = [HARMLESS]
    world.receive(_node(0, env="dev")).forget_pages().snooze(by="ann", span="8h")
    world.at("1h").receive(*(_node(number, env="dev") for number in range(1, 10))).quiet_until("2h")
    world.receive(_node(10, env="dev")).expect("ann", email="AG-1").within("1s")
    assert world.facts("AlertGroupOpened")[-1]["reason"] == "far more problems came than were put off"
    world.acknowledge(by="ann").quiet_until("10h")


def test_a_snooze_ends_when_what_was_put_off_gets_worse(world: World) -> None:
    """The same alert goes from warning to critical: whoever snoozed a warning hears of it."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(_disk(Severity.WARNING)).expect("ann", webhook="disk").within("1s")
    world.snooze(by="ann", span="8h").at("1h").receive(_disk(Severity.CRITICAL))
    world.expect("ann", webhook="disk").within("1s").acknowledge(by="ann").quiet_until("10h")


def test_a_silenced_problem_ends_no_snooze(world: World) -> None:
    """What a silence or a route keeps quiet keeps quiet in a snoozed group, too."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.config["routes"] = [{"when": ['env="test"'], "suppress": "tests wake nobody"}]
    world.silence('host="silenced"', span="4h")
    world.receive(_node(1)).forget_pages().snooze(by="ann", span="1h")
    world.receive(_node(2, host="silenced"), _node(3, env="test")).quiet_until("59m")
    world.expect("ann", webhook="AG-1").within("2m").acknowledge(by="ann").quiet_until("8h")


def test_an_urgent_problem_in_a_harmless_group_that_somebody_has_pages(world: World) -> None:
    """Whoever has a low group has what comes into it, but for what makes it urgent: nobody knows of that."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.config["routes"] = [HARMLESS]
    world.receive(_node(1, env="dev")).forget_pages().acknowledge(by="ann")
    world.at("1h").receive(_node(2, env="dev")).quiet_until("2h")
    world.receive(_node(3, env="prod")).expect("ann", webhook="AG-1").within("1s")
    world.at("2h5m").expect("bob", webhook="AG-1").within("2s")
    assert world.facts("AlertGroupUnacknowledged")[-1]["reason"] == "it became urgent"
    world.acknowledge(by="bob").at("3h").receive(_node(4, env="prod")).quiet_until("10h")


def test_what_gets_urgent_by_the_hour_is_left_to_whoever_has_it(world: World) -> None:
    """A repeat with new words in support hours does not take back what was acknowledged at night."""
    world.policy("web", wake("ann", wait="12h"))
    world.change_service("web", urgency={"hours": {"timezone": "UTC"}})
    world.at("11h").receive(trigger("disk", used="90")).forget_pages().acknowledge(by="ann")
    world.wait("14h").receive(trigger("disk", used="91"))
    assert [group.status for group in world.groups()] == ["acknowledged"]


def test_a_snoozed_storm_wakes_people_when_it_doubles_or_gets_worse(world: World) -> None:
    """New problems keep coming in a storm, so a snooze holds until they are twice as many, or one is worse."""
    world.policy("web", wake("ann", wait="12h"))
    world.change_service("web", storm={"groups": 2, "within": "1m"})
    world.receive(*_warnings(0, 22)).forget_pages().snooze(by="ann", span="8h")
    world.receive(*_warnings(22, 40)).quiet_until("1s")
    world.receive(*_warnings(40, 43)).expect("ann", webhook="Alert storm on Web").within("1s")
    world.snooze(by="ann", span="8h").receive(trigger("worse")).expect("ann", webhook="Alert storm on Web").within("1s")
    reasons = [fact["reason"] for fact in world.facts("AlertGroupOpened")][-2:]
    assert reasons == ["far more problems came than were put off", "it is worse than what was put off"]
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.quiet_until("10h")


def _node(number: int, **labels: str) -> Signal:
    return trigger(f"node {number}", cluster="a", **labels)


def _disk(severity: Severity) -> Signal:
    return Signal(action=Action.TRIGGER, dedup_key="disk", title="disk filling", severity=severity)


def _warnings(start: int, end: int) -> list[Signal]:
    return [
        Signal(action=Action.TRIGGER, dedup_key=f"{number}", title=f"no {number}", severity=Severity.WARNING)
        for number in range(start, end)
    ]
