"""A silence keeps people from being woken for a while, and never for longer."""

from __future__ import annotations

from datetime import timedelta

from tocsin.alerts import absorb
from tocsin.engine import timers
from tocsin.site import wiring
from tocsin.sources.domain import Action, Severity, Signal
from world import World, disk_full, resolve, trigger, wake

DB1 = 'host="db1"'


def test_what_a_silence_matches_wakes_nobody_until_it_ends(world: World) -> None:
    """An alert that comes during a silence pages at the silence's end if it still fires."""
    world.policy("web", wake("ann"))
    world.silence(DB1, span="1h")
    world.at("10m").receive(disk_full, trigger("elsewhere", host="db2"))
    world.expect("ann", webhook="elsewhere").within("1s")
    world.acknowledge(by="ann").quiet_until("59m59s")
    assert world.outcomes()[0] == ("suppressed", "a silence matches")
    world.at("1h").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann", group=1).quiet_until("8h")


def test_what_resolves_during_a_silence_wakes_nobody(world: World) -> None:
    """If the problem is over before the silence is, nothing happens at its end."""
    world.policy("web", wake("ann"))
    world.silence(DB1, span="1h")
    world.receive(disk_full).at("30m").receive(resolve(disk_full)).quiet_until("8h")


def test_a_running_page_falls_silent_when_a_silence_begins(world: World) -> None:
    """Somebody silences what wakes people: nobody else is woken, and it starts again when the silence ends."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("1m").silence(DB1, span="1h")
    world.told("ann", webhook="suppressed: a silence matches").within("1s")
    world.quiet_until("1h59s")
    world.at("1h1m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_silence_planned_for_later_begins_by_itself(world: World) -> None:
    """A silence with a start in the future takes effect then, also for what fires already."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.silence(DB1, span="1h", after="3m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.quiet_until("1h2m59s")
    world.at("1h3m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_of_overlapping_silences_the_last_to_end_counts(world: World) -> None:
    """While any silence matches nobody is woken; each end is looked at anew."""
    world.policy("web", wake("ann"))
    world.silence(DB1, span="1h")
    world.at("10m").receive(disk_full)
    world.at("30m").silence('title="disk full"', span="1h")
    world.quiet_until("1h29m")
    world.at("1h30m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_silence_ended_early_pages_at_once(world: World) -> None:
    """Who ends a silence by hand hears at once of what it kept quiet."""
    world.policy("web", wake("ann"))
    number = world.silence(DB1, span="8h")
    world.receive(disk_full).at("10m").end_silence(number).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("10h")


def test_a_group_with_an_alert_outside_the_silence_goes_on(world: World) -> None:
    """A silence of one alert of a group does not quieten the others."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.integration("web", group_by=["app"])
    one, other = trigger("one", app="shop", host="db1"), trigger("other", app="shop", host="db2")
    world.receive(one, other).expect("ann", webhook="one").within("1s")
    world.silence(DB1, span="1h")
    world.at("5m").expect("bob", webhook="one").within("1s")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_new_alert_outside_the_silence_wakes_its_group(world: World) -> None:
    """A silenced group pages as soon as an alert that no silence matches joins it."""
    world.policy("web", wake("ann", wait="5m"))
    world.integration("web", group_by=["app"])
    world.silence(DB1, span="1h")
    world.receive(trigger("one", app="shop", host="db1")).quiet_until("10m")
    world.receive(trigger("other", app="shop", host="db2")).expect("ann", webhook="(AG-1)").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_silence_that_begins_during_a_hold_is_kept(world: World) -> None:
    """When the hold ends while a silence matches, the page waits for the silence's end."""
    world.policy("web", wake("ann"))
    world.integration("web", hold="5m")
    world.receive(disk_full).at("1m").silence(DB1, span="1h")
    world.quiet_until("1h59s")
    world.at("1h1m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_silence_outlasts_a_snooze(world: World) -> None:
    """When a snooze ends while a silence matches, the page waits for the silence's end."""
    world.policy("web", wake("ann"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.snooze(by="ann", span="10m").at("1m").silence(DB1, span="1h")
    world.quiet_until("1h59s")
    world.at("1h1m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_an_acknowledgement_that_expires_in_a_silence_waits_for_its_end(world: World) -> None:
    """Nobody is woken by an expired acknowledgement while a silence matches; afterwards they are."""
    world.policy("web", wake("ann"), acknowledgement_expires="10m")
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").at("1m").silence(DB1, span="1h")
    world.quiet_until("1h59s")
    world.at("1h1m").expect("ann", webhook="disk full").within("1s")
    world.receive(resolve(disk_full)).quiet_until("8h")


def test_a_silence_that_ends_while_signals_wait_for_their_turn(world: World) -> None:
    """Signals absorbed just after its end, by a look at the clock from just before it, are not kept quiet for good."""
    world.policy("web", wake("ann", wait="1h"))
    world.silence('host="db1"', span="10m")
    world.at("9m").accept(disk_full)
    ends_at = world.start + timedelta(minutes=10)
    world.clock.move_to(ends_at)
    assert timers.work_off(wiring.HANDLERS, ends_at) == 1
    absorb.absorb_some(wiring.rulebook, ends_at - timedelta(microseconds=1))
    world.expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann")


def test_what_gets_worse_leaves_a_silence_for_the_harmless(world: World) -> None:
    """A silence matches warnings; one of them becomes critical, so it is not silenced any more and pages."""
    world.policy("web", wake("ann", wait="1h"))
    world.silence('severity="warning"', span="8h")
    world.receive(_disk(Severity.WARNING)).quiet_until("1h").receive(_disk(Severity.CRITICAL))
    world.expect("ann", webhook="disk filling").within("1s")
    world.acknowledge(by="ann").quiet_until("10h")


def test_what_gets_worse_stays_in_a_silence_that_matches_it_still(world: World) -> None:
    """A silence by host keeps quiet what gets worse on that host, until it ends."""
    world.policy("web", wake("ann", wait="1h"))
    world.silence('host="db1"', span="8h")
    world.receive(_disk(Severity.WARNING)).receive(_disk(Severity.CRITICAL)).quiet_until("7h59m")
    world.expect("ann", webhook="disk filling").within("2m")
    world.acknowledge(by="ann")


def test_what_tocsin_says_of_itself_is_silenced_only_by_name(world: World) -> None:
    """A silence for all that is critical leaves the administrators' alert alone; one that names the integration does not."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.silence('severity="critical"', 'host!="db1"', span="8h")
    world.at("5m").expect("dan", webhook="Nobody answered AG-1").within("1s")
    world.silence('integration="tocsin"', span="8h")
    assert [group.status for group in world.groups()] == ["open", "suppressed"]
    world.acknowledge(by="ann", group=1).quiet_until("10h")


def _disk(severity: Severity) -> Signal:
    return Signal(
        action=Action.TRIGGER, dedup_key="disk", title="disk filling", severity=severity, labels={"host": "db1"}
    )
