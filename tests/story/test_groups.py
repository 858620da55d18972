"""What belongs together is one problem, for as long as it is said to."""

from __future__ import annotations

from tocsin.sources.domain import Action, Severity, Signal
from world import World, resolve, trigger, wake


def node(number: int, cluster: str = "a") -> Signal:
    """One alert of many of a cluster."""
    return trigger(f"node {number} down", cluster=cluster)


def test_alerts_with_the_same_labels_are_one_group(world: World) -> None:
    """Three alerts of one cluster are one page; another cluster is another."""
    world.policy("web", wake("ann", wait="30m"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1), node(2)).expect("ann", webhook="node 1 down").within("1s")
    world.at("1m").receive(node(3))
    world.at("2m").receive(node(4, "b")).expect("ann", webhook="node 4 down").within("1s")
    assert [(group.alert_count, group.firing_count) for group in world.groups()] == [(3, 3), (1, 1)]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).quiet_until("8h")


def test_a_group_is_over_when_its_last_alert_is(world: World) -> None:
    """One of two alerts being over does not end the group."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1), node(2)).expect("ann", webhook="node 1 down").within("1s")
    world.at("1m").receive(resolve(node(1)))
    world.at("5m").expect("bob", webhook="node 1 down").within("1s")
    world.at("6m").receive(resolve(node(2)))
    assert [group.status for group in world.groups()] == ["resolved"]
    world.quiet_until("8h")


def test_a_fixed_window_counts_from_the_first_alert(world: World) -> None:
    """After ten minutes a further alert is a new group, however many came in between."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"], group_window="10m")
    for minute in (0, 4, 8, 12):
        world.at(f"{minute}m").receive(node(minute))
    assert [group.alert_count for group in world.groups()] == [3, 1]
    assert [one.groups for one in world.pages("ann")] == [("AG-1",), ("AG-2",)]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).forget_pages().quiet_until("8h")


def test_a_rolling_window_counts_from_the_latest_alert(world: World) -> None:
    """As long as alerts come at least every ten minutes, it is the same group."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"], group_window="10m", window_kind="rolling")
    for minute in (0, 8, 16, 24):
        world.at(f"{minute}m").receive(node(minute))
    assert [group.alert_count for group in world.groups()] == [4]
    world.at("35m").receive(node(35))
    assert [group.alert_count for group in world.groups()] == [4, 1]
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).forget_pages().quiet_until("8h")


def test_a_group_without_a_window_takes_alerts_until_it_is_resolved(world: World) -> None:
    """Without a window an alert two days later still joins the group nobody has resolved."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(node(1)).expect("ann", webhook="node 1").within("1s")
    world.acknowledge(by="ann").at("48h").receive(node(2)).quiet_until("50h")
    assert [group.alert_count for group in world.groups()] == [2]


def test_alerts_without_the_label_belong_together(world: World) -> None:
    """A missing label is a value like any other."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["cluster"])
    world.receive(trigger("one"), trigger("two")).expect("ann", webhook="one").within("1s")
    assert [group.alert_count for group in world.groups()] == [2]
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_group_that_a_route_keeps_quiet_takes_in_nothing_else(world: World) -> None:
    """What no route suppresses opens a group of its own and pages, although its labels are the same."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.config["routes"] = [{"when": ['env="dev"'], "suppress": "development wakes nobody"}]
    world.receive(trigger("in development", app="shop", env="dev")).receive(trigger("live", app="shop", env="prod"))
    world.expect("ann", webhook="live").within("1s")
    world.receive(trigger("also in development", app="shop", env="dev"))
    assert [(group.status, group.alert_count) for group in world.groups()] == [("suppressed", 1), ("open", 2)]
    world.acknowledge(by="ann").quiet_until("8h")


def test_what_a_silence_keeps_out_of_a_quiet_group_pages_at_its_end(world: World) -> None:
    """A silenced problem does not vanish in a group that a route keeps quiet for good."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.config["routes"] = [{"when": ['env="dev"'], "suppress": "development wakes nobody"}]
    world.silence('env="prod"', span="1h")
    world.receive(trigger("in development", app="shop", env="dev")).receive(trigger("live", app="shop", env="prod"))
    world.quiet_until("59m").expect("ann", webhook="live").within("2m")
    world.acknowledge(by="ann").quiet_until("8h")


def test_what_gets_worse_leaves_what_a_route_keeps_quiet(world: World) -> None:
    """A warning wakes nobody by a route; when the same problem becomes critical, it pages, silenced or not."""
    world.policy("web", wake("ann", wait="1h"))
    world.config["routes"] = [{"when": ['severity="warning"'], "suppress": "warnings wake nobody"}]
    for key in ("one", "two"):
        world.receive(Signal(action=Action.TRIGGER, dedup_key=key, title=key, severity=Severity.WARNING))
    world.silence('title="two"', span="1h")
    world.receive(*(Signal(action=Action.TRIGGER, dedup_key=key, title=key) for key in ("one", "two")))
    world.expect("ann", webhook="one").within("1s")
    world.acknowledge(by="ann", group=1).quiet_until("59m").expect("ann", webhook="two").within("2m")
    world.acknowledge(by="ann", group=2).quiet_until("8h")


def test_a_problem_that_is_not_held_does_not_wait_in_a_held_group(world: World) -> None:
    """A group is held for what may go away by itself; what pages at once lets it go."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    world.config["routes"] = [{"when": ['env="dev"'], "hold": "10m"}]
    world.receive(trigger("in development", app="shop", env="dev")).receive(trigger("live", app="shop", env="prod"))
    world.expect("ann", webhook="AG-1").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_one_alert_named_in_two_ways_ends_once(world: World) -> None:
    """Two resolves of one alert in one batch, by its key and by our number, leave its group open for the other alert."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["app"])
    one, two = trigger("one", app="shop"), trigger("two", app="shop")
    world.receive(one, two).expect("ann", webhook="AG-1").within("1s")
    by_number = Signal(action=Action.RESOLVE, dedup_key="1", labels={"opsgenie_identifier_type": "id"})
    world.receive(resolve(one), by_number)
    assert [outcome for outcome, _ in world.outcomes()[2:]] == ["resolved", "ignored"]
    assert [group.status for group in world.groups()] == ["open"]
    world.receive(resolve(two))
    assert [group.status for group in world.groups()] == ["resolved"]


def test_what_the_sender_left_out_is_on_the_groups_timeline(world: World) -> None:
    """Alertmanager cut its webhook short: whoever looks reads how many are missing, once, and again if that changes."""
    world.policy("web", wake("ann", wait="30m"))
    world.integration("web", source="alertmanager", group_by=["alertname"])
    for truncated in (3, 3, 5):
        world.post("/in/alertmanager/key-of-web-0123456789", _webhook(truncated))
    told = [fact["text"] for fact in world.facts("NoteAdded")]
    assert told == [
        "3 further alerts left out by the sender, unreadable, or beyond the limit of one request",
        "5 further alerts left out by the sender, unreadable, or beyond the limit of one request",
    ]
    world.expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_resolve_that_was_overtaken_ends_nothing(world: World) -> None:
    """Alertmanager's retry of the end of yesterday's problem arrives after today's began: today's goes on paging."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="30m"))
    world.integration("web", source="alertmanager")
    url = "/in/alertmanager/key-of-web-0123456789"
    world.post(url, _webhook(0))
    world.expect("ann", webhook="disk full").within("1s")
    late = {"startsAt": "2026-03-01T20:00:00Z", "endsAt": "2026-03-01T21:00:00Z"}
    world.post(url, _webhook(0, status="resolved", **late))
    assert world.outcomes()[-1] == ("ignored", "it ends before the firing alert began")
    world.at("5m").expect("bob", webhook="disk full").within("1s")
    world.post(url, _webhook(0, status="resolved", endsAt="2026-03-02T09:06:00Z"))
    assert [group.status for group in world.groups()] == ["resolved"]


def test_a_sign_of_life_for_nobody_says_so(world: World) -> None:
    """An Opsgenie client pings a heartbeat that no integration is named after: the ledger tells that, and no alert."""
    world.policy("web", wake("ann"))
    world.integration("web", source="opsgenie")
    assert world.post("/v2/heartbeats/nightly/ping", {}, {"authorization": "GenieKey key-of-web-0123456789"}) == 202
    assert world.outcomes() == [("ignored", "no heartbeat integration has this name")]
    world.quiet_until("1h")


def _webhook(truncated: int, **more: str) -> dict[str, object]:
    labels = {"alertname": "disk full"}
    alert = {"status": "firing", "labels": labels, "fingerprint": "f1", "startsAt": "2026-03-02T08:59:00Z", **more}
    return {"version": "4", "status": "firing", "truncatedAlerts": truncated, "alerts": [alert]}
