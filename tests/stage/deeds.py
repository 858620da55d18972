"""What tools send and what people do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Self

from databases import Database
from stage.cast import target
from stage.engine_room import EngineRoom
from stage.outside import START
from tocsin.alerts import absorb, actions, ledger, store
from tocsin.alerts.domain import BY_HAND, Group, GroupId
from tocsin.alerts.intake import to_keep
from tocsin.alerts.keys import Keys
from tocsin.alerts.manual_pages import PAGE_LABEL
from tocsin.kit import clock, db, matchers, text
from tocsin.paging import actions as paging
from tocsin.site import wiring
from tocsin.sources import registry as sources
from tocsin.sources.domain import Action, Severity, Signal
from tocsin.sources.domain import Request as SourceRequest


class Deeds(EngineRoom):
    """Each verb is done in a transaction of its own, and then everything that is due at once follows."""

    def __init__(self, database: Database, start: datetime = START) -> None:
        super().__init__(database, start)
        self.accepted = 0  # signals whose senders were told that they are safe

    def receive(self, *signals: Signal, integration: str = "") -> Self:
        """A tool sends these in one request, and they are absorbed."""
        self.accept(*signals, integration=integration)
        self._settle_now()
        return self

    def accept(self, *signals: Signal, integration: str = "") -> None:
        """A tool sends these in one request; nobody looks at them yet."""
        self._apply()
        name = integration or next(iter(self.config["integrations"]))
        with db.transact(clock.now()) as tx:
            actions.accept(tx, name, "pagerduty", b"", signals)
        self.accepted += len(signals)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> int:
        """A vendor's request as it comes over the wire; the status it is answered with."""
        self._apply()
        path, _, query = path.partition("?")
        found = sources.find("POST", path)
        assert isinstance(found, sources.Found), found
        written = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = SourceRequest(
            method="POST",
            path=path,
            headers=dict(headers or {}),
            body=written,
            key=found.key,
            tail=found.tail,
            query=query,
        )
        keys = Keys()
        keys.refresh()
        door = keys.find(found.source.key(request) or "")
        assert door is not None, "nobody has this key"
        reading = found.source.read(request, door.settings, clock.now())
        if reading.signals:
            with db.transact(clock.now()) as tx:
                ledger.put_envelopes(tx, [to_keep(door, request, reading)])
            self.accepted += len(reading.signals)
        self._settle_now()
        return reading.reply.status

    def acknowledge(self, *, by: str, group: int = 0) -> Self:
        """Somebody says: I have it."""
        return self._act(lambda tx, id_: actions.acknowledge(tx, id_, f"person:{by}"), group)

    def unacknowledge(self, *, by: str, group: int = 0) -> Self:
        """Somebody gives it back."""
        return self._act(lambda tx, id_: actions.unacknowledge(tx, id_, f"person:{by}"), group)

    def resolve(self, *, by: str, group: int = 0) -> Self:
        """Somebody says: it is over."""
        return self._act(lambda tx, id_: actions.resolve(tx, id_, f"person:{by}"), group)

    def snooze(self, *, by: str, span: str, group: int = 0) -> Self:
        """Somebody says: not before then."""
        until = clock.now() + text.parse_duration(span)
        return self._act(lambda tx, id_: actions.snooze(tx, id_, f"person:{by}", until), group)

    def escalate(self, *, group: int = 0) -> Self:
        """Somebody wants the next step now."""
        return self._act(paging.escalate, group)

    def page_by_hand(self, title: str, *who: str, by: str) -> Self:
        """Somebody pages people by hand."""
        self._apply()
        labels = {PAGE_LABEL: " ".join(target(one) for one in who)}
        signal = Signal(
            action=Action.TRIGGER,
            dedup_key=title,
            title=title,
            severity=Severity.HIGH,
            labels=labels,
            by=f"person:{by}",
        )
        with db.transact(clock.now()) as tx:
            absorb.absorb_now(tx, wiring.rulebook(tx), BY_HAND, [signal])
        self.accepted += 1
        self._settle_now()
        return self

    def silence(self, *written: str, span: str, after: str = "0s", by: str = "bob") -> int:
        """Somebody silences what matches; the silence's number."""
        self._apply()
        starts_at = clock.now() + text.parse_duration(after)
        with db.transact(clock.now()) as tx:
            made = actions.silence(
                tx,
                [matchers.parse(one) for one in written],
                starts_at,
                starts_at + text.parse_duration(span),
                f"person:{by}",
                "planned work",
            )
        self._settle_now()
        return made.id

    def end_silence(self, number: int) -> Self:
        """Somebody ends a silence early."""
        with db.transact(clock.now()) as tx:
            actions.end_silence(tx, number, "person:bob", "ended by hand")
        self._settle_now()
        return self

    def groups(self) -> list[Group]:
        """All alert groups, oldest first."""
        reader = db.reader(clock.now())
        ids = [row[0] for row in reader.rows("SELECT id FROM alerts_group ORDER BY id")]
        return list(store.groups(reader, ids).values())

    def _act(self, verb: Callable[[db.Tx, GroupId], object], group: int) -> Self:
        with db.transact(clock.now()) as tx:
            verb(tx, GroupId(group or self.groups()[-1].id))
        self._settle_now()
        return self
