"""How problems end, come back, and flap; and what never becomes a problem at all."""

from __future__ import annotations

from datetime import timedelta

from world import START, World, disk_full, resolve, trigger, wake


def test_a_resolve_ends_everything(world: World) -> None:
    """When the tool says it is over, nobody else is woken and those who were are told."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("4m").receive(resolve(disk_full)).told("ann", webhook="resolved").within("1s")
    world.quiet_until("8h")
    assert [group.status for group in world.groups()] == ["resolved"]


def test_a_problem_that_comes_back_is_a_new_one(world: World) -> None:
    """After a resolve the same key opens a new group, which pages from the start."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="(AG-1)").within("1s")
    world.receive(resolve(disk_full)).at("1m").receive(disk_full).expect("ann", webhook="(AG-2)").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_problem_that_comes_back_soon_reopens_its_group(world: World) -> None:
    """Within the reopen window it is the same group again, and it pages again."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", reopen_within="10m")
    world.receive(disk_full).expect("ann", webhook="(AG-1)").within("1s")
    world.at("1m").receive(resolve(disk_full)).at("10m").receive(disk_full).expect("ann", webhook="(AG-1)").within("1s")
    world.at("12m").receive(resolve(disk_full)).at("30m").receive(disk_full)
    world.expect("ann", webhook="(AG-2)").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_flapping_within_one_batch_ends_as_it_says(world: World) -> None:
    """However fast a problem comes and goes, in the end people are woken if and only if it is there."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", reopen_within="10m")
    over = resolve(disk_full)
    world.receive(disk_full, over, disk_full, over).quiet_until("30m")
    world.receive(disk_full, over, disk_full).expect("ann", webhook="disk full").within("1s")
    world.wait("1m").receive(over, disk_full, over, disk_full, over)
    world.quiet_until("8h")


def test_flapping_within_one_batch_stays_in_its_group(world: World) -> None:
    """An alert of a group that ends and comes back in one request joins the group again instead of opening another."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    one, other = trigger("one", app="shop"), trigger("other", app="shop")
    world.receive(one, other).expect("ann", webhook="one").within("1s")
    world.at("1m").receive(resolve(one), one)
    assert [(group.alert_count, group.firing_count) for group in world.groups()] == [(3, 2)]
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_resolve_counts_only_after_its_delay(world: World) -> None:
    """With a resolve delay a short recovery changes nothing: the same group, the same acknowledgement, no page."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", resolve_after="10m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann")
    for minute in (5, 15, 25):
        world.at(f"{minute}m").receive(resolve(disk_full)).at(f"{minute + 4}m").receive(disk_full)
    assert [group.status for group in world.groups()] == ["acknowledged"]
    world.at("40m").receive(resolve(disk_full)).quiet_until("50m")
    assert [group.status for group in world.groups()] == ["resolved"]


def test_a_held_problem_that_goes_away_pages_nobody(world: World) -> None:
    """What resolves within its hold was never anybody's problem."""
    world.policy("web", wake("ann"))
    world.integration("web", hold="3m")
    world.receive(disk_full).at("2m").receive(resolve(disk_full)).quiet_until("8h")
    assert world.outcomes()[0] == ("suppressed", "held, in case it goes away by itself")


def test_a_held_problem_that_stays_pages(world: World) -> None:
    """What still fires when its hold ends pages at that moment."""
    world.policy("web", wake("ann"))
    world.integration("web", hold="3m")
    world.receive(disk_full).quiet_until("2m59s")
    world.at("3m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_an_alert_nobody_repeats_is_taken_as_over(world: World) -> None:
    """With a timeout an alert ends by itself an hour after it was last heard of."""
    world.policy("web", wake("ann", wait="10m"))
    world.integration("web", auto_resolve_after="1h")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").at("40m").receive(disk_full).at("1h39m")
    assert [group.status for group in world.groups()] == ["acknowledged"]
    world.at("1h40m")
    assert [group.status for group in world.groups()] == ["resolved"]
    world.quiet_until("8h")


def test_a_prometheus_alert_ends_when_it_is_not_pushed_any_more(world: World) -> None:
    """An alert pushed with an end lives until that end; each push moves it."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", source="prometheus")
    key = world.config["integrations"]["web"]["key"]

    def push(minute: int) -> None:
        ends_at = START + timedelta(minutes=minute + 4)
        alert = {"labels": {"alertname": "Down"}, "startsAt": f"{START:%FT%TZ}", "endsAt": f"{ends_at:%FT%TZ}"}
        assert world.post("/api/v2/alerts", [alert], {"authorization": f"Bearer {key}"}) == 200

    push(0)
    world.expect("ann", webhook="Down").within("1s")
    world.at("1m")
    push(1)
    world.at("4m59s")
    assert [group.status for group in world.groups()] == ["open"]
    world.at("5m").told("ann", webhook="resolved").within("1s")
    world.quiet_until("8h")


def test_a_resolve_that_comes_late_does_not_end_the_new_occurrence(world: World) -> None:
    """A resolve of yesterday's occurrence, delivered after today's began, changes nothing."""
    world.policy("web", wake("ann", wait="5m"))
    yesterday = START - timedelta(days=1)
    late = {**_as_dict(resolve(disk_full)), "expires_at": yesterday}
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.receive(type(disk_full)(**late))
    assert world.outcomes()[-1] == ("ignored", "it ends before the firing alert began")
    world.at("5m").acknowledge(by="ann", group=1).forget_pages().quiet_until("8h")
    assert world.groups()[0].status == "acknowledged"


def test_a_resolve_without_a_problem_is_accounted_for(world: World) -> None:
    """A resolve of something that is not firing is noted as such."""
    world.policy("web", wake("ann"))
    world.receive(resolve(disk_full)).quiet_until("1h")
    assert world.outcomes() == [("ignored", "no alert with this key is firing")]


def test_a_person_who_resolves_ends_the_alerts_too(world: World) -> None:
    """After a person's resolve the next signal of the same key is a new problem."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.resolve(by="ann").at("1m").receive(disk_full).expect("ann", webhook="(AG-2)").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_dropped_signal_opens_nothing_and_says_why(world: World) -> None:
    """What a route drops pages nobody and is accounted for with the route's reason."""
    world.policy("web", wake("ann"))
    world.route('alertname="Watchdog"', drop="a watchdog is no problem")
    world.receive(trigger("Watchdog", alertname="Watchdog")).quiet_until("1h")
    assert world.outcomes() == [("dropped", "route 1: a watchdog is no problem")]
    assert world.groups() == []


def test_the_first_route_that_matches_decides_alone(world: World) -> None:
    """A signal goes where the first matching route says, and later ones have no say."""
    world.policy("web", wake("ann"))
    world.policy("shop", wake("cleo"))
    world.route('team="shop"', service="shop")
    world.route('team=~".+"', drop="never reached")
    world.receive(trigger("cart broken", team="shop"), integration="web")
    world.expect("cleo", webhook="cart broken").within("1s")
    world.acknowledge(by="cleo").quiet_until("8h")


def _as_dict(signal: object) -> dict[str, object]:
    return {name: getattr(signal, name) for name in signal.__struct_fields__}
