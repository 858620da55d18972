"""Channels fail. A page that does not get through is somebody else's page at once, and is never given up quietly."""

from __future__ import annotations

from datetime import timedelta

from fakes.http import Answer
from world import World, disk_full, resolve, trigger, wake


def test_the_next_way_is_hurried_when_the_first_fails(world: World) -> None:
    """If the webhook refuses for good, the mail that was due in ten minutes goes out within the same second."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("10m", "email")])
    world.break_("webhook", "ann", status=404)
    world.receive(disk_full).expect("ann", email="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_the_next_way_is_hurried_when_the_first_does_not_answer(world: World) -> None:
    """A webhook that is only out of order is tried four times, and then the next way is taken as well."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("10m", "email")])
    world.break_("webhook", "ann", status=503)
    world.receive(disk_full).expect("ann", email="disk full").within("20s")
    world.mend("webhook").expect("ann", webhook="disk full").within("2m")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_way_that_hangs_is_left_after_one_try(world: World) -> None:
    """A webhook that takes the request and never answers: one such silence is enough to wake the next person."""
    world.policy("web", wake("ann", by="webhook", wait="30m"), wake("bob", by="email", wait="30m"))
    world.slow("webhook", "20s")
    world.receive(disk_full).expect("bob", email="disk full").within("16s")
    world.acknowledge(by="bob").at("1m").slow("webhook")
    world.forget_pages().quiet_until("8h")


def test_what_is_known_not_to_get_through_is_left_after_one_try(world: World) -> None:
    """A policy that repeats does not wait for the same dead webhook in every round: the last resort comes at once."""
    world.policy("web", wake("ann", by="webhook", wait="30m"), repeat=2, last_resort=["person:bob"])
    world.rules("bob", high=[("0s", "email")])
    world.break_("webhook", "ann", status=503)
    world.receive(disk_full).expect("bob", email="disk full").within("20s")
    assert len(world.facts("PersonUnreachable")) == 3
    world.acknowledge(by="bob").quiet_until("8h")


def test_when_every_way_fails_the_next_person_is_woken_at_once(world: World) -> None:
    """If nothing reaches Ann, Bob is woken within the same second instead of half an hour later."""
    world.policy("web", wake("ann", wait="30m"), wake("bob", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("10m", "email")])
    world.break_("webhook", "ann", status=404).break_("email", "ann", status=410)
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    assert [fact["person"] for fact in world.facts("PersonUnreachable")] == ["ann"]
    world.acknowledge(by="bob").quiet_until("8h")


def test_one_reachable_colleague_keeps_the_step(world: World) -> None:
    """As long as one person of a step has been told, the step's time is theirs."""
    world.policy("web", wake("ann", "bob", wait="30m"), wake("cleo"))
    world.break_("webhook", "ann", status=404)
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    world.quiet_until("29m")
    world.at("30m").expect("cleo", webhook="disk full").within("1s")
    world.acknowledge(by="cleo").quiet_until("8h")


def test_a_channel_that_is_down_for_an_hour_still_brings_the_page(world: World) -> None:
    """Nobody could be reached for an hour; the moment the channel is back the page arrives."""
    world.policy("web", wake("ann", by="webhook", wait="5m"))
    world.break_("webhook")
    world.receive(disk_full).quiet_until("1h")
    world.mend("webhook")
    world.expect("ann", webhook="disk full").within("2m")
    world.acknowledge(by="ann", group=1).forget_pages()
    world.wait("5m").forget_pages().quiet_until("2h")


def test_a_page_that_is_answered_is_not_tried_again(world: World) -> None:
    """What could not be sent so far is not sent any more once somebody has answered."""
    world.policy("web", wake("ann", "bob", wait="30m"))
    world.break_("webhook", "ann", status=503)
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    world.at("10m").acknowledge(by="bob")
    world.mend("webhook").quiet_until("8h")


def test_a_page_under_way_when_somebody_answers_is_not_sent_again(world: World) -> None:
    """An attempt that fails after the answer is the last one."""
    world.policy("web", wake("ann", "bob", wait="30m"))
    world.rules("bob", high=[("0s", "email")])
    world.slow("webhook", "20s")
    world.receive(disk_full).expect("bob", email="disk full").within("1s")
    world.at("5s").acknowledge(by="bob")
    world.at("30s").slow("webhook")
    world.quiet_until("8h")
    assert world.rows("SELECT state FROM engine_delivery WHERE channel = 'webhook' AND lane = 0") == [("cancelled",)]


def test_a_slow_channel_does_not_hold_up_another(world: World) -> None:
    """While a hundred webhooks hang, a mail for somebody else goes out at once."""
    world.policy("web", wake("ann", by="webhook", wait="30m"))
    world.change_service("web", storm="off")
    world.policy("shop", wake("cleo", by="email", wait="30m"))
    world.slow("webhook", "14s")
    world.receive(*(trigger(f"problem {number}") for number in range(100)), integration="web")
    world.at("1s").receive(disk_full, integration="shop").expect("cleo", email="disk full").within("1s")
    world.slow("webhook").wait("1m")
    assert len(world.pages("ann")) == 100
    world.forget_pages().at("20m")


def test_a_webhook_that_is_gone_is_not_used_again(world: World) -> None:
    """An answer of 410 disables the contact, with its reason, and the next page takes the other ways."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "webhook"), ("1m", "email")])
    world.break_("webhook", "ann", status=410)
    world.receive(disk_full).expect("ann", email="disk full").within("1s")
    world.acknowledge(by="ann")
    assert [(fact["person"], fact["reason"]) for fact in world.facts("ContactDisabled")] == [("ann", "HTTP 410")]
    asked = len(world.http.requests)
    world.wait("10m").receive(trigger("cpu hot")).expect("ann", email="cpu hot").within("1s")
    assert len(world.http.requests) == asked
    world.acknowledge(by="ann").quiet_until("8h")


def test_an_address_that_does_not_exist_is_not_used_again(world: World) -> None:
    """A mail server that knows no such user disables the contact."""
    world.policy("web", wake("ann", wait="30m"))
    world.rules("ann", high=[("0s", "email"), ("1m", "ntfy")])
    world.break_("email", "ann", status=410)
    world.receive(disk_full).expect("ann", ntfy="disk full").within("1s")
    assert [fact["channel"] for fact in world.facts("ContactDisabled")] == ["email"]
    world.acknowledge(by="ann").quiet_until("8h")


def test_many_slow_receivers_do_not_hold_up_another(world: World) -> None:
    """While four hosts hang, each with more messages than it may hold, a mail for somebody else goes out at once."""
    hosts = ("ann", "bob", "cleo", "dan")
    world.policy("web", wake(*hosts, by="webhook", wait="30m"))
    world.change_service("web", storm="off")
    for number, name in enumerate(hosts):
        world.config["people"][name]["contacts"]["webhook"] = {"webhook": f"http://127.0.0.{number + 2}:9/hook/{name}"}
    world.config["people"]["eve"] = {**world._person("eve"), "notify": {"high": [{"via": "email"}]}}
    world.policy("shop", wake("eve", wait="30m"))
    world.slow("webhook", "14s")
    problems = [trigger(f"problem {number}") for number in range(60)]
    world.receive(*problems, integration="web")
    world.at("1s").receive(disk_full, integration="shop").expect("eve", email="disk full").within("2s")
    world.slow("webhook", "20s")  # and none of them answers before the lease ends
    world.acknowledge(by="eve")
    world.receive(*(resolve(one) for one in problems), integration="web").forget_pages().wait("1m")


def test_a_receiver_that_puts_us_off_has_the_next_person_woken(world: World) -> None:
    """A webhook that asks for five minutes of patience is no reason for nobody to be woken in them."""
    world.policy("web", wake("ann", wait="1h"), wake("bob", wait="1h"))
    world.http.at_path("/hook/ann", Answer(status=429, headers={"Retry-After": "31536000"}))
    world.receive(disk_full).expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob").quiet_until("4h")


def test_a_mailbox_at_its_limit_is_told_a_little_later(world: World) -> None:
    """In a bad hour with a new problem every five seconds, each is in a mail within two minutes, and few are sent."""
    world.policy("web", wake("ann", by="email", wait="8h"))
    world.change_service("web", storm="off")
    for number in range(360):
        world.wait("5s").receive(trigger(f"problem {number}"))
    world.wait("2m")
    pages = world.pages("ann")
    told_at = {group: one.at for one in pages for group in one.groups}
    assert len(told_at) == 360
    assert max(told_at[group.reference] - group.opened_at for group in world.groups()) < timedelta(minutes=2)
    assert len(pages) <= 100
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.forget_pages()
