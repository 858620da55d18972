"""The configuration changes while people are being woken."""

from __future__ import annotations

from typing import Any

from world import World, disk_full, trigger, wake


def test_an_escalation_under_way_keeps_its_policy(world: World) -> None:
    """Who edits a policy while it runs changes the next escalation, not this one."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").policy("web", wake("cleo", wait="5m"))
    world.at("5m").expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob")
    world.receive(trigger("cpu hot")).expect("cleo", webhook="cpu hot").within("1s")
    world.acknowledge(by="cleo").quiet_until("8h")


def test_an_escalation_survives_the_deletion_of_its_policy(world: World) -> None:
    """Even a policy that is gone is followed to its end by what runs."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")

    def without_policy(config: dict[str, Any]) -> None:
        del config["services"]["web"]["policy"]
        del config["policies"]["web"]

    world.at("1m").edit(without_policy)
    world.at("5m").expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_schedule_edited_under_way_counts_for_later_steps(world: World) -> None:
    """Who is on call is asked at the moment of each step."""
    world.on_call("primary", "ann")
    world.policy("web", wake("schedule:primary", wait="5m"), repeat=1)
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").on_call("primary", "cleo")
    world.at("5m").expect("cleo", webhook="on call for primary").within("1s")
    world.acknowledge(by="cleo").told("ann", webhook="acknowledged by Cleo").within("1s")
    world.quiet_until("8h")


def test_a_person_removed_under_way_is_skipped(world: World) -> None:
    """A step that names somebody who left is passed over at once, with the reason."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"), wake("cleo", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")

    def bob_leaves(config: dict[str, Any]) -> None:
        del config["people"]["bob"]
        config["teams"]["web"]["members"].remove("bob")
        del config["policies"]["web"]["steps"][1]

    world.at("1m").edit(bob_leaves)
    world.at("5m").expect("cleo", webhook="disk full").within("1s")
    assert world.facts("StepSkipped")[0]["reason"] == "it is not in the configuration any more"
    world.acknowledge(by="cleo").quiet_until("8h")


def test_a_person_who_left_can_be_told_that_it_is_over(world: World) -> None:
    """Removing somebody who has just been paged breaks nothing when it is acknowledged."""
    world.policy("web", wake("ann", "bob", wait="5m"))
    world.receive(disk_full)
    world.expect("ann", webhook="disk full").within("1s")
    world.expect("bob", webhook="disk full").within("1s")

    def bob_leaves(config: dict[str, Any]) -> None:
        del config["people"]["bob"]
        config["teams"]["web"]["members"].remove("bob")
        config["policies"]["web"]["steps"][0]["page"] = ["person:ann"]

    world.edit(bob_leaves).acknowledge(by="ann").quiet_until("8h")


def test_signals_of_a_deleted_integration_reach_the_administrators(world: World) -> None:
    """What was accepted before an integration was deleted is nobody's, so the administrators are woken."""
    world.policy("web", wake("ann", wait="5m"))
    world.policy("shop", wake("cleo", wait="5m"))
    world.at("0s").kill()
    world.accept(disk_full, integration="shop")
    world.edit(lambda config: config["integrations"].pop("shop")).restart()
    world.expect("dan", webhook="disk full").within("1s")
    world.acknowledge(by="dan").quiet_until("8h")


def test_a_new_route_counts_from_the_next_signal(world: World) -> None:
    """An edit of the routes changes what comes after it, and leaves what is there."""
    world.policy("web", wake("ann", wait="1h"))
    world.policy("shop", wake("cleo", wait="1h"))
    world.receive(trigger("one", app="shop"), integration="web").expect("ann", webhook="one").within("1s")
    world.route('app="shop"', service="shop")
    world.receive(trigger("two", app="shop"), integration="web").expect("cleo", webhook="two").within("1s")
    world.acknowledge(by="ann", group=1).acknowledge(by="cleo", group=2).quiet_until("8h")


def test_a_person_who_leaves_while_being_paged_is_told_nothing_more(world: World) -> None:
    """What still waits to be sent to them is not, and the next person is woken at once instead."""
    world.policy("web", wake("ann", wait="1h"), wake("bob", wait="1h"))
    world.break_("webhook", "ann").receive(disk_full).at("3s")

    def ann_leaves(config: dict[str, Any]) -> None:
        del config["people"]["ann"]
        config["teams"]["web"]["members"].remove("ann")
        del config["policies"]["web"]["steps"][0]

    world.mend("webhook", "ann").edit(ann_leaves)
    world.expect("bob", webhook="disk full").within("10s")
    assert world.facts("MessageFailing")[-1]["reason"] == "this contact is not in the configuration any more"
    world.acknowledge(by="bob").quiet_until("8h")


def test_an_address_that_was_changed_gets_nothing_more(world: World) -> None:
    """A page that waits for an address somebody has corrected meanwhile goes by the next way, not to a stranger."""
    world.policy("web", wake("ann", wait="1h"))
    world.rules("ann", high=[("0s", "webhook"), ("30m", "email")])
    world.break_("webhook", "ann").receive(disk_full).at("3s")
    world.mend("webhook", "ann")
    hook = f"{world.http.url}/hook/another"
    world.edit(lambda config: config["people"]["ann"]["contacts"]["webhook"].update(webhook=hook))
    world.expect("ann", email="disk full").within("10s")
    world.acknowledge(by="ann").quiet_until("8h")
