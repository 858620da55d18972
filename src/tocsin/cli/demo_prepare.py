"""The demo's settings, which must stand before Django reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tocsin.cli import database
from tocsin.site.demo import secret
from tocsin.site.demo.mailsink import MailSink

DATA = "var/demo"
PORT = 8080
_sinks: list[MailSink] = []


def prepare(arguments: Sequence[str]) -> None:
    """Choose the demo's database, and let its mail go to a sink of this process."""
    data = database.given(arguments, "--data") or DATA
    port = database.given(arguments, "--port") or str(PORT)
    sink = MailSink(Path(data) / "mail", say)
    _sinks.append(sink)
    os.environ["TOCSIN_BASE_URL"] = f"http://localhost:{port}"
    os.environ["TOCSIN_SMTP_URL"] = f"smtp://127.0.0.1:{sink.port}?starttls=never"
    os.environ["TOCSIN_MAIL_FROM"] = "tocsin@demo.example"
    os.environ["TOCSIN_INSTANCE"] = "Tocsin demo"
    os.environ["TOCSIN_OUTBOUND_ALLOW"] = "127.0.0.0/8"
    os.environ["TOCSIN_DEMO_SIGN_IN"] = f"{secret.SIGN_IN}, password {secret.password(Path(data))}"
    os.environ.setdefault("TOCSIN_LOG", "warning")
    database.set_up(data, "")


def say(line: str) -> None:
    """One line on the terminal, at once."""
    print(line, flush=True)


def sink() -> MailSink:
    """The sink `prepare` made."""
    return _sinks[-1]
