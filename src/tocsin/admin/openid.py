"""OpenID Connect with a nonce, which allauth does not send: an ID token counts only for the sign-in it was asked for.

The nonce is made when somebody sets out to the provider, kept in their session beside the state, and must stand in the
ID token they come back with. And what the provider's page about the user says counts only if it is about the one whom
the ID token names (OpenID Connect Core 1.0, sections 3.1.3.7 and 5.3.2).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponseBase

NONCE = "nonce"
NONCE_BYTES = 24


class Provider(OpenIDConnectProvider):
    """allauth's, with a nonce."""

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        asked = {**(kwargs.pop("auth_params", None) or self.get_auth_params()), NONCE: nonce}
        answer: HttpResponseBase = super().redirect(
            request, process, next_url, data, auth_params=asked, **{**kwargs, NONCE: nonce}
        )
        return answer


def check(state: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    """Whether what came back belongs to the sign-in that began. Raises OAuth2Error."""
    token = extra.get("id_token")
    if not isinstance(token, Mapping):
        raise OAuth2Error("the provider gave no ID token")
    wanted, found = str(state.get(NONCE) or ""), str(token.get(NONCE) or "")
    if not wanted or not hmac.compare_digest(wanted.encode(), found.encode()):
        raise OAuth2Error("the ID token was not made for this sign-in: its nonce is another")
    about = extra.get("userinfo")
    if isinstance(about, Mapping) and about.get("sub") != token.get("sub"):
        raise OAuth2Error("the provider's page about the user is about somebody else than the ID token")
