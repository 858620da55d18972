"""Bugs, dead engines and wrong clocks: what must not be lost, is not."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from databases import Kind
from tocsin.alerts import retry, rules
from tocsin.engine import timers
from tocsin.kit import clock, db
from tocsin.site import wiring
from tocsin.sources.domain import LABEL_VALUE_CHARS_MAX, Action, Signal
from world import World, disk_full, resolve, trigger, wake


@pytest.fixture
def poisonous(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a rule: it raises for titles with "poison" in them."""
    real = rules.route

    def route(book: Any, integration: str, signal: Any, now: Any) -> Any:
        if "poison" in signal.title:
            raise ZeroDivisionError("a bug in a rule")
        return real(book, integration, signal, now)

    monkeypatch.setattr(rules, "route", route)


@pytest.mark.usefixtures("poisonous")
def test_a_signal_that_cannot_be_processed_is_set_aside_and_told(world: World) -> None:
    """Its neighbours before and after it page as ever, its team is woken about it, and it stays counted."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(trigger("before"), trigger("poison"), trigger("after"))
    for title in ("before", "after", "A signal of web could not be processed"):
        world.expect("ann", webhook=title).within("1s")
    assert [outcome for outcome, _ in world.outcomes()][:3] == ["opened", "set_aside", "opened"]
    world.at("10s").expect("dan", webhook="1 signal accepted but not accounted for").within("10s")
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.quiet_until("50m")
    world.assert_accounted(set_aside=1)


@pytest.mark.usefixtures("poisonous")
def test_a_whole_batch_of_poison_is_told_once(world: World) -> None:
    """Many signals that cannot be processed are each kept and counted, and people are woken once."""
    world.policy("web", wake("ann", wait="1h"))
    world.receive(*(trigger(f"poison {number}") for number in range(20)))
    world.expect("ann", webhook="could not be processed").within("1s")
    assert len(world.facts("SignalSetAside")) == 20
    world.at("20s").expect("dan", webhook="20 signals accepted but not accounted for").within("10s")
    for group in world.groups():
        world.acknowledge(by="ann", group=group.id)
    world.quiet_until("50m")
    world.assert_accounted(set_aside=20)


def test_what_was_set_aside_pages_once_the_bug_is_mended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying again while the bug is there changes nothing; after an upgrade the signal pages, and all is accounted for."""
    world.policy("web", wake("ann", wait="1h"))
    with monkeypatch.context() as broken:
        broken.setattr(rules, "silenced_by", _raises)
        world.receive(trigger("poison"))
        assert _try_all_again(world) == 0
        assert world.outcomes()[0][0] == "set_aside"
    assert _try_all_again(world) >= 1
    world.expect("ann", webhook="poison").within("1s")
    assert next(outcome for outcome, _ in world.outcomes()) == "opened"
    world.forget_pages()


def test_what_fails_again_does_not_stand_before_what_is_mended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many old signals still fail, a younger one whose bug is mended pages."""
    world.policy("web", wake("ann", wait="1h"))
    with monkeypatch.context() as broken:
        broken.setattr(rules, "silenced_by", _raises)
        world.receive(*(trigger(f"poison {number}") for number in range(retry.RETRIED_PER_TX_MAX)), trigger("mended"))
    real = rules.route

    def route(book: Any, integration: str, signal: Any, now: Any) -> Any:
        return _raises() if signal.title.startswith("poison") else real(book, integration, signal, now)

    with monkeypatch.context() as half_mended:
        half_mended.setattr(rules, "route", route)
        assert _try_all_again(world) >= 1
        world.expect("ann", webhook="mended").within("1s")
    _try_all_again(world)
    world.forget_pages()


def _try_all_again(world: World) -> int:
    """As an engine does it by and by; how many signals are now accounted for."""
    before, retrying = _set_aside(world), retry.Retry(wiring.rulebook)
    while retrying.run(clock.now()):
        pass
    return before - _set_aside(world)


def _set_aside(world: World) -> int:
    return [outcome for outcome, _ in world.outcomes()].count("set_aside")


def test_an_envelope_that_cannot_be_read_stands_in_nobody_s_way(world: World) -> None:
    """What a later version wrote, or a disk garbled, is set aside and told; what came after it pages."""
    world.policy("web", wake("ann", wait="1h"))
    world.accept(trigger("one"), trigger("two"))
    with db.transact(clock.now()) as tx:
        tx.execute("UPDATE alerts_envelope SET signals = %s", (msgspec.msgpack.encode([["teleport", "key"]] * 2),))
    world.receive(trigger("after"))
    for title in ("after", "A signal of web could not be processed"):
        world.expect("ann", webhook=title).within("1s")
    assert [outcome for outcome, _ in world.outcomes()][:3] == ["set_aside", "set_aside", "opened"]
    assert _try_all_again(world) == 0
    world.forget_pages().assert_accounted(set_aside=2)


def test_labels_and_names_longer_than_an_index_holds(world: World) -> None:
    """Alerts grouped by long labels are grouped by the whole of them, a change of a service nobody has is kept."""
    world.policy("web", wake("ann", wait="1h"))
    world.integration("web", group_by=["path", "query"])
    drawn = Random(1)
    long = "".join(chr(drawn.randrange(0x4E00, 0x9FFF)) for _ in range(LABEL_VALUE_CHARS_MAX))
    other = f"{long[:-1]}!"
    change = Signal(action=Action.CHANGE, dedup_key="change", title="deployed", labels={"service": long})
    alike = [trigger(f"long {number}", path=long, query=long) for number in range(2)]
    world.receive(trigger("before"), change, *alike, trigger("other", path=long, query=other), trigger("after"))
    assert [(group.title, group.alert_count) for group in world.groups()] == [
        ("before", 2),
        ("long 0", 2),
        ("other", 1),
    ]
    assert [outcome for outcome, _ in world.outcomes()].count("set_aside") == 0
    world.forget_pages()


def test_what_the_database_cannot_hold_is_set_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row beyond the database's bounds is no database that is away: its neighbours page, and it is told."""
    world.policy("web", wake("ann", wait="1h"))
    real = rules.route

    def route(book: Any, integration: str, signal: Any, now: Any) -> Any:
        if "poison" in signal.title:
            _too_much(world.database.kind)
        return real(book, integration, signal, now)

    monkeypatch.setattr(rules, "route", route)
    world.receive(trigger("before"), trigger("poison"), trigger("after"))
    for title in ("before", "after", "A signal of web could not be processed"):
        world.expect("ann", webhook=title).within("1s")
    world.forget_pages().assert_accounted(set_aside=1)


def _too_much(kind: Kind) -> None:
    """What only PostgreSQL says with the words for a connection that broke."""
    if kind is Kind.POSTGRES:
        db.reader(clock.now()).rows(f"SELECT {', '.join(['1'] * 2000)}")
    raise db.TooMuch


def _raises(*_: object) -> None:
    raise ZeroDivisionError("a bug in a rule")


def test_a_timer_that_fails_leaves_its_neighbours_alone(world: World) -> None:
    """A timer whose work raises is tried again later with its error, and the others of its batch are done."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    with db.transact(clock.now()) as tx:
        timers.set_one(tx, "alerts.heartbeat-of-nobody", 1, tx.now + timedelta(minutes=5))
    world.at("5m").expect("dan", webhook="Nobody answered AG-1").within("1s")
    assert world.rows("SELECT kind, error FROM engine_timer WHERE attempts > 0") == [
        ("alerts.heartbeat-of-nobody", "KeyError: 'alerts.heartbeat-of-nobody'")
    ]
    with db.transact(clock.now()) as tx:
        timers.cancel(tx, "alerts.heartbeat-of-nobody", [1])
    world.acknowledge(by="ann", group=1).quiet_until("8h")


def test_an_engine_that_dies_while_sending_sends_again(world: World) -> None:
    """The page of a dead engine goes out anew when its lease ends; the duplicate is counted."""
    world.policy("web", wake("ann", by="webhook", wait="5m"))
    world.slow("webhook", "10s")
    world.receive(disk_full).at("5s").kill().slow("webhook").restart()
    world.quiet_until("19s")
    world.at("20s").expect("ann", webhook="disk full").within("1s")
    assert world.rows("SELECT takeovers, state FROM engine_delivery") == [(1, "delivered")]
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_dead_engine_s_page_is_not_sent_again_once_answered(world: World) -> None:
    """If somebody answers before the lease ends, nothing goes out."""
    world.policy("web", wake("ann", by="webhook", wait="5m"))
    world.slow("webhook", "10s")
    world.receive(disk_full).at("5s").kill().slow("webhook").restart()
    world.acknowledge(by="ann").quiet_until("8h")


def test_signals_wait_for_an_engine(world: World) -> None:
    """What is accepted while no engine runs is worked off when one starts, in its order."""
    world.policy("web", wake("ann", wait="5m"))
    world.at("0s").kill()
    world.accept(disk_full)
    world.accept(trigger("cpu hot"), resolve(disk_full))
    world.at("10m").restart()
    world.expect("ann", webhook="cpu hot").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")
    assert [group.status for group in world.groups()] == ["resolved", "acknowledged"]


def test_two_engines_send_each_page_once(world: World) -> None:
    """Two engines work off the same rows, and nobody hears anything twice."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.change_service("web", storm="off")
    world.restart()
    world.receive(*(trigger(f"problem {number}") for number in range(100))).at("6m")
    heard = [(one.person, one.groups) for one in world.pages()]
    assert len(heard) == len(set(heard)) == 200
    for group in world.groups():
        world.acknowledge(by="bob", group=group.id)
    world.forget_pages().quiet_until("8h")


def test_one_of_two_engines_dies_and_the_other_takes_over(world: World) -> None:
    """What the dead one was sending is sent by the other, and what comes after is not late."""
    world.policy("web", wake("ann", by="webhook", wait="5m"))
    world.restart()
    world.slow("webhook", "10s")
    world.receive(disk_full).at("5s").kill(0).slow("webhook")
    world.receive(trigger("cpu hot")).expect("ann", webhook="cpu hot").within("1s")
    world.at("20s").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).quiet_until("8h")


def test_a_clock_set_back_an_hour_prolongs_no_wait(world: World) -> None:
    """Bob is woken five minutes after Ann in time that really passed, whatever the clock says."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("2m").jump("-1h")
    world.quiet_until("4m59s")
    world.at("5m").expect("bob", webhook="disk full").within("10s")
    world.acknowledge(by="bob").quiet_until("8h")


def test_a_clock_set_back_while_a_message_is_tried_again(world: World) -> None:
    """A message between two attempts is not tried an hour later."""
    world.policy("web", wake("ann", wait="2h"), wake("bob", wait="2h"))
    world.break_("webhook", "ann")
    world.receive(disk_full).expect("bob", webhook="disk full").within("10s")
    world.at("10m").jump("-1h").mend("webhook")
    world.expect("ann", webhook="disk full").within("2m")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_clock_set_back_leaves_the_end_of_a_snooze(world: World) -> None:
    """An instant that a person named stays that instant."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.snooze(by="ann", span="4h").at("2h").jump("-1h")
    world.quiet_until("4h59m59s")
    world.at("5h").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").quiet_until("8h")


def test_a_clock_set_forward_an_hour_skips_no_step(world: World) -> None:
    """Waits end early, which wakes people sooner; every step is still taken once, in its order."""
    world.policy("web", wake("ann", wait="5m"), wake("bob", wait="5m"), wake("cleo", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("2m").jump("1h").expect("bob", webhook="disk full").within("1s")
    world.wait("4m59s").quiet_until("6m59s")
    world.wait("2s").expect("cleo", webhook="disk full").within("1s")
    world.acknowledge(by="cleo").quiet_until("8h")


def test_a_restarted_engine_knows_the_secrets_of_contacts(world: World) -> None:
    """The first message after a restart is signed like any other."""
    world.policy("web", wake("ann", by="webhook", wait="5m"))
    contact = world.config["people"]["ann"]["contacts"]["webhook"]
    contact["secret"] = "whsec_" + "A" * 32
    world.slow("webhook", "10s")
    world.receive(disk_full).at("5s").kill().slow("webhook").restart()
    world.at("20s").expect("ann", webhook="disk full").within("1s")
    assert "webhook-signature" in world.http.requests[-1].headers
    world.acknowledge(by="ann").quiet_until("8h")
