"""Saying it again: an urgent page that a device has taken is sent to it again until somebody answers.

One repeat at a time, put into the outbox when the one before was delivered, under the page's own subject: an answer
cancels it like everything else that waits for the page. A page that is being answered at this very moment is not
repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from tocsin.channels.domain import Message
from tocsin.channels.registry import CHANNELS
from tocsin.engine import outbox
from tocsin.engine.domain import LANE_PAGE, NewDelivery, Parcel, Settled, addressed
from tocsin.kit.db import Tx
from tocsin.paging import ways
from tocsin.paging.domain import page_of
from tocsin.people.domain import Urgency

_message = msgspec.json.Decoder(Message)


def plan(tx: Tx, delivered: Sequence[Settled]) -> None:
    """Whatever of this is urgent and goes to a channel that repeats is sent again after a while."""
    again = [one.parcel for one in delivered if _is_urgent(one.parcel)]
    if not again:
        return
    asked = _still_asked(tx, again)
    new = []
    for parcel in again:
        after = ways.repeat_after(parcel.channel, _times_sent(tx, parcel))
        if parcel.subject in asked and after is not None:
            new.append(_repeat(tx, parcel, after))
    outbox.put(tx, new)


def _is_urgent(parcel: Parcel) -> bool:
    if not CHANNELS[parcel.channel].repeat_after_s:
        return False
    return any(entry.urgency == Urgency.HIGH for entry in _message.decode(parcel.body).entries)


def _still_asked(tx: Tx, parcels: Sequence[Parcel]) -> set[str]:
    """The subjects whose page nobody has answered, and nobody is answering: locked, so that an answer comes after.

    Locked for sharing: another engine may be planning for another device of the same person at this moment.
    """
    unanswered = " FOR SHARE SKIP LOCKED" if tx.postgres else ""
    numbers = sorted({page_of(parcel.subject) for parcel in parcels})
    rows = tx.rows(
        f"SELECT id FROM paging_page WHERE {tx.among('id')} AND status = 'active' ORDER BY id{unanswered}",
        (tx.listed(numbers),),
    )
    return {f"page:{row[0]}" for row in rows}


def _times_sent(tx: Tx, parcel: Parcel) -> int:
    """How often this page has been sent to this device, with this time; those on the way count too."""
    return int(
        tx.value(
            "SELECT count(*) FROM engine_delivery WHERE subject = %s AND address_key = %s AND state <> 'cancelled'",
            (parcel.subject, parcel.address_key),
        )
    )


def _repeat(tx: Tx, parcel: Parcel, after: timedelta) -> NewDelivery:
    return addressed(
        parcel,
        lane=LANE_PAGE,
        body=parcel.body,
        subject=parcel.subject,
        due_at=tx.now + after,
        give_up_at=parcel.give_up_at,
    )
