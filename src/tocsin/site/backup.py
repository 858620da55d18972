"""Backups of the whole database, taken while everything runs; and putting one back.

SQLite: its own online backup through the one library this process uses, checked before it counts. PostgreSQL: its own
tools, which know better than anybody. The installation's secrets are not in the backup: without them the secrets of
the configuration cannot be read again. Whoever asks for it gets them in a file beside, locked with a passphrase.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connections

from tocsin.kit import clock, db, secrets
from tocsin.kit.postgres import limits
from tocsin.kit.sqlite.library import library
from tocsin.site import environment

PAGES_PER_STEP = 2000  # between steps others may write
_URL = {"HOST": "--host", "PORT": "--port", "USER": "--username", "NAME": "--dbname"}


class BackupFailed(Exception):
    """Nothing was written, or nothing was put back, for this reason."""


def write(target: Path) -> int:
    """Write a backup; its size in bytes. Raises BackupFailed; the target is whole or not there."""
    if not target.parent.is_dir():
        raise BackupFailed(f"there is no directory {target.parent}")
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if connections["default"].vendor == "sqlite":
            _write_sqlite(partial)
        else:
            _run("pg_dump", "--format=custom", f"--file={partial}", *_where())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def put_back(source: Path) -> None:
    """Make the database what the backup holds. Raises BackupFailed; nothing is changed then."""
    if not source.is_file():
        raise BackupFailed(f"there is no file {source}")
    if connections["default"].vendor == "sqlite":
        _put_back_sqlite(source)
    else:
        whole = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
        _run("pg_restore", *whole, *_where(), str(source.absolute()))


def others_use_it() -> bool:
    """Whether another process has the database open this moment: what it takes in would be lost under a restore."""
    connection: Any = connections["default"]
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return _is_held_by_others(connection.connection)
    ours = connection.pool.get_stats()["pool_size"] if connection.pool else 1
    return int(db.reader(clock.now()).value(limits.SESSIONS)) > ours


def secret_file(backup: Path) -> Path:
    """Where the locked secrets of a backup stand."""
    return backup.with_name(f"{backup.name}.secret")


def write_secret(backup: Path, passphrase: str) -> Path:
    """Write this installation's secrets beside a backup, locked; where."""
    target = secret_file(backup)
    if not target.parent.is_dir():
        raise BackupFailed(f"there is no directory {target.parent}")
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.seal(",".join(environment.installation_secrets()), passphrase) + "\n")
    partial.replace(target)
    return target


def read_secret(backup: Path, passphrase: str) -> tuple[str, ...]:
    """The secrets that stand beside a backup. Raises BackupFailed."""
    source = secret_file(backup)
    if not source.is_file():
        raise BackupFailed(f"there is no file {source}; `tocsin backup --with-secret` writes it")
    plain = secrets.unseal(source.read_text(), passphrase)
    if plain is None:
        raise BackupFailed(f"{source} cannot be opened with this passphrase")
    return tuple(plain.split(","))


def _write_sqlite(target: Path) -> None:
    connection = connections["default"]
    connection.ensure_connection()
    with closing(library.connect(str(target))) as copy:
        connection.connection.backup(copy, pages=PAGES_PER_STEP)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        _check(copy, target)


def _is_held_by_others(raw: library.Connection) -> bool:  # type: ignore[name-defined]  # which library is known when it runs
    """Only whoever is alone with a database can take its log away; it is there again at once."""
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        raw.execute("PRAGMA journal_mode = DELETE")
    except library.OperationalError:
        return True
    finally:
        raw.execute("PRAGMA journal_mode = WAL")
    return False


def _put_back_sqlite(source: Path) -> None:
    connection = connections["default"]
    connection.ensure_connection()
    try:
        with closing(library.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            _check(copy, source)
            copy.backup(connection.connection)
    except library.DatabaseError as error:
        raise BackupFailed(f"{source} is not a backup: {error}") from None


def _check(copy: library.Connection, path: Path) -> None:  # type: ignore[name-defined]  # which library is known when it runs
    said = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise BackupFailed(f"{path} is damaged: {said}")
    known = copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alerts_envelope'").fetchone()[0]
    if not known:
        raise BackupFailed(f"{path} holds no Tocsin database")


def _where() -> list[str]:
    settings = connections["default"].settings_dict
    return [f"{option}={settings[name]}" for name, option in _URL.items() if settings.get(name)]


def _run(tool: str, *arguments: str) -> None:
    path = shutil.which(tool)
    if path is None:
        raise BackupFailed(
            f"{tool} is not installed here; install PostgreSQL's client tools, or back up from its machine"
        )
    env = {**os.environ, "PGPASSWORD": str(connections["default"].settings_dict.get("PASSWORD", ""))}
    done = subprocess.run([path, *arguments], env=env, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise BackupFailed(f"{tool} failed: {done.stderr.strip() or done.returncode}")
