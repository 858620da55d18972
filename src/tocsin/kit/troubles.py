"""What a database's error means, and whether the database takes what is written.

Four kinds. It is beyond what the database can hold: no use to try again. It passes: the database is away, full, locked,
read-only, too slow, or another transaction came crosswise; the same will work later. The database is damaged: nobody's
mistake either, so it is tried again like what passes; but what it takes it may not hold, so as long as there are signs of
it no signal is accepted, and it is told until the process ends. All others are mistakes of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DataError, InterfaceError, InternalError, OperationalError

from tocsin.kit import clock

log = structlog.get_logger()

DatabaseGone = (OperationalError, InterfaceError)
"""What is raised when the database went away or is too busy: close the connection and try again later."""
_PROGRAM_LIMIT = "54"  # PostgreSQL's class of codes for a statement or a value beyond what it can hold
_TRANSACTION_STATE = "25"  # and for a transaction it has ended or keeps from writing: the driver blames the program
_DAMAGED = ("XX001", "XX002")  # PostgreSQL's codes for a table and an index that cannot be read
_TOLD_AFTER_S = 3.0  # what is tried again and works by then was nothing
_TOLD_FOR_S = 30.0  # since the last failure; afterwards nobody has tried
DISTRUSTED_FOR_S = 60.0  # since the last sign of damage; the engine meets what matters many times in that


class TooMuch(DataError):
    """The database lives, but what it was given is beyond its bounds: it is no use to try again.

    PostgreSQL's driver calls this an operational error, like a broken connection, for which one would wait for ever.
    """


class Damaged(OperationalError):
    """What the database holds cannot be read: its file or its disk is damaged. It does not pass by itself."""


class Writes:
    """How writing has gone in this process lately, and whether it leads anywhere. Any thread may tell and ask."""

    def __init__(self) -> None:
        self._failing: tuple[float, float, str] | None = None  # since when, when last, why
        self._damage: tuple[float, str] | None = None  # when last met, and as what first

    def went_well(self) -> None:
        """Note that a transaction was committed."""
        self._failing = None

    def failed(self, why: str) -> None:
        """Note that a transaction could not be committed and will be tried again."""
        now_s = clock.monotonic()
        before = self._failing
        self._failing = (before[0] if before else now_s, now_s, why)

    def met_damage(self, why: str) -> None:
        """Something of what was written cannot be read again."""
        if self._damage is None:
            log.critical("database.damaged", error=why, hint="no signals are accepted; see `tocsin doctor`")
        self._damage = clock.monotonic(), self._damage[1] if self._damage else why

    def is_distrusted(self) -> bool:
        """Whether damage was met lately: what is written now may never be found again."""
        return self._damage is not None and clock.monotonic() - self._damage[0] < DISTRUSTED_FOR_S

    def trouble(self) -> str:
        """That the database is damaged, or has taken nothing for a while, and why; empty if it has, or nobody has tried."""
        if self._damage is not None:
            return self._damage[1]
        failing = self._failing
        if (
            failing is None
            or clock.monotonic() - failing[0] < _TOLD_AFTER_S
            or clock.monotonic() - failing[1] > _TOLD_FOR_S
        ):
            return ""
        return f"nothing can be written to the database: {failing[2]}"


writes = Writes()


def damaged(error: Exception) -> Damaged:
    """What to raise instead of an error that says so, from wherever it comes."""
    found = Damaged(f"the database is damaged: {first_line(error)}")
    writes.met_damage(str(found))
    return found


@contextmanager
def told() -> Iterator[None]:
    """Raise the database's errors as what they mean: DatabaseGone, TooMuch, or as they are."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        code = str(getattr(error.__cause__, "sqlstate", ""))
        if code.startswith(_PROGRAM_LIMIT):
            raise TooMuch(str(error)) from error
        if code in _DAMAGED:
            raise damaged(error) from error
        if code.startswith(_TRANSACTION_STATE) and isinstance(error, InternalError):
            raise OperationalError(str(error)) from error
        raise


@contextmanager
def writing() -> Iterator[None]:
    """Around a whole transaction: `told`, and what came of it is noted."""
    try:
        with told():
            yield
    except DatabaseGone as error:
        writes.failed(first_line(error))
        raise
    else:
        writes.went_well()


def first_line(error: Exception) -> str:
    """What it says, without the statement and the hints."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
