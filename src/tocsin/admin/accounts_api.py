"""The JSON door to accounts: who has one, and invitations: sent, sent again, withdrawn. For administrators."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from tocsin.admin import queries
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.people import actions, links
from tocsin.people.api import permit, writing
from tocsin.people.domain import LinkPurpose, PersonDocument
from tocsin.people.models import User
from tocsin.people.rights import Right
from tocsin.web.problems import Problem, not_found

router = Router(tags=["accounts"])
people_router = Router(tags=["accounts"])


class AccountOut(Schema):
    """An account; `standing` is open, invited or closed. `role` counts only for one without a person."""

    id: int
    email: str
    person: str
    role: str
    standing: str
    has_password: bool
    last_sign_in: datetime | None
    factors: int
    sessions: int
    tokens: int
    invited_until: datetime | None


class InvitedOut(AccountOut):
    """An account that was invited. `link` is empty where mail is sent: then the letter has it, and nobody else."""

    link: str


@router.get("", response=dict[str, list[AccountOut]])
def accounts(request: HttpRequest) -> Any:
    """All accounts, by address."""
    permit(request, Right.ADMINISTER)
    return {"accounts": [_out(one) for one in queries.accounts(db.reader(clock.now()))]}


@router.get("/{account_id}", response=AccountOut)
def account(request: HttpRequest, account_id: int) -> Any:
    """One account."""
    permit(request, Right.ADMINISTER)
    return _account(db.reader(clock.now()), account_id)


@people_router.post("/{person}/account", response={201: InvitedOut})
def open_account(request: HttpRequest, person: str) -> Any:
    """Open an account for somebody of the configuration, at the address their document names, and invite them."""
    who = permit(request, Right.ADMINISTER)
    document = configuration.current(db.reader(clock.now())).all("people", PersonDocument).get(person)
    if document is None:
        raise not_found(f"there is no person `{person}`")
    if not document.email:
        raise Problem(409, f"{person} has no mail address, so nobody can be invited")
    try:
        with writing(who) as tx:
            user = actions.create_user(tx, document.email, person, None, by=who.by)
            links.invite(tx, user, by=who.by)
    except actions.AccountTaken as taken:
        raise Problem(409, str(taken)) from None
    return Status(201, _invited(db.reader(clock.now()), user.id))


@router.post("/{account_id}/invitation", response={202: InvitedOut})
def invite(request: HttpRequest, account_id: int) -> Any:
    """Send an invitation, or another one; the links sent before are worth nothing from now on."""
    who = permit(request, Right.ADMINISTER)
    with writing(who) as tx:
        user = _user(account_id)
        if not user.is_active:
            raise Problem(409, "this account is closed; nobody can be invited into it")
        links.invite(tx, user, by=who.by)
    return Status(202, _invited(db.reader(clock.now()), account_id))


@router.delete("/{account_id}/invitation", response={204: None})
def withdraw(request: HttpRequest, account_id: int) -> Any:
    """Take an invitation back: its link is worth nothing any more."""
    who = permit(request, Right.ADMINISTER)
    with writing(who) as tx:
        if not links.withdraw(tx, _user(account_id), by=who.by):
            raise not_found(f"account {account_id} has no invitation that could be used")
    return Status(204, None)


def _user(account_id: int) -> User:
    found = User.objects.filter(id=account_id).first()
    if found is None:
        raise not_found(f"there is no account {account_id}")
    return found


def _account(reader: Reader, account_id: int) -> dict[str, Any]:
    found = next(iter(queries.accounts(reader, account_id)), None)
    if found is None:
        raise not_found(f"there is no account {account_id}")
    return _out(found)


def _invited(reader: Reader, account_id: int) -> dict[str, Any]:
    handed = [] if installation().smtp_url else queries.open_links(reader, account_id)
    link = next((url for purpose, url in handed if purpose == LinkPurpose.INVITATION.value), "")
    return {**_account(reader, account_id), "link": link}


def _out(one: queries.Account) -> dict[str, Any]:
    return {**asdict(one), "standing": one.standing}
