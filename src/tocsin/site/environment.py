"""Settings from the environment, each with its meaning; docs/reference/settings.md is made from this table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tocsin.admin import mapping
from tocsin.admin.mapping import SignOn
from tocsin.kit.postgres import limits
from tocsin.people.domain import Role
from tocsin.site import setting_checks as checks


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable; `wrong` says how it must be written if it is not."""

    name: str
    default: str
    meaning: str
    secret: bool = False
    wrong: Callable[[str], str] = checks.one_line


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "TOCSIN_DATA",
        "var",
        "Directory of the embedded database and of the installation's secret.",
        wrong=checks.anything,
    ),
    Setting(
        "TOCSIN_DATABASE",
        "",
        "postgresql://user:password@host:5432/name to use PostgreSQL instead of the embedded SQLite database.",
        secret=True,
        wrong=checks.database,
    ),
    Setting(
        "TOCSIN_BASE_URL",
        "",
        "How people reach this installation: https://tocsin.example.org. Links in messages begin with it.",
        wrong=checks.base_url,
    ),
    Setting(
        "TOCSIN_TRUSTED_PROXIES",
        "127.0.0.1",
        "Addresses and networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed:"
        " 127.0.0.1,10.1.0.0/16.",
        wrong=checks.proxies,
    ),
    Setting(
        "TOCSIN_SECRETS",
        "",
        "Secrets of the installation, newest first, separated by commas; the first signs, all are accepted. Each has at"
        " least 32 characters. Without it one is made and kept in the data directory.",
        secret=True,
        wrong=checks.secrets,
    ),
    Setting("TOCSIN_INSTANCE", "Tocsin", "What this installation calls itself in messages."),
    Setting(
        "TOCSIN_SMTP_URL",
        "",
        "smtp://user:password@host:587 or smtps://…; without it no mail is sent.",
        secret=True,
        wrong=checks.smtp,
    ),
    Setting("TOCSIN_MAIL_FROM", "tocsin@localhost", "The address mail comes from.", wrong=checks.sender),
    Setting(
        "TOCSIN_OUTBOUND_ALLOW",
        "",
        "Private networks that webhooks may reach: 127.0.0.0/8,10.1.0.0/16.",
        wrong=checks.networks,
    ),
    Setting("TOCSIN_OUTBOUND_PROXY", "", "HTTP proxy for outgoing calls.", secret=True, wrong=checks.proxy),
    Setting(
        "TOCSIN_WEBHOOK_SECRET",
        "",
        "whsec_… that signs webhooks whose contact names no secret of its own.",
        secret=True,
        wrong=checks.webhook_secret,
    ),
    Setting(
        "TOCSIN_WATCHDOG_URL",
        "",
        "An outside watchdog to call as long as all is well: a dead-man's switch for Tocsin itself.",
        wrong=checks.called,
    ),
    Setting("TOCSIN_WATCHDOG_EVERY", "60", "Seconds between calls to the watchdog.", wrong=checks.seconds),
    Setting(
        "TOCSIN_BACKUP_PASSPHRASE",
        "",
        "What `tocsin backup --with-secret` locks the installation's secrets with, and `tocsin restore --with-secret`"
        " opens them with; asked for at a terminal if it is not set.",
        secret=True,
        wrong=checks.anything,
    ),
    Setting(
        "TOCSIN_METRICS_TOKEN",
        "",
        "Bearer token for /metrics from elsewhere than this machine.",
        secret=True,
        wrong=checks.bearer,
    ),
    Setting(
        "TOCSIN_OIDC_ISSUER",
        "",
        "Single sign-on by OpenID Connect: the provider's address. Without it there is none.",
        wrong=checks.issuer,
    ),
    Setting("TOCSIN_OIDC_CLIENT_ID", "", "The name under which the provider knows this installation."),
    Setting("TOCSIN_OIDC_CLIENT_SECRET", "", "The secret that goes with it.", secret=True),
    Setting("TOCSIN_OIDC_NAME", "single sign-on", 'What the button on the sign-in page says after "Sign in with".'),
    Setting(
        "TOCSIN_OIDC_SCOPES",
        "openid profile email",
        "What the provider is asked for; many need `groups` too.",
        wrong=checks.scopes,
    ),
    Setting("TOCSIN_OIDC_GROUPS_CLAIM", "groups", "Where the provider says somebody's groups; `a.b` for nested ones."),
    Setting(
        "TOCSIN_OIDC_ROLES",
        "",
        "Which group has which role: `sre=responder,ops-leads=admin`; empty leaves roles alone.",
        wrong=checks.roles,
    ),
    Setting("TOCSIN_OIDC_DEFAULT_ROLE", "viewer", "The role of those in none of these groups.", wrong=checks.role),
    Setting(
        "TOCSIN_OIDC_TEAMS", "", "Whose group is in which team: `payments=payments,sre=platform`.", wrong=checks.teams
    ),
    Setting(
        "TOCSIN_OIDC_CREATE",
        "no",
        "`yes`: whoever the provider knows is added to the configuration.",
        wrong=checks.yes_or_no,
    ),
    Setting("TOCSIN_OIDC_ONLY", "no", "`yes`: nobody signs in with a password or a passkey.", wrong=checks.yes_or_no),
    Setting(
        "TOCSIN_OIDC_EMAILS_VERIFIED",
        "no",
        "`yes`: addresses count as verified though the provider does not say so; only for one in which nobody can set"
        " their own address.",
        wrong=checks.yes_or_no,
    ),
    Setting("TOCSIN_DEMO_SIGN_IN", "", "Only for demonstrations: the sign-in that the sign-in page tells everybody."),
    Setting("TOCSIN_LOG", "info", "debug, info, warning or error.", wrong=checks.level),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
DATABASE_FILE = "tocsin.sqlite3"
SECRET_FILE = "secret"  # noqa: S105  a file name


def get(name: str) -> str:
    """A setting's value, or its default."""
    return os.environ.get(name, "") or _BY_NAME[name].default


def faults() -> list[str]:
    """What is wrong with the settings as they are, a line for each; nothing that is secret is in it."""
    found = []
    for setting in SETTINGS:
        written = os.environ.get(setting.name, "")
        wrong = setting.wrong(written) if written else ""
        if wrong:
            found.append(f"{setting.name}: {wrong}")
    if get("TOCSIN_OIDC_ISSUER") and not get("TOCSIN_OIDC_CLIENT_ID"):
        found.append("TOCSIN_OIDC_CLIENT_ID: TOCSIN_OIDC_ISSUER needs it, as the provider gave it")
    if get("TOCSIN_OIDC_ONLY") == "yes" and not get("TOCSIN_OIDC_ISSUER"):
        found.append("TOCSIN_OIDC_ISSUER: TOCSIN_OIDC_ONLY without it would let nobody in")
    return found


def insist() -> None:
    """End the process if any setting is wrong, with all that are."""
    found = faults()
    if found:
        raise SystemExit("\n".join(found))


def forget() -> None:
    """As if nothing were set."""
    for setting in SETTINGS:
        os.environ.pop(setting.name, None)


def sign_on() -> SignOn:
    """Single sign-on as it is set."""
    return SignOn(
        issuer=get("TOCSIN_OIDC_ISSUER").rstrip("/"),
        client_id=get("TOCSIN_OIDC_CLIENT_ID"),
        client_secret=get("TOCSIN_OIDC_CLIENT_SECRET"),
        name=get("TOCSIN_OIDC_NAME"),
        scopes=tuple(get("TOCSIN_OIDC_SCOPES").split()),
        groups_claim=get("TOCSIN_OIDC_GROUPS_CLAIM"),
        roles={group: Role(role).value for group, role in mapping.pairs(get("TOCSIN_OIDC_ROLES"))},
        teams=mapping.pairs(get("TOCSIN_OIDC_TEAMS")),
        default_role=Role(get("TOCSIN_OIDC_DEFAULT_ROLE")),
        create=get("TOCSIN_OIDC_CREATE") == "yes",
        only=get("TOCSIN_OIDC_ONLY") == "yes",
        emails_verified=get("TOCSIN_OIDC_EMAILS_VERIFIED") == "yes",
    )


class AlreadyMade(Exception):
    """Another process has made the installation's secret meanwhile."""


@dataclass(slots=True)
class _HeldBack:
    """What is to be made on disk, while it is not yet."""

    holds: bool = False
    secret: str = ""


_held_back = _HeldBack()


def hold_back() -> None:
    """Make nothing on disk until `keep`: it is not known yet whether the command line can be meant."""
    _held_back.holds = True


def keep() -> None:
    """Make what was held back: the data directory, the installation's secret. Raises OSError, AlreadyMade."""
    if not _held_back.holds:
        return
    _held_back.holds = False
    if not get("TOCSIN_DATABASE"):
        data_dir()
    if _held_back.secret and not _make_secret(data_dir() / SECRET_FILE, _held_back.secret):
        raise AlreadyMade("another process has just made this installation: start again")


def data_dir() -> Path:
    """The data directory, made if it is not there."""
    path = Path(get("TOCSIN_DATA")).resolve()
    if not _held_back.holds:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def installation_secrets() -> tuple[str, ...]:
    """From the environment, or one made once and kept readable only for us."""
    given = tuple(secret.strip() for secret in get("TOCSIN_SECRETS").split(",") if secret.strip())
    if given:
        return given
    path = data_dir() / SECRET_FILE
    if _held_back.holds and not path.exists():
        _held_back.secret = _held_back.secret or _new_secret()
        return (_held_back.secret,)
    _make_secret(path, _new_secret())
    return (path.read_text().strip(),)


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _make_secret(path: Path, made: str) -> bool:
    """Whether it was made; False if there is one."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(made)
    except FileExistsError:
        return False
    return True


def put_secret(held: str) -> Path:
    """Make this the secret of the data directory; one that was another stays beside it. Where it stands."""
    path = data_dir() / SECRET_FILE
    if path.exists() and path.read_text().strip() != held:
        path.replace(path.with_name(f"{SECRET_FILE}.before-restore"))
    partial = path.with_name(f".{SECRET_FILE}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(held)
    partial.replace(path)
    return path


def database() -> dict[str, object]:
    """Django's settings for the database."""
    url = get("TOCSIN_DATABASE")
    if not url:
        return {
            "ENGINE": "tocsin.kit.sqlite",
            "NAME": str(data_dir() / DATABASE_FILE),
            "OPTIONS": {"timeout": 10, "transaction_mode": "IMMEDIATE"},
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "tocsin.kit.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": _query(parts.query).get("host") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            # A pool that has waited long for the server must not go on waiting once it is back: each try ends soon, and
            # whoever needs a connection next begins another.
            "pool": {"min_size": 1, "max_size": 20, "timeout": 5, "reconnect_timeout": 2},
            "application_name": limits.NAME,
            "options": limits.options(),
            # A server that is gone without a word must not hold a node up for as long as TCP has patience.
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,  # ms
        },
        "CONN_MAX_AGE": 0,
    }


def _query(written: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in written.split("&") if pair)
    return {key: unquote(value) for key, _, value in pairs}
