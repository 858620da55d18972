"""The HTML door to accounts: inviting, resetting, closing, signing out everywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.admin import queries
from tocsin.admin.queries import Account
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.kit.installation import installation
from tocsin.people import actions, links
from tocsin.people.domain import PersonDocument
from tocsin.people.middleware import permit
from tocsin.people.models import User
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import show


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """An account that belongs to nobody in the configuration."""

    account: Account
    links: tuple[tuple[str, str], ...]
    sends_mail: bool
    letter_trouble: str
    mine: bool


@require_safe
@permit(Right.ADMINISTER)
def account(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """One account; that of a person is shown with the person."""
    reader = db.reader(clock.now())
    found = next(iter(queries.accounts(reader, user_id)), None)
    if found is None:
        raise Http404
    if found.person in configuration.current(reader).all("people", PersonDocument):
        return HttpResponseRedirect(reverse("person", args=[found.person]))
    sends_mail = bool(installation().smtp_url)
    page = AccountPage(
        account=found,
        links=() if sends_mail else tuple(queries.open_links(reader, user_id)),
        sends_mail=sends_mail,
        letter_trouble=queries.letter_trouble(reader, found.email),
        mine=found.id == actor.user_id,
    )
    return show(request, "admin/account.html", page)


@require_POST
@permit(Right.ADMINISTER)
def invite(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """Send an invitation, or another one; earlier links are worth nothing from now on."""
    return _change_account(
        request, user_id, lambda tx, user: links.invite(tx, user, by=actor.by), "An invitation is on its way."
    )


@require_POST
@permit(Right.ADMINISTER)
def withdraw(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """Take an invitation back."""
    said = "The invitation is worth nothing any more."
    return _change_account(request, user_id, lambda tx, user: links.withdraw(tx, user, by=actor.by), said)


@require_POST
@permit(Right.ADMINISTER)
def reset(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """Send somebody a link for another password; the one they have counts until they use it."""
    said = "A link for another password is on its way."
    return _change_account(request, user_id, lambda tx, user: links.send_reset(tx, user, by=actor.by), said)


@require_POST
@permit(Right.ADMINISTER)
def sign_out(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """End all sessions and revoke all tokens of an account."""
    said = "All its sessions have ended and all its tokens are worth nothing."
    return _change_account(request, user_id, lambda tx, user: actions.sign_out_everywhere(tx, user, by=actor.by), said)


@require_POST
@permit(Right.ADMINISTER)
def close(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """Nobody can sign in to the account any more."""
    if user_id == actor.user_id:
        messages.error(request, "You cannot close your own account; another administrator can.")
        return HttpResponseRedirect(reverse("account", args=[user_id]), status=303)
    said = "The account is closed."
    return _change_account(request, user_id, lambda tx, user: actions.close(tx, user, by=actor.by), said)


@require_POST
@permit(Right.ADMINISTER)
def reopen(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    """A closed account can be signed in to again."""
    return _change_account(
        request, user_id, lambda tx, user: actions.reopen(tx, user, by=actor.by), "The account is open again."
    )


def _change_account(request: HttpRequest, user_id: int, verb: Callable[[Tx, User], object], said: str) -> HttpResponse:
    with db.transact(clock.now()) as tx:
        user = User.objects.filter(id=user_id).first()
        if user is None:
            raise Http404
        verb(tx, user)
    messages.success(request, said)
    return HttpResponseRedirect(reverse("account", args=[user_id]), status=303)
