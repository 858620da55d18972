"""Settings that cannot be meant: told at the start, by name, all at once, and without what is secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.terminal import spawn
from tocsin.cli.exits import Exit
from tocsin.site import environment
from tocsin.site.environment import SETTINGS

NAMES = {setting.name for setting in SETTINGS}
ANYTHING = {"TOCSIN_DATA", "TOCSIN_BACKUP_PASSPHRASE"}
TWO_LINES = ("two\nlines", "half \udcff")
HUSH = "hush-hush"
RUBBISH: dict[str, tuple[str, ...]] = {
    "TOCSIN_DATABASE": (
        f"postgresql://u:{HUSH}/ss@localhost:5432/x",
        f"postgresql://u:12/{HUSH}@localhost:5432/x",
        f"postgresql://u:{HUSH}?ss@localhost/x",
        f"postgresql://u:{HUSH}#ss@localhost/x",
        f"mysql://u:{HUSH}@localhost/x",
        f"postgresql://u:{HUSH}@localhost:99999/x",
        f"postgresql://u:{HUSH}@localhost:abc/x",
        f"postgresql://u:{HUSH}@localhost:0/x",
        f"postgresql://u:{HUSH}@localhost/",
        f"postgresql://u:{HUSH}@localhost/x?sslmode={HUSH}",
        f"postgresql://u:{HUSH}@localhost/{'x' * 64}",
        f"postgresql://u:{HUSH}%00@localhost/x",
        "postgresql://",
        "postgresql://[::1",
        "garbage",
    ),
    "TOCSIN_BASE_URL": (
        "example.org",
        "ftp://example.org",
        "https://",
        "https://example.org?x=1",
        "https://exa mple.org",
    ),
    "TOCSIN_TRUSTED_PROXIES": ("foo", "10.0.0.0/99", "10.0.0.1/8", "127.0.0.1,*"),
    "TOCSIN_SECRETS": ("short", f"{'x' * 32},{HUSH}", ",", f"{'x' * 32}\n{HUSH}"),
    "TOCSIN_INSTANCE": TWO_LINES,
    "TOCSIN_SMTP_URL": (
        "garbage",
        f"smtp://u:{HUSH}/x@localhost",
        f"smtp://u:12?{HUSH}@localhost",
        f"smtp://u:{HUSH}@localhost:99999",
        f"smtp://u:{HUSH}@localhost?starttls={HUSH}",
        f"smtp://u:{HUSH}@localhost?ca=/nowhere/{HUSH}",
        f"smtp://u:{HUSH}@local host",
        "smtp://",
    ),
    "TOCSIN_MAIL_FROM": ("nobody", "a@b.example, c@d.example", "@example.org", "a@", "a@b.example\nBcc: c@d.example"),
    "TOCSIN_OUTBOUND_ALLOW": ("10.0.0.0/99", "everything", "10.0.0.1/8"),
    "TOCSIN_OUTBOUND_PROXY": ("proxy:3128", f"socks5://u:{HUSH}@proxy:1080", f"http://u:{HUSH}@proxy:abc"),
    "TOCSIN_WEBHOOK_SECRET": ("xx", f"whsec_{HUSH}", "whsec_é"),
    "TOCSIN_WATCHDOG_URL": ("hc.example.org/ping", "https://[::1"),
    "TOCSIN_WATCHDOG_EVERY": ("abc", "0", "-1", "nan", "inf", "60s", "100000"),
    "TOCSIN_METRICS_TOKEN": (f"{HUSH} x", f"{HUSH}\n", f"{HUSH}é"),
    "TOCSIN_OIDC_ISSUER": ("id.example.org", "https://id.example.org?x=1"),
    "TOCSIN_OIDC_CLIENT_ID": TWO_LINES,
    "TOCSIN_OIDC_CLIENT_SECRET": (f"{HUSH}\nx",),
    "TOCSIN_OIDC_NAME": TWO_LINES,
    "TOCSIN_OIDC_SCOPES": (" ", 'openid "email"', "openid\nemail"),
    "TOCSIN_OIDC_GROUPS_CLAIM": TWO_LINES,
    "TOCSIN_OIDC_ROLES": ("sre", "sre=king", "sre=", "=admin"),
    "TOCSIN_OIDC_DEFAULT_ROLE": ("king",),
    "TOCSIN_OIDC_TEAMS": ("payments", "payments="),
    "TOCSIN_OIDC_CREATE": ("true",),
    "TOCSIN_OIDC_ONLY": ("YES",),
    "TOCSIN_OIDC_EMAILS_VERIFIED": ("1",),
    "TOCSIN_DEMO_SIGN_IN": TWO_LINES,
    "TOCSIN_LOG": ("loud", "INFO"),
}
MEANT: dict[str, tuple[str, ...]] = {
    "TOCSIN_DATABASE": (
        "postgresql://tocsin:a-password@db.example.org:5432/tocsin",
        "postgres://tocsin:a%2Fb%40c@[::1]/tocsin",
        "postgresql:///tocsin?host=/run/postgresql",
    ),
    "TOCSIN_BASE_URL": ("https://tocsin.example.org", "http://localhost:8080/", "https://[2001:db8::1]:8443"),
    "TOCSIN_TRUSTED_PROXIES": ("127.0.0.1,10.1.0.0/16", "*", "::1, fd00::/8"),
    "TOCSIN_SECRETS": (f"{'x' * 32}, {'y' * 64}\n",),
    "TOCSIN_INSTANCE": ("Tocsin, Zürich 🧑‍🚒",),
    "TOCSIN_SMTP_URL": (
        "smtps://tocsin:a%40b@mail.example.org",
        "smtp://127.0.0.1:25?starttls=never",
        "smtp://mail.example.org?starttls=offered&helo=tocsin.example.org",
    ),
    "TOCSIN_MAIL_FROM": ("tocsin@localhost", "Tocsin <tocsin@example.org>", '"Tocsin, ours" <tocsin@example.org>'),
    "TOCSIN_OUTBOUND_ALLOW": ("127.0.0.0/8,10.1.0.0/16", "192.168.1.7"),
    "TOCSIN_OUTBOUND_PROXY": ("http://user:p%40ss@proxy.example.org:3128", "http://10.0.0.1:3128/"),
    "TOCSIN_WEBHOOK_SECRET": ("whsec_dGhlIHNlY3JldCBvZiBhbGwgd2ViaG9va3M=",),
    "TOCSIN_WATCHDOG_URL": ("https://hc.example.org/ping/0b6c?x=1", "http://127.0.0.1:9/"),
    "TOCSIN_WATCHDOG_EVERY": ("60", "1", "2.5"),
    "TOCSIN_METRICS_TOKEN": ("the-token-of-the-metrics",),
    "TOCSIN_OIDC_ISSUER": ("https://id.example.org/realms/x",),
    "TOCSIN_OIDC_SCOPES": ("openid profile email groups", "api://x/.default openid"),
    "TOCSIN_OIDC_ROLES": ("sre=responder,ops-leads=admin", "OU=sre=viewer"),
    "TOCSIN_OIDC_TEAMS": ("payments=payments,sre=platform",),
    "TOCSIN_LOG": ("debug", "warning"),
}


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without settings."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_every_setting_is_looked_at() -> None:
    """There is something that each setting refuses, but for those that take anything."""
    assert set(RUBBISH) | ANYTHING == NAMES
    assert not set(RUBBISH) & ANYTHING


@pytest.mark.parametrize(
    ("name", "written"), [(name, written) for name, each in RUBBISH.items() for written in each], ids=ascii
)
def test_rubbish_is_refused(nothing_set: pytest.MonkeyPatch, name: str, written: str) -> None:
    """By the setting's name, in one line that can be printed, and never with a secret."""
    nothing_set.setenv("TOCSIN_OIDC_CLIENT_ID", "tocsin")  # what single sign-on needs besides
    nothing_set.setenv(name, written)
    (told,) = environment.faults()
    assert told.startswith(f"{name}: ")
    assert told.isprintable()
    assert HUSH not in told


@pytest.mark.parametrize("name", MEANT)
def test_what_is_meant_is_taken(nothing_set: pytest.MonkeyPatch, name: str) -> None:
    """What the documentation shows, and what else is right."""
    nothing_set.setenv("TOCSIN_OIDC_CLIENT_ID", "tocsin")
    for written in MEANT[name]:
        nothing_set.setenv(name, written)
        assert environment.faults() == []


def test_defaults_are_right(nothing_set: pytest.MonkeyPatch) -> None:
    """Nothing has to be set; and each default could be written out."""
    assert environment.faults() == []
    for setting in SETTINGS:
        assert not setting.default or setting.wrong(setting.default) == ""


def test_what_needs_another_setting_says_so(nothing_set: pytest.MonkeyPatch) -> None:
    """Single sign-on without the provider's name for us, and as the only way in where there is none."""
    nothing_set.setenv("TOCSIN_OIDC_ISSUER", "https://id.example.org")
    assert environment.faults() == ["TOCSIN_OIDC_CLIENT_ID: TOCSIN_OIDC_ISSUER needs it, as the provider gave it"]
    nothing_set.delenv("TOCSIN_OIDC_ISSUER")
    nothing_set.setenv("TOCSIN_OIDC_ONLY", "yes")
    assert environment.faults() == ["TOCSIN_OIDC_ISSUER: TOCSIN_OIDC_ONLY without it would let nobody in"]


@pytest.mark.parametrize("verb", ["serve", "engine", "migrate"])
def test_a_start_tells_all_that_is_wrong(tmp_path: Path, verb: str) -> None:
    """At once, before anything is made, as a wrong command line; and the help is there all the same."""
    wrong = {name: each[0] for name, each in RUBBISH.items() if "\n" not in each[0] and name != "TOCSIN_DATABASE"}
    needed = {"TOCSIN_OIDC_CLIENT_ID": "tocsin"}
    ran = spawn(verb, "--data", str(tmp_path / "data"), **wrong, **needed)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert [line.removeprefix("tocsin: ").partition(":")[0] for line in ran.err.splitlines()] == [
        setting.name for setting in SETTINGS if setting.name in wrong
    ]
    assert HUSH not in ran.err
    assert not (tmp_path / "data").exists()
    assert spawn(verb, "--help", **wrong).code == 0


def test_an_address_of_a_database_on_the_command_line(tmp_path: Path) -> None:
    """One that cannot be meant is told as a setting is, with how it is written."""
    for url in (f"postgresql://u:{HUSH}/ss@localhost:5432/x", "postgresql://", "postgresql://[::1"):
        ran = spawn("migrate", "--database", url, TOCSIN_DATA=str(tmp_path))
        assert (ran.code, ran.err.startswith("tocsin: TOCSIN_DATABASE: write it, or --database, as")) == (2, True), ran
        assert HUSH not in ran.err
    assert list(tmp_path.iterdir()) == []
