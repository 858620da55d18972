"""Every screen of coming in: the first account, invitations, single sign-on, second factors; looked at like all others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as LATELY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.sessions.backends.db import SessionStore
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from browser import looks
from browser.conftest import SIZES, Visits, beside
from browser.looks import ACCOUNT_SCREENS, ENTRANCES
from databases import Sqlite
from house import PASSWORD
from serving import Served, node, serve, session
from tocsin.kit import clock, db
from tocsin.people import actions as accounts
from tocsin.people import links, signing
from tocsin.people.models import User

WHOSE = "account_authentication_methods_user"  # whose the methods are
USER_PRESENT, HAS_CREDENTIAL = 0x01, 0x40
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
)
PROVIDER = {
    "TOCSIN_OIDC_ISSUER": "https://id.acme.example",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "a-secret-of-the-tests",
    "TOCSIN_OIDC_NAME": "Acme",
    "TOCSIN_SMTP_URL": "smtp://127.0.0.1:1",
}


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's source, or nothing."""
    return looks.source()


@pytest.fixture(scope="module")
def empty(sqlite_template: Sqlite, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on which nobody has an account."""
    del served  # its database is connected to before this one's
    with node(sqlite_template.fresh(), {}, tmp_path_factory.mktemp("empty") / "serve.log") as made:
        yield made


@pytest.fixture(scope="module")
def signing_on(sqlite_template: Sqlite, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with single sign-on that sends mail."""
    del served
    yield from serve(sqlite_template, tmp_path_factory.mktemp("sign-on"), more=PROVIDER)


@pytest.fixture(scope="module")
def chromium(empty: Served, signing_on: Served, chromium: Any) -> Any:
    """The browser, after all servers: once it runs, Django's database is out of reach in this thread."""
    del empty, signing_on
    return chromium


@pytest.fixture(scope="module")
def places(served: Served) -> dict[str, Any]:
    """Sam has every second factor and is signed in from several browsers, Tia only a password; two links are out."""
    for name, title in (("sam", "Sam Okafor"), ("tia", "Tia Virtanen"), ("uma", "Uma Rao")):
        body = {"name": title, "email": f"{name}@acme.example", "contacts": {"mail": {"email": f"{name}@acme.example"}}}
        assert served.api("ann", "PUT", f"/config/documents/people/{name}", body).status < 300
    return beside(served, _accounts)


def _accounts() -> dict[str, Any]:
    with db.transact(clock.now()) as tx:
        sam, tia, uma = (accounts.create_user(tx, f"{one}@acme.example", one, None) for one in ("sam", "tia", "uma"))
        for user in (sam, tia):
            accounts.set_password(tx, user, PASSWORD)
        links.invite(tx, uma, by="person:ann")
        links.send_reset(tx, tia, by="person:tia")
    TOTP.activate(sam, SECRET)
    RecoveryCodes.activate(sam)
    key = WebAuthn.add(sam, "Laptop", _credential(b"laptop", alone=True)).instance
    WebAuthn.add(sam, "The yellow security key in the drawer", _credential(b"drawer", alone=False))
    for agent in AGENTS:
        UserSession.objects.create(user=sam, session_key=session("sam"), ip="203.0.113.7", user_agent=agent, data={})
    reader = db.reader(clock.now())
    sent = dict(reader.rows("SELECT user_id, max(id) FROM people_link GROUP BY user_id"))
    invited, reset = (signing.url_of(reader, sent[user.id]).rpartition("/")[2] for user in (uma, tia))
    return {"key": key.pk, "invited": invited, "reset": reset, "eve": User.objects.get(email="eve@acme.example").id}


def _credential(name: bytes, *, alone: bool) -> dict[str, Any]:
    """What an authenticator says when a key is made."""
    public = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    held = AttestedCredentialData.create(bytes(16), name, public)
    said = AuthenticatorData.create(hashlib.sha256(b"localhost").digest(), USER_PRESENT | HAS_CREDENTIAL, 0, held)
    client = {"type": "webauthn.create", "challenge": "AAAA", "origin": "http://localhost"}
    return {
        "type": "public-key",
        "id": websafe_encode(name),
        "rawId": websafe_encode(name),
        "response": {
            "clientDataJSON": websafe_encode(json.dumps(client).encode()),
            "attestationObject": websafe_encode(AttestationObject.create("none", said, {})),
        },
        "clientExtensionResults": {"credProps": {"rk": alone}},
    }


def _proven(who: str) -> str:
    """The cookie of a session in which somebody has just shown who they are."""
    made = SessionStore(session_key=session(who))
    made[LATELY] = [{"method": "password", "at": clock.now().timestamp(), "reauthenticated": True}]
    made[WHOSE] = str(User.objects.get(email=f"{who}@acme.example").pk)
    made.save()
    return str(made.session_key)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ACCOUNT_SCREENS)
def test_a_screen_of_an_account_is_for_everybody(
    visits: Visits, places: dict[str, Any], axe: str, screenshot: Callable[[Any, str], None], screen: str, size: str
) -> None:
    """At desk and phone size, light and dark: axe finds nothing serious, and nothing sticks out."""
    who, path = ACCOUNT_SCREENS[screen]
    page = visits.open("/offline", size=size)
    if who:
        cookie = visits.beside(lambda: session(who) if screen.startswith("confirm") else _proven(who))
        page.context.add_cookies([{"name": "tocsin", "value": cookie, "url": visits.served.url}])
    page.goto(path.format(**places))
    assert page.url.partition("?")[0] == visits.served.url + path.format(**places).partition("?")[0]
    looks.look(page, axe, screenshot, screen, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ENTRANCES)
def test_an_entrance_is_for_everybody(
    request: pytest.FixtureRequest,
    chromium: Any,
    axe: str,
    screenshot: Callable[[Any, str], None],
    screen: str,
    size: str,
) -> None:
    """So are the first page of a fresh installation, single sign-on, and what is said to those who typed something wrong."""
    server, path, typed, button = ENTRANCES[screen]
    visits = Visits(request.getfixturevalue(server), chromium)
    page = visits.open(path, size=size)
    for label, text in typed.items():
        page.get_by_label(label, exact=True).fill(text)
    if button:
        page.get_by_role("button", name=button, exact=True).click()
        page.wait_for_load_state()
    looks.look(page, axe, screenshot, screen, size)
    for context in visits.contexts:
        context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_second_step_of_a_sign_in_is_for_everybody(
    visits: Visits, places: dict[str, Any], axe: str, screenshot: Callable[[Any, str], None], size: str
) -> None:
    """Whoever has a code generator is asked for its code after the password."""
    assert places
    page = visits.open("/sign-in", size=size)
    page.get_by_label("Email").fill("sam@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/me/2fa/authenticate/")
    looks.look(page, axe, screenshot, "second-step", size)
