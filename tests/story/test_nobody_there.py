"""A step that leads to nobody never waits, and is never passed over in silence."""

from __future__ import annotations

from world import World, disk_full, trigger, wake


def test_an_empty_step_is_skipped_at_once_and_recorded(world: World) -> None:
    """If nobody is on call the next step is taken within the same second, and the journal says why."""
    world.on_call("primary")
    world.policy("web", wake("schedule:primary", wait="30m"), wake("bob"))
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    (skipped,) = world.facts("StepSkipped")
    assert (skipped["step"], skipped["reason"]) == (1, "nobody is on call for primary")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_team_with_nobody_is_skipped(world: World) -> None:
    """A team without members is passed over like an empty schedule."""
    world.config["teams"]["ghosts"] = {"name": "Ghosts", "members": []}
    world.policy("web", wake("team:ghosts", wait="30m"), wake("bob"))
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    assert world.facts("StepSkipped")[0]["reason"] == "the team has no members"
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_person_without_contacts_is_skipped(world: World) -> None:
    """A person who cannot be reached in any way costs no time."""
    world.contacts("ann")
    world.policy("web", wake("ann", wait="30m"), wake("bob"))
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    assert world.facts("StepSkipped")[0]["reason"] == "no usable way to reach them"
    world.acknowledge(by="bob").quiet_until("8h")


def test_an_unreachable_colleague_does_not_hold_up_a_step(world: World) -> None:
    """In a step for two, one of whom has no contact, the other is woken and the journal names the first."""
    world.contacts("ann")
    world.policy("web", wake("ann", "bob", wait="5m"))
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    assert [fact["person"] for fact in world.facts("PersonUnreachable")] == ["ann"]
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_policy_that_leads_to_nobody_is_told_at_once(world: World) -> None:
    """If no step leads to anybody the administrators hear of it in the same second."""
    world.on_call("primary")
    world.policy("web", wake("schedule:primary", wait="30m"), repeat=2)
    world.receive(disk_full).expect("dan", webhook="Nobody answered AG-1").within("1s")
    assert len(world.facts("StepSkipped")) == 3
    world.acknowledge(by="dan").quiet_until("8h")


def test_a_service_without_a_policy_wakes_its_team(world: World) -> None:
    """Without a policy the owning team is woken, three times, then the administrators."""
    world.service("bare", team="web")
    world.receive(disk_full)
    for minute in ("0m", "5m", "10m"):
        for person in ("ann", "bob", "cleo"):
            world.at(minute).expect(person, webhook="disk full").within("10s")
    world.at("15m").expect("dan", webhook="last resort").within("10s")
    world.acknowledge(by="dan").quiet_until("8h")


def test_a_round_robin_passes_over_who_cannot_be_reached(world: World) -> None:
    """Whose turn it is but has no way to be reached gives it to the next, rather than leaving everybody asleep."""
    world.policy("web", wake("ann", "bob", wait="1h", round_robin=True))
    world.contacts("ann")
    for number in range(4):
        world.receive(trigger(f"problem {number}")).expect("bob", webhook=f"problem {number}").within("1s")
        world.acknowledge(by="bob")
