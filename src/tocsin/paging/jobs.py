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
)

_message = msgspec.json.Decoder(Message)
_address = msgspec.json.Decoder(Address)
PAGE, TAKEN = "page", "taken"


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
    by_page = {_page_id(one): one for one in settled if one.parcel.subject.startswith(f"{PAGE}:")}
    pages = store.pages(tx, by_page)
    delivered = [one for one in settled if one.verdict.kind is VerdictKind.DELIVERED]
    _note_delivered(tx, delivered, pages)
    _write_notes(tx, [one for one in delivered if one.parcel.channel == "inbox"])
    _note_devices(tx, settled)
    repeats.plan(tx, [one for one in delivered if _page_id(one) in pages])
    for one in settled:
        if one.verdict.disable and not CHANNELS[one.parcel.channel].per_device:
            _disable(tx, one)
        page = pages.get(_page_id(one))
        if one.failing and page is not None:
            _failing(tx, one, page)


def _note_delivered(tx: Tx, delivered: Iterable[Settled], pages: dict[int, Page]) -> None:
    told = [(one, pages[_page_id(one)]) for one in delivered if _page_id(one) in pages]
    if not told:
        return
    recovered = [page.id for _, page in told if page.status is PageStatus.UNREACHABLE]
    store.set_page_status(tx, [(id_, PageStatus.ACTIVE) for id_ in recovered])
    for one, page in told:
        tx.record(
            MessageDelivered(
                group=page.group_id,
                escalation=page.escalation_id,
                page=page.id,
                person=page.person,
                channel=one.parcel.channel,
                contact=_contact(one),
            )
        )


def _contact(one: Settled) -> str:
    return _address.decode(one.parcel.address).options.get("contact", "")


def _write_notes(tx: Tx, delivered: Sequence[Settled]) -> None:
    notes = []
    for one in delivered:
        message = _message.decode(one.parcel.body)
        notes.append(
            store.Note(
                person=_address.decode(one.parcel.address).target,
                kind=message.kind.value,
                subject=subject_line(message, private=True),
                text=plain(message, Settings()),
                url=message.entries[0].url if message.entries else "",
                acknowledge_url=message.acknowledge_url,
                page_id=_page_id(one) or None,
            )
        )
    store.put_notes(tx, notes)


def _note_devices(tx: Tx, settled: Sequence[Settled]) -> None:
    theirs = [one for one in settled if one.parcel.channel == devices.CHANNEL and one.final]
    if theirs:
        devices.note(tx, theirs, [int(_address.decode(one.parcel.address).options["device"]) for one in theirs])


def _failing(tx: Tx, one: Settled, page: Page) -> None:
    """One way does not work: try the person's next one now, and if none is left, the next person."""
    tx.record(
        MessageFailing(
            group=page.group_id,
            escalation=page.escalation_id,
            page=page.id,
            person=page.person,
            channel=one.parcel.channel,
            contact=_contact(one),
            reason=one.verdict.reason,
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


def _disable(tx: Tx, one: Settled) -> None:
    address = _address.decode(one.parcel.address)
    person = address.options.get("person", "")
    if person and one.parcel.channel in CHANNELS:
        store.set_contact_state(tx, person, one.parcel.address_key, verified=False, reason=one.verdict.reason)
        tx.record(ContactDisabled(person=person, channel=one.parcel.channel, reason=one.verdict.reason))


def _page_id(one: Settled) -> int:
    kind, _, number = one.parcel.subject.partition(":")
    return int(number) if kind == PAGE else 0
