"""What allauth asks us, and what the journal keeps of sign-ins."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tocsin.kit import clock, db
from tocsin.people.domain import SignedIn, SignInRefused
from tocsin.people.models import User
from tocsin.people.queries import actor_of
from tocsin.web import errors

EMAIL_CHARS_KEPT_MAX = 254


WRONG_CODE = "This code is wrong, or its time is over. Take the one that shows now."


class FactorsAdapter(DefaultMFAAdapter):
    """What is said of second factors."""

    error_messages: ClassVar[dict[str, Any]] = DefaultMFAAdapter.error_messages | {"incorrect_code": WRONG_CODE}


class Adapter(DefaultAccountAdapter):
    """Accounts are opened by an administrator or the command line, never by whoever comes along."""

    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "There is no account with this address and password.",
        "enter_current_password": "This is not the password you have.",
        "incorrect_password": "This is not your password.",
        "too_many_login_attempts": "That was tried too often. Wait some minutes and try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ARG002 - as above
        """Wrong tries are counted for the address alone: what stands in the Host header is the guesser's choice."""
        return str(credentials.get("email") or "").strip().lower()

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Where everybody comes by single sign-on, there is no other way in: no password, passkey or invitation."""
        by_sign_on = "sociallogin" in (kwargs.get("signal_kwargs") or {})
        if settings.SIGN_ON.only and not by_sign_on:
            with db.transact(clock.now()) as tx:
                tx.record(SignInRefused(email=user.email, address=self.get_client_ip(request)))
            return errors.page(request, errors.SIGN_ON_ONLY)
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Signing in is part of the audit."""
        with db.transact(clock.now()) as tx:
            by = actor_of(tx, user).by
            tx.record(SignedIn(user=user.pk, by=by, address=self.get_client_ip(request)))
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer

    def forget_wrong_tries(self, request: HttpRequest, email: str) -> None:
        """Whoever has shown that they read the mailbox need not wait for the tries they made before."""
        self._delete_login_attempts_cached_email(request, email=email)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """So is being refused; what was typed is kept only if it can be an address, for it may be a password."""
        typed = str(credentials.get("email") or "")
        email = typed[:EMAIL_CHARS_KEPT_MAX] if "@" in typed else ""
        with db.transact(clock.now()) as tx:
            tx.record(SignInRefused(email=email, address=self.get_client_ip(request)))
        super().authentication_failed(request, **credentials)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages show what happened; a message about it on top would only be in the way."""
