"""The world outside: real servers on loopback, what they heard, and how they misbehave."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import structlog

from databases import Database
from fakes.http import Answer, HttpSink, Received
from fakes.push import Browser
from fakes.smtp import SmtpSink
from tocsin.channels.domain import Settings
from tocsin.config import queries as configuration
from tocsin.engine.domain import Verdict, VerdictKind
from tocsin.journal import store as journal
from tocsin.kit import clock, db, text
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.http import HttpClient, HttpSettings
from tocsin.kit.mail import Mailer, parse_smtp_url
from tocsin.paging import devices, pushkey
from tocsin.paging.carrier import ChannelCarrier
from tocsin.site import wiring

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
_NTFY_TOOK_IT = Answer(body=b'{"id":"took-it"}', headers={"Content-Type": "application/json"})


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One message that arrived."""

    at: datetime
    person: str
    channel: str
    kind: str  # page, taken, notice
    text: str
    groups: tuple[str, ...]  # AG-1, …

    def __str__(self) -> str:
        first = " ".join(self.text.split())[:90]
        return f"{self.person} hears by {self.channel} ({self.kind} {' '.join(self.groups)}): {first}"


class Outside:
    """Everything a story touches that is not the application: its clock, its database, its servers."""

    def __init__(self, database: Database, start: datetime = START) -> None:
        self.database = database
        self.start = start
        self.clock = clock.VirtualClock(start)
        self.heard: list[Heard] = []
        self.config: dict[str, Any] = {}
        self._unclaimed: list[Heard] = []
        self._slow: dict[str, timedelta] = {}
        self.phones: dict[str, tuple[str, Browser]] = {}  # by the path of its endpoint: whose, and the browser
        self.shown: list[dict[str, Any]] = []  # notifications, as the phones got them

    def open(self) -> None:
        """Start the clock and the servers."""
        self._using = clock.use(self.clock)
        self._using.__enter__()
        structlog.configure(processors=[_drop])
        self.http, self.mail = HttpSink(), SmtpSink()
        self.http.at_path("/ntfy/", _NTFY_TOOK_IT)
        self._runner = asyncio.Runner()
        self._taken_http, self._taken_mail, self._taken_notes = 0, 0, 0
        self._open_clients()

    def close(self) -> None:
        """Stop them."""
        self._runner.run(self.carrier.close())
        self._runner.close()
        self.http.close()
        self.mail.close()
        structlog.reset_defaults()
        self._using.__exit__(None, None, None)

    def _open_clients(self) -> None:
        guard = Guard(allow=parse_networks("127.0.0.0/8,::1/128"))
        settings = Settings(base_url="http://tocsin.test", sender="tocsin@tocsin.test", instance="Tocsin")
        self.carrier = ChannelCarrier(
            HttpClient(HttpSettings(guard=guard)),
            Mailer(parse_smtp_url(self.mail.url), "tocsin@tocsin.test"),
            settings,
            wiring.contact_options,
            configuration.current,
        )

    def _listen(self, verdict: Verdict) -> None:
        """What arrived outside since we last listened; a request that was turned away was not heard."""
        requests, mails = self.http.requests[self._taken_http :], self.mail.mails[self._taken_mail :]
        self._taken_http += len(requests)
        self._taken_mail += len(mails)
        if verdict.kind is VerdictKind.DELIVERED:
            ours = [one for one in requests if one.path.startswith(("/hook/", "/ntfy/"))]  # ports are used again
            for request in ours:
                self._hear(_from_http(clock.now(), request.path, request.json()))
            for request in requests:
                if request.path in self.phones:
                    self._hear(self._from_push(request))
        for mail in mails:
            self._hear(_from_mail(clock.now(), mail))

    def phone(self, person: str) -> Browser:
        """Somebody turns push on, on a new phone."""
        browser = Browser(f"{self.http.url}/push/{len(self.phones) + 1}")
        self.http.at_path(browser.path, Answer(status=201, headers={"Location": f"{browser.endpoint}/message"}))
        with db.transact(clock.now()) as tx:
            pushkey.ensure(tx)
            devices.register(tx, person, f"phone {len(self.phones) + 1}", browser.endpoint, browser.keys)
        self.phones[browser.path] = person, browser
        return browser

    def _from_push(self, request: Received) -> Heard:
        person, browser = self.phones[request.path]
        said = browser.read(request, pushkey.public(db.reader(clock.now())), clock.now())
        self.shown.append(said)
        words = f"{said['title']}\n{said['body']}"
        return Heard(at=clock.now(), person=person, channel="push", kind=said["kind"], text=words, groups=_named(words))

    def _hear(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._unclaimed.append(heard)

    def _read_inboxes(self) -> None:
        rows = db.reader(clock.now()).rows(
            "SELECT id, at, person, kind, subject, text FROM paging_inbox_note WHERE id > %s ORDER BY id",
            (self._taken_notes,),
        )
        for id_, at, person, kind, subject, words in rows:
            self._taken_notes = id_
            found = f"{subject}\n{words}"
            self._hear(
                Heard(at=clock.from_us(at), person=person, channel="inbox", kind=kind, text=found, groups=_named(found))
            )

    def slow(self, channel: str, answer_after: str = "0s") -> Self:
        """From now on this channel takes so long to answer."""
        self._slow[channel] = text.parse_duration(answer_after)
        return self

    def break_(self, channel: str, person: str = "", status: int = 503) -> Self:
        """The channel does not work from now on, for everybody or one person."""
        for name in [person] if person else self.config["people"]:
            if channel == "webhook":
                self.http.at_path(f"/hook/{name}", Answer(status=status))
            elif channel == "email":
                code = "550 5.1.1 no such user" if status == 410 else "451 4.3.0 try again later"
                self.mail.refuse(f"{name}@tocsin.test", code)
        if channel == "ntfy":
            self.http.at_path("/ntfy/", Answer(status=status))
        return self

    def mend(self, channel: str, person: str = "") -> Self:
        """The channel works again."""
        for name in [person] if person else self.config["people"]:
            self.http.at_path(f"/hook/{name}", Answer())
            if channel == "email":
                self.mail.accept(f"{name}@tocsin.test")
        self.http.at_path("/ntfy/", _NTFY_TOOK_IT)
        return self

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Look into the database."""
        return db.reader(clock.now()).rows(sql, params)

    def tale(self) -> str:
        """What happened, as a story: the journal and what was heard, in order."""
        self._read_inboxes()
        lines = []
        for entry in journal.after(db.reader(clock.now()), 0):
            told = ", ".join(
                f"{key}={value}" for key, value in entry.body.items() if value not in ("", None, [], False)
            )
            if entry.name != "ConfigApplied":
                lines.append((clock.from_us(entry.at_us), f"[{entry.name}] {told}"))
        lines += [(one.at, str(one)) for one in self.heard]
        return "\n".join(
            [
                "",
                "--- what happened:",
                *(f"{self._since(at)}  {line}" for at, line in sorted(lines, key=lambda one: one[0])),
            ]
        )

    def _since(self, at: datetime) -> str:
        return f"{(at - self.start).total_seconds():>10.1f} s"


def _from_http(at: datetime, path: str, body: Any) -> Heard:
    if path == "/ntfy/":
        kind = {"rotating_light": "page", "white_check_mark": "taken"}.get(body["tags"][0], "notice")
        words = f"{body['title']}\n{body['message']}"
        return Heard(at=at, person=body["topic"], channel="ntfy", kind=kind, text=words, groups=_named(words))
    data = body["data"]
    said = "\n".join(f"{one['reference']} {one['service']}: {one['title']}\n{one['summary']}" for one in data["groups"])
    words = f"{data['subject']}\n{data['text']}\n{data['reason']}\n{said}"
    groups = tuple(one["reference"] for one in data["groups"])
    return Heard(at=at, person=path.rpartition("/")[2], channel="webhook", kind=body["type"], text=words, groups=groups)


def _from_mail(at: datetime, mail: Any) -> Heard:
    message = mail.message
    person = mail.recipients[0].partition("@")[0]
    words = f"{message['Subject']}\n{mail.text}"
    groups = tuple(filter(None, (message["X-Tocsin-Groups"] or "").split(", ")))
    return Heard(at=at, person=person, channel="email", kind=message["X-Tocsin-Kind"], text=words, groups=groups)


def _named(words: str) -> tuple[str, ...]:
    """The groups a message is about: behind its title, or at the beginning of a line."""
    found = re.findall(r"\((AG-\d+)|^(AG-\d+) ", words, re.MULTILINE)
    return tuple(dict.fromkeys(one or other for one, other in found))


def _drop(*_: object) -> Mapping[str, Any]:
    raise structlog.DropEvent
