"""Which messages go out next: pages first, within the room a receiver has and the limits of an address.

What an address's limits do not allow now waits until they do; where its channel bundles, what waited goes out as one
message. Only what is for the same contact does: two people may share an address, and what becomes of one of them, or of
their contact, must not decide about the other's page. A claim is a lease: see outbox.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from tocsin.engine import pacing
from tocsin.engine.domain import (
    BUNDLE_MAX,
    LANES,
    LEASE,
    PARCELS_IN_FLIGHT_MAX,
    PARCELS_PER_BUCKET_MAX,
    PARCELS_PER_CLAIM_MAX,
    Carrier,
    Parcel,
    State,
)
from tocsin.kit import clock
from tocsin.kit.db import Row, Tx

ROUNDS_MAX = 8  # of looking for what may go now behind what may not
_CLAIMED = "id, lane, channel, address, address_key, bucket, body, subject, due_at, give_up_at, attempts"


def room_for(bucket: str, in_flight: Mapping[str, int], at_once: int = PARCELS_PER_BUCKET_MAX) -> int:
    """How many more messages may be under way to this receiver: half of what the others leave free, at least one.

    So however many receivers hang, a message to one that does not finds a place. `at_once` is what it takes itself.
    """
    mine = in_flight.get(bucket, 0)
    free = PARCELS_IN_FLIGHT_MAX - (sum(in_flight.values()) - mine)
    return min(at_once, max(free // 2, 1)) - mine


def claim(
    tx: Tx, owner: str, in_flight: Mapping[str, int], carrier: Carrier, *, limit: int = PARCELS_PER_CLAIM_MAX
) -> list[list[Parcel]]:
    """Lease up to `limit` due messages, pages first; what stands in one inner list goes out as one message.

    `in_flight` counts by bucket what this engine is sending. What an address's limits do not allow now is moved to
    when they do, and what stands behind it is looked at in its place.
    """
    full = [bucket for bucket in in_flight if room_for(bucket, in_flight, carrier.at_once(bucket)) <= 0]
    bundles: list[list[Parcel]] = []
    for _ in range(ROUNDS_MAX):
        rows = _within_room(_due_rows(tx, limit, full), in_flight, carrier)
        bundles, deferred = _sort_out(tx, rows, carrier)
        tx.update_many("engine_delivery", ("due_at", "reason"), [(id_, due, "limited") for id_, due in deferred])
        if bundles or not deferred:
            break
    parcels = [parcel for bundle in bundles for parcel in bundle]
    lease = clock.to_us(tx.now + LEASE)
    tx.update_many(
        "engine_delivery",
        ("state", "owner", "lease_until", "attempts"),
        [(parcel.id, State.LEASED.value, owner, lease, parcel.attempt) for parcel in parcels],
    )
    return bundles


def _due_rows(tx: Tx, limit: int, full_buckets: Sequence[str]) -> list[Parcel]:
    """Lane by lane, so that the index gives the order and a heap of mail never has to be sorted past."""
    parcels: list[Parcel] = []
    excluding = f" AND NOT ({tx.among('bucket')})" if full_buckets else ""
    for lane in LANES:
        room = limit - len(parcels)
        if room <= 0:
            break
        params: list[object] = [lane, clock.to_us(tx.now)]
        if full_buckets:
            params.append(tx.listed(full_buckets))
        rows = tx.rows(
            f"SELECT {_CLAIMED} FROM engine_delivery WHERE state = 'waiting' AND lane = %s AND due_at <= %s{excluding}"
            f" ORDER BY due_at LIMIT %s{tx.skip_locked}",
            [*params, room],
        )
        parcels.extend(_parcel(row, tx.now) for row in rows)
    return parcels


def _within_room(parcels: Sequence[Parcel], in_flight: Mapping[str, int], carrier: Carrier) -> list[Parcel]:
    """Without those that their receiver has no room for; what goes to one contact together takes one place."""
    in_use = dict(in_flight)
    kept: list[Parcel] = []
    contacts: set[tuple[int, str, str]] = set()
    for parcel in parcels:
        contact = (parcel.lane, parcel.address_key, parcel.address)
        if not (carrier.bundles(parcel.channel) and contact in contacts):
            if room_for(parcel.bucket, in_use, carrier.at_once(parcel.bucket)) <= 0:
                continue
            in_use[parcel.bucket] = in_use.get(parcel.bucket, 0) + 1
            contacts.add(contact)
        kept.append(parcel)
    return kept


def _sort_out(tx: Tx, parcels: Sequence[Parcel], carrier: Carrier) -> tuple[list[list[Parcel]], list[tuple[int, int]]]:
    """Which parcels go now, in bundles, and which (by id) must wait until when (microseconds)."""
    bundles: list[list[Parcel]] = []
    limited: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        if carrier.limits(parcel.channel):
            limited.setdefault(parcel.address_key, []).append(parcel)
        else:
            bundles.append([parcel])
    deferred: list[tuple[int, int]] = []
    if limited:
        uses = _uses(tx, list(limited))
        for key, waiting in limited.items():
            sent = uses.setdefault(key, [])
            deferred += _within_limits(tx, waiting, carrier, sent, bundles)
            sent[:] = pacing.remembered(sent, carrier.limits(waiting[0].channel), tx.now)
        _save_uses(tx, uses)
    return bundles, deferred


def _within_limits(
    tx: Tx, waiting: Sequence[Parcel], carrier: Carrier, sent: list[int], bundles: list[list[Parcel]]
) -> Iterator[tuple[int, int]]:
    """Add to `sent` and `bundles` what this one address may have now; yields what must wait until when."""
    channel = waiting[0].channel
    for bundle in pacing.bundled(waiting, bundling=carrier.bundles(channel)):
        free_at = pacing.free_at(sent, carrier.limits(channel), tx.now)
        if free_at > clock.to_us(tx.now):
            heap = _heap(tx, bundle) if carrier.bundles(channel) else [parcel.id for parcel in bundle]
            yield from ((id_, free_at) for id_ in heap)
            continue
        sent.append(clock.to_us(tx.now))
        bundles.append(bundle if len(bundle) == 1 else _with_all_others(tx, bundle))


_SAME_CONTACT = (
    " FROM engine_delivery WHERE state = 'waiting' AND address_key = %s AND address = %s AND +lane = %s"
    " AND +due_at <= %s ORDER BY +due_at LIMIT %s"
)


def _same_contact(tx: Tx, bundle: Sequence[Parcel]) -> tuple[object, ...]:
    first = bundle[0]
    return first.address_key, first.address, first.lane, clock.to_us(tx.now), BUNDLE_MAX


def _heap(tx: Tx, bundle: Sequence[Parcel]) -> list[int]:
    """All that is due for this contact: what cannot go now stands in nobody's way, however much it is."""
    found = {row[0] for row in tx.rows(f"SELECT id{_SAME_CONTACT}{tx.skip_locked}", _same_contact(tx, bundle))}
    return sorted(found | {parcel.id for parcel in bundle})


def _with_all_others(tx: Tx, bundle: list[Parcel]) -> list[Parcel]:
    """A claim sees only so many rows; in a storm the rest that is due for this contact goes into the same message."""
    rows = tx.rows(f"SELECT {_CLAIMED}{_SAME_CONTACT}{tx.skip_locked}", _same_contact(tx, bundle))
    known = {parcel.id for parcel in bundle}
    return bundle + [_parcel(row, tx.now) for row in rows if row[0] not in known]


def _uses(tx: Tx, keys: Sequence[str]) -> dict[str, list[int]]:
    rows = tx.rows(
        f"SELECT address_key, sent FROM engine_address_use WHERE {tx.among('address_key')}"
        f" ORDER BY address_key{tx.for_update}",
        (tx.listed(keys),),
    )
    return {row[0]: msgspec.json.decode(row[1], type=list[int]) for row in rows}


def _save_uses(tx: Tx, uses: dict[str, list[int]]) -> None:
    tx.delete_many("engine_address_use", list(uses), key="address_key")
    rows = [(key, msgspec.json.encode(sent).decode()) for key, sent in uses.items()]
    tx.insert_many("engine_address_use", ("address_key", "sent"), rows)


def _parcel(row: Row, now: datetime) -> Parcel:
    return Parcel(
        id=row[0],
        lane=row[1],
        channel=row[2],
        address=row[3],
        address_key=row[4],
        bucket=row[5],
        body=row[6],
        subject=row[7],
        due_at=clock.from_us(row[8]),
        give_up_at=clock.from_us(row[9]),
        attempt=row[10] + 1,
        claimed_at=now,
    )
