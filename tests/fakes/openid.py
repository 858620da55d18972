"""An OpenID Connect provider on loopback that says what the test tells it to: who signs in, and what is wrong with it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import jwt

from fakes.http import Answer, HttpSink

CLIENT = "tocsin"


class FakeProvider:
    """Its pages, without anybody who types a password there: `returning` is what the browser comes back with."""

    def __init__(self) -> None:
        self.sink = HttpSink()

    @property
    def url(self) -> str:
        """The issuer."""
        return self.sink.url

    def __enter__(self) -> Self:
        pages = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        self._says("/.well-known/openid-configuration", pages)
        return self

    def __exit__(self, *_: object) -> None:
        self.sink.close()

    def returning(
        self, asked: str, claims: Mapping[str, Any], *, token: Mapping[str, Any] | None = None, about: str = ""
    ) -> dict[str, str]:
        """Whoever was sent to `asked` is this one; `token` changes the ID token, `about` whom the user's page is about."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": query.get("nonce", ""), **claims}
        signed = jwt.encode({**said, **(token or {})}, "a key that is long enough for the test", algorithm="HS256")
        self._says("/token", {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": signed})
        self._says("/userinfo", {**claims, "sub": about or claims["sub"]})
        return {"code": "c", "state": query["state"]}

    def _says(self, path: str, body: Mapping[str, Any]) -> None:
        answer = Answer(headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())
        self.sink.at_path(path, answer)
