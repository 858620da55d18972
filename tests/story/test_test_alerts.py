"""A test alert: the real way in, a real page, and no trace of the key."""

from __future__ import annotations

import pytest

from tocsin.alerts import keys, listing, tallies, testing
from tocsin.alerts.listing import GroupFilter
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.matchers import parse
from tocsin.paging import queries, setup
from tocsin.sources import samples
from tocsin.sources.domain import Action, Signal
from tocsin.sources.recipes import GUIDES
from tocsin.sources.registry import SOURCES
from world import World, disk_full, wake

ALARMS = [source for source in GUIDES if source != "heartbeat"]


def send(world: World, name: str) -> int:
    document = configuration.current(db.reader(clock.now())).all("integrations", IntegrationDocument)[name]
    with db.transact(clock.now()) as tx:
        number = testing.send(tx, name, document)
    world.accepted += 1
    return number


@pytest.mark.parametrize("source", ALARMS)
def test_a_test_wakes_whoever_a_real_alert_would(world: World, source: str) -> None:
    """Ann is woken by the test of each sender, and it falls silent when it is resolved."""
    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", wait="5m"))
    world.integration("web", source=source)
    world.at("0s")
    number = send(world, "web")
    world.at("2s").expect("ann", webhook="nothing is broken").within("10s")
    reader = db.reader(clock.now())
    followed = testing.follow(reader, "web", number)
    assert followed is not None
    (became,) = followed.signals
    assert became.outcome == "opened"
    kept = listing.raw_of(reader, became.id)
    assert kept is not None
    assert b"key-of-web" not in kept[0].body
    assert testing.follow(reader, "other", number) is None
    assert not setup.is_over(reader)
    world.resolve(by="bob").quiet_until("1h")
    assert setup.is_over(db.reader(clock.now()))


def test_a_silence_for_tests_holds_a_test_back(world: World) -> None:
    """A test is marked by a label, so a team may keep tests from waking anybody."""
    world.policy("web", wake("ann", wait="5m"))
    world.at("0s")
    world.silence('test="yes"', span="1h")
    send(world, "web")
    world.at("10m")
    assert world.groups()[0].status == "suppressed"
    assert parse('test="yes"').matches({testing.TEST_LABEL: testing.TEST_VALUE})


def test_what_explains_a_group_is_found_on_both_databases(world: World) -> None:
    """Earlier groups of the same problem, changes nearest first, counts by service, and groups by person."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).at("1m").resolve(by="bob")
    for minute, said in ((5, "far"), (50, "near")):
        world.at(f"{minute}m").receive(Signal(action=Action.CHANGE, dedup_key=said, title=said))
    world.at("1h").receive(disk_full)
    reader = db.reader(clock.now())
    second = world.groups()[-1]
    (before,) = tallies.similar(reader, second.id, "web", "disk full")
    assert (before.id, before.same_key, before.resolved_by) == (1, True, "person:bob")
    changes = tallies.changes_near(reader, ["web"], clock.now())
    assert [one.summary for one in changes] == ["near", "far"]
    assert tallies.by_service(reader)["web"].open == 1
    assert [one.id for one in listing.groups(reader, GroupFilter(also=(queries.concerns("bob"),)))] == [1]
    world.resolve(by="ann")


def test_what_a_sender_signs_with_reaches_the_intake(world: World) -> None:
    """A Sentry integration with a secret takes nothing that Sentry has not signed."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", source="sentry", secret="shared with Sentry")
    world.at("0s")
    held = keys.Keys()
    held.refresh()
    door = held.find("key-of-web-0123456789")
    assert door is not None
    assert door.settings.secret == "shared with Sentry"
    unsigned = samples.sample("sentry", "key-of-web-0123456789", clock.now())
    assert SOURCES["sentry"].read(unsigned, door.settings, clock.now()).reply.status == 401
