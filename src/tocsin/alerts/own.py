"""What Tocsin has to say about itself: alerts like any other, but for the queue, which they do not take.

Signals wait to be absorbed, and that may be what is stuck, or late. So these are accepted, absorbed and paged for in
the transaction that has reason to say them. Should that raise, only they are undone, not what they tell of, and they
wait in the queue after all: there each is absorbed alone, set aside and counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tocsin.alerts import absorb, actions
from tocsin.alerts.domain import OWN, SignalSetAside
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.config import queries as configuration
from tocsin.kit import db
from tocsin.kit.db import Tx
from tocsin.sources.domain import Action, Severity, Signal

log = structlog.get_logger()


def trouble(*, key: str, title: str, description: str, service: str = "", can_wait: bool = False) -> Signal:
    """Something is wrong with Tocsin, or nobody answered; without a service it goes to the administrators.

    What can wait wakes nobody.
    """
    return Signal(
        action=Action.TRIGGER,
        dedup_key=key,
        title=title,
        severity=Severity.LOW if can_wait else Severity.CRITICAL,
        labels={"service": service} if service else {},
        description=description,
    )


def over(key: str) -> Signal:
    """The trouble with this key is over."""
    return Signal(action=Action.RESOLVE, dedup_key=key)


def tell(tx: Tx, signals: Sequence[Signal]) -> None:
    """Absorb these now, in a savepoint; should that raise, they wait in the queue instead."""
    if not signals:
        return
    before, tx.facts = tx.facts, []  # they are settled by whoever recorded them, whatever becomes of these
    try:
        with tx.savepoint():
            tell_or_raise(tx, signals)
            tx.settle()
    except db.DatabaseGone:
        raise
    except Exception:
        log.exception("own.waits_in_the_queue", keys=[one.dedup_key for one in signals])
        actions.accept(tx, OWN, OWN, b"", signals)
    finally:
        tx.facts[:0] = before


def tell_or_raise(tx: Tx, signals: Sequence[Signal]) -> None:
    """Absorb these now; for callers that try again anyway if it raises."""
    absorb.absorb_now(tx, compile_rulebook(configuration.current(tx)), OWN, signals)


def tell_set_aside(tx: Tx, facts: Sequence[SignalSetAside]) -> None:
    """A signal that could not be absorbed wakes whoever owns its integration.

    One of our own tells nobody, or telling would go on for ever; the auditor counts it and keeps trying.
    """
    integrations = compile_rulebook(configuration.current(tx)).integrations if facts else {}
    told = []
    for fact in facts:
        if fact.integration == OWN:
            continue
        how = integrations.get(fact.integration)
        told.append(
            trouble(
                key=f"set-aside {fact.integration}",
                title=f"A signal of {fact.integration} could not be processed",
                description=f"Signal {fact.signal} is kept, but nobody was paged for it: {fact.error}",
                service=how.service if how else "",
            )
        )
    tell(tx, told)
