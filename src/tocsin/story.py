"""The product on one page: what happened, and what later stages of an incident's life do about it.

Each fact is mapped to reactions in the same transaction. A reaction takes all facts of its kind that were recorded
since the last round, so a burst costs a few statements and not thousands. What a reaction records is settled in the
next round. A fact without a reaction stands here too, with an empty row: this table is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tocsin.admin import following, letters
from tocsin.alerts import domain as alert_facts
from tocsin.alerts import heartbeats, own, rerouting
from tocsin.config import actions as config_facts
from tocsin.engine import bell
from tocsin.journal import store as journal
from tocsin.journal.domain import Fact
from tocsin.kit.db import Tx
from tocsin.oncall import calendar_actions, reminders
from tocsin.oncall import facts as oncall_facts
from tocsin.paging import actions as paging
from tocsin.paging import again, codes, duty, notices, shadows
from tocsin.paging import domain as paging_facts
from tocsin.people import domain as people_facts

Reaction = Callable[[Tx, Sequence[Any]], None]


def _spread(tx: Tx, _: Sequence[Any]) -> None:
    """Every process looks at the new configuration at once."""
    bell.ring(tx, bell.CONFIG)


REACTIONS: dict[type[Fact], tuple[Reaction, ...]] = {
    # --- config
    config_facts.ConfigApplied: (
        heartbeats.arm,
        rerouting.begin,
        calendar_actions.follow_documents,
        reminders.rearm_for_documents,
        following.tell_rights,
        following.move_accounts,
        _spread,
    ),
    # --- people
    people_facts.AccountOpened: (),
    people_facts.AddressChanged: (),
    people_facts.AddressProven: (codes.trust_addresses,),
    people_facts.RightsChanged: (),
    people_facts.AccountClosed: (),
    people_facts.AccountReopened: (),
    people_facts.InvitationSent: (letters.send,),
    people_facts.InvitationWithdrawn: (),
    people_facts.ResetAsked: (),
    people_facts.ResetSent: (letters.send,),
    people_facts.PasswordSet: (),
    people_facts.SessionsEnded: (),
    people_facts.SecondFactorAdded: (),
    people_facts.SecondFactorRemoved: (),
    people_facts.TokenCreated: (),
    people_facts.TokenRevoked: (),
    people_facts.SignedIn: (),
    people_facts.SignInRefused: (),
    people_facts.SetUpRefused: (),
    # --- alerts
    alert_facts.AlertGroupOpened: (paging.start,),
    alert_facts.AlertGroupUnacknowledged: (paging.start,),
    alert_facts.AlertGroupAcknowledged: (paging.stop_acknowledged,),
    alert_facts.AlertGroupSnoozed: (paging.stop_snoozed,),
    alert_facts.AlertGroupSuppressed: (paging.stop_suppressed,),
    alert_facts.AlertGroupResolved: (paging.stop_resolved,),
    alert_facts.AlertJoined: (again.start,),
    alert_facts.AlertResolved: (),
    alert_facts.NoteAdded: (),
    alert_facts.SilenceCreated: (),
    alert_facts.SilenceEnded: (),
    alert_facts.SignalSetAside: (own.tell_set_aside,),
    alert_facts.HeartbeatMissed: (),
    # --- on call
    oncall_facts.OverrideMade: (reminders.rearm, notices.of_facts),
    oncall_facts.OverrideCancelled: (reminders.rearm, notices.of_facts),
    oncall_facts.SwapOffered: (notices.of_facts,),
    oncall_facts.SwapAccepted: (notices.of_facts,),
    oncall_facts.SwapDeclined: (notices.of_facts,),
    oncall_facts.SwapWithdrawn: (notices.of_facts,),
    oncall_facts.SwapExpired: (notices.of_facts,),
    oncall_facts.SwapUnanswered: (notices.of_facts,),
    oncall_facts.AbsenceNoted: (reminders.rearm,),
    oncall_facts.AbsenceCancelled: (),
    oncall_facts.CalendarLinked: (),
    oncall_facts.CalendarUnlinked: (reminders.rearm,),
    oncall_facts.CalendarRead: (reminders.rearm,),
    oncall_facts.CalendarFailing: (notices.of_facts, reminders.rearm),
    oncall_facts.CalendarWorksAgain: (),
    oncall_facts.FeedOpened: (),
    oncall_facts.FeedRevoked: (),
    oncall_facts.ShiftNear: (notices.of_facts,),
    oncall_facts.ShiftEnds: (notices.of_facts,),
    oncall_facts.HandoverOffered: (duty.hand_over,),
    oncall_facts.HandoverAccepted: (notices.of_facts,),
    oncall_facts.GapAhead: (notices.of_facts,),
    oncall_facts.DutyConflict: (notices.of_facts,),
    # --- paging
    paging_facts.EscalationStarted: (),
    paging_facts.StepSkipped: (),
    paging_facts.PersonPaged: (shadows.tell,),
    paging_facts.PersonUnreachable: (),
    paging_facts.MessageDelivered: (),
    paging_facts.MessageFailing: (),
    paging_facts.EscalationStopped: (),
    paging_facts.EscalationExhausted: (paging.tell_exhausted,),
    paging_facts.ContactDisabled: (),
    paging_facts.ContactProven: (),
    paging_facts.PageTested: (),
    paging_facts.DeviceRegistered: (),
    paging_facts.DeviceRemoved: (),
    paging_facts.DeviceGone: (notices.of_devices,),
}


def settle(tx: Tx) -> None:
    """Write the facts recorded so far and let what follows from them happen; called until no facts are left."""
    facts, tx.facts = tx.facts, []
    journal.append(tx, facts)
    for wave in _waves(facts):
        for kind, theirs in wave.items():
            for react in REACTIONS[kind]:
                react(tx, theirs)
    if any(fact.loud for fact in facts):
        bell.ring(tx, bell.FACTS)


def _waves(facts: Sequence[Fact]) -> list[dict[type[Fact], list[Fact]]]:
    """Facts of one kind together as far as can be, but different ones about one subject in their order.

    A group that is opened, resolved and reopened in one batch must end with an escalation, not without one.
    """
    waves: list[dict[type[Fact], list[Fact]]] = []
    latest: dict[str, tuple[int, type[Fact]]] = {}
    for fact in facts:
        kind, subject = type(fact), fact.subject
        if not REACTIONS[kind]:
            continue
        wave, before = latest.get(subject, (0, kind))
        wave += before is not kind
        latest[subject] = wave, kind
        if wave == len(waves):
            waves.append({})
        waves[wave].setdefault(kind, []).append(fact)
    return waves
