"""Requests that were refused although their key is known: what was in them may have been a problem nobody hears of.

All are counted, and the log says every few minutes whose and why. What the sender could not have said better, because
it was too much or too large, is told to the administrators, too: a low alert, so that a sender gone mad wakes nobody
twice, said again while it goes on, and over by itself a while after the last refusal. Each process counts its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from msgspec import structs

from tocsin.alerts import own
from tocsin.kit import db, text
from tocsin.sources.domain import Signal

log = structlog.get_logger()
TOLD_EVERY = timedelta(minutes=5)
LASTS = timedelta(minutes=15)  # without another refusal
WHY_CHARS_MAX = 300


class Kind(StrEnum):
    """Why a request was refused."""

    LIMIT = "limit"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


_TOLD = {
    Kind.LIMIT: (
        "{} sends more than its rate limit lets in",
        "were answered 429 and are not kept: who does not try again has told nobody. Raise the limit, or calm the sender.",
    ),
    Kind.TOO_LARGE: (
        "{} sends more at once than is taken in",
        "were answered 413 and are not kept: nobody hears of what was in them. Let the sender send less at once.",
    ),
}


@dataclass(slots=True)
class _Untold:
    count: int = 0
    why: str = ""


class Refusals:
    """How often whom and why, since the process began and since it was last told."""

    def __init__(self) -> None:
        self.total: dict[tuple[str, Kind], int] = {}
        self._untold: dict[tuple[str, Kind], _Untold] = {}
        self._told_at: dict[tuple[str, Kind], datetime] = {}
        self._lock = threading.Lock()

    def count(self, integration: str, kind: Kind, why: str = "") -> None:
        """One more; the last reason is the one that is told."""
        key = (integration, kind)
        with self._lock:
            self.total[key] = self.total.get(key, 0) + 1
            untold = self._untold.setdefault(key, _Untold())
            untold.count, untold.why = untold.count + 1, why

    def are_untold(self) -> bool:
        """Whether there is anything to tell; costs nothing."""
        return bool(self._untold)

    def tell(self, now: datetime) -> None:
        """Tell of those that were not told of lately; in a thread that may use the database."""
        due = self._due(now)
        for (integration, kind), untold in due.items():
            log.warning(
                "intake.refused",
                integration=integration,
                kind=kind.value,
                requests=untold.count,
                why=text.cut(untold.why, WHY_CHARS_MAX),
            )
        told = [_signal(*key, untold.count, now) for key, untold in due.items() if key[1] in _TOLD]
        if not told:
            return
        try:
            with db.transact(now) as tx:
                own.tell(tx, told)
        except db.DatabaseGone:
            self._put_back(due)

    def _due(self, now: datetime) -> dict[tuple[str, Kind], _Untold]:
        with self._lock:
            due = {
                key: untold
                for key, untold in self._untold.items()
                if now - self._told_at.get(key, now - TOLD_EVERY) >= TOLD_EVERY
            }
            for key in due:
                del self._untold[key]
                self._told_at[key] = now
        return due

    def _put_back(self, due: dict[tuple[str, Kind], _Untold]) -> None:
        with self._lock:
            for key, before in due.items():
                untold = self._untold.setdefault(key, _Untold())
                untold.count, untold.why = untold.count + before.count, untold.why or before.why
                del self._told_at[key]


def _signal(integration: str, kind: Kind, count: int, now: datetime) -> Signal:
    title, what = _TOLD[kind]
    told = own.trouble(
        key=f"refused {kind} {integration}",
        title=title.format(integration),
        description=f"{text.plural(count, 'request')} with its key {what}",
        can_wait=True,
    )
    return structs.replace(told, expires_at=now + LASTS)
