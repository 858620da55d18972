"""Single sign-on: what the provider's word about somebody means here.

allauth speaks OpenID Connect; this decides. Somebody is known again by the provider's own number for them, never by an
address alone: an account or a person is found by the address only if the provider says that it has verified it. At
each sign-in the groups decide about the role and the teams that the settings name; what a file manages stays as the
file says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import structlog
from allauth.account.adapter import get_adapter as account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from tocsin.admin import mapping, openid
from tocsin.admin.mapping import SignOn
from tocsin.catalog.editing import Written
from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy, State
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.kit.installation import installation
from tocsin.people import actions, queries
from tocsin.people.domain import PersonDocument, SignInRefused, TeamDocument
from tocsin.people.models import User
from tocsin.web import errors
from tocsin.web.errors import ErrorPage

log = structlog.get_logger()
EMAIL_CHARS_MAX = 254
NOT_KNOWN = ErrorPage(
    status=403,
    title="You are not known here",
    what="Your organisation's sign-in knows you, but Tocsin has no account for you, or your address is not verified.",
    do="Ask an administrator to add you.",
)


class Adapter(DefaultSocialAccountAdapter):
    """What allauth asks us about single sign-on."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """The provider, with a nonce."""
        found = super().get_provider(request, provider, client_id)
        return openid.Provider(request, app=found.app)

    def get_requests_session(self) -> Any:
        """The provider is the operator's own setting; calls to it take the operator's proxy."""
        session = super().get_requests_session()
        proxy = installation().outbound_proxy
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        return session

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> None:
        """The operator reads in the log why nobody comes in; whoever signs in is only told that it did not work."""
        log.warning("signon.failed", error=str(told.get("error")), why=str(told.get("exception")))
        super().on_authentication_error(request, provider, **told)

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find or open the account, and let rights follow the groups; whoever is not known stays outside."""
        held: SignOn = settings.SIGN_ON
        openid.check(sociallogin.state, sociallogin.account.extra_data)
        claims = claims_of(sociallogin.account.extra_data)
        email = str(claims.get("email") or "").strip().lower()[:EMAIL_CHARS_MAX]
        with db.transact(clock.now()) as tx:
            known = sociallogin.is_existing
            user = User.objects.get(pk=sociallogin.user.pk) if known else _found(tx, held, claims, email)
            if user is not None:
                _follow(tx, held, user, mapping.groups(claims, held.groups_claim))
        if user is None:  # said outside, so that the refusal is kept
            _refuse(request, email)
        if not sociallogin.is_existing:
            sociallogin.connect(request, User.objects.get(pk=user.pk))


def claims_of(extra: Mapping[str, Any]) -> dict[str, Any]:
    """What the provider says: of the token and of its page about the user, which has the last word."""
    told = {**(extra.get("id_token") or {}), **(extra.get("userinfo") or {})}
    return told or dict(extra)


def _found(tx: Tx, held: SignOn, claims: Mapping[str, Any], email: str) -> User | None:
    """The account for somebody who comes for the first time; None if there is none and none may be made."""
    if not email or not (held.emails_verified or claims.get("email_verified") is True):
        return None
    user = queries.user_by_email(email)
    if user is not None:
        return user
    snapshot = configuration.current(tx)
    person = queries.person_with_email(snapshot, email)
    if not person:
        if not held.create:
            return None
        person = queries.free_name(snapshot, email)
        body = {
            "name": str(claims.get("name") or email.partition("@")[0])[:200],
            "email": email,
            "role": held.default_role.value,
            "contacts": {"inbox": {"inbox": True}, "mail": {"email": email}},
        }
        if not _put_document(tx, Written(section="people", name=person, body=body)):
            return None
    return actions.create_user(tx, email, person, None)


def _follow(tx: Tx, held: SignOn, user: User, groups: frozenset[str]) -> None:
    for written in _changes(configuration.state(tx), held, user.person, groups):
        _put_document(tx, written)


def _changes(state: State, held: SignOn, name: str, groups: frozenset[str]) -> Iterator[Written]:
    """The documents that have to be others for the groups to be followed; what a file manages stays."""
    person = state.snapshot.all("people", PersonDocument).get(name)
    if person is None:
        return
    role = mapping.role_of(held, groups)
    if role is not None and role is not person.role and not _of_a_file(state, "people", name):
        body = {**person.model_dump(mode="json", exclude_unset=True), "role": role.value}
        yield Written(section="people", name=name, body=body)
    for team, wanted in mapping.teams_of(held, groups).items():
        document = state.snapshot.all("teams", TeamDocument).get(team)
        if document is None or _of_a_file(state, "teams", team) or wanted == (name in document.members):
            continue
        members = [*document.members, name] if wanted else [one for one in document.members if one != name]
        yield Written(
            section="teams",
            name=team,
            body={**document.model_dump(mode="json", exclude_unset=True), "members": members},
        )


def _of_a_file(state: State, section: str, name: str) -> bool:
    origin = state.origins.get((section, name))
    return origin is not None and origin.managed_by is ManagedBy.FILE


def _put_document(tx: Tx, written: Written) -> bool:
    author = Author(by="tocsin", message="groups at sign-in", through=ManagedBy.UI)
    outcome = configuring.put(tx, written.section, written.name, written.body, author)
    if not isinstance(outcome, Applied):
        log.warning("signon.not_followed", section=written.section, name=written.name, why=str(outcome)[:500])
    return isinstance(outcome, Applied)


def _refuse(request: HttpRequest, email: str) -> NoReturn:
    raise ImmediateHttpResponse(_refused(request, email))


def _refused(request: HttpRequest, email: str) -> Any:
    with db.transact(clock.now()) as tx:
        tx.record(SignInRefused(email=email, address=account_adapter().get_client_ip(request)))
    return errors.page(request, NOT_KNOWN)
