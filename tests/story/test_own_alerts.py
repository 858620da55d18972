"""What Tocsin has to say about itself gets through when what it is about does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tocsin.alerts import absorb, triggers
from tocsin.alerts.refusals import Kind, Refusals
from tocsin.kit import clock, db
from tocsin.paging import stuck, unheard
from tocsin.site import wiring
from world import World, disk_full, trigger, wake


@pytest.fixture
def hanging(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The thread that absorbs signals hangs once disk_full is absorbed."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    with monkeypatch.context() as patch:
        patch.setattr(wiring, "absorb_some", lambda: 0)
        yield world


def test_what_reached_nobody_at_all_keeps_the_watchdog_away_and_is_tried_again(world: World) -> None:
    """Every address refuses for good: the outside hears of it by our silence; once one works, Dan hears within minutes."""
    world.policy("web", wake("ann", wait="5m"))
    world.break_("webhook", "ann", status=404).break_("webhook", "dan", status=404)
    world.receive(disk_full).at("1m")
    assert [group.title for group in world.groups()] == ["disk full", "Nobody answered AG-1: disk full"]
    assert wiring.further_troubles(db.reader(clock.now())) == ["nobody could be told of 1 alert of Tocsin's own"]
    unheard.try_again()
    world.at("12m")
    unheard.try_again()
    world.at("13m").mend("webhook", "dan").at("24m")
    unheard.try_again()
    world.expect("dan", webhook="Nobody answered AG-1: disk full").within("10s")
    assert wiring.further_troubles(db.reader(clock.now())) == []
    unheard.try_again()
    world.acknowledge(by="dan", group=2).acknowledge(by="ann", group=1)
    assert len([one for one in world.facts("EscalationStarted") if one["group"] == 2]) == 3


def test_that_nobody_answered_is_told_while_absorbing_hangs(hanging: World) -> None:
    """The administrators hear of a page that nobody answered, and that it is over, though no signal is absorbed."""
    hanging.at("5m").expect("dan", webhook="Nobody answered AG-1").within("2s")
    hanging.acknowledge(by="ann", group=1)
    assert [group.status for group in hanging.groups()] == ["acknowledged", "resolved"]


def test_that_a_problem_was_forgotten_is_told_while_absorbing_hangs(hanging: World) -> None:
    """Somebody took the timer of a running escalation away: people are woken, and the administrators told."""
    with db.transact(clock.now()) as tx:
        tx.execute("DELETE FROM engine_timer")
    stuck.mend()
    hanging.expect("dan", webhook="1 problem would have been forgotten").within("1s")
    hanging.acknowledge(by="ann", group=1).acknowledge(by="dan", group=2).forget_pages()


def test_that_a_sender_is_turned_away_is_told_and_wakes_nobody(world: World) -> None:
    """The administrators hear who sends more than its limit, once in a while, until it has been calm for a while."""
    world.policy("web", wake("ann"))
    world.integration("web", source="generic")
    refusals = Refusals()
    for _ in range(3):
        refusals.count("web", Kind.LIMIT)
    refusals.count("web", Kind.UNREADABLE, "it is only logged")
    refusals.tell(clock.now())
    refusals.count("web", Kind.LIMIT)
    refusals.tell(clock.now())
    assert refusals.are_untold()
    (group,) = world.groups()
    assert (group.title, group.urgency) == ("web sends more than its rate limit lets in", "low")
    world.at("6m")
    refusals.tell(clock.now())
    assert not refusals.are_untold()
    assert [outcome for outcome, _ in world.outcomes()] == ["opened", "refreshed"]
    world.forget_pages().at("22m")
    assert [one.status for one in world.groups()] == ["resolved"]
    assert refusals.total == {("web", Kind.LIMIT): 4, ("web", Kind.UNREADABLE): 1}


def test_what_waits_is_told_while_absorbing_hangs(hanging: World) -> None:
    """A signal that nobody absorbs is noticed and told, within the auditor's patience."""
    hanging.accept(trigger("nobody hears of this"))
    hanging.acknowledge(by="ann", group=1).expect("dan", webhook="1 signal accepted but not accounted for").within(
        "90s"
    )
    hanging.acknowledge(by="dan", group=2)


def test_one_that_cannot_be_said_at_once_waits_in_the_queue(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in saying it undoes nothing of what it is about: the escalation ends, and it is told a moment later."""
    world.policy("web", wake("ann", wait="5m"))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")

    def broken(*_: Any) -> NoReturn:
        raise RuntimeError("a bug")

    monkeypatch.setattr(absorb, "absorb_now", broken)
    world.at("5m").expect("dan", webhook="Nobody answered AG-1").within("2s")
    monkeypatch.undo()
    world.acknowledge(by="ann", group=1)
    assert [group.status for group in world.groups()] == ["acknowledged", "resolved"]


def test_what_cannot_be_paged_for_undoes_only_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a bug meets each signal of an integration, its neighbours page and its team hears of it in one go."""
    world.policy("web", wake("ann", wait="12h"))
    whole = triggers.trigger

    def picky(working: Any, envelope: Any, signal: Any) -> Any:
        if signal.title == "poison":
            raise RuntimeError("a bug")
        return whole(working, envelope, signal)

    monkeypatch.setattr(triggers, "trigger", picky)
    world.receive(trigger("poison"), disk_full).expect("ann", webhook="disk full").within("1s")
    world.expect("ann", webhook="A signal of web could not be processed").within("1s")
    world.acknowledge(by="ann", group=1).acknowledge(by="ann", group=2).assert_accounted(set_aside=1)
