"""The demo's settings, which must stand before Django reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tocsin.cli import database
from tocsin.cli.exits import Exit, Stop
from tocsin.site import environment
from tocsin.site.demo import place, secret
from tocsin.site.demo.mailsink import MailSink

DATA = "var/demo"
PORT = 8080
OUTSIDE = ("TOCSIN_WATCHDOG_", "TOCSIN_OIDC_", "TOCSIN_OUTBOUND_PROXY")  # a demo reaches nobody's real services
NOT_OURS = (
    "{data} holds an installation that is not a demo's, and nothing was done to it: a demo would open accounts in it and"
    " keep its messages to itself; name another directory with --data, or none for {ours}"
)
_sinks: list[MailSink] = []
_passwords: list[str] = []


def prepare(arguments: Sequence[str]) -> None:
    """Choose the demo's database, and let its mail go to a sink of this process. Raises Stop if it is another's."""
    data = database.given(arguments, "--data") or DATA
    _refuse_another(data)
    port = database.given_port(arguments) or str(PORT)
    for name in [one for one in os.environ if one.startswith(OUTSIDE)]:
        del os.environ[name]
    sink = MailSink(Path(data) / "mail", say)
    _sinks.append(sink)
    os.environ["TOCSIN_BASE_URL"] = f"http://localhost:{port}"
    os.environ["TOCSIN_SMTP_URL"] = f"smtp://127.0.0.1:{sink.port}?starttls=never"
    os.environ["TOCSIN_MAIL_FROM"] = "tocsin@demo.example"
    os.environ["TOCSIN_INSTANCE"] = "Tocsin demo"
    os.environ["TOCSIN_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    _passwords.append(secret.password(Path(data)))
    os.environ["TOCSIN_DEMO_SIGN_IN"] = f"{secret.SIGN_IN}, password {_passwords[-1]}"
    os.environ.setdefault("TOCSIN_LOG", "warning")
    database.set_up(data, "")


def say(line: str) -> None:
    """One line on the terminal, at once."""
    print(line, flush=True)


def sink() -> MailSink:
    """The sink `prepare` made."""
    return _sinks[-1]


def password() -> str:
    """The password `prepare` chose."""
    return _passwords[-1]


def _refuse_another(data: str) -> None:
    file = Path(data) / environment.DATABASE_FILE
    try:
        if place.is_taken(file):
            raise Stop(NOT_OURS.format(data=data, ours=DATA), Exit.USAGE)
    except place.NotReadable as error:
        raise Stop(f"{file} cannot be read: {error}; name another directory with --data", Exit.USAGE) from None
