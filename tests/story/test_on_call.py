"""Who carries the pager changes under way: overrides, swaps, reminders, hand-overs, absences, gaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tocsin.kit import clock, db
from tocsin.oncall import actions, calendar_actions, queries, swaps
from tocsin.oncall.actions import CannotChange, WhyNot, Wish
from tocsin.oncall.desk import Span, SwapStatus
from tocsin.oncall.domain import EVERYBODY
from tocsin.paging import duty
from world import World, disk_full, trigger, wake


def act(world: World, verb: Callable[[db.Tx], Any]) -> Any:
    """Somebody does something now."""
    with db.transact(clock.now()) as tx:
        found = verb(tx)
    world.wait("0s")
    return found


def override(
    world: World, *, out: str | None, into: str | None, after: str = "0s", lasts: str, by: str = "dan", **more: Any
) -> Any:
    start = clock.now() + hours(after)
    wish = Wish(schedule="primary", person_out=out, person_in=into, start=start, end=start + hours(lasts), **more)
    return act(world, lambda tx: actions.make_override(tx, wish, f"person:{by}"))


def hours(written: str) -> timedelta:
    return timedelta(hours=float(written.removesuffix("h"))) if written.endswith("h") else timedelta(0)


def two_on_call(world: World, **more: Any) -> None:
    """Ann today, Bob tomorrow, at midnight UTC; an unanswered page climbs to whoever is on call five minutes later."""
    world.on_call("primary", "ann", "bob", **more)
    world.config["schedules"]["primary"]["team"] = "web"
    world.policy("web", wake("schedule:primary", wait="5m"), wake("schedule:primary", wait="5m"))
    world.at("0s")


def test_an_override_counts_for_the_next_step_of_what_runs(world: World) -> None:
    """Cleo, who takes over while Ann's page is unanswered, is woken by the next step."""
    two_on_call(world)
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.at("2m")
    override(world, out=EVERYBODY, into="cleo", lasts="4h", by="cleo")
    world.at("5m").expect("cleo", webhook="on call for primary").within("1s")
    world.acknowledge(by="cleo").quiet_until("1h")


def test_a_cancelled_override_counts_no_more(world: World) -> None:
    """Once it is off, the schedule's own person is woken again; what was before stays written down."""
    two_on_call(world)
    made = override(world, out="ann", into="cleo", lasts="10h")
    world.at("1h").receive(disk_full).expect("cleo", webhook="disk full").within("1s")
    world.acknowledge(by="cleo").at("2h")
    act(world, lambda tx: actions.cancel_override(tx, made.id, "person:dan"))
    world.receive(trigger("again")).expect("ann", webhook="again").within("1s")
    world.acknowledge(by="ann").quiet_until("3h")
    shifts = queries.shifts_between(db.reader(clock.now()), "primary", world.start, world.start + timedelta(hours=4))
    assert [(one.person, (one.end - one.start) / timedelta(hours=1)) for one in shifts] == [("cleo", 2.0), ("ann", 2.0)]


def test_whoever_is_part_of_an_override_is_told(world: World) -> None:
    """Both are told by their ways for low urgency, and whoever made it is not."""
    two_on_call(world)
    override(world, out="ann", into="cleo", after="1h", lasts="4h", by="ann", reason="dentist")
    world.noticed("cleo", email="you are on call").within("1s")
    assert "dentist" in world.notices("cleo")[0].text
    assert world.notices("ann") == []


def test_an_override_that_leaves_nobody_is_refused(world: World) -> None:
    """Taking the last person out needs force; then the gap is there, and told to who looks after it."""
    two_on_call(world)
    world.edit(lambda config: config["teams"]["web"].update(managers=["bob"]))
    with pytest.raises(CannotChange) as refused:
        override(world, out="ann", into=None, after="2h", lasts="1h")
    assert refused.value.why is WhyNot.OPENS_GAP
    assert len(refused.value.gaps) == 1
    override(world, out="ann", into=None, after="2h", lasts="1h", force=True)
    world.noticed("bob", email="nobody is on call").within("1s")
    assert len(world.facts("GapAhead")) == 1
    world.at("2h").receive(disk_full).expect("dan", webhook="Nobody answered AG-1").within("1s")
    world.acknowledge(by="dan").quiet_until("30h")
    assert len(world.facts("GapAhead")) == 1


def test_an_override_that_fills_a_gap_is_not_cancelled_by_mistake(world: World) -> None:
    """Taking away what keeps somebody on call is refused as opening a gap is, unless forced; one beside others goes."""
    two_on_call(world)
    override(world, out="ann", into=None, after="2h", lasts="3h", force=True)
    filling = override(world, out=None, into="cleo", after="3h", lasts="1h")
    with pytest.raises(CannotChange) as refused:
        act(world, lambda tx: actions.cancel_override(tx, filling.id, "person:dan"))
    assert refused.value.why is WhyNot.OPENS_GAP
    assert [(one.start - world.start, one.end - one.start) for one in refused.value.gaps] == [
        (hours("3h"), hours("1h"))
    ]
    beside = override(world, out=None, into="cleo", after="8h", lasts="1h")
    act(world, lambda tx: actions.cancel_override(tx, beside.id, "person:dan"))
    act(world, lambda tx: actions.cancel_override(tx, filling.id, "person:dan", force=True))
    left = queries.overrides(db.reader(clock.now()), world.start, world.start + hours("24h"), cancelled=False)
    assert filling.id not in {one.id for one in left}


def test_who_comes_on_call_at_once_is_told_so_once(world: World) -> None:
    """An override that begins now: the reminder half an hour ahead has no meaning any more and is not told as well."""
    two_on_call(world)
    override(world, out="ann", into="cleo", lasts="4h", by="ann")
    world.noticed("cleo", email="From now on you are on call for Primary").within("1s")
    assert [one["person"] for one in world.facts("ShiftNear")] == ["cleo"]
    told = sum(one.text.count("From now on you are on call") for one in world.notices("cleo"))
    mails = [(one.message["Message-ID"], one.connection) for one in world.mail.mails]
    assert told == 1, (mails, world.tale())


def test_an_offer_nobody_answers_is_brought_back_to_mind(world: World) -> None:
    """A day before it ends, once, those who could take it and whoever offered it are reminded; not of a decided one."""
    two_on_call(world)
    start = world.start + timedelta(hours=24 * 4)
    span = Span(schedule="primary", start=start, end=start + timedelta(hours=2))
    made = act(world, lambda tx: swaps.offer(tx, swaps.Offer(person="ann", to=None, gives=span), "person:ann"))
    decided = act(world, lambda tx: swaps.offer(tx, swaps.Offer(person="ann", to="bob", gives=span), "person:ann"))
    act(world, lambda tx: swaps.decline_swap(tx, decided.id, "bob", "person:bob"))
    world.at("71h")
    assert world.facts("SwapUnanswered") == []
    world.at("72h").noticed("bob", email="Nobody has taken Ann Lee’s shift of Primary yet").within("1s")
    world.noticed("ann", email="Nobody has taken your shift of Primary yet").within("1s")
    world.at("95h")
    assert [one["swap"] for one in world.facts("SwapUnanswered")] == [made.id]


def test_a_short_offer_is_brought_to_mind_half_way(world: World) -> None:
    """Of an offer that lives six hours people are reminded after three; of one that lives an hour not at all."""
    two_on_call(world)
    for ahead in (1, 6):
        start = world.start + timedelta(hours=ahead)
        span = Span(schedule="primary", start=start, end=start + timedelta(minutes=30))
        act(world, lambda tx, span=span: swaps.offer(tx, swaps.Offer(person="ann", to="bob", gives=span), "person:ann"))
    world.at("2h59m")
    assert world.facts("SwapUnanswered") == []
    world.at("3h").noticed("bob", email="Nobody has taken").within("1s")
    assert len(world.facts("SwapUnanswered")) == 1


def test_a_swap_is_offered_and_accepted(world: World) -> None:
    """Bob gets Ann's evening and Ann gets half of Bob's day, by two overrides of one transaction; both know."""
    two_on_call(world)
    now, midnight = world.start, world.start + timedelta(hours=15)
    gives = Span(schedule="primary", start=now + timedelta(hours=8), end=midnight)
    wants = Span(schedule="primary", start=midnight, end=midnight + timedelta(hours=12))
    offer = swaps.Offer(person="ann", to="bob", gives=gives, wants=wants, message="a concert")
    made = act(world, lambda tx: swaps.offer(tx, offer, "person:ann"))
    world.noticed("bob", email="a concert").within("1s")
    against = swaps.conflicts_of(db.reader(clock.now()), made, "bob")
    assert against == []
    act(world, lambda tx: swaps.accept_swap(tx, made.id, "bob", "person:bob"))
    world.noticed("ann", email="Bob Ortiz takes the shift").within("1s")
    assert len(world.facts("OverrideMade")) == 2
    world.at("9h").receive(disk_full).expect("bob", webhook="disk full").within("1s")
    world.acknowledge(by="bob").at("16h").receive(trigger("later")).expect("ann", webhook="later").within("1s")
    world.acknowledge(by="ann").at("28h").receive(trigger("at noon")).expect("bob", webhook="at noon").within("1s")
    world.acknowledge(by="bob").quiet_until("30h")


def test_a_swap_is_declined_withdrawn_or_expires(world: World) -> None:
    """What nobody takes stays with whoever offered it, and they are told; a decided offer cannot be decided again."""
    two_on_call(world)
    span = Span(schedule="primary", start=world.start + timedelta(hours=2), end=world.start + timedelta(hours=3))

    def offered(to: str | None) -> int:
        return int(
            act(world, lambda tx: swaps.offer(tx, swaps.Offer(person="ann", to=to, gives=span), "person:ann")).id
        )

    first, second, third = offered("bob"), offered("cleo"), offered(None)
    act(world, lambda tx: swaps.decline_swap(tx, first, "bob", "person:bob"))
    act(world, lambda tx: swaps.withdraw_swap(tx, second, "person:ann"))
    world.noticed("ann", email="Bob Ortiz does not take").within("1s")
    world.at("2h").noticed("ann", email="Nobody took").within("1s")
    reader = db.reader(clock.now())
    found = {one.id: one.status for one in queries.swaps(reader)}
    assert found == {first: SwapStatus.DECLINED, second: SwapStatus.WITHDRAWN, third: SwapStatus.EXPIRED}
    with pytest.raises(CannotChange) as refused:
        act(world, lambda tx: swaps.accept_swap(tx, third, "bob", "person:bob"))
    assert refused.value.why is WhyNot.NOT_OFFERED


def test_an_absence_speaks_against_a_swap_before_it_hurts(world: World) -> None:
    """Whoever is away is shown so and takes the shift only if they insist."""
    two_on_call(world)
    start = world.start + timedelta(hours=2)
    span = Span(schedule="primary", start=start, end=start + timedelta(hours=1))
    act(world, lambda tx: calendar_actions.note_absence(tx, "cleo", start, span.end, about="dentist", by="person:cleo"))
    made = act(world, lambda tx: swaps.offer(tx, swaps.Offer(person="ann", to=None, gives=span), "person:ann"))
    with pytest.raises(CannotChange) as refused:
        act(world, lambda tx: swaps.accept_swap(tx, made.id, "cleo", "person:cleo"))
    assert [(one.kind, one.about) for one in refused.value.conflicts] == [("absent", "dentist")]
    act(world, lambda tx: swaps.accept_swap(tx, made.id, "cleo", "person:cleo", anyway=True))
    world.at("2h").receive(disk_full).expect("cleo", webhook="disk full").within("1s")
    world.acknowledge(by="cleo").quiet_until("3h")


def test_an_absence_in_a_shift_is_told_once(world: World) -> None:
    """The person and the schedule's managers hear of the conflict when it becomes known, and not again every day."""
    two_on_call(world)
    world.edit(lambda config: config["teams"]["web"].update(managers=["cleo"]))
    start = world.start + timedelta(days=3)
    act(
        world,
        lambda tx: calendar_actions.note_absence(
            tx, "bob", start, start + timedelta(hours=8), about="sea", by="person:bob"
        ),
    )
    world.noticed("bob", email="but away (sea)").within("1s")
    world.noticed("cleo", email="Bob Ortiz is on call but away").within("1s")
    world.at("50h")
    assert len(world.facts("DutyConflict")) == 1


def test_shifts_are_announced_once(world: World) -> None:
    """Half an hour ahead, at the beginning and at the end, once each, whatever is edited in between."""
    two_on_call(world)
    world.at("14h30m").noticed("bob", email="You are on call for Primary from").within("1s")
    world.edit(lambda config: config["schedules"]["primary"].update(description="edited"))
    world.edit(lambda config: config["schedules"]["primary"].update(description="edited again"))
    world.at("15h").noticed("bob", email="From now on you are on call for Primary").within("1s")
    world.noticed("ann", email="Your shift of Primary is over").within("1s")
    world.edit(lambda config: config["schedules"]["primary"].update(description="and again")).at("38h")
    assert len([one for one in world.facts("ShiftNear") if one["person"] == "bob"]) == 2


def test_an_override_moves_the_announcements(world: World) -> None:
    """Whoever comes in by an override is reminded of it, and who goes out is not reminded of what is not theirs."""
    two_on_call(world)
    override(world, out="bob", into="cleo", after="15h", lasts="4h")
    world.forget_pages().at("16h")
    near = [(one["person"], one["start"][11:16]) for one in world.facts("ShiftNear")]
    assert near == [("cleo", "00:00"), ("cleo", "00:00")]
    world.at("20h")
    assert [(one["person"], one["start"][11:16]) for one in world.facts("ShiftNear")][2:] == [("bob", "04:00")] * 2


def test_a_person_chooses_their_reminders(world: World) -> None:
    """An empty list says never; others say how long ahead."""
    two_on_call(world)
    world.edit(lambda config: config["people"]["bob"]["notify"].update(shifts={"start": ["2h"], "end": []}))
    world.at("13h").noticed("bob", email="You are on call").within("1s")
    world.at("40h")
    assert [one["person"] for one in world.facts("ShiftNear")].count("bob") == 1
    assert [one["person"] for one in world.facts("ShiftEnds")] == ["ann"]


def test_the_pager_is_handed_over_and_accepted(world: World) -> None:
    """Bob is told what happened in Ann's shift, the team reads it too, and Ann hears that Bob has it."""
    two_on_call(world)
    world.edit(lambda config: config["teams"]["web"].update(channel={"webhook": f"{world.http.url}/hook/team-web"}))
    world.at("1h").receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").at("2h").receive(trigger("slow")).expect("ann", webhook="slow").within("1s")
    world.resolve(by="ann").at("15h")
    world.noticed("bob", email="you take over from Ann Lee").within("1s")
    world.noticed("team-web", webhook="2 groups opened, 1 acknowledged, 1 resolved, 2 pages").within("1s")
    (handover,) = queries.handovers(db.reader(clock.now()))
    assert (handover.outgoing, handover.incoming, handover.accepted_by) == (("ann",), ("bob",), "")
    assert "AG-1 disk full (acknowledged)" in handover.summary
    with pytest.raises(CannotChange):
        act(world, lambda tx: actions.accept_handover(tx, handover.id, "cleo", "person:cleo"))
    act(world, lambda tx: actions.accept_handover(tx, handover.id, "bob", "person:bob"))
    world.noticed("ann", email="Bob Ortiz has the pager").within("1s")
    assert queries.handovers(db.reader(clock.now()), open_only=True) == []


def test_an_edit_that_counts_at_once_is_told_at_once(world: World) -> None:
    """Whom a new document puts on call in this moment is told so, and whom it takes off; once, and not of a new schedule."""
    two_on_call(world)
    world.at("1h")
    assert world.facts("ShiftNear") == []
    world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(people=["bob", "ann"]))
    world.noticed("bob", email="From now on you are on call for Primary").within("1s")
    world.noticed("ann", email="Your shift of Primary is over").within("1s")
    world.edit(lambda config: config["schedules"]["primary"].update(description="edited")).at("2h")
    assert [one["person"] for one in world.facts("ShiftNear")] == ["bob"]
    assert [one["person"] for one in world.facts("ShiftEnds")] == ["ann"]


def test_a_hand_over_tells_since_when_it_really_was(world: World) -> None:
    """Ann has had it since an edit put her there, not since her turn would have begun by what is written now."""
    two_on_call(world)
    world.at("1h").receive(disk_full).acknowledge(by="ann")
    world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(people=["bob", "ann"])).at("3h")
    world.edit(lambda config: config["schedules"]["primary"]["layers"][0].update(people=["ann", "bob"])).at("15h")
    (handover,) = queries.handovers(db.reader(clock.now()))
    assert (handover.outgoing, handover.since) == (("ann",), world.start + timedelta(hours=3))
    assert "0 groups opened" in handover.summary


def test_a_pager_that_stays_with_somebody_is_not_handed_over(world: World) -> None:
    """An edit that gives the same person the same time by another layer tells nobody anything."""
    two_on_call(world)
    world.edit(lambda config: config["schedules"]["primary"]["layers"].append(
        {"name": "above", "rotation": "daily", "handoff": "12:00", "start": "2026-03-01", "people": ["ann"], "until": "2026-03-02 18:00"}
    ))  # fmt: skip
    world.at("12h")
    assert world.facts("ShiftNear") == []
    assert world.facts("HandoverOffered") == []


def test_a_shadow_is_told_without_duty(world: World) -> None:
    """Cleo hears of what Ann is paged for at each step, is never paged for it, and nobody waits for her."""
    two_on_call(world)
    shadow = {"name": "shadow", "rotation": "daily", "handoff": "00:00", "start": "2026-03-02", "people": ["cleo"]}
    world.edit(lambda config: config["schedules"]["primary"]["layers"].append(shadow | {"shadow": True}))
    world.receive(disk_full).expect("ann", webhook="disk full").within("1s")
    world.noticed("cleo", webhook="Shadowing primary: AG-1 disk full").within("1s")
    world.at("5m").expect("ann", webhook="disk full").within("1s")
    world.noticed("cleo", webhook="you have no duty").within("1s")
    world.acknowledge(by="ann").quiet_until("1h")
    assert world.pages("cleo") == []


def test_a_shift_over_its_budget_is_a_finding_with_who_could_take_the_next(world: World) -> None:
    """Three problems in one shift are too many: Ann's next shift and Bob, who had none, are named."""
    two_on_call(world)
    for number in range(3):
        world.at(f"{number + 1}h").receive(trigger(f"problem {number}")).expect("ann", webhook="problem").within("1s")
        world.acknowledge(by="ann", group=number + 1)
    world.at("20h")
    (found,) = [one for one in duty.lived_through(db.reader(clock.now())) if one.code == duty.OVER_BUDGET]
    assert found.message.startswith("ann was paged for 3 problems in the shift 2026-03-02")
    assert found.fix == (
        "offer the shift from 2026-03-04 00:00 UTC to bob, who had 0 problems in these weeks,"
        " and lower what brought them: web (3)"
    )


def test_a_gap_far_ahead_is_told_so_many_days_before(world: World) -> None:
    """A gap beyond the notice is told on the day the notice asks for, once, however often the schedule is derived."""
    two_on_call(world)
    world.edit(lambda config: config["teams"]["web"].update(managers=["bob"]))
    override(world, out="ann", into=None, after="231h", lasts="1h", force=True)  # in nine days and a half
    world.at("24h")
    assert world.facts("GapAhead") == []
    world.at("72h").noticed("bob", email="nobody is on call").within("1s")
    world.at("120h")
    assert len(world.facts("GapAhead")) == 1


def test_a_gap_is_told_to_its_true_end(world: World) -> None:
    """A gap that goes on beyond the notice is told with the end it has, not with the end of the notice."""
    two_on_call(world)
    world.edit(lambda config: config["teams"]["web"].update(managers=["bob"]))
    override(world, out="*", into=None, after="160h", lasts="40h", force=True)  # the notice ends after 168 hours
    world.noticed("bob", email="nobody is on call").within("1s")
    (told,) = world.facts("GapAhead")
    assert (told["start"][:13], told["end"][:13]) == ("2026-03-09T01", "2026-03-10T17")
