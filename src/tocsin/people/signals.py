"""What allauth does to an account stands in the journal too."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.dispatch import receiver

from tocsin.journal.domain import Fact
from tocsin.kit import clock, db
from tocsin.people.domain import PasswordSet, SecondFactorAdded, SecondFactorRemoved
from tocsin.people.models import User
from tocsin.people.queries import actor_of


@receiver([account.password_changed, account.password_set])
def password_set(user: User, **_: Any) -> None:
    """Somebody has chosen another password for themselves."""
    _record(PasswordSet(user=user.pk, by=_by(user)))


@receiver(mfa.authenticator_added)
def factor_added(user: User, authenticator: Any, **_: Any) -> None:
    """Somebody has another second factor or passkey."""
    _record(SecondFactorAdded(user=user.pk, by=_by(user), factor=str(authenticator.type)))


@receiver(mfa.authenticator_removed)
def factor_removed(user: User, authenticator: Any, **_: Any) -> None:
    """Somebody has one less."""
    _record(SecondFactorRemoved(user=user.pk, by=_by(user), factor=str(authenticator.type)))


def _by(user: User) -> str:
    return actor_of(db.reader(clock.now()), user).by


def _record(fact: Fact) -> None:
    with db.transact(clock.now()) as tx:
        tx.record(fact)
