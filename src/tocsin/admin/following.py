"""What follows from another version of the configuration for people: their rights in the audit, their sign-in address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.config import queries as configuration
from tocsin.config.actions import ConfigApplied
from tocsin.config.domain import Snapshot
from tocsin.kit.db import Tx
from tocsin.people.domain import AddressChanged, PersonDocument, RightsChanged, TeamDocument

_SECTIONS = frozenset({"people", "teams"})


def tell_rights(tx: Tx, facts: Sequence[ConfigApplied]) -> None:
    """Whose role or teams are others now stands in the audit by name."""
    for fact in facts:
        if not _SECTIONS.intersection(fact.sections):
            continue
        before, after = _at(tx, fact.version - 1), _at(tx, fact.version)
        for person, changes in rights_changed(before, after):
            tx.record(RightsChanged(person=person, version=fact.version, by=fact.by, changes=changes))


def move_accounts(tx: Tx, facts: Sequence[ConfigApplied]) -> None:
    """Whoever's document names another address signs in with that one, if it is nobody else's account."""
    for fact in facts:
        if "people" not in fact.sections:
            continue
        people = configuration.current(tx).all("people", PersonDocument)
        rows = tx.rows("SELECT id, email, person FROM people_user WHERE person <> ''")
        taken = {row[0] for row in tx.rows("SELECT email FROM people_user")}
        for user_id, email, person in rows:
            wanted = people[person].email.lower() if person in people else email
            if wanted != email and wanted not in taken:
                taken = taken - {email} | {wanted}
                tx.execute("UPDATE people_user SET email = %s WHERE id = %s", (wanted, user_id))
                tx.record(AddressChanged(user=user_id, by=fact.by, before=email, email=wanted))


def rights_changed(before: Snapshot | None, after: Snapshot | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each person who may do more or less, and how: `role: responder → admin`, `manages web`, `left platform`."""
    then, now = _standings(before), _standings(after)
    for person in sorted(then.keys() | now.keys()):
        changes = tuple(_differences(then.get(person, {}), now.get(person, {})))
        if changes:
            yield person, changes


def _standings(snapshot: Snapshot | None) -> dict[str, dict[str, str]]:
    """For each person: their role, and what they are in which team."""
    if snapshot is None:
        return {}
    found = {name: {"role": one.role.value} for name, one in snapshot.all("people", PersonDocument).items()}
    for team, document in snapshot.all("teams", TeamDocument).items():
        for person in document.members:
            found.setdefault(person, {})[f"member of {team}"] = "yes"
        for person in document.managers:
            found.setdefault(person, {})[f"manager of {team}"] = "yes"
    return found


def _differences(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    if then.get("role") != now.get("role"):
        yield f"role: {then.get('role', 'none')} → {now.get('role', 'none')}"
    yield from (f"became {what}" for what in now if what != "role" and what not in then)
    yield from (f"is no longer {what}" for what in then if what != "role" and what not in now)


def _at(tx: Tx, version: int) -> Snapshot | None:
    current = configuration.current(tx)
    if current.version == version:
        return current
    state = configuration.at_version(tx, version)
    return state.snapshot if state else None
