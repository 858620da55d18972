"""A test alert: goes in as its sender would send it, is marked as a test, and can be followed to what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tocsin.alerts import ledger, listing
from tocsin.alerts.ledger import Accepted
from tocsin.alerts.listing import SignalLine
from tocsin.catalog.domain import IntegrationDocument
from tocsin.engine import bell
from tocsin.kit.db import Reader, Tx
from tocsin.sources import samples
from tocsin.sources.domain import Action, Signal
from tocsin.sources.registry import SOURCES

TEST_LABEL = "test"  # matchers can tell a test by it
TEST_VALUE = "yes"
SHOWN_KEY = b"(the key)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A test under way: the signals it became, or none as long as they wait to be absorbed."""

    envelope: int
    signals: tuple[SignalLine, ...]

    @property
    def is_waiting(self) -> bool:
        """Whether nothing has become of it yet."""
        return not self.signals


class NothingRead(Exception):
    """The integration read no signal from the test; the text says why."""


def send(tx: Tx, name: str, document: IntegrationDocument) -> int:
    """Accept a test of this integration, as if its sender had sent it; the number to follow it by. Raises NothingRead."""
    source = SOURCES[document.source]
    request = samples.sample(document.source, document.key, tx.now, document.tool)
    if source.key(request) != document.key:
        raise NothingRead("the key was not found where this sender puts it")
    unsigned = msgspec.structs.replace(document.reading, name=name, secret="")  # only the sender itself can sign
    reading = source.read(request, unsigned, tx.now)
    if not reading.signals:
        raise NothingRead("; ".join(reading.problems) or "nothing was read from it")
    signals = tuple(_marked(signal) for signal in reading.signals)
    body = request.body.replace(document.key.encode(), SHOWN_KEY)
    (id_,) = tx.next_ids("alerts_envelope", 1)
    ledger.put_envelope(tx, id_, Accepted(name, document.source, body, signals))
    bell.ring(tx, bell.SIGNALS)
    return id_


def follow(reader: Reader, name: str, envelope: int) -> Followed | None:
    """What became of a test; None if there was none of this number for this integration."""
    waiting = ledger.envelope(reader, envelope)
    if waiting is None or waiting.integration != name:
        return None
    found = (listing.signal(reader, ledger.signal_id(envelope, place)) for place in range(len(waiting.signals)))
    return Followed(envelope=envelope, signals=tuple(one for one in found if one is not None))


def _marked(signal: Signal) -> Signal:
    if signal.action is not Action.TRIGGER:
        return signal
    return msgspec.structs.replace(signal, labels={**signal.labels, TEST_LABEL: TEST_VALUE})
