"""The devices that take push for a person: registered by whoever is signed in on them, removed there or when they left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.channels import webpush
from tocsin.channels.registry import CHANNELS
from tocsin.engine.domain import Settled, VerdictKind
from tocsin.kit import clock, secrets, text
from tocsin.kit.db import Reader, Row, Tx
from tocsin.oncall.notices import Notice
from tocsin.paging.domain import DeviceGone, DeviceRegistered, DeviceRemoved
from tocsin.paging.ways import Device

DEVICES_MAX = 20  # of one person
NAME_CHARS_MAX = 80
NO_NAME = "a browser"
CHANNEL = "push"
_COLUMNS = "id, person, name, endpoint, p256dh, auth"


class WrongSubscription(ValueError):
    """No browser gives such a subscription."""


class TooManyDevices(Exception):
    """Somebody has registered as many as can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLine:
    """What is shown of a device."""

    id: int
    name: str
    mark: str  # by which a browser finds itself in the list
    service: str  # the host of its push service
    created_at: datetime
    used_at: datetime | None
    failed_at: datetime | None
    reason: str

    @property
    def is_failing(self) -> bool:
        """Whether the last message did not get through."""
        return self.failed_at is not None and (self.used_at is None or self.failed_at > self.used_at)


def of_people(reader: Reader, persons: Iterable[str]) -> dict[str, list[Device]]:
    """Each person's devices, the oldest first."""
    rows = reader.rows(
        f"SELECT {_COLUMNS} FROM paging_device WHERE {reader.among('person')} ORDER BY id", (reader.listed(persons),)
    )
    found: dict[str, list[Device]] = {}
    for row in rows:
        device = _device(row)
        found.setdefault(device.person, []).append(device)
    return found


def known(reader: Reader) -> frozenset[int]:
    """All that are registered."""
    return frozenset(row[0] for row in reader.rows("SELECT id FROM paging_device"))


def lines(reader: Reader, person: str) -> list[DeviceLine]:
    """What a person has registered, as it is shown."""
    rows = reader.rows(
        "SELECT id, name, endpoint, created_at, used_at, failed_at, reason FROM paging_device WHERE person = %s"
        " ORDER BY id",
        (person,),
    )
    return [
        DeviceLine(
            id=row[0],
            name=row[1],
            mark=secrets.digest(row[2]),
            service=row[2].partition("://")[2].partition("/")[0],
            created_at=clock.from_us(row[3]),
            used_at=clock.from_us_or_none(row[4]),
            failed_at=clock.from_us_or_none(row[5]),
            reason=row[6],
        )
        for row in rows
    ]


def register(tx: Tx, person: str, name: str, endpoint: str, keys: tuple[str, str]) -> int:
    """A browser takes push for the person from now on; one that comes again stays the same device.

    `keys` are its p256dh and auth. Raises WrongSubscription, TooManyDevices.
    """
    wrong = CHANNELS[CHANNEL].check(endpoint) or webpush.wrong_keys(*keys)
    if wrong is not None:
        raise WrongSubscription(wrong)
    called = text.cut(" ".join(name.split()), NAME_CHARS_MAX) or NO_NAME
    known = tx.row("SELECT id, person FROM paging_device WHERE endpoint = %s", (endpoint,))
    if known is not None and known[1] == person:
        tx.execute("UPDATE paging_device SET p256dh = %s, auth = %s WHERE id = %s", (*keys, known[0]))
        return int(known[0])
    if known is not None:  # another person was signed in on it before
        _remove(tx, known[0])
    if tx.value("SELECT count(*) FROM paging_device WHERE person = %s", (person,)) >= DEVICES_MAX:
        raise TooManyDevices(f"{DEVICES_MAX} devices are registered; remove one first")
    (id_,) = tx.next_ids("paging_device", 1)
    tx.insert_many(
        "paging_device",
        ("id", "person", "endpoint", "p256dh", "auth", "name", "created_at", "reason"),
        [(id_, person, endpoint, *keys, called, clock.to_us(tx.now), "")],
    )
    tx.record(DeviceRegistered(person=person, device=id_, name=called))
    return id_


def remove(tx: Tx, person: str, device_id: int, by: str) -> bool:
    """Remove a device, so that it takes no push any more. False if the person has no such device."""
    name = tx.value("SELECT name FROM paging_device WHERE id = %s AND person = %s", (device_id, person))
    if name is None:
        return False
    _remove(tx, device_id)
    tx.record(DeviceRemoved(person=person, device=device_id, name=name, by=by))
    return True


def note(tx: Tx, settled: Sequence[Settled], ids: Sequence[int]) -> None:
    """What became of messages to devices: one that has left is removed and its person told by other ways."""
    for attempt, id_ in zip(settled, ids, strict=True):
        if attempt.verdict.disable:
            known = tx.row("SELECT person, name FROM paging_device WHERE id = %s", (id_,))
            if known is not None:
                _remove(tx, id_)
                tx.record(DeviceGone(person=known[0], device=id_, name=known[1], reason=attempt.verdict.reason))
    used = [id_ for attempt, id_ in zip(settled, ids, strict=True) if attempt.verdict.kind is VerdictKind.DELIVERED]
    if used:
        _mark(tx, used, "used_at = %s", (clock.to_us(tx.now),))
    for attempt, id_ in zip(settled, ids, strict=True):
        if attempt.verdict.kind is not VerdictKind.DELIVERED and not attempt.verdict.disable:
            _mark(tx, [id_], "failed_at = %s, reason = %s", (clock.to_us(tx.now), attempt.verdict.reason))


def _mark(tx: Tx, ids: Sequence[int], sets: str, values: Sequence[object]) -> None:
    """Waits for nobody: what another node marks at this moment is as true."""
    free = f"SELECT id FROM paging_device WHERE {tx.among('id')} ORDER BY id{tx.skip_locked}"
    tx.execute(f"UPDATE paging_device SET {sets} WHERE id IN ({free})", (*values, tx.listed(ids)))


def gone_notices(facts: Sequence[DeviceGone]) -> list[Notice]:
    """What people are told of devices that have left."""
    return [
        Notice(
            person=fact.person,
            about=f"device:{fact.device}",
            subject=f"{fact.name} does not take push any more",
            text="Its browser has withdrawn the permission, or the app was removed. To be paged there again, open"
            " Tocsin on it and turn push on under Me.",
            reason="it was one of your devices",
        )
        for fact in facts
    ]


def _remove(tx: Tx, device_id: int) -> None:
    tx.delete_many("paging_device", [device_id])


def _device(row: Row) -> Device:
    id_, person, name, endpoint, p256dh, auth = row
    return Device(id=id_, person=person, name=name, endpoint=endpoint, p256dh=p256dh, auth=auth)
