"""The first account of a fresh installation.

Whoever finds an installation without accounts could otherwise make it theirs. So the page asks for a code that only
somebody with the installation's log, terminal or secret can know; once there is an account it is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy, Problem
from tocsin.kit import secrets
from tocsin.kit.db import Tx
from tocsin.kit.installation import installation
from tocsin.people import actions, queries
from tocsin.people.domain import PersonDocument, Role
from tocsin.people.models import User

LOCK = 7_000_003  # two who are first at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who the administrator is going to be."""

    name: str
    email: str
    timezone: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """Nothing was changed, for these reasons."""

    problems: tuple[Problem, ...]


def code() -> str:
    """What opens the first account: derived from the installation's secret, so it is the same on every node."""
    return secrets.code(installation().secrets[0], "first run")


def url() -> str:
    """Where the first account is opened."""
    return f"{installation().base_url}/welcome"


def open_first(tx: Tx, who: Newcomer) -> User | Impossible | None:
    """The administrator's document and account; None if somebody has an account by now."""
    tx.lock(LOCK)
    if not queries.is_empty():
        return None
    snapshot = configuration.current(tx)
    person = queries.person_with_email(snapshot, who.email)
    held = snapshot.all("people", PersonDocument).get(person)
    if held is None or held.role is not Role.ADMIN:
        wanted = _body(who) if held is None else {**held.model_dump(mode="json", exclude_unset=True), "role": "admin"}
        author = Author(by="tocsin", message="the first account", through=ManagedBy.UI)
        person = person or queries.free_name(snapshot, who.email)
        outcome = configuring.put(tx, "people", person, wanted, author)
        if not isinstance(outcome, Applied):
            return Impossible(problems=getattr(outcome, "problems", ()) or (_BUSY,))
    return actions.create_user(tx, who.email, person, who.password, by=f"person:{person}")


_BUSY = Problem(message="somebody is changing the configuration at this moment", fix="try again")


def _body(who: Newcomer) -> dict[str, object]:
    return {
        "name": who.name,
        "email": who.email,
        "timezone": who.timezone,
        "role": Role.ADMIN.value,
        "contacts": {"inbox": {"inbox": True}, "mail": {"email": who.email}},
    }
