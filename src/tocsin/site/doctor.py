"""What is wrong with this installation, and what to do: each check a finding, from the database to the base URL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from django.db import InternalError, ProgrammingError, connections

from tocsin.alerts import auditor
from tocsin.config import queries as configuration
from tocsin.config import registry, rules
from tocsin.config.domain import Level
from tocsin.config.store import SecretLost
from tocsin.engine import beat, health
from tocsin.kit import clock, db, mail, text, troubles
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.kit.mail import parse_smtp_url
from tocsin.kit.secrets import INSTALLATION_SECRET_CHARS_MIN
from tocsin.kit.sqlite import library
from tocsin.people import firstrun
from tocsin.people import queries as people
from tocsin.people.domain import PersonDocument
from tocsin.site import environment, startup, upgrade

BACKLOG_MAX = 1000
CONNECT_S = 5.0
FREE_BYTES_MIN = 500 * 1024 * 1024
POSTGRES_MIN = 14
_TRIAL = (
    "CREATE TEMPORARY TABLE tocsin_doctor ON COMMIT DROP AS"
    " SELECT repeat(md5(n::text), 60) AS held FROM generate_series(1, %s) AS n"
)
_TRIAL_PIECES = 512  # of 2 KB each, small enough not to be compressed


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"  # not wrong, but worth knowing
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One check's result; `fix` says what to do."""

    check: str
    state: State
    message: str
    fix: str = ""


def examine() -> Iterator[Found]:
    """Every check; those that need the database only if it answers and has its tables."""
    reader = db.reader(clock.now())
    try:
        yield _database(reader)
        missing = upgrade.pending()
    except troubles.Damaged as error:
        yield _damaged(error)
        missing = []
    except db.DatabaseGone as error:
        yield _wrong("database", f"it does not answer: {str(error).strip()}", "start it, or check TOCSIN_DATABASE")
        missing = []
    else:
        yield _tables(missing)
        yield _room() if reader.postgres else _whole(reader)
        if not missing:
            yield from _inside(reader)
    yield from (check() for check in _AROUND)


def at_a_glance(reader: Reader) -> list[Found]:
    """The checks that only read the database, quick enough for a page."""
    return [check(reader) for check in _IN_DATABASE if check is not _mail]


def _inside(reader: Reader) -> Iterator[Found]:
    try:
        for check in _IN_DATABASE:
            yield check(reader)
    except (troubles.Damaged, InternalError) as error:
        yield _damaged(error)
    except SecretLost as lost:
        yield _wrong("secret", str(lost), "give TOCSIN_SECRETS, or put the file `secret` back beside the database")


def _database(reader: Reader) -> Found:
    if reader.postgres:
        version = int(reader.value("SHOW server_version_num")) // 10000
        if version < POSTGRES_MIN:
            return _wrong("database", f"PostgreSQL {version} is too old", f"upgrade it to {POSTGRES_MIN} or newer")
        return _fine("database", f"PostgreSQL {version} answers")
    version = library.library.sqlite_version
    reader.value("SELECT 1")
    if not library.is_wal_safe:
        wanted = ".".join(str(part) for part in library.WAL_SAFE_FROM)
        return _wrong(
            "database",
            f"SQLite {version} can, rarely, damage the database when two connections write at one instant",
            f"use a Python whose SQLite is {wanted} or newer, or a platform with the pysqlite3 wheel, or PostgreSQL",
        )
    return _fine("database", f"SQLite {version} at {connections['default'].settings_dict['NAME']}")


def _whole(reader: Reader) -> Found:
    """All of the file is read."""
    try:
        said = str(reader.value("PRAGMA quick_check(1)"))
    except troubles.Damaged as error:
        return _damaged(error)
    return (
        _fine("file", "it is whole") if said == "ok" else _damaged(troubles.Damaged(f"the database is damaged: {said}"))
    )


def _damaged(error: Exception) -> Found:
    return _wrong("file", troubles.first_line(error), startup.DAMAGED_FIX)


def _room() -> Found:
    """PostgreSQL's disk is elsewhere; a megabyte is asked of it and given back."""
    try:
        with db.transact(clock.now()) as tx:
            tx.execute(_TRIAL, (_TRIAL_PIECES,))
    except db.DatabaseGone as error:
        fix = "make room on the server's disk, or find out why it takes nothing: until then senders are told to come again"
        return _wrong("writing", f"nothing can be written: {troubles.first_line(error)}", fix)
    except ProgrammingError as error:
        return _note("writing", f"not tried: {troubles.first_line(error)}", "let the role make temporary tables")
    return _fine("writing", "the server has room")


def _tables(missing: list[str]) -> Found:
    if missing:
        return _wrong("tables", f"{text.plural(len(missing), 'step')} missing: {missing[0]}", "run `tocsin migrate`")
    later = upgrade.unknown()
    if later:
        return _wrong(
            "tables", f"a later version has changed them: {later[-1]}", "run that version, or restore a backup"
        )
    return _fine("tables", "as this version needs them")


def _engine(reader: Reader) -> Found:
    found = health.look(reader)
    if not found.engines_alive:
        last = beat.last(reader)
        when = f"; the last one lived at {last:%Y-%m-%d %H:%M:%S} UTC" if last else ""
        return _wrong("engine", f"no engine is alive: nobody is paged{when}", "start `tocsin serve` or `tocsin engine`")
    return _fine("engine", f"{text.plural(found.engines_alive, 'engine')} alive")


def _lateness(reader: Reader) -> Found:
    found = [one for one in health.look(reader).troubles() if "alive" not in one]
    if found:
        return _wrong("lateness", "; ".join(found), "look at the log; the engine may need more of the machine")
    return _fine("lateness", "timers and pages are on time")


def _backlog(reader: Reader) -> Found:
    waiting = auditor.backlog(reader)
    if waiting > BACKLOG_MAX:
        return _wrong("backlog", f"{waiting} signals wait to be absorbed", "is an engine running, and not overloaded?")
    return _fine("backlog", f"{text.plural(waiting, 'signal')} waiting")


def _unaccounted(reader: Reader) -> Found:
    found = auditor.look(reader)
    if found.unaccounted:
        return _wrong(
            "signals",
            f"{found.waiting_too_long} have waited too long, {found.missing} left no trace,"
            f" {found.set_aside} could not be processed",
            "`GET /api/v1/signals?outcome=set_aside` lists the last; each says which error it met",
        )
    return _fine("signals", "every accepted signal is accounted for")


def _channels(reader: Reader) -> Found:
    lately = health.channels(reader)
    failing = [
        f"{one.channel} ({one.attempts} attempts, none got through: {one.last_error})"
        for one in lately
        if one.is_failing
    ]
    if failing:
        return _wrong("channels", f"failing within the last hour: {'; '.join(failing)}", "check the channel's settings")
    used = ", ".join(one.channel for one in lately if one.attempts)
    return _fine("channels", f"getting through: {used}" if used else "nothing was sent within the last hour")


def _configuration(reader: Reader) -> Found:
    snapshot = configuration.current(reader)
    if not snapshot.version:
        return _wrong("configuration", "there is none yet", "apply a file: `tocsin apply FILE`")
    errors = [one for one in rules.findings(snapshot, registry.kinds(), reader.now) if one.level is Level.ERROR]
    if errors:
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        return _wrong("configuration", f"{errors[0].message}{more}", "`tocsin check` says what to do about each")
    return _fine("configuration", f"version {snapshot.version}")


def _accounts(_: Reader) -> Found:
    if people.is_empty():
        fix = f"open {firstrun.url()} and type the code {firstrun.code()}, or open an account: `tocsin user add EMAIL`"
        return _wrong("accounts", "nobody can sign in yet", fix)
    return _fine("accounts", "somebody can sign in")


def _mail(reader: Reader) -> Found:
    persons = configuration.current(reader).all("people", PersonDocument)
    needed = any(contact.channel == "email" for person in persons.values() for contact in person.contacts.values())
    url = installation().smtp_url
    if not url:
        if needed:
            return _wrong("mail", "people have mail contacts, but no mail is sent", "set TOCSIN_SMTP_URL")
        return _note("mail", "no mail is sent", "set TOCSIN_SMTP_URL to send some")
    server = parse_smtp_url(url)
    answer = asyncio.run(mail.knock(replace(server, timeout_s=CONNECT_S)))
    where = f"{server.host}:{server.port}"
    if answer.fault is not None:
        said = f"{answer.status} {answer.detail}" if answer.status else answer.detail
        return _wrong("mail", f"{where} does not let us in: {said}", "check TOCSIN_SMTP_URL, and the server")
    return _fine("mail", f"{where} answers" + (" and lets us sign in" if server.username else ""))


def _base_url() -> Found:
    written = environment.get("TOCSIN_BASE_URL")
    if not written:
        return _wrong(
            "address",
            "TOCSIN_BASE_URL is not set, so links in messages lead to http://localhost:8080",
            "set it to the address people reach this installation at",
        )
    parts = urlsplit(written)
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return _note("address", f"{written} is not encrypted", "put TLS in front of it and say https://")
    return _fine("address", written)


def _secrets() -> Found:
    short = [one for one in environment.installation_secrets() if len(one) < INSTALLATION_SECRET_CHARS_MIN]
    if short:
        fix = f"make one with at least {INSTALLATION_SECRET_CHARS_MIN} characters: openssl rand -base64 48"
        return _wrong("secret", "a secret of TOCSIN_SECRETS is too short", fix)
    if environment.get("TOCSIN_SECRETS"):
        return _fine("secret", "from TOCSIN_SECRETS")
    path = environment.data_dir() / environment.SECRET_FILE
    if path.stat().st_mode & 0o077:
        return _wrong("secret", f"others can read {path}", f"chmod 600 {path}")
    return _fine("secret", f"kept in {path}")


def _disk() -> Found:
    path = environment.data_dir()
    free = shutil.disk_usage(path).free
    said = f"{free / 1e9:.1f} GB free at {path}"
    return (
        _fine("disk", said)
        if free >= FREE_BYTES_MIN
        else _wrong("disk", said, "make room: a full disk takes no signals")
    )


def _watchdog() -> Found:
    if not installation().watchdog_url:
        return _note("watchdog", "nobody outside would notice if this installation died", "set TOCSIN_WATCHDOG_URL")
    return _fine("watchdog", "an outside watchdog is called")


_IN_DATABASE: tuple[Callable[[Reader], Found], ...] = (
    _engine,
    _lateness,
    _backlog,
    _unaccounted,
    _channels,
    _configuration,
    _accounts,
    _mail,
)
_AROUND: tuple[Callable[[], Found], ...] = (_base_url, _secrets, _disk, _watchdog)


def _fine(check: str, message: str) -> Found:
    return Found(check=check, state=State.OK, message=message)


def _note(check: str, message: str, fix: str) -> Found:
    return Found(check=check, state=State.NOTE, message=message, fix=fix)


def _wrong(check: str, message: str, fix: str) -> Found:
    return Found(check=check, state=State.PROBLEM, message=message, fix=fix)
