"""Changing one document from a page: the right is asked for, the change is one transaction, what is wrong is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import PermissionDenied

from tocsin.catalog import ownership
from tocsin.config import actions, queries
from tocsin.config.actions import Applied, Author, Outcome
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.people.rights import Actor, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a change is made: from which version, by force, and why."""

    base: int | None = None
    force: bool = False
    message: str = ""


def put(
    who: Actor, section: str, name: str, body: Mapping[str, Any], *, base: int | None = None, force: bool = False
) -> Outcome:
    """Write one document as `who`. Raises PermissionDenied when it is not theirs to write; files keep what is theirs."""
    return write(who, section, name, body, Terms(base=base, force=force))


def write(who: Actor, section: str, name: str, body: Mapping[str, Any], terms: Terms) -> Outcome:
    """The same, with the reason why."""
    with db.transact(clock.now()) as tx:
        if not ownership.may_write(who, queries.current(tx), section, name, body):
            raise PermissionDenied(Right.CONFIGURE.value)
        return actions.put(tx, section, name, body, author(who, terms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One document as it is to be."""

    section: str
    name: str
    body: Mapping[str, Any]


def put_all(who: Actor, documents: Sequence[Written], terms: Terms) -> Outcome:
    """Write several documents as `who`, all or none. Raises PermissionDenied when one is not theirs to write."""
    try:
        with db.transact(clock.now()) as tx:
            return _put_each(tx, who, documents, terms)
    except _NotAll as not_all:
        return not_all.outcome


def put_all_and_remove(who: Actor, documents: Sequence[Written], section: str, name: str, terms: Terms) -> Outcome:
    """The same, and take one document out that nothing names any more then: all of it or nothing."""
    try:
        with db.transact(clock.now()) as tx:
            if documents:
                _put_each(tx, who, documents, terms)
                terms = replace(terms, base=None)
            return _all(_remove(tx, who, section, name, terms))
    except _NotAll as not_all:
        return not_all.outcome


def _put_each(tx: Tx, who: Actor, documents: Sequence[Written], terms: Terms) -> Outcome:
    outcome: Outcome | None = None
    for one in documents:
        if not ownership.may_write(who, queries.current(tx), one.section, one.name, one.body):
            raise PermissionDenied(Right.CONFIGURE.value)
        outcome = _all(actions.put(tx, one.section, one.name, one.body, author(who, terms)))
        terms = replace(terms, base=None)  # the next change builds on this one
    if outcome is None:
        raise ValueError("there is nothing to write")
    return outcome


def _all(outcome: Outcome) -> Applied:
    if not isinstance(outcome, Applied):
        raise _NotAll(outcome)
    return outcome


class _NotAll(Exception):
    """Undoes what was written before the document that could not be."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def remove(who: Actor, section: str, name: str, *, base: int | None = None, force: bool = False) -> Outcome:
    """Take one document out as `who`. Raises PermissionDenied when it is not theirs."""
    return take_out(who, section, name, Terms(base=base, force=force))


def take_out(who: Actor, section: str, name: str, terms: Terms) -> Outcome:
    """The same, with the reason why."""
    with db.transact(clock.now()) as tx:
        return _remove(tx, who, section, name, terms)


def _remove(tx: Tx, who: Actor, section: str, name: str, terms: Terms) -> Outcome:
    if not ownership.may_change(who, queries.current(tx), section, name):
        raise PermissionDenied(Right.CONFIGURE.value)
    return actions.remove(tx, section, name, author(who, terms))


def author(who: Actor, terms: Terms) -> Author:
    """Whose change it is, made in the interface."""
    return Author(by=who.by, message=terms.message, base=terms.base, force=terms.force, through=ManagedBy.UI)
