"""Changing one document from a page: the right is asked for, the change is one transaction, what is wrong is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied

from tocsin.catalog import ownership
from tocsin.config import actions, queries
from tocsin.config.actions import Author, Outcome
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.people.rights import Actor, Right


def put(
    who: Actor, section: str, name: str, body: Mapping[str, Any], *, base: int | None = None, force: bool = False
) -> Outcome:
    """Write one document as `who`. Raises PermissionDenied when it is not theirs to write; files keep what is theirs."""
    with db.transact(clock.now()) as tx:
        if not ownership.may_write(who, queries.current(tx), section, name, body):
            raise PermissionDenied(Right.CONFIGURE.value)
        return actions.put(tx, section, name, body, _author(who, base, force=force))


def remove(who: Actor, section: str, name: str, *, base: int | None = None, force: bool = False) -> Outcome:
    """Take one document out as `who`. Raises PermissionDenied when it is not theirs."""
    with db.transact(clock.now()) as tx:
        if not ownership.may_change(who, queries.current(tx), section, name):
            raise PermissionDenied(Right.CONFIGURE.value)
        return actions.remove(tx, section, name, _author(who, base, force=force))


def _author(who: Actor, base: int | None, *, force: bool) -> Author:
    return Author(by=who.by, base=base, force=force, through=ManagedBy.UI)
