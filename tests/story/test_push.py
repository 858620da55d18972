"""Push to browsers and phones: every device of a person, again until somebody answers, and gone when it has left."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.test import Client

from fakes.http import Answer
from tocsin.kit import clock, db
from tocsin.paging import devices, pushkey
from world import World, disk_full, resolve, wake


def test_a_page_rings_on_every_device_and_is_answered_from_the_notification(world: World) -> None:
    """Ann's phone and laptop show it, one press on the notification takes it, and both fall silent and are told."""
    world.phone("ann")
    world.phone("ann")
    world.policy("web", wake("ann", by="push", wait="5m"), wake("bob", by="webhook", wait="10m"))
    world.at("0s").receive(disk_full)
    world.expect("ann", push="disk full").within("10s").expect("ann", push="disk full").within("1s")
    shown = world.shown[-1]
    assert shown["loud"]
    assert shown["tag"] == "AG-1"
    answer = Client().post(urlsplit(shown["acknowledge"]).path)
    assert answer.status_code == 200
    assert world.groups()[0].acknowledged_by == "person:ann"
    world.quiet_until("4h")


def test_an_urgent_page_is_repeated_until_somebody_answers(world: World) -> None:
    """It rings again after one, three and six minutes, in place of the notification before, and then never again."""
    world.phone("ann")
    world.policy("web", wake("ann", by="push", wait="1h"))
    world.at("0s").receive(disk_full)
    world.expect("ann", push="disk full").within("10s")
    for after in ("1m", "3m", "6m"):
        world.at(after).expect("ann", push="disk full").within("15s")
    assert {one["tag"] for one in world.shown} == {"AG-1"}
    world.quiet_until("50m")


def test_an_answer_ends_the_repeats(world: World) -> None:
    """Whoever answers by whatever way is not rung again."""
    world.phone("ann")
    world.policy("web", wake("ann", by="push", wait="1h"))
    world.at("0s").receive(disk_full)
    world.expect("ann", push="disk full").within("10s")
    world.at("30s").acknowledge(by="ann")
    world.quiet_until("50m")


def test_what_is_over_takes_the_place_of_what_rang(world: World) -> None:
    """The notification on the phone becomes the news that it is over."""
    world.phone("ann")
    world.policy("web", wake("ann", by="push", wait="1h"))
    world.at("0s").receive(disk_full)
    world.expect("ann", push="disk full").within("10s")
    world.at("20s").receive(resolve(disk_full))
    world.told("ann", push="disk full").within("10s")
    assert [(one["kind"], one["tag"]) for one in world.shown] == [("page", "AG-1"), ("taken", "AG-1")]
    world.quiet_until("50m")


def test_a_device_that_has_left_is_removed_and_its_person_told(world: World) -> None:
    """When the push service says 410 the next way is taken at once, and Ann hears by mail what happened."""
    browser = world.phone("ann")
    world.http.at_path(browser.path, Answer(status=410))
    world.policy("web", wake("ann", by="push", wait="5m"))
    world.rules("ann", high=[("0s", "push"), ("2m", "webhook")], low=[("0s", "email")])
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("5s")
    world.noticed("ann", email="does not take push any more").within("10s")
    assert world.rows("SELECT count(*) FROM paging_device") == [(0,)]
    (gone,) = world.facts("DeviceGone")
    assert "410" in gone["reason"]
    world.acknowledge(by="ann").quiet_until("1h")


def test_without_any_device_push_is_passed_over(world: World) -> None:
    """A rule that says push leads to the next way at once while nothing is registered."""
    world.policy("web", wake("ann", by="push", wait="5m"))
    world.rules("ann", high=[("0s", "push"), ("2m", "webhook")])
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("5s")
    world.acknowledge(by="ann").quiet_until("1h")


def test_the_installations_key_is_made_once_and_kept_encrypted(world: World) -> None:
    """Every device is registered for the same key, and the database does not hold it in the clear."""
    world.phone("ann")
    world.phone("bob")
    reader = db.reader(clock.now())
    ((kept, point),) = world.rows("SELECT kept, point FROM paging_push_key")
    assert pushkey.private(reader)
    assert pushkey.private(reader) not in kept
    assert pushkey.public(reader) == point


def test_a_key_of_a_lost_secret_is_replaced(world: World) -> None:
    """If the installation's secret was changed without the old one, a new key is made, and devices register anew."""
    world.phone("ann")
    with db.transact(clock.now()) as tx:
        tx.execute("UPDATE paging_push_key SET kept = 'of another secret', point = 'old'")
    assert not pushkey.is_ready(db.reader(clock.now()))
    world.phone("ann")
    reader = db.reader(clock.now())
    assert pushkey.is_ready(reader)
    assert pushkey.public(reader) != "old"


def test_while_the_key_cannot_be_read_the_next_way_is_taken(world: World) -> None:
    """A page is not swallowed by a key that is lost."""
    world.phone("ann")
    with db.transact(clock.now()) as tx:
        tx.execute("UPDATE paging_push_key SET kept = 'of another secret'")
    world.policy("web", wake("ann", by="push", wait="5m"))
    world.rules("ann", high=[("0s", "push"), ("2m", "webhook")])
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("5s")
    world.acknowledge(by="ann").quiet_until("1h")


def test_a_device_taken_off_while_it_rings_rings_no_more(world: World) -> None:
    """A phone that somebody else signs in on does not get what was still to be sent to it."""
    browser = world.phone("ann")
    world.policy("web", wake("ann", by="push", wait="1h"), wake("bob", wait="1h"))
    world.receive(disk_full).expect("ann", push="disk full").within("1s")
    with db.transact(clock.now()) as tx:
        devices.register(tx, "cleo", "phone", browser.endpoint, browser.keys)
    world.quiet_until("50m")
    world.acknowledge(by="ann")
