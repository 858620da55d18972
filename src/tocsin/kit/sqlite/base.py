"""The Django database backend `tocsin.kit.sqlite`: Django's own, with five differences.

It runs on the library chosen in `library.py`; every transaction takes the write lock at its start (BEGIN
IMMEDIATE); a file that is damaged is told as that, and not as one error among others; what takes signals in writes to no file that
is not in its place any more, and none is made where one was; and inside one process transactions queue for that lock, because SQLite's own busy handler sleeps and
retries, which costs tens of milliseconds and is not fair.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3._functions import register as register_functions
from django.db.utils import DatabaseErrorWrapper
from django.utils.asyncio import async_unsafe
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.functional import cached_property

from tocsin.kit import troubles
from tocsin.kit.sqlite import checkpoints
from tocsin.kit.sqlite.checkpoints import Checkpointer
from tocsin.kit.sqlite.library import library
from tocsin.kit.sqlite.write_lock import WRITE_LOCK

_MOVED = "its file is not where it was opened; somebody moved, removed or replaced it"
_PRIMARY = 0xFF  # of a result code; the other bits say more exactly what it is
_DAMAGED = (library.SQLITE_CORRUPT, library.SQLITE_NOTADB)

library.register_adapter(Decimal, str)
library.register_adapter(date, date.isoformat)
library.register_adapter(datetime, lambda value: value.isoformat(" "))
library.register_converter("bool", b"1".__eq__)
library.register_converter("date", lambda held: parse_date(held.decode()))
library.register_converter("time", lambda held: parse_time(held.decode()))
library.register_converter("datetime", lambda held: parse_datetime(held.decode()))
library.register_converter("timestamp", lambda held: parse_datetime(held.decode()))


class Place:
    """Where a connection's file was when it was opened. A file that is moved or removed goes on taking what is written."""

    _known: ClassVar[set[str]] = set()

    def __init__(self, path: str) -> None:
        self._path = path
        self._known.add(path)
        self._held: int | None = None
        with suppress(OSError, AttributeError):  # there is no file, or there are no such descriptors on this system
            # One that opens nothing: closing another would drop SQLite's locks.
            self._held = os.open(path, os.O_PATH | os.O_CLOEXEC)
            self._leave = weakref.finalize(self, os.close, self._held)

    @classmethod
    def is_empty(cls, path: str) -> bool:
        """Whether nothing is where a file was."""
        return path in cls._known and not Path(path).exists()

    def is_another(self) -> bool:
        """Whether it holds another file now, or none."""
        if self._held is None:
            return False
        try:
            return not os.path.samestat(os.fstat(self._held), os.stat(self._path))  # noqa: PTH116  at every transaction
        except OSError:
            return True

    def leave(self) -> None:
        """The connection is closed."""
        if self._held is not None:
            self._held = None
            self._leave()


class CursorWrapper(library.Cursor):  # type: ignore[name-defined]  # which library is known when it runs
    """A cursor of our library that understands Django's `%s` and `%(name)s`."""

    def execute(self, query: str, params: Any = None) -> Any:
        if params is None:
            return super().execute(query)
        return super().execute(_placeholders(query, params), params)

    def executemany(self, query: str, param_list: Any) -> Any:
        rows = list(param_list)
        return super().executemany(_placeholders(query, rows[0] if rows else ()), rows)


def _placeholders(query: str, params: Any) -> str:
    if isinstance(params, Mapping):
        return query % {name: f":{name}" for name in params}
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class _Errors(DatabaseErrorWrapper):
    """Django's, that knows a damaged file when it meets one: there it is neither the statement's fault nor the program's."""

    def __init__(self, connection: base.DatabaseWrapper) -> None:
        super().__init__(connection)
        self._connection = connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGED:
            self._connection.errors_occurred = True
            raise troubles.damaged(error) from error
        super().__exit__(kind, error, trace)


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection; see the module's head for what differs from Django's."""

    Database = library

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_write_lock = False
        self._place: Place | None = None
        self.is_brief = False  # whether its transactions only insert

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _Errors(self)

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        path = str(conn_params["database"])
        if Place.is_empty(path):  # SQLite would make an empty one
            raise troubles.damaged(FileNotFoundError(_MOVED))
        connection = library.connect(**conn_params)
        register_functions(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA legacy_alter_table = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute(f"PRAGMA wal_autocheckpoint = {checkpoints.pages_by_themselves()}")
        self._place = Place(path)
        return connection

    def checkpointer(self) -> Checkpointer:
        """For a process that serves: who copies the log into the database beside its work."""
        return Checkpointer(str(self.settings_dict["NAME"]), WRITE_LOCK)

    def create_cursor(self, name: str | None = None) -> Any:  # noqa: ARG002  the base class's shape
        return self.connection.cursor(factory=CursorWrapper)

    def _start_transaction_under_autocommit(self) -> None:
        WRITE_LOCK.acquire(is_brief=self.is_brief)
        self._holds_write_lock = True
        try:
            self._look_at_place()
            self.cursor().execute("BEGIN IMMEDIATE")
        except BaseException:
            self._pass_lock_on()
            raise

    def _look_at_place(self) -> None:
        """Whoever is being woken is woken on, from a file that nobody finds again; but nothing more is taken in."""
        if self._place is not None and self._place.is_another():
            moved = troubles.damaged(FileNotFoundError(_MOVED))
            if self.is_brief:
                raise moved

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # the stubs leave it out
            checkpoints.COMMITTED.set()
        finally:
            if self.connection is None or not self.connection.in_transaction:
                self._pass_lock_on()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._pass_lock_on()

    def _close(self) -> None:
        if self._place is not None:
            self._place.leave()
        try:
            super()._close()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._pass_lock_on()

    def _pass_lock_on(self) -> None:
        if self._holds_write_lock:
            self._holds_write_lock = False
            WRITE_LOCK.release()
