"""Versions of the configuration: load one as values, write the next. Secrets are encrypted in the database.

A row holds one document from one version until another, so a version is what held at its number, and what did not
change costs nothing. Loaded states are remembered by the version's own token; asking for the current one costs one
small SELECT.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tocsin.config import registry, secrecy
from tocsin.config.domain import EMPTY, Document, Kind, ManagedBy, Origin, Snapshot, State, state_of
from tocsin.config.yaml12 import Path
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row, Tx
from tocsin.kit.installation import box
from tocsin.kit.secrets import Box

STATES_MAX = 8  # remembered: the current one, and those a rollback or a diff looks at
APPLY_LOCK = 0x70C51  # one change at a time, whichever node makes it
_COLUMNS = (
    "section",
    "name",
    "position",
    "body",
    "sealed",
    "managed_by",
    "source_file",
    "scope",
    "since",
)
_encode = msgspec.json.Encoder().encode

_Key = tuple[str, str]


class SecretLost(Exception):
    """A document was encrypted with a secret this installation no longer has."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a row says of a document besides its versions."""

    position: int
    written: dict[str, Any]
    origin: Origin


_states: dict[tuple[int, str, int], State] = {}
_last: list[Snapshot] = []


def current(reader: Reader) -> State:
    """The configuration as it is now."""
    newest = reader.row("SELECT number, token FROM config_version ORDER BY number DESC LIMIT 1")
    state = EMPTY if newest is None else _remembered(reader, int(newest[0]), str(newest[1]))
    _last[:] = [state.snapshot]
    return state


def last_seen() -> Snapshot | None:
    """The snapshot `current` gave last in this process."""
    return _last[0] if _last else None


def at_version(reader: Reader, number: int) -> State | None:
    """The configuration as it was at a version; None if there was none of this number."""
    token = reader.value("SELECT token FROM config_version WHERE number = %s", (number,))
    return None if token is None else _remembered(reader, number, str(token))


def history_of(
    reader: Reader, section: str, name: str, since: datetime, limit: int
) -> list[tuple[datetime, Document | None]]:
    """One document at each of its changes, oldest first; None for a time without it."""
    kind = registry.kind_of(section)
    rows = reader.rows(
        "SELECT document.body, document.sealed, began.at, ended.at FROM config_document document"
        " JOIN config_version began ON began.number = document.since"
        " LEFT JOIN config_version ended ON ended.number = document.until"
        " WHERE document.section = %s AND document.name = %s AND (ended.at IS NULL OR ended.at > %s)"
        " ORDER BY document.since DESC LIMIT %s",
        (section, name, clock.to_us(since), limit),
    )
    found: list[tuple[datetime, Document | None]] = []
    for body, sealed, began, ended in reversed(rows):
        if found and found[-1][0] == clock.from_us(began):
            found.pop()
        if kind is not None:
            found.append((clock.from_us(began), _document(kind, name, body, sealed)))
        if ended is not None:
            found.append((clock.from_us(ended), None))
    return found


def lock(tx: Tx) -> bool:
    """Keep others from changing the configuration until the commit; False if somebody is changing it now."""
    return tx.try_lock(APPLY_LOCK)


def save(tx: Tx, before: State, after: State, *, by: str, message: str, changes: str) -> Snapshot | None:
    """Write `after` as the version that follows `before`; None if nothing is different, not even who manages it."""
    old, new = _all_held(before), _all_held(after)
    gone = [key for key, held in old.items() if new.get(key) != held]
    fresh = [key for key, held in new.items() if old.get(key) != held]
    if not gone and not fresh:
        return None
    number = before.snapshot.version + 1
    for section in {section for section, _ in gone}:
        names = [name for at, name in gone if at == section]
        tx.execute(
            f"UPDATE config_document SET until = %s WHERE section = %s AND until IS NULL AND {tx.among('name')}",
            (number, section, tx.listed(names)),
        )
    documents = after.snapshot.sections
    tx.insert_many(
        "config_document", _COLUMNS, [_row(key, new[key], documents[key[0]][key[1]], number) for key in fresh]
    )
    tx.insert_many(
        "config_version",
        ("number", "token", "at", "by", "message", "changes"),
        [(number, secrets.token_hex(8), clock.to_us(tx.now), by, message, changes)],
    )
    return state_of(number, documents, after.origins).snapshot


def _all_held(state: State) -> dict[_Key, _Held]:
    return {
        (section, name): _Held(position, secrecy.dump(document), state.origins[section, name])
        for section, documents in state.snapshot.sections.items()
        for position, (name, document) in enumerate(documents.items())
    }


def _row(key: _Key, held: _Held, document: Document, number: int) -> Row:
    paths = list(secrecy.paths(document))
    body = secrecy.covered(held.written, iter(paths), lambda _, plain: box().encrypt(plain))
    origin = held.origin
    return (
        *key,
        held.position,
        _encode(body).decode(),
        _encode(paths).decode(),
        origin.managed_by.value,
        origin.file,
        origin.scope,
        number,
    )


def _remembered(reader: Reader, number: int, token: str) -> State:
    key = (number, token, id(registry.kinds()))
    known = _states.get(key)
    if known is None:
        known = _load(reader, number)
        while len(_states) >= STATES_MAX:
            _states.pop(next(iter(_states)), None)
        _states[key] = known
    return known


def _load(reader: Reader, number: int) -> State:
    rows = reader.rows(
        "SELECT section, name, body, sealed, managed_by, source_file, scope FROM config_document"
        " WHERE since <= %s AND (until IS NULL OR until > %s) ORDER BY section, position",
        (number, number),
    )
    kinds = {kind.section: kind for kind in registry.kinds()}
    sections: dict[str, dict[str, Document]] = {}
    origins: dict[_Key, Origin] = {}
    for section, name, body, sealed, managed_by, file, scope in rows:
        kind = kinds.get(section)
        if kind is not None:
            sections.setdefault(section, {})[name] = _document(kind, name, body, sealed)
            origins[section, name] = Origin(managed_by=ManagedBy(managed_by), file=file, scope=scope)
    ordered = {section: sections[section] for section in kinds if section in sections}
    return state_of(number, ordered, origins)


def is_readable(reader: Reader, with_box: Box) -> bool:
    """Whether the secrets that are kept here can be decrypted so."""
    row = reader.row("SELECT body, sealed FROM config_document WHERE sealed <> '[]' ORDER BY id DESC LIMIT 1")
    if row is None:
        return True
    held: Any = msgspec.json.decode(row[0])
    for part in msgspec.json.decode(row[1])[0]:
        held = held[part]
    return with_box.decrypt(held) is not None


def _document(kind: Kind, name: str, body: str, sealed: str) -> Document:
    def opened(_: Path, kept: str) -> str:
        plain = box().decrypt(kept)
        if plain is None:
            raise SecretLost(f"{kind.noun} {name} was encrypted with a secret that is not in TOCSIN_SECRETS")
        return plain

    paths = (tuple(path) for path in msgspec.json.decode(sealed))
    return kind.model.model_validate(secrecy.covered(msgspec.json.decode(body), paths, opened))
