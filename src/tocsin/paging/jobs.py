"""What the engine runs for this slice: timers that fall due, and deliveries that were settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tocsin.alerts import actions as alerts
from tocsin.alerts.domain import GroupId, Reason
from tocsin.alerts.rules import IllegalMove
from tocsin.channels.domain import Address, Message, Settings
from tocsin.channels.registry import CHANNELS
from tocsin.channels.words import plain
from tocsin.channels.words import subject as subject_line
from tocsin.engine import outbox
from tocsin.engine.domain import Settled, TimerDue, TimerHandler, VerdictKind
from tocsin.kit.db import Tx
from tocsin.paging import actions, devices, rehearsal, repeats, store
from tocsin.paging.domain import (
    ContactDisabled,
    MessageDelivered,
    MessageFailing,
    Page,
    PageStatus,
    PersonUnreachable,
    page_of,
)

_message = msgspec.json.Decoder(Message)
_address = msgspec.json.Decoder(Address)


def _climb(tx: Tx, due: Sequence[TimerDue]) -> None:
    actions.climb(tx, [timer.ref for timer in due])


def _acknowledgement_expires(tx: Tx, due: Sequence[TimerDue]) -> None:
    for timer in due:
        try:
            alerts.unacknowledge(tx, GroupId(timer.ref), "tocsin", Reason.ACKNOWLEDGEMENT_EXPIRED)
        except (IllegalMove, alerts.NoSuchGroup):
            continue  # resolved or given up in the meantime: nothing is owed any more


HANDLERS: dict[str, TimerHandler] = {
    actions.CLIMB: _climb,
    actions.ACKNOWLEDGEMENT_EXPIRES: _acknowledgement_expires,
    rehearsal.OVER: rehearsal.over,
}


def on_settled(tx: Tx, settled: Sequence[Settled]) -> None:
    """Receipts of pages: told, not getting through, or unreachable, which climbs at once."""
    ids = {page_of(attempt.parcel.subject) for attempt in settled} - {0}
    pages = store.pages(tx, ids)
    delivered = [attempt for attempt in settled if attempt.verdict.kind is VerdictKind.DELIVERED]
    _note_delivered(tx, delivered, pages)
    _write_notes(tx, [attempt for attempt in delivered if attempt.parcel.channel == "inbox"])
    _note_devices(tx, settled)
    repeats.plan(tx, [attempt for attempt in delivered if page_of(attempt.parcel.subject) in pages])
    for attempt in settled:
        if attempt.verdict.disable and not CHANNELS[attempt.parcel.channel].per_device:
            _disable(tx, attempt)
        page = pages.get(page_of(attempt.parcel.subject))
        if attempt.failing and page is not None:
            _failing(tx, attempt, page)


def _note_delivered(tx: Tx, delivered: Iterable[Settled], pages: dict[int, Page]) -> None:
    told = [
        (attempt, pages[page_of(attempt.parcel.subject)])
        for attempt in delivered
        if page_of(attempt.parcel.subject) in pages
    ]
    if not told:
        return
    recovered = [page.id for _, page in told if page.status is PageStatus.UNREACHABLE]
    store.set_page_status(tx, [(id_, PageStatus.ACTIVE) for id_ in recovered])
    for attempt, page in told:
        tx.record(
            MessageDelivered(
                group=page.group_id,
                escalation=page.escalation_id,
                page=page.id,
                person=page.person,
                channel=attempt.parcel.channel,
                contact=_contact(attempt),
            )
        )


def _contact(attempt: Settled) -> str:
    return _address.decode(attempt.parcel.address).options.get("contact", "")


def _write_notes(tx: Tx, delivered: Sequence[Settled]) -> None:
    notes = []
    for attempt in delivered:
        message = _message.decode(attempt.parcel.body)
        notes.append(
            store.Note(
                person=_address.decode(attempt.parcel.address).target,
                kind=message.kind.value,
                subject=subject_line(message, private=True),
                text=plain(message, Settings()),
                url=message.entries[0].url if message.entries else "",
                acknowledge_url=message.acknowledge_url,
                page_id=page_of(attempt.parcel.subject) or None,
            )
        )
    store.put_notes(tx, notes)


def _note_devices(tx: Tx, settled: Sequence[Settled]) -> None:
    theirs = [attempt for attempt in settled if attempt.parcel.channel == devices.CHANNEL and attempt.final]
    if theirs:
        devices.note(tx, theirs, [int(_address.decode(attempt.parcel.address).options["device"]) for attempt in theirs])


def _failing(tx: Tx, attempt: Settled, page: Page) -> None:
    """One way does not work: try the person's next one now, and if none is left, the next person."""
    tx.record(
        MessageFailing(
            group=page.group_id,
            escalation=page.escalation_id,
            page=page.id,
            person=page.person,
            channel=attempt.parcel.channel,
            contact=_contact(attempt),
            reason=attempt.verdict.reason,
        )
    )
    ways = outbox.subject_state(tx, actions.subject(page.id))
    if ways.told or outbox.hurry_next(tx, actions.subject(page.id)) or ways.under_way:
        return
    store.set_page_status(tx, [(page.id, PageStatus.UNREACHABLE)])
    tx.record(
        PersonUnreachable(
            group=page.group_id,
            escalation=page.escalation_id,
            page=page.id,
            person=page.person,
            reason="every way to reach them has failed",
        )
    )
    others = store.pages_of_rung(tx, page)
    if all(other.id == page.id or other.status is PageStatus.UNREACHABLE for other in others):
        actions.hurry_from(tx, page.escalation_id, page.position)


def _disable(tx: Tx, attempt: Settled) -> None:
    address = _address.decode(attempt.parcel.address)
    person = address.options.get("person", "")
    if person and attempt.parcel.channel in CHANNELS:
        store.set_contact_state(tx, person, attempt.parcel.address_key, verified=False, reason=attempt.verdict.reason)
        tx.record(ContactDisabled(person=person, channel=attempt.parcel.channel, reason=attempt.verdict.reason))
