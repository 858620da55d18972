"""Running the demo: the organisation, its accounts, the server, and three things to try."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tocsin.config import actions as configuration
from tocsin.config import queries as documents
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.kit.db import Tx
from tocsin.paging import codes
from tocsin.people import actions, queries
from tocsin.people.domain import PersonDocument
from tocsin.people.rights import Right
from tocsin.site import server, upgrade
from tocsin.site.demo import place, secret
from tocsin.site.demo.mailsink import MailSink
from tocsin.site.demo.monitor import CHECKOUT_KEY, Monitor

ACCOUNTS = ("ann@demo.example", "bob@demo.example", "cleo@demo.example", "dan@demo.example")
ORGANISATION = "organisation.yaml"
Say = Callable[[str], None]


class NotApplied(Exception):
    """The demo's configuration was refused: somebody changed what stands in this database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a demo is: its directory, the password of its accounts, where its mail goes."""

    data: Path
    password: str
    sink: MailSink


def run(host: str, port: int, at: Place, *, monitor: bool, say: Say) -> None:
    """Make everything ready, say what to try, serve until stopped. Raises OSError if the port is taken."""
    server.see_whether_free(host, port)
    upgrade.upgrade()
    token = _open_accounts(at)
    db.drop_connection()
    at.sink.start()
    url = f"http://localhost:{port}"
    _welcome(url, token, at, say)
    if monitor:
        Monitor(f"http://127.0.0.1:{port}", say).start()
    server.serve(host, port, with_engine=True)


def _found(tx: Tx) -> None:
    """The organisation, as if somebody had made it in the interface, so that everything about it can be tried there.

    Its mail goes to the sink beside it, so its addresses need no code.
    """
    content = resources.files("tocsin.site.demo").joinpath(ORGANISATION).read_bytes()
    author = Author(by=place.FOUNDER, message=place.FOUNDED, through=ManagedBy.UI)
    outcome = configuration.adopt(tx, [File(name=ORGANISATION, content=content)], author)
    if not isinstance(outcome, Applied):
        raise NotApplied("the demo's organisation does not fit what is in this database; use another --data")
    for name, person in outcome.snapshot.all("people", PersonDocument).items():
        for contact in person.contacts:
            codes.vouch(tx, name, contact)


def _open_accounts(at: Place) -> str:
    """Found the organisation; open its accounts with one password, which is kept beside the database. A token of Ann's."""
    password = secret.kept(at.data / secret.PASSWORD_FILE, lambda: at.password)
    with db.transact(clock.now()) as tx:
        if not documents.current(tx).version:
            _found(tx)
    with db.transact(clock.now()) as tx:
        for address in ACCOUNTS:
            if queries.user_by_email(address) is None:
                actions.create_user(tx, address, "", password)
        ann = queries.user_by_email(ACCOUNTS[0])
        if ann is None:
            raise NotApplied("Ann has no account")
        return secret.kept(
            at.data / "demo-token", lambda: actions.create_token(tx, ann, "demo", list(Right), None, by="tocsin")
        )


def _welcome(url: str, token: str, at: Place, say: Say) -> None:
    event = (
        f'{{"routing_key": "{CHECKOUT_KEY}", "event_action": "trigger", "dedup_key": "try",'
        ' "payload": {"summary": "Nobody can pay", "source": "me", "severity": "critical"}}'
    )
    tocsin = _command()
    say(
        f"""
  Tocsin demo  {url}
  Sign in      {ACCOUNTS[0]}  password  {at.password}
               (bob@, cleo@ and dan@demo.example have the same password and fewer rights)

  Three things to try
  1. Page whoever is on call; nobody answers, so it climbs to Cleo 15 s later, then to the whole team:
     curl -d '{event}' {url}/v2/enqueue
  2. Answer it: press Acknowledge in the interface, or
     export TOCSIN_URL={url} TOCSIN_TOKEN={token}
     {tocsin} groups
     {tocsin} ack AG-2     (the number that groups lists)
  3. Ask who would be woken on New Year's Eve at 03:00, and see what happened and why:
     {tocsin} oncall --at {clock.now().year}-12-31T03:00
     {tocsin} explain AG-2

  Mail goes nowhere: each one is a line here and a file in {at.data / "mail"}.
  In a few seconds a synthetic monitor reports a slow checkout, and takes it back 40 s later. Ctrl+C stops everything.
"""
    )


def _command() -> str:
    """How to call the program from here: by its name if the shell finds it, else by its path."""
    if shutil.which("tocsin"):
        return "tocsin"
    program = Path(sys.argv[0]).absolute()
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
