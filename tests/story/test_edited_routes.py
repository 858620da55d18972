"""What only the configuration kept quiet is not quiet any more when the configuration changes."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.alerts import rerouting
from tocsin.sources.domain import Action, Severity, Signal
from world import World, disk_full, resolve, trigger, wake

QUIET = {"when": ['env="dev"'], "suppress": "development wakes nobody"}
DEV = trigger("in development", app="shop", env="dev")
WHY = "the configuration does not keep it quiet any more and it still fires"


def test_a_problem_pages_when_the_route_that_kept_it_quiet_is_removed(world: World) -> None:
    """Within seconds of the apply, with the reason in its timeline; what is over by then wakes nobody."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    over = trigger("over by then", env="dev")
    world.receive(DEV, over).at("10m").receive(resolve(over)).quiet_until("8h")
    world.edit(lambda config: config.pop("routes")).expect("ann", webhook="in development").within("5s")
    assert [fact["reason"] for fact in world.facts("AlertGroupOpened")] == [WHY]
    assert world.groups()[0].route is None
    world.acknowledge(by="ann", group=1).quiet_until("10h")


def test_a_problem_pages_when_the_route_that_kept_it_quiet_says_otherwise(world: World) -> None:
    """An edit counts like a removal: of what it matched, and of what it does; the urgency is what the routes say now."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    other = trigger("in testing", env="test")
    world.receive(DEV).edit(lambda config: config.update(routes=[{"when": ['env="dev"'], "urgency": "low"}]))
    world.expect("ann", email="in development").within("5s")
    assert world.groups()[0].urgency == "low"
    world.edit(lambda config: config.update(routes=[{**QUIET, "when": ['env="test"']}]))
    world.expect("ann", webhook="in development").within("5s")
    world.receive(other).wait("1m")
    world.edit(lambda config: config.update(routes=[QUIET])).expect("ann", webhook="in testing").within("5s")
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).quiet_until("8h")


def test_a_route_that_moves_keeps_quiet_what_it_kept(world: World) -> None:
    """Another route before it, another version of it, even one that drops instead: what is to be quiet stays so."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    world.receive(DEV).edit(lambda config: config["routes"].insert(0, {"when": ['env="test"'], "urgency": "low"}))
    world.wait("5s")
    assert [(group.route, group.suppressed_by) for group in world.groups()] == [(2, "route:2")]
    world.edit(lambda config: config.update(routes=[{"when": ['env="dev"'], "drop": "nobody asks"}])).quiet_until("8h")


def test_a_silence_that_matches_keeps_quiet_what_a_route_lets_go(world: World) -> None:
    """When the route goes while a silence matches, the page waits for the silence's end, and no longer."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    world.receive(DEV).silence('app="shop"', span="1h")
    world.at("10m").edit(lambda config: config.pop("routes")).quiet_until("59m")
    world.expect("ann", webhook="in development").within("2m")
    world.acknowledge(by="ann").quiet_until("8h")


def test_one_of_several_alerts_that_no_silence_matches_pages(world: World) -> None:
    """A group that a route let go pages for the one of its alerts that nothing keeps quiet."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.config["routes"] = [QUIET]
    world.receive(trigger("one", app="shop", env="dev", host="a"), trigger("two", app="shop", env="dev", host="b"))
    world.silence('host="a"', span="8h")
    world.edit(lambda config: config.pop("routes")).expect("ann", webhook="AG-1").within("5s")
    world.acknowledge(by="ann").quiet_until("10h")


def test_a_problem_that_is_held_no_more_pages(world: World) -> None:
    """A hold that is taken away ends now, one that is made shorter ends as if it had been so from the start."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", hold="1h")
    world.receive(disk_full).at("5m").edit(_hold("10m")).quiet_until("9m59s")
    world.expect("ann", webhook="disk full").within("2s")
    world.acknowledge(by="ann").edit(_hold("1h")).receive(trigger("another"))
    world.at("30m").edit(_hold("0s")).expect("ann", webhook="another").within("5s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_problem_that_the_configuration_makes_urgent_pages_as_urgent(world: World) -> None:
    """An open problem called harmless by a route that goes is urgent now; who has acknowledged it is left alone."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [{"when": ['env="dev"'], "urgency": "low"}]
    world.receive(DEV, trigger("known", env="dev")).acknowledge(by="ann", group=2).forget_pages()
    world.edit(lambda config: config.pop("routes")).expect("ann", webhook="in development").within("5s")
    assert [group.urgency for group in world.groups()] == ["high", "low"]
    world.acknowledge(by="ann", group=1).quiet_until("8h")


def test_an_edit_of_something_else_wakes_nobody(world: World) -> None:
    """What a route keeps quiet stays quiet whatever else is edited."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    world.receive(DEV).edit(lambda config: config["people"]["ann"].update(name="Ann Long"))
    world.change_service("web", tier=1)
    world.quiet_until("8h")


def test_many_quiet_problems_are_asked_about_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each pages; an edit in the middle begins anew."""
    monkeypatch.setattr(rerouting, "ASKED_PER_TX_MAX", 3)
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [QUIET]
    world.receive(*(_problem(number) for number in range(10))).quiet_until("1m")
    world.edit(lambda config: config.pop("routes"))
    assert len({group for page in world.pages("ann") for group in page.groups}) == 10
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages().quiet_until("8h")


def _problem(number: int) -> Signal:
    return Signal(
        action=Action.TRIGGER, dedup_key=f"{number}", title=f"no {number}", severity=Severity.LOW, labels={"env": "dev"}
    )


def _hold(span: str) -> Any:
    return lambda config: config["integrations"]["web"].update(hold=span)
