"""Fresh databases for tests: a copied file, or a database made from a template in a PostgreSQL of our own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, Self

from django.core.management import call_command
from django.db import connections

from tocsin.site import environment

MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql), so nothing was proven on it"
COMMAND_S_MAX = 60.0
READY_S_MAX = 60.0  # after a crash PostgreSQL recovers first
_PAUSE = threading.Event()  # never set
_MEMORY = Path("/dev/shm")
_CLEAN = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND NOT relname = ANY(string_to_array('{kept}', ','))
    LOOP EXECUTE format('DELETE FROM %I', one.relname); END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences
        WHERE last_value IS NOT NULL AND NOT sequencename = ANY(string_to_array('{counted}', ','));
END $$
"""
_ROOT = Path("/usr/lib/postgresql")
_numbers = count(1)


class Kind(StrEnum):
    """The two databases."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database of a test."""

    kind: Kind
    settings: dict[str, Any]
    environment: dict[str, str]  # what another process needs to use it
    source: Sqlite | Postgres

    def connect(self) -> None:
        """Let every connection of this process made from now on lead here."""
        point_at(self.settings)

    def drop(self) -> None:
        """Take it away."""
        self.source.drop(self)


def point_at(settings: dict[str, Any]) -> None:
    """Let Django's connections lead to another database."""
    if hasattr(connections._connections, "default"):
        connections["default"].close()
        del connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": settings})["default"]


class Sqlite:
    """Copies of one migrated file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-sqlite-", dir=_fast_folder())
        self._template = Path(self._folder.name) / "template"

    def __enter__(self) -> Self:
        self._template.mkdir()
        point_at(_sqlite_settings(self._template))
        call_command("migrate", verbosity=0)
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connections["default"].close()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def fresh(self, under: Path | None = None) -> Database:
        """A copy, in this folder if it matters."""
        folder = (under or Path(self._folder.name)) / f"data{next(_numbers)}"
        shutil.copytree(self._template, folder)
        return Database(
            kind=Kind.SQLITE,
            settings=_sqlite_settings(folder),
            environment={"TOCSIN_DATA": str(folder), "TOCSIN_DATABASE": ""},
            source=self,
        )

    def drop(self, database: Database) -> None:
        """Remove the copy."""
        shutil.rmtree(database.environment["TOCSIN_DATA"])


class Postgres:
    """A cluster of our own; PostgreSQL refuses to run as root, so root starts it as somebody else."""

    def __init__(
        self,
        *,
        durable: bool = False,
        under: Path | None = None,
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`environment` is what the server is given besides.

        `under` is the folder it lives in, if it matters; its log of writes then lives elsewhere, because a server that
        cannot write that stops itself.
        """
        self._more = [word for one in settings for word in ("-c", one)]
        self._given = [f"{name}={value}" for name, value in (environment or {}).items()]
        self._binaries = postgres_binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-", dir=under or (None if durable else _fast_folder())))
        self._data = self._folder / "data"
        self._log = Path(tempfile.mkdtemp(prefix="tocsin-pg-log-")) if under else None
        self._durable = durable
        self._user = _unprivileged()
        self._server: subprocess.Popen[bytes] | None = None
        self._idle: list[str] = []
        self.port = _free_port()

    def __enter__(self) -> Self:
        folders = [self._folder] if self._log is None else [self._folder, self._log]
        if self._user is not None:
            for folder in folders:
                os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        log = [] if self._log is None else ["-X", str(self._log / "wal")]
        made = ["-D", str(self._data), *log, "-U", "tocsin"]
        self._run("initdb", *made, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start()
        self._create("template_tocsin", "template0")
        point_at(self._settings("template_tocsin"))
        call_command("migrate", verbosity=0)
        self._clean = self._how_to_clean()
        connections["default"].close()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for folder in (self._folder, self._log):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        safety = (
            [] if self._durable else ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
        )
        command = self._command("postgres", "-D", str(self._data), "-p", str(self.port), "-h", "127.0.0.1", dies=True)
        command += [
            "-k",
            str(self._folder),
            "-c",
            "max_connections=60",
            "-c",
            "log_min_messages=warning",
            *safety,
            *self._more,
        ]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder)
        self._run("pg_isready", "-h", str(self._folder), "-p", str(self.port), "-t", "30", until_ready=True)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions at once and in order, SIGQUIT leaves a crash to recover from."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(COMMAND_S_MAX)
            self._server = None

    def fresh(self) -> Database:
        """A database as the template is: one that was used before and cleaned, or a new one."""
        if not self._idle:
            self._idle.append(f"tocsin{next(_numbers)}")
            self._create(self._idle[-1], "template_tocsin")
        name = self._idle.pop()
        return Database(
            kind=Kind.POSTGRES,
            settings=self._settings(name),
            environment={
                "TOCSIN_DATA": str(self._folder),
                "TOCSIN_DATABASE": f"postgresql://tocsin@127.0.0.1:{self.port}/{name}",
            },
            source=self,
        )

    def drop(self, database: Database) -> None:
        """Throw everybody out and clean the database for the next test."""
        name = str(database.settings["NAME"])
        self._sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        self._sql(self._clean, name)
        self._idle.append(name)

    def _how_to_clean(self) -> str:
        """Empties every table that is empty after a migration, and lets ids begin anew."""
        with connections["default"].cursor() as cursor:
            kept = [
                table for table in connections["default"].introspection.table_names(cursor) if _holds(cursor, table)
            ]
        return _CLEAN.format(kept=",".join(kept), counted=",".join(f"{table}_id_seq" for table in kept))

    def _create(self, name: str, template: str) -> None:
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}")

    def _sql(self, statement: str, name: str = "postgres") -> None:
        point_at(self._settings(name))
        with connections["default"].cursor() as cursor:
            cursor.execute(statement)
        connections["default"].close()

    def _settings(self, name: str) -> dict[str, Any]:
        return {
            "ENGINE": "tocsin.kit.postgres",
            "NAME": name,
            "USER": "tocsin",
            "HOST": str(self._folder),
            "PORT": str(self.port),
        }

    def _run(self, program: str, *arguments: str, until_ready: bool = False) -> None:
        ends = time.monotonic() + (READY_S_MAX if until_ready else 0)
        while True:
            done = subprocess.run(
                self._command(program, *arguments),
                capture_output=True,
                cwd=self._folder,
                timeout=COMMAND_S_MAX,
                check=False,
            )
            if done.returncode == 0:
                return
            log = self._folder / "log"
            told = log.read_text()[-2000:] if log.exists() else ""
            assert self._server is None or self._server.poll() is None, told
            assert time.monotonic() < ends, f"{program} failed: {done.stderr.decode()}{told}"
            _PAUSE.wait(0.05)  # it refuses at once while it recovers

    def _command(self, program: str, *arguments: str, dies: bool = False) -> list[str]:
        """As the user it may run as; what `dies` ends with us, even if we are killed."""
        assert self._binaries is not None, MISSING
        prefix = ["--pdeathsig", "INT"] if dies and shutil.which("setpriv") else []
        if self._user is not None:
            prefix += [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}", "--clear-groups"]
        given = ["env", *self._given] if dies and self._given else []  # once it is who it will be
        return [*(["setpriv", *prefix] if prefix else []), *given, str(self._binaries / program), *arguments]


def postgres_binaries() -> Path | None:
    """Where PostgreSQL's programs are, the newest if there are several; None if there are none."""
    found = sorted(
        (path.parent for path in _ROOT.glob("*/bin/initdb")), key=lambda path: float(path.parent.name), reverse=True
    )
    if found:
        return found[0]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _holds(cursor: Any, table: str) -> bool:
    cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
    return bool(cursor.fetchone()[0])


def _fast_folder() -> str | None:
    """Memory if there is some to be had as a folder: what is durable is not what is tested with these."""
    return str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {one.pw_name: one for one in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sqlite_settings(folder: Path) -> dict[str, Any]:
    return {**environment.database(), "NAME": str(folder / "tocsin.sqlite3")}
